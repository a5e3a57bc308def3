//! Arguments, configuration, log, then the chosen command.

use std::process::ExitCode;

use allin::{cli::Cli, config::Config, error::Error};
use clap::Parser as _;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = cli.run_bare().unwrap_or_else(|| match Config::from_env() {
        Ok(config) => start(cli, config),
        Err(error) => cli.without_settings(error),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli, config: Config) -> Result<(), Error> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| {
        Error::operator("setting_invalid", "ALLIN_LOG cannot be read.")
            .next("Write it as `info` or `warn,allin=debug`.")
            .because(error)
    })?;
    // Standard output belongs to the protocol and to results.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log_json {
        log.json().init()
    } else {
        log.init()
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::internal)?;
    let result = runtime.block_on(cli.run(config));
    // A blocked read of standard input must not keep the process alive.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    result
}

#[expect(clippy::print_stderr, reason = "the last word of a failed command")]
fn complain(error: &Error) {
    let public = error.public();
    eprintln!("Error: {} [{}]", public.message, public.code);
    for issue in &public.details {
        eprintln!("  {}: {}", issue.field, issue.message);
    }
    eprintln!("Next: {}", public.next_step);
    tracing::info!(error = error.chain(), "command failed");
}
