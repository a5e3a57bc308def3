//! `allin db backup`, `restore` and `upgrade`.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;

use crate::{
    app::workspaces::restored::unknown_identity,
    backup::{self, Created, KeySource, Restored, Source, Tools},
    boot,
    cli::{print, serve::cancel_on_signal},
    clock::{Clock as _, SystemClock, Timestamp},
    config::Config,
    error::{Error, Result},
    platform::{self, Cluster, Role, StartOptions},
};

/// What is gone for good with the master key.
const WITHOUT_KEYS: &str = "The keys are NOT in this file. Whoever restores it without the home's secrets folder has to connect every \
    account again; open confirmations and page cursors end; and the audit log's signatures cannot be checked any more. Posts, \
    schedules, members and API keys are kept.";

pub struct Restoring {
    pub passphrase_file: Option<PathBuf>,
    pub without_keys: bool,
    pub replace: bool,
    pub json: bool,
}

pub async fn backup(config: &Config, file: &Path, passphrase: Option<SecretString>, json: bool) -> Result<()> {
    let cluster = match &config.database_url {
        Some(_) => None,
        None => Some(existing_cluster(config).await?),
    };
    let stop = stop_on_signal();
    let created = match source(config, cluster.as_ref()) {
        Ok(source) => backup::create(source, &config.home, file, passphrase, SystemClock.now()).await,
        Err(error) => Err(error),
    };
    let left = match cluster {
        Some(cluster) => cluster.leave().await,
        None => Ok(()),
    };
    let created = created.map_err(|error| meant(&stop, error))?;
    print::either(json, &created, || created_text(&created))?;
    left
}

/// Ctrl-C ends the programs of PostgreSQL; what was begun is cleared away then, instead of being left.
fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    tokio::spawn(cancel_on_signal(stop.clone()));
    stop
}

fn meant(stop: &CancellationToken, error: Error) -> Error {
    if stop.is_cancelled() { backup::interrupted().because(error) } else { error }
}

/// A backup must not make what it is to save.
async fn existing_cluster(config: &Config) -> Result<Cluster> {
    if !platform::status(&config.home).await?.created {
        return Err(Error::conflict(
            "backup_nothing",
            format!("There is no database in {}.", config.home.root().display()),
        )
        .next("Set ALLIN_HOME to the home folder that is to be backed up."));
    }
    platform::start(&config.home, &config.cluster).await
}

fn source(config: &Config, cluster: Option<&Cluster>) -> Result<Source> {
    if let Some(cluster) = cluster {
        return Ok(Source { tools: Tools::of_cluster(cluster), options: cluster.connect_options(Role::Superuser) });
    }
    match (&config.owner_database_url, boot::owner_options(config, None)?) {
        (Some(url), Some(options)) => {
            Ok(Source { tools: Tools::of_url(config.cluster.bindir.as_deref(), url)?, options })
        }
        _ => Err(Error::operator(
            "owner_url_missing",
            "DATABASE_URL names your own server, whose role must not see everything.",
        )
        .next("Set ALLIN_OWNER_DATABASE_URL to a role with BYPASSRLS that may read all tables.")),
    }
}

fn created_text(created: &Created) -> String {
    let manifest = &created.manifest;
    let keys = match manifest.keys {
        Some(_) => {
            "The keys are in it, wrapped with the passphrase. Without the passphrase they are lost: keep it apart from the file."
        }
        None => WITHOUT_KEYS,
    };
    format!(
        "Wrote {} ({}): the database of {}, schema version {}, PostgreSQL {}.\n{keys}\n\
         Media folders and the practice network are not part of it.",
        created.file.display(),
        super::size(created.bytes),
        shown(manifest.created_at),
        manifest.schema_version,
        manifest.postgres_version
    )
}

pub async fn restore(config: &Config, file: PathBuf, how: Restoring) -> Result<()> {
    if config.database_url.is_some() {
        return Err(Error::operator("restore_own_server", "DATABASE_URL is set: a restore makes a private database.").next(
            "Unset it to restore into the home folder. For your own server unpack the file, run pg_restore with database.dump on an \
             empty database, and set the value named cluster in the table installation to the JSON null: the next start then pauses publishing.",
        ));
    }
    let options = backup::Options {
        home: &config.home,
        cluster: &config.cluster,
        replace: how.replace,
        without_keys: how.without_keys,
        now: SystemClock.now(),
        identity: unknown_identity(),
        stop: CancellationToken::new(),
    };
    let opened = backup::open(file, &options).await?;
    let passphrase =
        if opened.needs_passphrase(&options) { Some(known_passphrase(how.passphrase_file)?) } else { None };
    let stop = options.stop.clone();
    // Not before: at the prompt Ctrl-C ends the program at once.
    tokio::spawn(cancel_on_signal(stop.clone()));
    let restored = opened.restore(&options, passphrase).await.map_err(|error| meant(&stop, error))?;
    print::either(how.json, &restored, || restored_text(&restored, config))
}

fn restored_text(restored: &Restored, config: &Config) -> String {
    let at = shown(restored.manifest.created_at);
    let mut text = format!("Restored the database of {at} into {}.\n", config.home.root().display());
    text.push_str(&match restored.keys {
        KeySource::Backup => "The keys came from the backup.\n".to_owned(),
        KeySource::Home => "The keys in the home folder are the right ones and stay.\n".to_owned(),
        KeySource::Lost => format!(
            "The keys were not restored; new ones are made at the next start. Accounts to connect again: {}. The audit log's \
             signatures up to now cannot be checked any more.\n",
            restored.disconnected
        ),
    });
    if let Some(folder) = &restored.replaced {
        text.push_str(&format!(
            "What was there before is a home folder of its own now: {}. ALLIN_HOME opens it; never let both publish. Delete it when \
             you are sure.\n",
            folder.display()
        ));
    }
    text.push_str(&format!(
        "\nPublishing is paused. At the next start every post that came due since {at} is held, for it may be public already; it is \
         looked up on its network before it could be sent again.\n\
         1. Look at what is held: `allin post list --status held`\n\
         2. Allow publishing again: `allin resume`\n\
         3. Schedule again what is still to go out, cancel the rest."
    ));
    text
}

/// To the second, in UTC.
fn shown(at: Timestamp) -> String {
    at.in_zone(&jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

pub async fn upgrade(config: &Config, from_bindir: Option<PathBuf>, json: bool) -> Result<()> {
    if config.database_url.is_some() {
        return Err(Error::operator(
            "upgrade_own_server",
            "DATABASE_URL names your own server, which AllIN does not upgrade.",
        )
        .next("Use its own means, such as pg_upgrade."));
    }
    if !platform::status(&config.home).await?.created {
        return Err(Error::conflict(
            "home_empty",
            format!("There is no database in {}.", config.home.root().display()),
        )
        .next("`allin setup` makes one, of the newest version."));
    }
    let old = StartOptions { bindir: from_bindir, ..config.cluster.clone() };
    let stop = stop_on_signal();
    let upgraded = backup::upgrade(&config.home, &old, &config.cluster, SystemClock.now(), &stop).await;
    let upgraded = upgraded.map_err(|error| meant(&stop, error))?;
    print::either(json, &upgraded, || match &upgraded {
        None => "The database is of the newest PostgreSQL already.".into(),
        Some(done) => format!(
            "Moved from PostgreSQL {} to {}. The old data is a home folder of its own now: {}. Delete it when you are sure; \
             changes that you made to its postgresql.conf are to be made again.",
            done.from,
            done.to,
            done.kept.display()
        ),
    })
}

/// For a backup: asked twice, or from a file.
pub fn new_passphrase(file: Option<PathBuf>) -> Result<SecretString> {
    if let Some(file) = file {
        return first_line(&file);
    }
    let first = ask("Passphrase for the keys (12 characters or more): ")?;
    let second = ask("The same again: ")?;
    if first.expose_secret() == second.expose_secret() {
        return Ok(first);
    }
    Err(Error::invalid("passphrase_differs", "The two passphrases differ.").next("Try again. Nothing was written."))
}

fn known_passphrase(file: Option<PathBuf>) -> Result<SecretString> {
    match file {
        Some(file) => first_line(&file),
        None => ask("Passphrase of the backup: "),
    }
}

fn ask(prompt: &str) -> Result<SecretString> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::invalid(
            "passphrase_needed",
            "The backup's keys are wrapped with a passphrase, and there is no terminal to ask for it.",
        )
        .next("Add --passphrase-file FILE, or --without-keys."));
    }
    rpassword::prompt_password(prompt).map(SecretString::from).map_err(|error| unreadable("the terminal", error))
}

fn first_line(file: &Path) -> Result<SecretString> {
    let text = zeroize::Zeroizing::new(
        std::fs::read_to_string(file).map_err(|error| unreadable(&file.display().to_string(), error))?,
    );
    Ok(SecretString::from(text.lines().next().unwrap_or_default()))
}

fn unreadable(place: &str, error: std::io::Error) -> Error {
    Error::invalid("passphrase_unreadable", format!("The passphrase cannot be read from {place}: {error}."))
        .next("Check the file's name and permissions.")
        .because(error)
}
