//! `allin privacy`.

mod export;

use std::io::{IsTerminal as _, Write as _};

use clap::{ArgGroup, Args, Subcommand};

use crate::{
    app::{
        ctx::Ctx,
        privacy::{
            consents::{ConsentGive, ConsentList, ConsentWithdraw},
            erase_person::PersonErase,
            erase_reviewer::ReviewerErase,
            erase_workspace::WorkspaceErase,
            retention_get::RetentionGet,
            retention_set::RetentionSet,
        },
        workspaces::create,
    },
    boot::{self, Booted},
    cli::{print, workspace},
    error::{Error, Result},
    ids::{MemberId, ReviewerId},
    model::{
        privacy::{Purpose, RetentionKind},
        roles::Permission,
    },
};

#[derive(Subcommand)]
pub enum Privacy {
    /// Write everything about a person, or all of the workspace, as JSON Lines
    Export(export::Export),
    /// Erase a person or the workspace for good; says first what goes and what stays
    Erase(Erase),
    /// Show how long things are kept, and what was removed for its age; or set it
    Retention {
        /// Such as comments=365; `comments=kept` keeps them for good
        #[arg(long, value_name = "KIND=DAYS")]
        set: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What you agreed to: list, give, withdraw
    #[command(subcommand)]
    Consent(Consent),
}

#[derive(Args)]
#[group(skip)]
#[command(group = ArgGroup::new("whose").required(true).args(["member", "me", "reviewer", "workspace"]))]
pub struct Erase {
    /// Somebody who is or was a member; takes an admin
    #[arg(long)]
    member: Option<MemberId>,
    /// You, in this workspace
    #[arg(long)]
    me: bool,
    /// A reviewer who was removed
    #[arg(long)]
    reviewer: Option<ReviewerId>,
    /// The whole workspace; its name has to be typed
    #[arg(long)]
    workspace: bool,
    /// Who goes on with the member's posts, series and recycling
    #[arg(long, value_name = "MEMBER", conflicts_with_all = ["reviewer", "workspace"])]
    hand_over_to: Option<MemberId>,
    /// The workspace's name, instead of typing it
    #[arg(long, requires = "workspace")]
    name: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Subcommand)]
pub enum Consent {
    /// List what you agreed to, with the text
    List {
        /// Of this member; takes an admin
        #[arg(long)]
        member: Option<MemberId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Agree
    Give {
        #[arg(default_value = "processing")]
        purpose: Purpose,
    },
    /// Take it back
    Withdraw {
        #[arg(default_value = "processing")]
        purpose: Purpose,
    },
}

impl Privacy {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Export(export) => export.run(booted, ctx).await,
            Self::Erase(erase) => erase.run(booted, ctx).await,
            Self::Retention { set, json } => {
                let found = match set {
                    Some(rule) => app.call_once::<RetentionSet>(ctx, rule_of(&rule)?).await?,
                    None => app.call_once::<RetentionGet>(ctx, RetentionGet {}).await?,
                };
                print::either(json, &found, || RetentionGet::say(&found))
            }
            Self::Consent(Consent::List { member, json }) => {
                let found = app.call_once::<ConsentList>(ctx, ConsentList { member_id: member }).await?;
                print::either(json, &found, || ConsentList::say(&found))
            }
            Self::Consent(Consent::Give { purpose }) => {
                print::line(purpose.notice().text);
                print::line(app.call_once::<ConsentGive>(ctx, ConsentGive { purpose }).await?.message);
                Ok(())
            }
            Self::Consent(Consent::Withdraw { purpose }) => {
                print::line(app.call_once::<ConsentWithdraw>(ctx, ConsentWithdraw { purpose }).await?.message);
                Ok(())
            }
        }
    }
}

/// `comments=365`, `comments=kept`.
fn rule_of(text: &str) -> Result<RetentionSet> {
    let wrong = || {
        Error::invalid("retention_invalid", "This is no rule.")
            .next("Write KIND=DAYS, such as comments=365, or comments=kept to keep them for good.")
            .field("set", "KIND=DAYS")
    };
    let (kind, days) = text.split_once('=').ok_or_else(wrong)?;
    let kind: RetentionKind = kind.trim().parse()?;
    let days = match days.trim() {
        "kept" => None,
        days => Some(days.parse().map_err(|_| wrong())?),
    };
    Ok(RetentionSet { kind, days })
}

impl Erase {
    async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        if self.workspace {
            return self.whole(booted, ctx).await;
        }
        // Question and deed are two calls of one person.
        let ctx = &booted.app.proved(ctx, Permission::ErasePerson).await?;
        if let Some(reviewer_id) = self.reviewer {
            let done = super::asking::<ReviewerErase>(booted, ctx, ReviewerErase { reviewer_id }, self.yes).await?;
            print::line(done.message);
            return Ok(());
        }
        let input = PersonErase { member_id: self.member, hand_over_to: self.hand_over_to };
        let done = super::asking::<PersonErase>(booted, ctx, input, self.yes).await?;
        print::line(done.message);
        Ok(())
    }

    async fn whole(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let own = workspace::acting(booted, ctx).await?;
        let others = workspace::memberships(booted, own.person_id).await?;
        let ctx = &booted.app.proved(ctx, Permission::EraseWorkspace).await?;
        let name = match self.name {
            Some(name) => name,
            None => typed()?,
        };
        let done = super::asking::<WorkspaceErase>(booted, ctx, WorkspaceErase { name }, self.yes).await?;
        print::line(done.message);
        if booted.home_owner.workspace != ctx.workspace {
            return Ok(());
        }
        // The home needs a workspace to be in.
        let owned = match others.into_iter().find(|one| one.id != ctx.workspace) {
            Some(other) => create::Owned { workspace: other.id, member: other.member, person: own.person_id },
            None => {
                let (zone, owner) = (&booted.config.time_zone, &booted.config.owner);
                create::create(&booted.app, "My workspace", zone, owner, None).await?
            }
        };
        boot::choose(&booted.config, &owned)?;
        print::line(format!("In use from now on: {}.", owned.workspace));
        Ok(())
    }
}

fn typed() -> Result<String> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::needs_confirmation("confirmation_needed", "The workspace's name has to be typed.")
            .next("Run it in a terminal, or add --name."));
    }
    let mut out = std::io::stdout();
    write!(out, "The name of the workspace that is to be erased: ")
        .and_then(|()| out.flush())
        .map_err(Error::internal)?;
    let mut name = String::new();
    std::io::stdin().read_line(&mut name).map_err(Error::internal)?;
    Ok(name.trim().to_owned())
}
