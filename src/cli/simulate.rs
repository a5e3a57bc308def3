//! `allin simulate`: the practice network in a process of its own.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{print, serve::cancel_on_signal},
    clock::SystemClock,
    config::Config,
    error::Result,
    sandbox::{self, Options, Served},
};

#[derive(Args)]
pub struct Simulate {
    /// Port on loopback; default: the one used last, else a free one
    #[arg(long)]
    port: Option<u16>,
    /// Where its log and media are kept; default: the home's sandbox folder
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Ignore idempotency keys, as some networks do: a call made twice shows as two posts
    #[arg(long)]
    no_dedupe: bool,
    /// Milliseconds it takes to answer a call that makes a post
    #[arg(long, default_value_t = 0)]
    answer_after_ms: u64,
}

impl Simulate {
    pub async fn run(self, config: Config) -> Result<()> {
        config.home.create()?;
        let shutdown = CancellationToken::new();
        tokio::spawn(cancel_on_signal(shutdown.clone()));
        let folder = self.folder.unwrap_or_else(|| config.home.root().join("sandbox"));
        let options = Options {
            folder,
            port: self.port,
            dedupe: !self.no_dedupe,
            answer_after: Duration::from_millis(self.answer_after_ms),
            clock: Arc::new(SystemClock),
        };
        match sandbox::serve(options, shutdown).await? {
            Served::Started(running) => {
                print::line(format!(
                    "The practice network is at http://{} (its timeline is a page there).",
                    running.addr
                ));
                running.stopped().await
            }
            Served::AlreadyRunning(address) => {
                print::line(format!("The practice network runs already, at http://{address}."));
                Ok(())
            }
        }
    }
}
