//! The Unix half of what differs between operating systems: file modes, owners, the user the server runs as, and
//! its processes. `os_windows.rs` offers the same functions.

use std::{
    fs::File,
    io,
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal};

use super::{home::cannot, server::Launched};
use crate::error::{Error, Result};

/// The server listens on a socket file.
pub(crate) const HAS_SOCKETS: bool = true;

/// Longest socket path, in bytes, that every Unix takes (`sun_path` is 104 on macOS, 108 on Linux), with a reserve.
const SOCKET_PATH_LIMIT: usize = 100;

/// How Python's installer may be called, in order.
pub(crate) const PIP_COMMANDS: [&[&str]; 4] =
    [&["python3", "-m", "pip"], &["python", "-m", "pip"], &["pip3"], &["pip"]];

/// Where root keeps a cluster whose home the server's user cannot reach.
const SYSTEM_STATE: &str = "/var/lib/allin";

/// The server's numeric user when root starts it. It needs no entry in the list of users, and lies in a range
/// (60706 to 61183) that neither distributions nor systemd hand out, so that nothing else runs as it.
const SERVER_ID: u32 = 60_918;

/// A user other than ourselves, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    gid: u32,
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) fn user_id() -> u32 {
    rustix::process::getuid().as_raw()
}

/// The path without links.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// Makes a folder and its parents with that mode, whatever the umask; adds missing "may walk through" bits of `mode`
/// to a folder that exists and is ours.
pub(crate) fn create_folder(path: &Path, mode: u32) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_dir() => {
            Err(Error::operator("home_not_a_folder", format!("{} is a file, not a folder.", path.display()))
                .next("Move that file away or set ALLIN_HOME to another folder."))
        }
        Ok(found) => {
            let walk = mode & 0o011;
            if found.mode() & walk != walk && found.uid() == rustix::process::geteuid().as_raw() {
                set_mode(path, (found.mode() & 0o7777) | walk)?;
            }
            Ok(())
        }
        Err(_) => {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(mode)
                .create(path)
                .map_err(cannot("make the folder", path))?;
            set_mode(path, mode)
        }
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .map_err(cannot("set the permissions of", path))
}

/// Flushes a folder's entries, so that a rename in it survives a power loss.
pub(crate) fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(path) {
        let _ = folder.sync_all();
    }
}

/// Whom to run the server as: nobody else when we are an ordinary user. PostgreSQL refuses to run as root; then it is
/// the owner of the existing data, or the user `allin` if there is one, or a number of its own.
pub(crate) fn server_account(data: &Path) -> Option<Account> {
    if !is_root() {
        return None;
    }
    let owner = std::fs::metadata(data).ok().filter(|found| found.uid() != 0);
    Some(
        owner
            .map(|found| Account { uid: found.uid(), gid: found.gid() })
            .or_else(|| named_account(&["allin"]))
            .unwrap_or(Account { uid: SERVER_ID, gid: SERVER_ID }),
    )
}

/// `initdb` alone insists on a user with a name; its files are handed over to `account` afterwards.
pub(crate) fn initdb_account(account: Option<Account>) -> Result<Option<Account>> {
    let Some(account) = account else { return Ok(None) };
    let users = users();
    if users.iter().any(|(_, user)| user.uid == account.uid) {
        return Ok(Some(account));
    }
    named_account(&["postgres", "nobody", "daemon"])
        .or_else(|| users.iter().map(|(_, user)| *user).find(|user| user.uid != 0))
        .map(Some)
        .ok_or_else(|| {
            Error::operator("pg_no_account", "PostgreSQL cannot be set up as root, and this system has no other user.")
                .next("Run AllIN as an ordinary user, or add a user named `allin`.")
        })
}

fn named_account(names: &[&str]) -> Option<Account> {
    let users = users();
    names
        .iter()
        .find_map(|name| users.iter().find(|(user, account)| user == name && account.uid != 0))
        .map(|found| found.1)
}

fn users() -> Vec<(String, Account)> {
    let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    list.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let uid = fields.nth(1)?.parse().ok()?;
            Some((name, Account { uid, gid: fields.next()?.parse().ok()? }))
        })
        .collect()
}

/// Hands a file or a whole folder to the server's user; does nothing without one. Follows no links.
pub(crate) fn give(path: &Path, account: Option<Account>) -> Result<()> {
    let Some(account) = account else { return Ok(()) };
    std::os::unix::fs::lchown(path, Some(account.uid), Some(account.gid))
        .map_err(|error| account_refused(path, error))?;
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        for entry in std::fs::read_dir(path).map_err(cannot("read", path))? {
            give(&entry.map_err(cannot("read", path))?.path(), Some(account))?;
        }
    }
    Ok(())
}

fn account_refused(path: &Path, error: io::Error) -> Error {
    Error::operator(
        "pg_account_refused",
        format!("PostgreSQL must not run as root, and {} cannot be given to another user: {error}.", path.display()),
    )
    .next("Run AllIN as an ordinary user (in a container: `USER 1000`), or allow root to change owners (CHOWN, SETUID, SETGID).")
    .because(error)
}

/// Whether any user may walk to `path`; its own mode is not looked at.
pub(crate) fn reachable_by_others(path: &Path) -> bool {
    path.ancestors().skip(1).all(|folder| std::fs::metadata(folder).is_ok_and(|found| found.mode() & 0o001 != 0))
}

/// A new folder outside every home for what the server's user must reach.
pub(crate) fn folder_for_unreachable_home() -> Result<PathBuf> {
    let state = Path::new(SYSTEM_STATE);
    create_folder(state, 0o711)?;
    let folder =
        tempfile::Builder::new().prefix("home-").rand_bytes(8).tempdir_in(state).map_err(cannot("write to", state))?;
    set_mode(folder.path(), 0o711)?;
    Ok(folder.keep())
}

pub(crate) fn link_folder(target: &Path, link: &Path) -> Result<()> {
    std::os::unix::fs::symlink(target, link).map_err(cannot("make the link", link))
}

/// Drops root's rights in a child that is about to be started (supplementary groups go with them).
pub(crate) fn run_as(command: &mut Command, account: Option<Account>) {
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
}

/// A folder whose socket path is short enough: `preferred`, or `previous` if it is still private, or a new one.
pub(crate) fn socket_folder(
    preferred: &Path,
    previous: Option<&Path>,
    runtime: Option<&Path>,
    account: Option<Account>,
) -> Result<PathBuf> {
    // PostgreSQL's tools read a comma in an address as the start of another one.
    let fits = |folder: &Path| {
        folder.as_os_str().len() + "/.s.PGSQL.5432".len() <= SOCKET_PATH_LIMIT
            && !folder.to_string_lossy().contains(',')
    };
    if fits(preferred) {
        return Ok(preferred.to_owned());
    }
    let owner = account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
    let private = |folder: &Path| {
        std::fs::symlink_metadata(folder)
            .is_ok_and(|found| found.is_dir() && found.uid() == owner && found.mode() & 0o077 == 0)
    };
    if let Some(previous) = previous.filter(|folder| fits(folder) && private(folder)) {
        return Ok(previous.to_owned());
    }
    let runtime =
        runtime.filter(|folder| account.is_none() && folder.is_absolute() && fits(&folder.join("allin-12345678")));
    runtime.into_iter().chain([Path::new("/tmp")]).find_map(|parent| make_socket_folder(parent, account)).ok_or_else(
        || {
            Error::operator("pg_socket_path", format!("The socket path below {} is too long.", preferred.display()))
                .next("Set ALLIN_HOME to a path shorter than 80 bytes, or make /tmp writable.")
        },
    )
}

fn make_socket_folder(parent: &Path, account: Option<Account>) -> Option<PathBuf> {
    // The random name and mode 0700 keep other users from taking the place first or looking in.
    let private = std::fs::Permissions::from_mode(0o700);
    let folder =
        tempfile::Builder::new().prefix("allin-").rand_bytes(8).permissions(private).tempdir_in(parent).ok()?;
    give(folder.path(), account).ok()?;
    Some(folder.keep())
}

/// Never asked for: the socket file's name carries a fixed number.
pub(crate) fn free_port(_previous: Option<u16>) -> Result<u16> {
    Ok(super::server::SOCKET_PORT)
}

/// Starts the server in a process session of its own, so that closing our terminal or killing our group spares it.
#[expect(unsafe_code, reason = "the standard library has no safe way to start a process session")]
pub(crate) fn launch(
    bindir: &Path,
    data: &Path,
    settings: &[(&str, String)],
    log: File,
    account: Option<Account>,
) -> io::Result<Launched> {
    let mut command = Command::new(bindir.join("postgres"));
    command.arg("-D").arg(data).current_dir("/").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    for (name, value) in settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    super::server::clean_environment(&mut command);
    run_as(&mut command, account);
    // SAFETY: between fork and exec only the system call setsid runs; it allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| rustix::process::setsid().map(drop).map_err(io::Error::from));
    }
    let mut child = command.spawn()?;
    let pid = child.id();
    let (sender, exit) = tokio::sync::oneshot::channel();
    // Reaps the server when it ends before us: its number would stay taken otherwise.
    std::thread::Builder::new().name("pg-reaper".into()).stack_size(64 * 1024).spawn(move || {
        let _ = sender.send(child.wait().map_or_else(|error| error.to_string(), |status| status.to_string()));
    })?;
    Ok(Launched { pid: Some(pid), exit })
}

/// Asks the server to stop: fast (ends sessions, writes a checkpoint) or immediate (recovers at the next start).
pub(crate) fn signal_stop(_bindir: Option<&Path>, _data: &Path, pid: u32, immediate: bool) -> io::Result<()> {
    let signal = if immediate { Signal::QUIT } else { Signal::INT };
    match to_pid(pid) {
        Some(pid) => rustix::process::kill_process(pid, signal).map_err(io::Error::from),
        None => Err(io::Error::from(io::ErrorKind::InvalidInput)),
    }
}

fn to_pid(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Whether any process has that number.
pub(crate) fn may_exist(pid: u32) -> bool {
    to_pid(pid).is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Whether a process of that number exists and is the server of that data folder, not a stranger with a reused number.
pub(crate) fn is_server_of(pid: u32, data: &Path) -> bool {
    let Some(raw) = to_pid(pid) else { return false };
    if rustix::process::test_kill_process(raw).is_err() {
        return false;
    }
    if cfg!(target_os = "linux") {
        // The server works inside its data folder.
        return std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data);
    }
    let listed = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).stdin(Stdio::null()).output();
    listed.is_ok_and(|output| {
        let line = String::from_utf8_lossy(&output.stdout);
        line.contains("postgres") && line.contains(&*data.to_string_lossy())
    })
}
