//! Looks at the machine for the doctor: space, permissions, Python's installer. Changes nothing, and answers `None`
//! where an operating system does not say.

use std::{path::Path, process::Stdio, time::Duration};

use super::{os, place::Place, wheel};
use crate::platform::Home;

/// Starting Python takes seconds on a cold disk.
const INSTALLER_PATIENCE: Duration = Duration::from_secs(20);

/// Free bytes for this user on the disk that holds `path`.
pub fn free_bytes(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let disk = rustix::fs::statvfs(path).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Whether users other than the owner can read it.
pub fn open_to_others(path: &Path) -> Option<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Some(std::fs::symlink_metadata(path).ok()?.mode() & 0o066 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// The number of the user who owns it, when that is neither us nor are we root.
pub fn foreign_owner(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let owner = std::fs::symlink_metadata(path).ok()?.uid();
        let me = rustix::process::geteuid();
        (!me.is_root() && owner != me.as_raw()).then_some(owner)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Whether PostgreSQL's programs are unpacked in the home.
pub fn has_programs(home: &Home) -> bool {
    let Ok(Some(place)) = Place::find(home) else { return false };
    let unpacked = std::fs::read_dir(place.runtimes()).into_iter().flatten().flatten();
    unpacked.map(|entry| entry.path()).any(|folder| {
        wheel::MAJORS.iter().any(|(major, _)| wheel::bindir(&folder, *major).is_some_and(|bin| bin.is_dir()))
    })
}

/// The first of Python's installers that runs here, as one would type it.
pub async fn installer() -> Option<String> {
    for words in os::PIP_COMMANDS {
        let (program, rest) = words.split_first()?;
        let mut command = tokio::process::Command::new(program);
        command.args(rest).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let ended = tokio::time::timeout(INSTALLER_PATIENCE, command.kill_on_drop(true).status()).await;
        if matches!(ended, Ok(Ok(status)) if status.success()) {
            return Some(words.join(" "));
        }
    }
    None
}
