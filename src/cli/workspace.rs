//! `allin workspace`.

use clap::Subcommand;
use serde_json::json;

use crate::{
    app::{
        ctx::Ctx,
        workspaces::{change::WorkspaceChange, create, overview::WorkspaceOverview},
    },
    boot::Booted,
    cli::print,
    error::Result,
    store::workspaces,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Workspace {
    /// Show the workspace at a glance
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the workspaces you are in
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Create a workspace that you own
    Create {
        name: String,
        /// IANA time zone; default: the machine's
        #[arg(long)]
        time_zone: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change name or time zone
    Change {
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        time_zone: Option<String>,
    },
}

impl Workspace {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Show { json } => {
                let overview = app.call_once::<WorkspaceOverview>(ctx, WorkspaceOverview {}).await?;
                print::either(json, &overview, || WorkspaceOverview::say(&overview))
            }
            Self::List { json } => list(booted, json).await,
            Self::Create { name, time_zone, json } => {
                let zone = time_zone.unwrap_or_else(|| booted.config.time_zone.clone());
                let owned =
                    create::create(app, &name, &zone, &booted.config.owner, Some(booted.home_owner.person)).await?;
                print::either(json, &owned, || {
                    format!(
                        "Created “{name}”.\nUse it with ALLIN_WORKSPACE={} ALLIN_MEMBER={}.",
                        owned.workspace, owned.member
                    )
                })
            }
            Self::Change { name, time_zone } => {
                let changed = app.call_once::<WorkspaceChange>(ctx, WorkspaceChange { name, time_zone }).await?;
                print::line(changed.message);
                Ok(())
            }
        }
    }
}

async fn list(booted: &Booted, json: bool) -> Result<()> {
    let app = &booted.app;
    let mut tx = app.db.begin().await?;
    let mine = workspaces::of_person(&mut tx, booted.home_owner.person).await?;
    tx.finish_read();
    let mut found = Vec::new();
    for (workspace, member) in mine {
        let ctx = Ctx { workspace, actor: crate::app::ctx::Actor::Person { member }, ..super::person(booted) };
        // A workspace that one was removed from is still listed by the person's side; its door is closed.
        if let Ok(overview) = app.call_once::<WorkspaceOverview>(&ctx, WorkspaceOverview {}).await {
            found.push(json!({ "id": workspace, "member": member, "name": overview.workspace.name, "time_zone": overview.workspace.time_zone, "role": overview.you.role }));
        }
    }
    print::either(json, &found, || {
        let line = |item: &serde_json::Value| {
            format!(
                "{}  {} ({}), you are {} as {}",
                text(item, "id"),
                text(item, "name"),
                text(item, "time_zone"),
                text(item, "role"),
                text(item, "member")
            )
        };
        found.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn text<'a>(item: &'a serde_json::Value, field: &str) -> &'a str {
    item.get(field).and_then(serde_json::Value::as_str).unwrap_or_default()
}
