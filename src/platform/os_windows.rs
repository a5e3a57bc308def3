//! The Windows half of what differs between operating systems. A profile folder is private by its inherited access
//! list, `pg_ctl` drops administrator rights, and the server listens on the loopback address.

use std::{
    fs::File,
    io,
    os::windows::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{home::cannot, server::Launched};
use crate::error::{Error, Result};

/// The server listens on a loopback port.
pub(crate) const HAS_SOCKETS: bool = false;

/// How Python's installer may be called, in order.
pub(crate) const PIP_COMMANDS: [&[&str]; 3] = [&["py", "-3", "-m", "pip"], &["python", "-m", "pip"], &["pip"]];

/// `DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP`: no console, and no Ctrl-C meant for us.
const ON_ITS_OWN: u32 = 0x0000_0008 | 0x0000_0200;

/// No server runs as another user here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
}

pub(crate) fn is_root() -> bool {
    false
}

/// Users have no number here.
pub(crate) fn user_id() -> u32 {
    0
}

/// Not the verbatim form (`\\\\?\\`), which PostgreSQL's programs do not take.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

pub(crate) fn create_folder(path: &Path, _mode: u32) -> Result<()> {
    std::fs::create_dir_all(path).map_err(cannot("make the folder", path))
}

pub(crate) fn set_mode(_path: &Path, _mode: u32) -> Result<()> {
    Ok(())
}

pub(crate) fn sync_folder(_path: &Path) {}

pub(crate) fn server_account(_data: &Path) -> Option<Account> {
    None
}

pub(crate) fn initdb_account(_account: Option<Account>) -> Result<Option<Account>> {
    Ok(None)
}

pub(crate) fn give(_path: &Path, _account: Option<Account>) -> Result<()> {
    Ok(())
}

pub(crate) fn reachable_by_others(_path: &Path) -> bool {
    true
}

pub(crate) fn folder_for_unreachable_home() -> Result<PathBuf> {
    Err(Error::operator("pg_no_account", "There is no folder outside the home on this system."))
}

pub(crate) fn link_folder(target: &Path, link: &Path) -> Result<()> {
    std::os::windows::fs::symlink_dir(target, link).map_err(cannot("make the link", link))
}

pub(crate) fn run_as(command: &mut Command, _account: Option<Account>) {
    command.creation_flags(ON_ITS_OWN);
}

pub(crate) fn socket_folder(
    preferred: &Path,
    _previous: Option<&Path>,
    _runtime: Option<&Path>,
    _account: Option<Account>,
) -> Result<PathBuf> {
    Ok(preferred.to_owned())
}

/// A loopback port that is free now; the server's start fails, and is tried again, if somebody takes it meanwhile.
pub(crate) fn free_port(previous: Option<u16>) -> Result<u16> {
    let listen = |port| std::net::TcpListener::bind(("127.0.0.1", port)).and_then(|listener| listener.local_addr());
    let free = previous.map_or_else(|| listen(0), |port| listen(port).or_else(|_| listen(0)));
    free.map(|address| address.port()).map_err(|error| {
        Error::operator("pg_no_port", "No port on 127.0.0.1 is free for PostgreSQL.")
            .next("Allow AllIN to listen on the loopback address.")
            .because(error)
    })
}

pub(crate) fn launch(
    bindir: &Path,
    data: &Path,
    settings: &[(&str, String)],
    log: File,
    _account: Option<Account>,
) -> io::Result<Launched> {
    // No value of ours holds a blank or a quote here, so that the list needs no quoting.
    let options: Vec<String> = settings.iter().map(|(name, value)| format!("-c {name}={value}")).collect();
    let mut command = Command::new(bindir.join("pg_ctl.exe"));
    command.args(["start", "-W", "-s", "-D"]).arg(data).arg("-o").arg(options.join(" "));
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).creation_flags(ON_ITS_OWN);
    super::server::clean_environment(&mut command);
    let status = command.status()?;
    if !status.success() {
        return Err(io::Error::other(format!("pg_ctl ended with {status}")));
    }
    // Whether the server comes up is seen in its own file; dropping the sender would read as its end.
    let (sender, exit) = tokio::sync::oneshot::channel();
    std::mem::forget(sender);
    Ok(Launched { pid: None, exit })
}

pub(crate) fn signal_stop(bindir: Option<&Path>, data: &Path, _pid: u32, immediate: bool) -> io::Result<()> {
    let bindir = bindir.ok_or_else(|| io::Error::other("no PostgreSQL to stop the server with"))?;
    let mode = if immediate { "immediate" } else { "fast" };
    let mut command = Command::new(bindir.join("pg_ctl.exe"));
    command.args(["stop", "-W", "-s", "-m", mode, "-D"]).arg(data).creation_flags(ON_ITS_OWN);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().map(drop)
}

/// Not worth asking: `launch` here needs the old file gone in any case.
pub(crate) fn may_exist(_pid: u32) -> bool {
    true
}

/// The system's task list knows the number and the program's name; that suffices, as a stale number is also found
/// out by connecting.
pub(crate) fn is_server_of(pid: u32, _data: &Path) -> bool {
    let mut command = Command::new("tasklist");
    command.args(["/FO", "CSV", "/NH", "/FI", &format!("PID eq {pid}"), "/FI", "IMAGENAME eq postgres.exe"]);
    command.creation_flags(ON_ITS_OWN).stdin(Stdio::null());
    command.output().is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("postgres.exe"))
}
