//! The server process: starting it, waiting until it answers, finding the one that runs, stopping it. Works on one
//! data folder; knows nothing of roles or of who uses the cluster.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use super::{
    home::cannot,
    link::Endpoint,
    os::{self, Account},
    place::Place,
};
use crate::error::{Error, Result, Retry};

/// The number in the socket file's name.
pub(super) const SOCKET_PORT: u16 = 5432;

/// Recovery after a crash replays up to `max_wal_size` of log, on a slow disk for minutes.
const READY_PATIENCE: Duration = Duration::from_secs(180);
const STOP_PATIENCE: Duration = Duration::from_secs(30);
/// Between removing its file and being gone.
const EXIT_PATIENCE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(5);
/// Sessions of a server that was killed end by themselves within moments; until then a new one refuses to start.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(20);

/// A server process that was just started.
pub(crate) struct Launched {
    /// `None` where a starter program stands between (Windows).
    pub(crate) pid: Option<u32>,
    /// How it ended, if it does.
    pub(crate) exit: tokio::sync::oneshot::Receiver<String>,
}

/// What varies between starts; everything else is in the data folder's `postgresql.conf`, written once by `initdb`.
pub(super) struct Settings<'a> {
    pub(super) bindir: &'a Path,
    pub(super) endpoint: &'a Endpoint,
    pub(super) durable: bool,
    /// Rotated log files instead of one that is overwritten at the next start.
    pub(super) collect_log: bool,
    /// Another file of access rules than the data folder's `pg_hba.conf`.
    pub(super) rules: Option<&'a Path>,
}

impl Settings<'_> {
    fn list(&self) -> Vec<(&'static str, String)> {
        let on = |value: bool| if value { "on" } else { "off" }.to_owned();
        let mut list = self.endpoint.server_settings();
        list.push(("logging_collector", on(self.collect_log)));
        if self.collect_log {
            // One file per weekday, overwritten a week later. The path is relative to the data folder.
            list.push(("log_directory", "../log".to_owned()));
            list.push(("log_filename", "postgres-%a.log".to_owned()));
            list.push(("log_truncate_on_rotation", on(true)));
            list.push(("log_rotation_age", "1d".to_owned()));
            list.push(("log_rotation_size", "0".to_owned()));
        }
        if let Some(rules) = self.rules {
            list.push(("hba_file", rules.to_string_lossy().into_owned()));
        }
        if !self.durable {
            list.extend(["fsync", "synchronous_commit", "full_page_writes"].map(|name| (name, on(false))));
        }
        list
    }
}

/// What `postmaster.pid` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) port: u16,
    pub(super) socket_folder: Option<PathBuf>,
    status: String,
}

impl Running {
    fn read(data: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    /// Lines: process, data folder, start time, port, socket folder, address, shared memory, status.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let line = |index: usize| lines.get(index).copied().unwrap_or_default();
        Some(Self {
            pid: line(0).parse().ok().filter(|pid| *pid > 1)?,
            port: line(3).parse().unwrap_or(0),
            socket_folder: Some(line(4)).filter(|folder| !folder.is_empty()).map(PathBuf::from),
            status: line(7).to_owned(),
        })
    }
}

/// The server that runs on this data, ready or not.
pub(super) fn find(data: &Path) -> Option<Running> {
    Running::read(data).filter(|running| os::is_server_of(running.pid, data))
}

/// Starts a server and waits until it takes connections. Only when `find` saw none, under `start.lock`.
pub(super) async fn launch(place: &Place, settings: &Settings<'_>) -> Result<()> {
    let data = place.data();
    remove_stale_locks(&data, settings.endpoint);
    let began = Instant::now();
    loop {
        match attempt(place, settings).await {
            Err(error) if began.elapsed() < ORPHAN_PATIENCE && startup_log(place).contains("is still in use") => {
                tracing::info!(cause = error.message(), "waiting for the last sessions of a killed server to end");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => return other,
        }
    }
}

/// After a restart of the machine the number in these files can belong to a stranger, and the server would refuse to
/// start. `find` has shown that no server lives. The file of a server that merely died stays: it leads the new one to
/// the shared memory that sessions of the dead one may still use.
fn remove_stale_locks(data: &Path, endpoint: &Endpoint) {
    if Running::read(data).is_some_and(|running| os::may_exist(running.pid)) {
        let _ = std::fs::remove_file(data.join("postmaster.pid"));
    }
    for file in endpoint.files() {
        let _ = std::fs::remove_file(file);
    }
}

async fn attempt(place: &Place, settings: &Settings<'_>) -> Result<()> {
    let log_path = place.log().join("startup.log");
    // Removed and made anew, never followed: the folder belongs to the server's user, and we may be root.
    let _ = std::fs::remove_file(&log_path);
    let log = std::fs::File::create_new(&log_path).map_err(cannot("write", &log_path))?;
    os::give(&log_path, place.account)?;
    let data = place.data();
    let (bindir, list, account, folder) = (settings.bindir.to_owned(), settings.list(), place.account, data.clone());
    let mut launched = tokio::task::spawn_blocking(move || os::launch(&bindir, &folder, &list, log, account))
        .await
        .map_err(Error::internal)?
        .map_err(|error| not_started(place, &error.to_string()))?;
    let began = Instant::now();
    loop {
        let running = Running::read(&data).filter(|running| launched.pid.is_none_or(|pid| pid == running.pid));
        if running.is_some_and(|running| running.status == "ready") {
            return Ok(());
        }
        match tokio::time::timeout(POLL, &mut launched.exit).await {
            Ok(exit) => return Err(not_started(place, &exit.unwrap_or_else(|_| "its end was not seen".into()))),
            Err(_) if began.elapsed() > READY_PATIENCE => {
                return Err(not_started(place, "it is not ready after three minutes"));
            }
            Err(_) => {}
        }
    }
}

/// Waits for a server that another process started. `false` when it ended instead.
pub(super) async fn wait_ready(place: &Place) -> Result<bool> {
    let began = Instant::now();
    loop {
        match find(&place.data()) {
            None => return Ok(false),
            Some(running) if running.status == "ready" => return Ok(true),
            Some(_) if began.elapsed() > READY_PATIENCE => {
                return Err(not_started(place, "it is not ready after three minutes"));
            }
            Some(_) => tokio::time::sleep(POLL * 4).await,
        }
    }
}

/// Stops the server if one runs, and returns when it is gone.
pub(super) async fn stop(place: &Place, bindir: Option<&Path>, immediate: bool) -> Result<()> {
    for (immediate, patience) in [(immediate, STOP_PATIENCE), (true, Duration::from_secs(10))] {
        let Some(running) = find(&place.data()) else { return Ok(()) };
        let (owned, data) = (bindir.map(Path::to_owned), place.data());
        let pid = running.pid;
        // A server that ended meanwhile takes no signal; the loop below sees that it is gone.
        let sent = tokio::task::spawn_blocking(move || os::signal_stop(owned.as_deref(), &data, pid, immediate)).await;
        tracing::debug!(pid, immediate, ?sent, "asked PostgreSQL to stop");
        let began = Instant::now();
        let mut done = None;
        while began.elapsed() < patience {
            if Running::read(&place.data()).is_none_or(|now| now.pid != pid) {
                // It still removes its socket's files; a server started now should not lose its own to that.
                let done = done.get_or_insert_with(Instant::now);
                if done.elapsed() > EXIT_PATIENCE || !os::is_server_of(pid, &place.data()) {
                    return Ok(());
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Err(Error::operator("pg_not_stopped", "PostgreSQL does not stop.")
        .next(format!("End the process named in the first line of {}.", place.data().join("postmaster.pid").display())))
}

/// Runs a program of PostgreSQL to its end, as the server's user.
pub(super) async fn run(mut command: Command, account: Option<Account>, patience: Duration) -> io::Result<Output> {
    clean_environment(&mut command);
    os::run_as(&mut command, account);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if cfg!(unix) {
        command.current_dir("/");
    }
    let mut command = tokio::process::Command::from(command);
    let output = command.kill_on_drop(true).output();
    tokio::time::timeout(patience, output).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// The operator's settings for other databases and languages must not reach this one.
pub(crate) fn clean_environment(command: &mut Command) {
    for name in ["PGDATA", "PGPORT", "PGHOST", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGOPTIONS", "PGSERVICE", "PGTZ"] {
        command.env_remove(name);
    }
    command.env_remove("PGCLIENTENCODING").env_remove("PGDATESTYLE").env("LC_ALL", "C").env("LANG", "C");
}

fn startup_log(place: &Place) -> String {
    std::fs::read_to_string(place.log().join("startup.log")).unwrap_or_default()
}

fn not_started(place: &Place, how: &str) -> Error {
    // Once it has read its settings the server says that its words go to the rotated files from there on.
    let mut text = startup_log(place);
    if text.contains("redirecting log output")
        && let Some(newest) = newest_log(&place.log())
    {
        text = std::fs::read_to_string(newest).unwrap_or_default();
    }
    let lines = last_lines(&text, 6);
    if text.contains("No space left on device") {
        return Error::operator(
            "home_disk_full",
            format!("PostgreSQL does not start: the disk is full. Its log: {lines}"),
        )
        .next("Free some space, then start again.");
    }
    Error::operator("pg_not_started", format!("PostgreSQL does not start ({how}). Its log ends with: {lines}"))
        .next(format!("Mend what the log says and start again. Log folder: {}.", place.log().display()))
        .retry(Retry::Safe)
}

fn newest_log(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("postgres-"));
    files.max_by_key(|entry| entry.metadata().and_then(|found| found.modified()).ok()).map(|entry| entry.path())
}

/// The end of a text on one line.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(count);
    lines.get(from..).unwrap_or_default().join(" | ").chars().take(1200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_servers_own_file() {
        let text = "14272\n/tmp/h/data\n1795455851\n5432\n/tmp/h/run\n\n 10010660         9\nready   \n";
        let expected =
            Running { pid: 14272, port: 5432, socket_folder: Some("/tmp/h/run".into()), status: "ready".into() };
        assert_eq!(Running::parse(text), Some(expected));
        assert_eq!(Running::parse("14272\n").map(|running| running.status), Some(String::new()));
        assert_eq!(Running::parse(""), None);
        assert_eq!(Running::parse("1\n"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_stranger_with_the_same_number_is_not_our_server() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("postmaster.pid"), format!("{}\n", std::process::id())).unwrap();
        assert_eq!(find(folder.path()), None);
    }

    #[test]
    fn quotes_the_end_of_a_log_on_one_line() {
        assert_eq!(last_lines("a\n\n b \nc\n", 2), "b | c");
        assert_eq!(last_lines("", 2), "");
    }
}
