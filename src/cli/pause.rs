//! `allin pause` and `allin resume`.

use clap::Args;

use crate::{
    app::{
        ctx::Ctx,
        pauses::{resume::PublishingResume, start::PublishingPause},
    },
    boot::Booted,
    cli::{
        asking,
        held::{Choice, NewTimes},
        print,
    },
    error::Result,
    ids::{AccountId, CampaignId},
    tools::registry::Spoken as _,
};

/// What is meant; the whole workspace unless one is named.
#[derive(Args)]
pub struct Scope {
    /// Only this account
    #[arg(long, group = "scope")]
    pub account: Option<AccountId>,
    /// Only this campaign
    #[arg(long, group = "scope")]
    pub campaign: Option<CampaignId>,
    /// Only posts with this tag
    #[arg(long, group = "scope")]
    pub tag: Option<String>,
}

#[derive(Args)]
pub struct Pause {
    /// Why; everybody who schedules is shown it
    reason: String,
    #[command(flatten)]
    scope: Scope,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Pause {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let Scope { account, campaign, tag } = self.scope;
        let input = PublishingPause { reason: self.reason, account_id: account, campaign_id: campaign, tag };
        let paused = booted.app.call_once::<PublishingPause>(ctx, input).await?;
        print::either(self.json, &paused, || PublishingPause::say(&paused))
    }
}

#[derive(Args)]
pub struct Resume {
    #[command(flatten)]
    scope: Scope,
    /// What becomes of posts that came due meanwhile; default: they stay held
    #[arg(long, value_enum)]
    held: Option<Choice>,
    #[command(flatten)]
    times: NewTimes,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Resume {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let Scope { account, campaign, tag } = self.scope;
        let input = PublishingResume {
            account_id: account,
            campaign_id: campaign,
            tag,
            held: self.held.map(Into::into),
            from: self.times.from,
            every_minutes: self.times.every,
        };
        let resumed = asking::<PublishingResume>(booted, ctx, input, self.yes).await?;
        print::either(self.json, &resumed, || PublishingResume::say(&resumed))
    }
}
