//! Fetching a package with Python's installer, which knows the machine's proxies, mirrors and certificates. Checks
//! nothing: `package.rs` does.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use super::{
    home::cannot,
    os,
    package::{Package, Wheel},
    server,
};
use crate::error::{Error, Result, Retry};

/// The largest has 90 MB, and lines are slow.
const PATIENCE: Duration = Duration::from_secs(900);

/// Downloads into `folder` (which should be empty) and answers with the file. Not yet checked.
pub(super) async fn fetch(wheel: &Wheel, folder: &Path) -> Result<PathBuf> {
    let package = wheel.package;
    tracing::info!(
        package = package.requirement,
        "fetching with Python's installer (about {} MB, once)",
        package.megabytes
    );
    let mut missing = Vec::new();
    for words in os::PIP_COMMANDS {
        let shown = words.join(" ");
        match run_installer(wheel, words, folder).await {
            Ok(output) if output.status.success() => return downloaded(wheel, folder),
            Ok(output) if is_absent(&output) => missing.push(format!("`{shown}`: no pip")),
            Ok(output) => return Err(failed(wheel, &output)),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(no_network(wheel, error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(format!("`{shown}`: not found")),
            Err(error) => missing.push(format!("`{shown}`: {error}")),
        }
    }
    Err(Error::operator(
        package.codes.no_python,
        format!("{} is fetched with Python's installer, and none runs here ({}).", package.subject, missing.join("; ")),
    )
    .next(wheel.by_hand("Install Python 3 with pip and start again")))
}

async fn run_installer(wheel: &Wheel, words: &[&str], folder: &Path) -> io::Result<Output> {
    let (program, rest) = words.split_first().ok_or(io::ErrorKind::NotFound)?;
    let package = wheel.package;
    let mut command = tokio::process::Command::new(program);
    command.args(rest).args(["download", package.requirement, "--no-deps", "--only-binary=:all:", "--no-input"]);
    command.args(["--disable-pip-version-check", "--retries", "2", "--implementation", "cp"]);
    command.args(["--python-version", package.python, "--abi", package.abi, "--platform", wheel.tag]);
    command.arg("--dest").arg(folder).stdin(Stdio::null()).kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output()).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn downloaded(wheel: &Wheel, folder: &Path) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).map_err(cannot("read", folder))?;
    let mut files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    files.find(|path| path.extension().is_some_and(|extension| extension == "whl")).ok_or_else(|| {
        Error::operator(wheel.package.codes.fetch, "Python's installer ended well but brought no file.")
            .next(format!("Run `{}` again.", wheel.package.command))
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
    let package = wheel.package;
    if text.contains("No space left on device") || text.contains("Errno 28") {
        return Error::operator(
            "home_disk_full",
            format!("{} could not be fetched: the disk is full.", package.subject),
        )
        .next("Free some space (about 200 MB), then start again.")
        .because(last);
    }
    let signs = ["Retrying (", "ConnectionError", "Read timed out", "name resolution", "SSLError", "ProxyError"];
    if signs.iter().any(|sign| text.contains(sign)) {
        return no_network(wheel, last);
    }
    Error::operator(package.codes.fetch, format!("Python's installer could not fetch {}: {last}", package.requirement))
        .next(wheel.by_hand("Check the installer's settings (`pip config list`) and start again"))
}

fn no_network(wheel: &Wheel, cause: String) -> Error {
    let Package { subject, codes, .. } = wheel.package;
    Error::operator(codes.no_network, format!("{subject} could not be fetched: the package index does not answer."))
        .next(wheel.by_hand("Connect to the network (or set the proxy for pip) and start again"))
        .retry(Retry::After { seconds: 30 })
        .because(cause)
}
