//! Making a new data folder. It appears complete or not at all.

use std::{io::Write, path::Path, process::Command, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use super::{
    home::cannot,
    link::Role,
    os,
    place::Place,
    runtime::Runtime,
    server::{self, last_lines},
};
use crate::error::{Error, Result};

/// Four seconds on a busy machine; a slow disk may need many times that.
const PATIENCE: Duration = Duration::from_secs(600);

/// Folders of clusters in the making begin with it.
pub(super) const STAGING: &str = "new-";

/// Settings for one person's machine, written into `postgresql.conf`, where the operator may change them.
const SETTINGS: [&str; 9] = [
    "max_connections=100",
    "shared_buffers=64MB",
    "jit=off",
    "max_wal_size=512MB",
    "password_encryption=scram-sha-256",
    "unix_socket_permissions=0700",
    "log_checkpoints=off",
    "log_timezone=UTC",
    "timezone=UTC",
];

/// Makes `place.data()`, which must not exist. Only under `start.lock`.
pub(super) async fn create(place: &Place, runtime: &Runtime, password: &SecretString, durable: bool) -> Result<()> {
    // A new name each time: an `initdb` whose starter was killed may still be writing to the old one.
    let staging =
        tempfile::Builder::new().prefix(STAGING).tempdir_in(&place.root).map_err(cannot("write to", &place.root))?;
    os::set_mode(staging.path(), 0o711)?;
    let account = os::initdb_account(place.account)?;
    let data = staging.path().join("data");
    os::create_folder(&data, 0o700)?;
    os::give(&data, account)?;
    let mut file = tempfile::NamedTempFile::new_in(staging.path()).map_err(cannot("write to", staging.path()))?;
    file.write_all(password.expose_secret().as_bytes()).map_err(cannot("write", file.path()))?;
    os::give(file.path(), account)?;

    match server::run(arguments(runtime, &data, file.path(), durable), account, PATIENCE).await {
        Ok(output) if output.status.success() => {}
        Ok(output) => return Err(failed(place, &last_lines(&String::from_utf8_lossy(&output.stderr), 5))),
        Err(error) => return Err(failed(place, &error.to_string())),
    }
    let (owner, folder) = (place.account, data.clone());
    tokio::task::spawn_blocking(move || os::give(&folder, owner)).await.map_err(Error::internal)??;
    std::fs::rename(&data, place.data()).map_err(cannot("put in place", &data))?;
    if durable {
        os::sync_folder(&place.root);
    }
    Ok(())
}

fn arguments(runtime: &Runtime, data: &Path, password_file: &Path, durable: bool) -> Command {
    let mut command = Command::new(runtime.bindir.join("initdb"));
    command.arg("--pgdata").arg(data).arg("--pwfile").arg(password_file);
    command.args([
        "--username",
        Role::Superuser.name(),
        "--auth",
        "scram-sha-256",
        "--encoding",
        "UTF8",
        "--locale",
        "C",
    ]);
    if runtime.major >= 17 {
        // Rules that come with PostgreSQL: an upgrade of the C library cannot change the order of an index.
        command.args(["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]);
    }
    if !durable {
        command.arg("--no-sync");
    }
    for setting in SETTINGS {
        command.args(["--set", setting]);
    }
    command
}

fn failed(place: &Place, cause: &str) -> Error {
    if cause.contains("No space left on device") {
        return Error::operator("home_disk_full", format!("The database cannot be made: the disk is full ({cause})."))
            .next("Free some space (a new cluster needs about 150 MB), then start again.");
    }
    Error::operator("pg_initdb_failed", format!("The database cannot be made in {}: {cause}", place.root.display()))
        .next("Mend what the message says and start again; nothing was left behind.")
}
