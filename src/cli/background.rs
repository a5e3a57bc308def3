//! `allin service`: keeps `allin serve` running in the background. Named after what it does, the command after what
//! people look for.

use std::{net::SocketAddr, time::Duration};

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    app::{
        App,
        publishing::presence::{BACKGROUND, SILENT_AFTER_SECS},
    },
    boot::{self, SandboxUse},
    cli::print,
    config::Config,
    error::{Error, Result},
    platform::background::{Keeper, Plan, recipe},
    store::{installation, workers},
    vault::sha256,
};

/// How its worker names itself.
pub const KIND: &str = "service";
/// How long a start may take: the database may have to come up.
const START_PATIENCE: Duration = Duration::from_secs(30);

#[derive(Subcommand)]
pub enum Background {
    /// Keep AllIN running in the background, so that posts go out with every client closed
    Install(Install),
    /// Whether it is installed and running
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Stop it, and remove it
    Remove,
}

#[derive(Args)]
pub struct Install {
    /// Address to serve MCP over HTTP at; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[derive(Serialize)]
pub(super) struct State {
    pub installed: bool,
    /// The operating system says that it runs.
    pub running: bool,
    pub files: Vec<String>,
    pub logs: String,
}

impl Background {
    pub async fn run(self, config: Config) -> Result<()> {
        match self {
            Self::Install(install) => install.run(config).await,
            Self::Status { json } => {
                let state = state(&config).await?;
                print::either(json, &state, || said(&state))
            }
            Self::Remove => remove(config).await,
        }
    }
}

impl Install {
    async fn run(self, config: Config) -> Result<()> {
        if !self.listen.ip().is_loopback() {
            return Err(Error::invalid("listen_not_here", "The background service serves this machine only.")
                .next("Name an address of this machine, such as 127.0.0.1:7700. To serve others run `allin serve` with TLS.")
                .field("listen", "a loopback address"));
        }
        let keeper = keeper(&config, &self.listen.to_string())?;
        keeper.supported().await?;
        // Whatever is wrong with the home or the database shows here and not in a log.
        let booted = boot::boot(config, SandboxUse::Call).await?;
        let done = started(&booted.app, &keeper).await;
        let closed = booted.close().await;
        done.and(closed)
    }
}

async fn started(app: &App, keeper: &Keeper) -> Result<()> {
    keeper.install().await?;
    remember(app, &json!({ "installed_at": app.now().to_string() })).await?;
    let until = tokio::time::Instant::now() + START_PATIENCE;
    while tokio::time::Instant::now() < until {
        if alive(app).await? {
            print::line(format!("AllIN runs in the background now. {}", keeper.recipe().note));
            print::line(format!("What it logs: {}", keeper.recipe().logs));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Err(Error::operator("background_not_up", "It is installed, but does not publish yet.")
        .next(format!("Look at what it logs: {}", keeper.recipe().logs)))
}

async fn alive(app: &App) -> Result<bool> {
    let mut tx = app.db.begin().await?;
    let alive = workers::alive(&mut tx, app.now().plus_secs(-SILENT_AFTER_SECS)).await?;
    tx.finish_read();
    Ok(alive.iter().any(|worker| worker.kind == KIND))
}

/// So that scheduling can tell a service that does not run from one that was never installed.
async fn remember(app: &App, what: &Value) -> Result<()> {
    let mut tx = app.db.begin().await?;
    installation::put(&mut tx, BACKGROUND, what).await?;
    tx.commit().await
}

async fn remove(config: Config) -> Result<()> {
    let keeper = keeper(&config, "127.0.0.1:0")?;
    let was = keeper.recipe().files.iter().any(|file| file.path.exists());
    if was {
        keeper.remove().await?;
    }
    let booted = boot::boot(config, SandboxUse::Call).await?;
    let forgot = remember(&booted.app, &Value::Null).await;
    let closed = booted.close().await;
    print::line(if was { "It is stopped and removed." } else { "It was not installed." });
    forgot.and(closed)
}

pub(super) async fn state(config: &Config) -> Result<State> {
    let keeper = keeper(config, "127.0.0.1:0")?;
    let installed = keeper.installed();
    Ok(State {
        installed,
        running: installed && keeper.running().await,
        files: keeper.recipe().files.iter().map(|file| file.path.display().to_string()).collect(),
        logs: keeper.recipe().logs.clone(),
    })
}

fn said(state: &State) -> String {
    match (state.installed, state.running) {
        (false, _) => "Not installed. `allin service install` keeps AllIN running in the background.".to_owned(),
        (true, true) => format!("Installed and running. What it logs: {}", state.logs),
        (true, false) => {
            format!(
                "Installed, and not running. What it logged: {}\n`allin service install` starts it anew.",
                state.logs
            )
        }
    }
}

fn keeper(config: &Config, listen: &str) -> Result<Keeper> {
    let home = config.home.root();
    let program = std::env::current_exe().map_err(Error::internal)?;
    let usual = config.usual_home.as_deref() == Some(home);
    let digest = data_encoding::HEXLOWER.encode(&sha256(home.to_string_lossy().as_bytes()));
    let plan = Plan {
        name: if usual { "allin".into() } else { format!("allin-{}", digest.get(..8).unwrap_or_default()) },
        program,
        home: home.to_owned(),
        listen: listen.to_owned(),
        settings: config.settings.clone(),
    };
    Ok(Keeper::new(recipe(&plan, &config.user_folders)?))
}
