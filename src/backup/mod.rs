//! Backup, restore and the move to a newer PostgreSQL: the whole installation as one file, and back. Uses PostgreSQL's
//! own tools for the data. Knows nothing of posts or networks.
//!
//! ```text
//! archive.rs  the file: what is in it, how it is checked     create.rs   database and keys into a file
//! keys.rs     the home's keys, wrapped by a passphrase       restore.rs  a file into a home
//! tools.rs    pg_dump and pg_restore                         upgrade.rs  a home's data into a newer PostgreSQL
//! ```

mod archive;
mod create;
mod keys;
mod restore;
mod tools;
mod upgrade;

pub use archive::Manifest;
pub use create::{Created, Source, create};
pub use keys::Keys;
pub use restore::{KeySource, Opened, Options, Restored, open};
pub use tools::Tools;
pub use upgrade::{Upgraded, upgrade};

use tokio_util::sync::CancellationToken;

use crate::{
    clock::Timestamp,
    error::{Error, Result, Retry},
};

/// Part of a folder's name: `20261123T183000Z`.
fn stamp(now: Timestamp) -> String {
    let text = now.to_string();
    let seconds = text.split(['.', 'Z']).next().unwrap_or(&text);
    format!("{}Z", seconds.replace(['-', ':'], ""))
}

/// Asked before the step after which there is no way back.
fn go_on(stop: &CancellationToken) -> Result<()> {
    if stop.is_cancelled() { Err(interrupted()) } else { Ok(()) }
}

/// PostgreSQL's programs end when the person presses Ctrl-C, and fail in words of their own.
pub fn interrupted() -> Error {
    Error::cancelled("interrupted", "Interrupted. Nothing was changed.")
        .next("Run it again when you are ready.")
        .retry(Retry::Safe)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_plain_file_names() {
        let now: Timestamp = "2026-11-23T18:30:05.25Z".parse().unwrap();
        assert_eq!(stamp(now), "20261123T183005Z");
        assert_eq!(stamp("2026-11-23T18:30:05Z".parse().unwrap()), "20261123T183005Z");
    }
}
