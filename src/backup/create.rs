//! Writes a backup: the database as of one instant, and the keys of the home, wrapped.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;

use super::{
    archive::{self, FORMAT, Manifest},
    blocking,
    keys::{self, Keys, Wrapping},
    tools::Tools,
};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    platform::Home,
    store::{db, installation, server},
};

/// The database that is backed up.
pub struct Source {
    pub tools: Tools,
    /// As a role that row-level security does not bind, the same as the tools'.
    pub options: PgConnectOptions,
}

/// What was written.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Created {
    pub file: PathBuf,
    pub bytes: u64,
    pub manifest: Manifest,
}

/// `passphrase`: `None` leaves the keys out. Errors: `backup_exists`, `passphrase_short`, `backup_nothing`,
/// `backup_role_bound`, `key_missing`, `master_key_wrong`, `dump_failed`, `backup_not_written`.
pub async fn create(
    source: Source,
    home: &Home,
    file: &Path,
    passphrase: Option<SecretString>,
    now: Timestamp,
) -> Result<Created> {
    archive::refuse_existing(file)?;
    passphrase.as_ref().map_or(Ok(()), keys::check_passphrase)?;
    let kept = if passphrase.is_some() { Keys::read(home)? } else { None };
    let mut manifest = describe(&source, kept.as_ref(), now).await?;
    manifest.home = home_owner(home)?;
    let wrapped = match (passphrase, kept) {
        (Some(passphrase), Some(kept)) => Some((passphrase, kept, Wrapping::new())),
        (Some(_), None) => {
            return Err(Error::operator("key_missing", "The home has no keys to back up.")
                .next("Back up from the home that AllIN runs with, or add --without-keys."));
        }
        (None, _) => None,
    };
    manifest.keys = wrapped.as_ref().map(|(.., wrapping)| wrapping.clone());
    let (tools, path) = (source.tools, file.to_owned());
    blocking(move || {
        let mut written = manifest;
        let mut last = None;
        let bytes = archive::write(
            &path,
            |to| tools.dump(to),
            |digest| {
                written.dump = digest;
                let text = serde_json::to_vec_pretty(&written).map_err(Error::internal)?;
                last = Some(written);
                let seal = |(passphrase, kept, wrapping): (SecretString, Keys, Wrapping)| {
                    kept.wrap(&wrapping, &passphrase, &text)
                };
                let sealed = wrapped.map(seal).transpose()?;
                Ok((text, sealed))
            },
        )?;
        let manifest = last.ok_or_else(|| Error::internal("a backup without a manifest"))?;
        Ok(Created { file: path, bytes, manifest })
    })
    .await
}

/// The manifest but for the dump, the home and the keys.
async fn describe(source: &Source, kept: Option<&Keys>, now: Timestamp) -> Result<Manifest> {
    let mut connection = db::connect_owner(&source.options).await?;
    let role = server::role(&mut connection).await?;
    if !role.powerful {
        return Err(role_bound(&role.name));
    }
    let Some(schema_version) = installation::schema_version(&mut connection).await? else {
        return Err(Error::conflict("backup_nothing", "The database is empty: there is nothing to back up."));
    };
    let known = installation::get(&mut connection, "master_key").await?;
    let key_id = known.as_ref().and_then(|known| known.get("key_id")).and_then(Value::as_str).map(str::to_owned);
    if let (Some(key_id), Some(kept)) = (&key_id, kept)
        && *key_id != kept.vault().key_id()
    {
        return Err(Error::operator(
            "master_key_wrong",
            "The master key in the home folder is not the one this database was used with.",
        )
        .next("Back up from the home that belongs to this database, or add --without-keys."));
    }
    let facts = server::facts(&mut connection).await?;
    let manifest = Manifest {
        format: FORMAT,
        created_at: now,
        allin_version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version,
        postgres_version: facts.version,
        cluster: installation::cluster_identity(&mut connection).await?,
        key_id,
        dump: archive::Digest { bytes: 0, sha256: String::new() },
        home: None,
        keys: None,
    };
    db::close_owner(connection).await;
    Ok(manifest)
}

fn role_bound(name: &str) -> Error {
    Error::operator(
        "backup_role_bound",
        format!("Row-level security hides rows from the role `{name}`: its dump would not be whole."),
    )
    .next(
        "As a superuser: create role allin_backup login password '…' bypassrls in role pg_read_all_data; \
             then run this with ALLIN_OWNER_DATABASE_URL naming that role.",
    )
}

/// Whose home it is: ids only.
fn home_owner(home: &Home) -> Result<Option<Value>> {
    match std::fs::read(home.root().join("home.json")) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| {
            Error::operator("home_damaged", "home.json in the home folder cannot be read.")
                .next("Run `allin doctor`.")
                .because(error)
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Error::operator("home_damaged", format!("home.json cannot be read: {error}.")).because(error))
        }
    }
}
