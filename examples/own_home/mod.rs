//! A measurement in a home of its own: how it begins and how it ends.

mod config;
mod folder;

use std::{io::Write as _, process::ExitCode};

use allin::{
    boot::{self, Booted, SandboxUse},
    cli::Cli,
    config::Config,
    error::{Error, Result},
};
use clap::Parser as _;

/// Succeeds when the measurement says that all is as promised.
pub fn main(measurement: impl AsyncFnOnce() -> Result<bool>) -> ExitCode {
    // Documents are read by a process of this program.
    let reads = std::env::args_os().nth(1).is_some_and(|name| name == "parse-document");
    let result = match reads {
        true => Cli::parse().run_bare().unwrap_or(Ok(())).map(|()| true),
        false => {
            let runtime = tokio::runtime::Runtime::new().map_err(Error::internal);
            runtime.and_then(|runtime| runtime.block_on(measurement()))
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            _ = writeln!(std::io::stderr(), "{}", error.chain());
            ExitCode::FAILURE
        }
    }
}

/// In a new home with these settings, which is removed afterwards.
pub async fn inside<T>(
    set: impl FnOnce(&mut Config),
    sandbox: SandboxUse,
    measure: impl AsyncFnOnce(&Booted) -> Result<T>,
) -> Result<T> {
    let folder = folder::folder().map_err(Error::internal)?;
    let mut config = config::config(&folder.path().join("home"))?;
    set(&mut config);
    let booted = boot::boot(config, sandbox).await?;
    let measured = measure(&booted).await;
    let closed = booted.close().await;
    let measured = measured?;
    closed.map(|()| measured)
}
