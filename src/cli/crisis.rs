//! `allin crisis`.

use clap::{Args, Subcommand};

use crate::{
    app::{
        crisis::{
            delete::CrisisDelete, end::CrisisEnd, note::CrisisNote, report::CrisisReport, revoke::CrisisRevoke,
            start::CrisisStart, status::CrisisStatus,
        },
        ctx::Ctx,
    },
    boot::Booted,
    cli::{asking, print},
    error::Result,
    ids::{AccountId, ApiKeyId, IncidentId, MemberId, PostId},
    model::crisis::Access,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Crisis {
    /// Stop publishing, require approval for everything, tell the team, list what was published; again: join and complete
    Start {
        /// What happened; everybody concerned is shown it
        reason: String,
        /// List what was published from this local time or instant on; default: the last 24 hours
        #[arg(long)]
        since: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What is stopped, what was published since and where it stands, what to do next
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete listed posts from their networks; says where a network cannot, and what to do by hand
    Delete {
        #[arg(required_unless_present = "all_since")]
        posts: Vec<PostId>,
        /// Everything that was published since
        #[arg(long, conflicts_with = "posts")]
        all_since: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke API keys, tokens of accounts and sessions: all, unless some are named. After deleting; asks for your passphrase
    Revoke(Revoke),
    /// Write down what you found or did; it stands in the report
    Note {
        text: String,
        /// Which crisis; default: the one that lasts, or the last
        #[arg(long)]
        incident: Option<IncidentId>,
    },
    /// Say that it is over; asks for your passphrase. Publishing stays paused until `allin resume`
    End {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Everything that is known of a crisis, as Markdown
    Report {
        /// Which crisis; default: the one that lasts, or the last
        incident: Option<IncidentId>,
        /// Print JSON
        #[arg(long, conflicts_with = "markdown")]
        json: bool,
        /// Print Markdown, as it is without a choice
        #[arg(long)]
        markdown: bool,
    },
}

#[derive(Args)]
pub struct Revoke {
    /// Only these kinds: keys, accounts, sessions
    #[arg(long, value_delimiter = ',', value_name = "KINDS")]
    only: Vec<Access>,
    /// This key; may be repeated
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<ApiKeyId>,
    /// The token of this account; may be repeated
    #[arg(long = "account", value_name = "ACCOUNT")]
    accounts: Vec<AccountId>,
    /// The sessions of this member; may be repeated
    #[arg(long = "member", value_name = "MEMBER")]
    members: Vec<MemberId>,
    /// Although deletions are under way that take the tokens
    #[arg(long)]
    anyway: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Crisis {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Start { reason, since, json } => {
                let started = app.call_once::<CrisisStart>(ctx, CrisisStart { reason, since }).await?;
                print::either(json, &started, || CrisisStart::say(&started))
            }
            Self::Status { json } => {
                let stands = app.call_once::<CrisisStatus>(ctx, CrisisStatus {}).await?;
                print::either(json, &stands, || CrisisStatus::say(&stands))
            }
            Self::Delete { posts, all_since, yes, json } => {
                let input = CrisisDelete { post_ids: posts, all_since };
                let deleted = asking::<CrisisDelete>(booted, ctx, input, yes).await?;
                print::either(json, &deleted, || CrisisDelete::say(&deleted))
            }
            Self::Revoke(revoke) => revoke.run(booted, ctx).await,
            Self::Note { text, incident } => {
                let noted = app.call_once::<CrisisNote>(ctx, CrisisNote { text, incident_id: incident }).await?;
                print::line(noted.message);
                Ok(())
            }
            Self::End { json } => {
                let ended = app.call_once::<CrisisEnd>(ctx, CrisisEnd {}).await?;
                print::either(json, &ended, || CrisisEnd::say(&ended))
            }
            Self::Report { incident, json, markdown: _ } => {
                let report = app.call_once::<CrisisReport>(ctx, CrisisReport { incident_id: incident }).await?;
                print::either(json, &report, || CrisisReport::say(&report))
            }
        }
    }
}

impl Revoke {
    async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let input = CrisisRevoke {
            only: self.only,
            key_ids: self.keys,
            account_ids: self.accounts,
            member_ids: self.members,
            anyway: self.anyway,
        };
        let revoked = asking::<CrisisRevoke>(booted, ctx, input, self.yes).await?;
        print::either(self.json, &revoked, || CrisisRevoke::say(&revoked))
    }
}
