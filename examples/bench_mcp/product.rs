//! The product in a process of its own: the bench's binary starts itself again and runs the command line, so that the
//! load generator and what it measures never share a process. Must not know what is measured.

#[path = "../own_home/config.rs"]
mod config;
#[path = "../own_home/folder.rs"]
mod folder;

use std::{
    ffi::{OsStr, OsString},
    net::SocketAddr,
    path::Path,
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use allin::{
    cli::Cli,
    config::Config,
    error::{Error, Result},
};
use clap::Parser as _;
use tokio::process::{Child, Command};
use tracing_subscriber::EnvFilter;

pub use self::{config::config, folder::folder as scratch};

/// First argument of a process that is to be the product; its own arguments follow.
pub const AS_PRODUCT: &str = "--as-allin";

/// What `src/main.rs` does, with the same log and the same runtime.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = Cli::parse_from([OsString::from("allin")].into_iter().chain(arguments));
    match Config::from_env().and_then(|config| start(cli, config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn start(cli: Cli, config: Config) -> Result<()> {
    let filter = EnvFilter::try_new(&config.log).map_err(Error::internal)?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::internal)?;
    let result = runtime.block_on(cli.run(config));
    runtime.shutdown_timeout(Duration::from_millis(500));
    result
}

#[expect(clippy::print_stderr, reason = "the last word of a process that failed")]
pub fn fail(error: &Error) -> ExitCode {
    let public = error.public();
    eprintln!("Error: {} [{}]\n{}\nNext: {}", public.message, public.code, error.chain(), public.next_step);
    ExitCode::FAILURE
}

/// This binary again, for a home of the bench's.
pub fn command(home: &Path, arguments: &[&OsStr]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().map_err(Error::internal)?);
    command.args(arguments).env("ALLIN_HOME", home).env_remove("DATABASE_URL").env_remove("ALLIN_POOL_SIZE");
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// A server that runs.
pub struct Server {
    child: Child,
    pub pid: u32,
}

/// The address that a server has written into a file.
pub fn written(port_file: &Path) -> impl Fn() -> Option<SocketAddr> {
    move || std::fs::read_to_string(port_file).ok()?.trim().parse().ok()
}

/// Starts a server and waits until `address` knows where it is.
pub async fn serve(mut command: Command, address: impl Fn() -> Option<SocketAddr>) -> Result<(Server, SocketAddr)> {
    let mut child = command.spawn().map_err(Error::internal)?;
    let pid = child.id().ok_or_else(|| Error::internal("the server ended at once"))?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if let Some(address) = address() {
            return Ok((Server { child, pid }, address));
        }
        if let Some(status) = child.try_wait().map_err(Error::internal)? {
            return Err(Error::internal(format!("the server ended: {status}")));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(Error::internal("the server did not come up within 60 seconds"))
}

impl Server {
    /// Asks the process to end and waits for it.
    pub async fn stop(mut self) -> Result<()> {
        terminate(self.pid)?;
        let ended = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await;
        ended.map_err(Error::internal)?.map(drop).map_err(Error::internal)
    }
}

#[cfg(unix)]
pub fn terminate(pid: u32) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or_else(|| Error::internal("no process id"))?;
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).map_err(Error::internal)
}

#[cfg(not(unix))]
pub fn terminate(_pid: u32) -> Result<()> {
    Ok(())
}
