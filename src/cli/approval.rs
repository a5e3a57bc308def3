//! `allin approval`, `allin approve`, `allin reject` and `allin reviewer`.

mod policy;

use clap::{Args, Subcommand};

use crate::{
    app::{
        approvals::{
            decide::ApprovalDecide,
            delegate::ApprovalDelegate,
            freeze::ApprovalFreeze,
            get::ApprovalGet,
            list::ApprovalList,
            request::ApprovalRequest,
            reviewers::{ReviewerAdd, ReviewerList, ReviewerRemove},
            unfreeze::ApprovalUnfreeze,
            withdraw::ApprovalWithdraw,
        },
        ctx::Ctx,
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::{ApprovalId, MemberId, PostId, ReviewerId},
    model::approvals::{RequestState, Verdict},
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Approval {
    /// Who must approve what: list, set, end
    #[command(subcommand)]
    Policy(policy::Policy),
    /// What waits for approval
    List {
        /// Only what waits for you
        #[arg(long)]
        mine: bool,
        /// All requests of a post
        #[arg(long)]
        post: Option<PostId>,
        /// open, approved, changes_requested, rejected, void or withdrawn
        #[arg(long)]
        state: Option<RequestState>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// One request, with the post as it would be sent
    Show {
        approval: ApprovalId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask for approval of a post; scheduling asks by itself
    Request {
        post: PostId,
        /// For those who decide
        #[arg(long)]
        note: Option<String>,
    },
    /// Take a request back
    Withdraw { approval: ApprovalId },
    /// Hand your step to another member; an Admin that of others with --from
    Delegate {
        approval: ApprovalId,
        #[arg(long)]
        to: MemberId,
        #[arg(long)]
        from: Option<MemberId>,
    },
    /// From now on everything needs a Manager's approval, for a week unless --hours says otherwise
    Freeze {
        reason: String,
        #[arg(long)]
        hours: Option<u32>,
    },
    /// Only the policies ask for approval again
    Unfreeze,
}

/// Approve a post; asks for your passphrase
#[derive(Args)]
pub struct Approve {
    approval: ApprovalId,
    /// For the author
    #[arg(long)]
    comment: Option<String>,
    /// Do not show it first; for scripts that have shown it
    #[arg(long)]
    digest: Option<String>,
}

/// Reject a post, or ask for changes; asks for your passphrase
#[derive(Args)]
pub struct Reject {
    approval: ApprovalId,
    /// Why, or what to change
    #[arg(long)]
    comment: Option<String>,
    /// Not rejected for good: the author is to change it
    #[arg(long)]
    changes: bool,
    /// Do not show it first; for scripts that have shown it
    #[arg(long)]
    digest: Option<String>,
}

#[derive(Subcommand)]
pub enum Reviewer {
    /// List them
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Add somebody outside who approves by links in mails
    Add { name: String, email: String },
    /// Remove somebody; their links stop working
    Remove { reviewer: ReviewerId },
}

impl Approval {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Policy(policy) => return policy.run(booted, ctx).await,
            Self::List { mine, post, state, json } => {
                let found = app.call_once::<ApprovalList>(ctx, ApprovalList { post_id: post, state, mine }).await?;
                return print::either(json, &found, || ApprovalList::say(&found));
            }
            Self::Show { approval, json } => {
                let shown = app.call_once::<ApprovalGet>(ctx, ApprovalGet { approval_id: approval }).await?;
                return print::either(json, &shown, || ApprovalGet::say(&shown));
            }
            Self::Request { post, note } => {
                let made = app.call_once::<ApprovalRequest>(ctx, ApprovalRequest { post_id: post, note }).await?;
                print::line(ApprovalRequest::say(&made));
            }
            Self::Withdraw { approval } => {
                let input = ApprovalWithdraw { approval_id: approval };
                print::line(app.call_once::<ApprovalWithdraw>(ctx, input).await?.message);
            }
            Self::Delegate { approval, to, from } => {
                let input = ApprovalDelegate { approval_id: approval, to, from };
                print::line(app.call_once::<ApprovalDelegate>(ctx, input).await?.message);
            }
            Self::Freeze { reason, hours } => {
                print::line(app.call_once::<ApprovalFreeze>(ctx, ApprovalFreeze { reason, hours }).await?.message);
            }
            Self::Unfreeze => {
                print::line(app.call_once::<ApprovalUnfreeze>(ctx, ApprovalUnfreeze {}).await?.message);
            }
        }
        Ok(())
    }
}

impl Approve {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        decide(booted, ctx, self.approval, Verdict::Approve, self.comment, self.digest).await
    }
}

impl Reject {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let verdict = if self.changes { Verdict::RequestChanges } else { Verdict::Reject };
        decide(booted, ctx, self.approval, verdict, self.comment, self.digest).await
    }
}

/// Shows what is decided on, and decides on exactly that.
async fn decide(
    booted: &Booted,
    ctx: &Ctx,
    approval_id: ApprovalId,
    verdict: Verdict,
    comment: Option<String>,
    seen: Option<String>,
) -> Result<()> {
    let digest = match seen {
        Some(digest) => digest,
        None => {
            let shown = booted.app.call_once::<ApprovalGet>(ctx, ApprovalGet { approval_id }).await?;
            print::line(ApprovalGet::say(&shown));
            shown.approval.digest
        }
    };
    let input = ApprovalDecide { approval_id, verdict, comment, digest, link_id: None };
    print::line(booted.app.call_once::<ApprovalDecide>(ctx, input).await?.message);
    Ok(())
}

impl Reviewer {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::List { json } => {
                let found = app.call_once::<ReviewerList>(ctx, ReviewerList {}).await?;
                let lines = found.reviewers.iter().map(|one| format!("{}  {} <{}>", one.id, one.name, one.email));
                print::either(json, &found, || lines.collect::<Vec<_>>().join("\n"))
            }
            Self::Add { name, email } => {
                print::line(app.call_once::<ReviewerAdd>(ctx, ReviewerAdd { name, email }).await?.message);
                Ok(())
            }
            Self::Remove { reviewer } => {
                let input = ReviewerRemove { reviewer_id: reviewer };
                print::line(app.call_once::<ReviewerRemove>(ctx, input).await?.message);
                Ok(())
            }
        }
    }
}
