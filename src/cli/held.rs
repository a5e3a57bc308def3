//! `allin held`.

use clap::{Args, Subcommand, ValueEnum};

use crate::{
    app::{
        ctx::Ctx,
        held::{
            Release,
            list::HeldList,
            release::HeldRelease,
            resolve::{HeldResolve, Verdict},
        },
    },
    boot::Booted,
    cli::{asking, pause::Scope, print},
    error::Result,
    ids::{AttemptId, PostId},
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Held {
    /// Show what waits for you, and why
    List {
        #[command(flatten)]
        scope: Scope,
        /// Only what is held for this reason, such as paused, missed, outcome_unknown
        #[arg(long)]
        reason: Option<String>,
        /// Lines per page
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Where the next page starts, from the page before
        #[arg(long)]
        cursor: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let held posts go: at new times, now, or not at all
    Release {
        /// What becomes of them
        #[arg(value_enum)]
        choice: Choice,
        /// Only these posts
        posts: Vec<PostId>,
        #[command(flatten)]
        scope: Scope,
        /// Only what is held for this reason
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        times: NewTimes,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what became of a call whose outcome nobody knows
    Resolve {
        /// The post's id
        post: PostId,
        /// The open attempt, from `allin held list`
        attempt: AttemptId,
        /// What you found
        #[arg(value_enum)]
        outcome: Outcome,
        /// Where it is, when it is published: a link or an id
        #[arg(long)]
        link: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Choice {
    /// Next free times of each account, apart from each other
    NewTimes,
    /// All at once, now
    PublishNow,
    /// Not at all; the posts are kept
    Drop,
}

impl From<Choice> for Release {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::NewTimes => Self::NewTimes,
            Choice::PublishNow => Self::PublishNow,
            Choice::Drop => Self::Drop,
        }
    }
}

#[derive(Args)]
pub struct NewTimes {
    /// new-times: not before this local time; default: in 5 minutes
    #[arg(long)]
    pub from: Option<String>,
    /// new-times: minutes between two posts of an account; default: 30
    #[arg(long)]
    pub every: Option<i64>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Outcome {
    /// It is there; name the link
    Published,
    /// It is not there, and may be sent again
    NotPublished,
    /// Ask the network once more
    LookAgain,
}

impl Held {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        match self {
            Self::List { scope, reason, limit, cursor, json } => {
                let Scope { account, campaign, tag } = scope;
                let input =
                    HeldList { account_id: account, campaign_id: campaign, tag, reason, limit: Some(limit), cursor };
                let page = booted.app.call_once::<HeldList>(ctx, input).await?;
                print::either(json, &page, || HeldList::say(&page))
            }
            Self::Release { choice, posts, scope, reason, times, yes, json } => {
                let Scope { account, campaign, tag } = scope;
                let input = HeldRelease {
                    release: choice.into(),
                    post_ids: posts,
                    account_id: account,
                    campaign_id: campaign,
                    tag,
                    reason,
                    from: times.from,
                    every_minutes: times.every,
                };
                let released = asking::<HeldRelease>(booted, ctx, input, yes).await?;
                print::either(json, &released, || HeldRelease::say(&released))
            }
            Self::Resolve { post, attempt, outcome, link, yes, json } => {
                let outcome = match outcome {
                    Outcome::Published => Verdict::Published,
                    Outcome::NotPublished => Verdict::NotPublished,
                    Outcome::LookAgain => Verdict::LookAgain,
                };
                let input = HeldResolve { post_id: post, attempt_id: attempt, outcome, link };
                let settled = asking::<HeldResolve>(booted, ctx, input, yes).await?;
                print::either(json, &settled, || HeldResolve::say(&settled))
            }
        }
    }
}
