//! `allin plan`. Showing is a member's; setting is the operator's, who need not be one.

use clap::Subcommand;

use crate::{
    app::{
        ctx::{Actor, Ctx},
        plans::{add_pack::PackAdd, end_pack::PackEnd, get::PlanGet, set::PlanSet},
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::{PackId, WorkspaceId},
    model::plans::Plan as Named,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Plan {
    /// Show the plan, what is in use of it, and what the other plans allow
    Show {
        /// Of this workspace, as whoever runs AllIN; default: the one in use
        #[arg(long)]
        workspace: Option<WorkspaceId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set the plan: starter, professional, team or enterprise; nothing in use is taken away
    Set {
        plan: Named,
        /// Of this workspace; default: the one in use
        #[arg(long)]
        workspace: Option<WorkspaceId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Add a pack of 500, 1000 or 2500 credits a month
    AddPack {
        credits: u32,
        /// For this month only
        #[arg(long)]
        once: bool,
        /// For this workspace; default: the one in use
        #[arg(long)]
        workspace: Option<WorkspaceId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a pack with this month
    EndPack {
        /// The pack's id
        pack: PackId,
        /// Of this workspace; default: the one in use
        #[arg(long)]
        workspace: Option<WorkspaceId>,
    },
}

impl Plan {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Show { workspace, json } => {
                let ctx = workspace.map_or_else(|| ctx.clone(), |workspace| operator(ctx, Some(workspace)));
                let found = app.call_once::<PlanGet>(&ctx, PlanGet {}).await?;
                print::either(json, &found, || PlanGet::say(&found))
            }
            Self::Set { plan, workspace, json } => {
                let changed = app.call_once::<PlanSet>(&operator(ctx, workspace), PlanSet { plan }).await?;
                print::either(json, &changed, || changed.message.clone())
            }
            Self::AddPack { credits, once, workspace, json } => {
                let added = app.call_once::<PackAdd>(&operator(ctx, workspace), PackAdd { credits, once }).await?;
                print::either(json, &added, || added.message.clone())
            }
            Self::EndPack { pack, workspace } => {
                let ended = app.call_once::<PackEnd>(&operator(ctx, workspace), PackEnd { pack_id: pack }).await?;
                print::line(ended.message);
                Ok(())
            }
        }
    }
}

/// Whoever has the machine, in any of its workspaces.
fn operator(ctx: &Ctx, workspace: Option<WorkspaceId>) -> Ctx {
    Ctx { workspace: workspace.unwrap_or(ctx.workspace), actor: Actor::System { job: "operator" }, ..ctx.clone() }
}
