//! Where the server's own files lie and as whom it runs. Ordinarily that is `cluster/` in the home and ourselves;
//! when root runs the binary it is an unprivileged user, and a folder that this user can reach.

use std::path::PathBuf;

use super::{
    home::{Home, cannot},
    os,
};
use crate::error::{Error, Result};

/// All paths are free of links.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) root: PathBuf,
    /// `None`: the server runs as the same user as this process.
    pub(super) account: Option<os::Account>,
}

impl Place {
    /// Finds or makes it. Only under `start.lock`.
    pub(super) fn prepare(home: &Home) -> Result<Self> {
        let link = home.cluster();
        if std::fs::symlink_metadata(&link).is_err() {
            if os::is_root() && !os::reachable_by_others(home.root()) {
                let folder = os::folder_for_unreachable_home()?;
                os::link_folder(&folder, &link)?;
                tracing::warn!(
                    data = %folder.display(),
                    "root's home is closed to the user PostgreSQL runs as: the database is kept in another folder; back up both"
                );
            } else {
                os::create_folder(&link, folder_mode())?;
            }
        }
        let place = Self::find(home)?
            .ok_or_else(|| cannot("make the folder", &link)(std::io::Error::from(std::io::ErrorKind::NotFound)))?;
        check_characters(&place)?;
        os::create_folder(&place.root, folder_mode())?;
        os::create_folder(&place.runtimes(), if os::is_root() { 0o755 } else { 0o700 })?;
        for folder in [place.log(), place.socket()] {
            if !folder.is_dir() {
                os::create_folder(&folder, 0o700)?;
                os::give(&folder, place.account)?;
            }
        }
        Ok(place)
    }

    /// `None` when no cluster was ever made. A link that leads nowhere is an error: starting anew would hide the loss.
    pub(super) fn find(home: &Home) -> Result<Option<Self>> {
        let link = home.cluster();
        if std::fs::symlink_metadata(&link).is_err() {
            return Ok(None);
        }
        let root = os::resolve(&link).ok().filter(|root| root.is_dir()).ok_or_else(|| {
            let target = std::fs::read_link(&link).unwrap_or_else(|_| link.clone());
            Error::operator(
                "pg_data_missing",
                format!("The database should be in {}, which is not there.", target.display()),
            )
            .next(format!(
                "Put that folder back (or mount it). To begin with an empty database, delete {}.",
                link.display()
            ))
        })?;
        let account = os::server_account(&root.join("data"));
        Ok(Some(Self { root, account }))
    }

    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Unpacked PostgreSQL releases.
    pub(super) fn runtimes(&self) -> PathBuf {
        self.root.join("pg")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// Where the socket goes unless its path is too long.
    pub(super) fn socket(&self) -> PathBuf {
        self.root.join("run")
    }

    /// The major version that wrote the data folder; `None` when there is no data yet.
    pub(super) fn data_major(&self) -> Result<Option<u32>> {
        let file = self.data().join("PG_VERSION");
        match std::fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().map(Some).map_err(|error| {
                Error::operator(
                    "pg_version_unknown",
                    format!("{} does not hold a version: `{}`.", file.display(), text.trim()),
                )
                .next("Restore the data folder from a backup.")
                .because(error)
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !self.data().exists() => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::operator(
                "pg_data_damaged",
                format!("{} exists, but is not a PostgreSQL data folder.", self.data().display()),
            )
            .next("Move it away, or restore it from a backup.")),
            Err(error) => Err(cannot("read", &file)(error)),
        }
    }
}

/// `initdb` passes its own path through a shell.
fn check_characters(place: &Place) -> Result<()> {
    let special = |letter: char| matches!(letter, '"' | '`' | '$' | '\n' | '\r') || (cfg!(unix) && letter == '\\');
    if place.root.to_str().is_some_and(|path| !path.contains(special)) {
        return Ok(());
    }
    let message =
        format!("PostgreSQL cannot run in {}: the path has a character it does not take.", place.root.display());
    Err(Error::operator("home_path_characters", message)
        .next("Set ALLIN_HOME to a path in UTF-8 without quotes, $, backquotes, backslashes and line breaks."))
}

fn folder_mode() -> u32 {
    if os::is_root() { 0o711 } else { 0o700 }
}
