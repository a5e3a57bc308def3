//! Locks between processes that the kernel frees when their holder dies. Waiting polls, so that it can be given up
//! and holds no thread.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    time::{Duration, Instant},
};

use super::home::cannot;
use crate::error::{Error, Result, Retry};

/// Held until dropped.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Shared,
    Exclusive,
}

impl FileLock {
    /// Waits up to `patience` for others to let go.
    pub(super) async fn wait(path: &Path, mode: Mode, patience: Duration) -> Result<Self> {
        let started = Instant::now();
        let mut told = false;
        loop {
            if let Some(lock) = Self::attempt(path, mode)? {
                return Ok(lock);
            }
            if started.elapsed() > patience {
                return Err(Error::operator(
                    "pg_busy",
                    format!("Another AllIN process keeps {} locked.", path.display()),
                )
                .next("Wait for the other process to finish setting up, or end it, then start again.")
                .retry(Retry::After { seconds: 10 }));
            }
            if !told && started.elapsed() > Duration::from_secs(2) {
                told = true;
                tracing::info!(lock = %path.display(), "waiting for another AllIN process");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// `None` when somebody else holds it in a way that excludes this.
    pub(super) fn attempt(path: &Path, mode: Mode) -> Result<Option<Self>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(cannot("open", path))?;
        let taken = match mode {
            Mode::Shared => file.try_lock_shared(),
            Mode::Exclusive => file.try_lock(),
        };
        match taken {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(Error::operator("home_no_locks", format!("Cannot lock {}: {error}.", path.display()))
                    .next("Set ALLIN_HOME to a folder on a local disk: this file system has no file locks.")
                    .because(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shared_excludes_exclusive_until_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = FileLock::attempt(&path, Mode::Shared).unwrap().unwrap();
        let second = FileLock::wait(&path, Mode::Shared, Duration::ZERO).await.unwrap();
        drop(first);
        assert!(FileLock::attempt(&path, Mode::Exclusive).unwrap().is_none());
        assert_eq!(FileLock::wait(&path, Mode::Exclusive, Duration::ZERO).await.unwrap_err().code(), "pg_busy");
        drop(second);
        let alone = FileLock::attempt(&path, Mode::Exclusive).unwrap();
        assert!(alone.is_some() && FileLock::attempt(&path, Mode::Shared).unwrap().is_none());
    }
}
