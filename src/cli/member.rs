//! `allin member`.

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        members::{
            activity::MemberActivity, add::MemberAdd, change::MemberChange, email::MemberEmail, list::MemberList,
        },
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::MemberId,
    model::roles::Role,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Member {
    /// List the members
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Add a member: viewer, contributor, publisher, manager or admin
    Add {
        name: String,
        #[arg(long, default_value = "contributor")]
        role: Role,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a member's role
    Role { member: MemberId, role: Role },
    /// Set the address to which a member's notifications are mailed; without an address it is taken away
    Email { member: MemberId, address: Option<String> },
    /// Show what a member did, newest first; without a member, what you did
    Activity {
        member: Option<MemberId>,
        /// Days to count
        #[arg(long)]
        days: Option<u32>,
        #[arg(long)]
        limit: Option<u32>,
        #[arg(long)]
        cursor: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a member; keys and connections of theirs stop working, open tasks become nobody's
    Remove { member: MemberId },
}

impl Member {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::List { json } => {
                let found = app.call_once::<MemberList>(ctx, MemberList {}).await?;
                print::either(json, &found, || MemberList::say(&found))
            }
            Self::Add { name, role, json } => {
                let added = app.call_once::<MemberAdd>(ctx, MemberAdd { name, role }).await?;
                print::either(json, &added, || added.message.clone())
            }
            Self::Role { member, role } => change(booted, ctx, member, Some(role)).await,
            Self::Email { member, address } => {
                let input = MemberEmail { member_id: member, email: address };
                print::line(app.call_once::<MemberEmail>(ctx, input).await?.message);
                Ok(())
            }
            Self::Activity { member, days, limit, cursor, json } => {
                let input = MemberActivity { member_id: member, days, limit, cursor };
                let found = app.call_once::<MemberActivity>(ctx, input).await?;
                print::either(json, &found, || MemberActivity::say(&found))
            }
            Self::Remove { member } => change(booted, ctx, member, None).await,
        }
    }
}

async fn change(booted: &Booted, ctx: &Ctx, member_id: MemberId, role: Option<Role>) -> Result<()> {
    let changed = booted.app.call_once::<MemberChange>(ctx, MemberChange { member_id, role }).await?;
    print::line(changed.message);
    Ok(())
}
