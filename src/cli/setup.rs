//! `allin setup`: what a machine needs before the first use, with or without a network. Running it again is harmless.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::{
    boot::{self, SandboxUse},
    cli::print,
    config::Config,
    error::Result,
    platform,
};

#[derive(Args)]
pub struct Setup {
    /// Take PostgreSQL from this package file instead of fetching it
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

impl Setup {
    pub async fn run(self, config: Config) -> Result<()> {
        if let Some(file) = &self.from {
            platform::install_from(&config.home, file).await?;
            print::line(format!("Unpacked PostgreSQL from {}.", file.display()));
        }
        let booted = boot::boot(config, SandboxUse::Call).await?;
        print::line(format!("The home folder is {}.", booted.config.home.root().display()));
        booted.close().await?;
        print::line(connect_claude_desktop());
        Ok(())
    }
}

/// How to make Claude Desktop start this program.
pub fn connect_claude_desktop() -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("allin"));
    let settings = json!({ "mcpServers": { "allin": { "command": program, "args": ["stdio"] } } });
    format!("To use it from Claude Desktop, put this into claude_desktop_config.json (Settings, Developer, Edit Config) and start it anew:\n{settings:#}")
}
