//! `allin workspace`.

use clap::Subcommand;
use serde::Serialize;

use crate::{
    app::{
        ctx::{Actor, Ctx},
        workspaces::{change::WorkspaceChange, create, overview::WorkspaceOverview, transfer::WorkspaceTransfer},
    },
    boot::{self, Booted},
    cli::print,
    error::{Error, Result},
    ids::{MemberId, PersonId, WorkspaceId},
    model::roles::Role,
    store::workspaces::{self, Member},
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
    /// Use another workspace that you are in, from now on
    Use { workspace: WorkspaceId },
    /// Make another member Admin and step down to manager
    Transfer {
        member: MemberId,
        /// Do not ask
        #[arg(long)]
        yes: bool,
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
            Self::List { json } => list(booted, ctx, json).await,
            Self::Use { workspace } => choose(booted, ctx, workspace).await,
            Self::Transfer { member, yes } => {
                let input = WorkspaceTransfer { member_id: member };
                let done = super::asking::<WorkspaceTransfer>(booted, ctx, input, yes).await?;
                print::line(done.message);
                Ok(())
            }
            Self::Create { name, time_zone, json } => {
                let zone = time_zone.unwrap_or_else(|| booted.config.time_zone.clone());
                let own = acting(booted, ctx).await?;
                let owned = create::create(app, &name, &zone, &own.display_name, Some(own.person_id)).await?;
                print::either(json, &owned, || {
                    format!(
                        "Created “{name}”.\nUse it from now on with `allin workspace use {}`, or for one command with \
                         ALLIN_WORKSPACE={} ALLIN_MEMBER={}.",
                        owned.workspace, owned.workspace, owned.member
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

/// A workspace that the person is in.
#[derive(Serialize)]
pub(super) struct Membership {
    pub id: WorkspaceId,
    pub member: MemberId,
    name: String,
    time_zone: String,
    role: Role,
}

/// Who acts at the command line.
pub(super) async fn acting(booted: &Booted, ctx: &Ctx) -> Result<Member> {
    let (mut tx, _) = booted.app.db.tenant(ctx.workspace, ctx.actor.entrance(), booted.app.now()).await?;
    let all = workspaces::members(&mut tx, ctx.workspace).await?;
    tx.finish_read();
    let own = all.into_iter().find(|member| Some(member.member_id) == ctx.member());
    own.ok_or_else(|| Error::internal("only members use the command line"))
}

pub(super) async fn memberships(booted: &Booted, person: PersonId) -> Result<Vec<Membership>> {
    let app = &booted.app;
    let mut tx = app.db.begin().await?;
    let mine = workspaces::of_person(&mut tx, person).await?;
    tx.finish_read();
    let mut found = Vec::new();
    for (id, member) in mine {
        let ctx = Ctx { workspace: id, actor: Actor::Person { member }, ..super::person(booted) };
        if let Ok(overview) = app.call_once::<WorkspaceOverview>(&ctx, WorkspaceOverview {}).await {
            let (name, time_zone) = (overview.workspace.name, overview.workspace.time_zone);
            found.push(Membership { id, member, name, time_zone, role: overview.you.role });
        }
    }
    Ok(found)
}

async fn list(booted: &Booted, ctx: &Ctx, json: bool) -> Result<()> {
    let found = memberships(booted, acting(booted, ctx).await?.person_id).await?;
    print::either(json, &found, || {
        let line = |one: &Membership| {
            let (role, used) = (one.role.as_str(), if one.id == ctx.workspace { ", in use" } else { "" });
            format!("{}  {} ({}), you are {role} as {}{used}", one.id, one.name, one.time_zone, one.member)
        };
        found.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// Keeps the choice in the home, for the command line and for clients on this machine.
async fn choose(booted: &Booted, ctx: &Ctx, workspace: WorkspaceId) -> Result<()> {
    let person = acting(booted, ctx).await?.person_id;
    let found = memberships(booted, person).await?.into_iter().find(|one| one.id == workspace).ok_or_else(|| {
        Error::not_found("workspace_not_found", format!("You are not in a workspace {workspace}."))
            .next("Use `allin workspace list`.")
    })?;
    let owned = create::Owned { workspace, member: found.member, person };
    boot::choose(&booted.config, &owned)?;
    print::line(format!("“{}” is in use from now on; clients that run already keep theirs.", found.name));
    if booted.config.workspace.is_some() || booted.config.member.is_some() {
        print::line("ALLIN_WORKSPACE and ALLIN_MEMBER are set and go before it.");
    }
    Ok(())
}
