//! `allin simulate`: the practice network in a process of its own.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{print, serve::cancel_on_signal},
    clock::SystemClock,
    config::Config,
    error::Result,
    model::sandbox::Mode,
    sandbox::{self, Manners, Options, Served},
};

#[derive(Args)]
pub struct Simulate {
    /// Port on loopback; default: the one used last, else a free one
    #[arg(long)]
    port: Option<u16>,
    /// Where its log and media are kept; default: the home's sandbox folder
    #[arg(long)]
    folder: Option<PathBuf>,
    /// What it offers against a post appearing twice
    #[arg(long, default_value_t, value_parser = modes())]
    mode: Mode,
    /// Milliseconds until the list shows a post in the mode lookup_delayed
    #[arg(long, default_value_t = 3000)]
    list_after_ms: u64,
    /// Milliseconds it takes to answer a call that makes a post
    #[arg(long, default_value_t = 0)]
    answer_after_ms: u64,
    /// Refuse a text that the account has posted already, as some networks do
    #[arg(long)]
    refuse_repeats: bool,
    /// Let programs on this machine order faults from it: POST /control/faults
    #[arg(long)]
    faults: bool,
}

fn modes() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::ALL.map(Mode::as_str)).try_map(|name| name.parse::<Mode>())
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
            manners: Manners {
                mode: self.mode,
                list_after: Duration::from_millis(self.list_after_ms),
                answer_after: Duration::from_millis(self.answer_after_ms),
                refuse_repeats: self.refuse_repeats,
            },
            faults: self.faults,
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
