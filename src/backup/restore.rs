//! Puts a backup into a home. Everything is made beside it first, so that a failure changes nothing; and the result starts
//! with publishing paused, for nobody knows what was published since the backup.

use std::{io::Write as _, path::PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use super::{
    archive::{Archive, Manifest},
    blocking,
    keys::{AUDIT, Keys, MASTER},
    stamp,
    tools::Tools,
};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    platform::{self, Alone, Home, Role, Staged, StartOptions},
    store::{self, db, migrate},
};

const KEY_LOST: &str =
    "The database was restored without the master key, which alone could open the token. Connect the account again.";

/// How to restore.
pub struct Options<'a> {
    pub home: &'a Home,
    pub cluster: &'a StartOptions,
    /// What the home has is moved aside instead of being a reason to refuse.
    pub replace: bool,
    /// Leaves the keys of the backup alone.
    pub without_keys: bool,
    pub now: Timestamp,
    /// An identity that no server has: it makes the next start pause publishing.
    pub identity: Value,
    /// Cancelled when the person gives up.
    pub stop: CancellationToken,
}

impl Options<'_> {
    fn go_on(&self) -> Result<()> {
        super::go_on(&self.stop)
    }
}

/// What was done.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Restored {
    pub manifest: Manifest,
    /// Where the keys came from.
    pub keys: KeySource,
    /// Accounts that have to be connected again, for want of the key.
    pub disconnected: u64,
    /// A home folder with what was there before.
    pub replaced: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    Backup,
    /// The home had the right ones.
    Home,
    /// New ones are made at the next start.
    Lost,
}

/// A backup that was read and found whole, for a home that can take it.
pub struct Opened {
    archive: Archive,
    /// The home's own keys, where they are the backup's.
    same: Option<Keys>,
}

/// Changes nothing. Errors: those of opening the archive, `backup_newer`, `home_not_empty`.
pub async fn open(file: PathBuf, options: &Options<'_>) -> Result<Opened> {
    let archive = blocking(move || {
        let mut archive = Archive::open(&file)?;
        archive.verify()?;
        Ok(archive)
    })
    .await?;
    refuse_newer(&archive.manifest)?;
    let kept = match Keys::read(options.home) {
        // One of two keys is as good as none, and about to be moved aside.
        Err(error) if error.code() == "key_missing" && options.replace => None,
        other => other?,
    };
    let others = kept.is_some();
    let same = kept.filter(|kept| archive.manifest.key_id.as_ref() == Some(&kept.vault().key_id()));
    refuse_occupied(options, others && same.is_none(), cluster_exists(options.home))?;
    Ok(Opened { archive, same })
}

impl Opened {
    /// Whether there are wrapped keys to restore.
    pub fn needs_passphrase(&self, options: &Options<'_>) -> bool {
        self.archive.manifest.keys.is_some() && !options.without_keys
    }

    /// Errors: `passphrase_wrong`, `pg_in_use`, `home_not_empty`, `restore_failed`, `interrupted`, and those of starting
    /// a cluster. Until the data is put in place an error leaves the home as it was.
    pub async fn restore(mut self, options: &Options<'_>, passphrase: Option<SecretString>) -> Result<Restored> {
        let (keys, source) = match (&self.archive.manifest.keys, passphrase) {
            (Some(wrapping), Some(passphrase)) => {
                let (wrapping, text) = (wrapping.clone(), self.archive.manifest_text.clone());
                let sealed = self.archive.sealed_keys()?;
                let keys = blocking(move || Keys::unwrap(&wrapping, &passphrase, &text, &sealed)).await?;
                (Some(keys), KeySource::Backup)
            }
            _ => match self.same {
                Some(same) => (Some(same), KeySource::Home),
                None => (None, KeySource::Lost),
            },
        };
        let manifest = self.archive.manifest.clone();
        let alone = platform::alone(options.home).await?;
        // Somebody may have begun to use the home meanwhile.
        refuse_occupied(options, false, alone.has_data())?;
        let staged = alone.stage(options.cluster).await?;
        let filled = fill(&staged, self.archive, source, options).await;
        let disconnected = match filled.and_then(|disconnected| options.go_on().map(|()| disconnected)) {
            Ok(disconnected) => disconnected,
            Err(error) => {
                _ = staged.discard().await;
                return Err(error);
            }
        };
        let replaced = put_in_place(&alone, staged, &manifest, keys.as_ref(), options).await?;
        drop(alone);
        // That it starts is part of the promise.
        platform::start(options.home, options.cluster).await?.leave().await?;
        Ok(Restored { manifest, keys: source, disconnected, replaced })
    }
}

fn refuse_newer(manifest: &Manifest) -> Result<()> {
    let (theirs, ours) = (manifest.schema_version, migrate::newest());
    if theirs <= ours {
        return Ok(());
    }
    Err(Error::operator(
        "backup_newer",
        format!("The backup's tables are of version {theirs}; this AllIN knows {ours} only."),
    )
    .next(format!("Restore it with AllIN {} or newer. Nothing was changed.", manifest.allin_version)))
}

fn cluster_exists(home: &Home) -> bool {
    std::fs::symlink_metadata(home.data()).is_ok()
}

fn refuse_occupied(options: &Options<'_>, other_keys: bool, data: bool) -> Result<()> {
    if options.replace || !(other_keys || data || home_json(options.home).exists()) {
        return Ok(());
    }
    Err(Error::conflict("home_not_empty", format!("The home {} has data already.", options.home.root().display()))
        .next("Set ALLIN_HOME to a new folder; or add --replace: what is there is moved aside, not deleted."))
}

fn home_json(home: &Home) -> PathBuf {
    home.root().join("home.json")
}

/// Loads the dump and tells the database what happened to it. Returns how many accounts lost their token.
async fn fill(staged: &Staged, mut archive: Archive, source: KeySource, options: &Options<'_>) -> Result<u64> {
    let cluster = staged.cluster();
    let tools = Tools::of_cluster(cluster);
    blocking(move || {
        let mut dump = archive.dump()?;
        tools.restore(&mut dump)
    })
    .await?;
    migrate::run(&cluster.connect_options(Role::Owner)).await?;
    let mut connection = db::connect_owner(&cluster.connect_options(Role::Superuser)).await?;
    store::restore::set_identity(&mut connection, &options.identity).await?;
    store::restore::forget_workers(&mut connection).await?;
    let disconnected = match source {
        KeySource::Lost => store::restore::forget_master_key(&mut connection, KEY_LOST, options.now).await?,
        KeySource::Backup | KeySource::Home => 0,
    };
    store::restore::analyze(&mut connection).await?;
    db::close_owner(connection).await;
    Ok(disconnected)
}

/// Files first beside their places, then the data, then the files by renames, which need no space.
async fn put_in_place(
    alone: &Alone,
    staged: Staged,
    manifest: &Manifest,
    keys: Option<&Keys>,
    options: &Options<'_>,
) -> Result<Option<PathBuf>> {
    let home = options.home;
    let prepared = prepare(alone, manifest, keys, options);
    let (aside, files) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            _ = staged.discard().await;
            return Err(error);
        }
    };
    if let Err(error) = alone.put_in_place(staged, aside.as_ref()).await {
        if let Some(aside) = aside {
            // Copies only so far.
            _ = std::fs::remove_dir_all(aside.root());
        }
        return Err(error);
    }
    for (path, file) in files {
        match file {
            Some(file) => file.persist(&path).map(drop).map_err(|error| unwritable(error.error))?,
            None => match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(error)),
                _ => {}
            },
        }
    }
    tracing::info!(home = %home.root().display(), "restored");
    Ok(aside.map(|aside| aside.root().to_owned()))
}

type Files = Vec<(PathBuf, Option<NamedTempFile>)>;

/// The folder for what is replaced, with copies of its small files; and the new small files. `None`: to be removed.
fn prepare(
    alone: &Alone,
    manifest: &Manifest,
    keys: Option<&Keys>,
    options: &Options<'_>,
) -> Result<(Option<Home>, Files)> {
    let home = options.home;
    let anything = alone.has_data() || home_json(home).exists() || home.secret(MASTER)?.is_some();
    let aside = anything.then(|| alone.aside(&format!("replaced-{}", stamp(options.now)))).transpose()?;
    if let Some(aside) = &aside {
        for name in [MASTER, AUDIT] {
            if let Some(secret) = home.secret(name)? {
                aside.keep_secret(name, &secret)?;
            }
        }
        for name in ["home.json", "demo.json"] {
            match std::fs::copy(home.root().join(name), aside.root().join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(error)),
                _ => {}
            }
        }
    }
    let mut files = Files::new();
    for (name, secret) in [(MASTER, keys.map(|keys| &keys.master)), (AUDIT, keys.map(|keys| &keys.audit))] {
        let content = secret.map(|secret| secret.expose_secret().as_bytes());
        files.push((home.secrets().join(name), content.map(|content| beside(&home.secrets(), content)).transpose()?));
    }
    let owner = manifest.home.as_ref().map(serde_json::to_vec_pretty).transpose().map_err(Error::internal)?;
    files.push((home_json(home), owner.map(|owner| beside(home.root(), &owner)).transpose()?));
    files.push((home.root().join("demo.json"), None));
    Ok((aside, files))
}

fn beside(folder: &std::path::Path, content: &[u8]) -> Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder).map_err(unwritable)?;
    file.write_all(content).and_then(|()| file.as_file().sync_all()).map_err(unwritable)?;
    Ok(file)
}

fn unwritable(error: std::io::Error) -> Error {
    Error::operator("home_not_writable", format!("The home folder cannot be written: {error}."))
        .next("Check its permissions and free space, then restore again with --replace.")
        .because(error)
}
