//! `allin recycling`.

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        recycling::{get::RecyclingGet, set::RecyclingSet},
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::AccountId,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Recycling {
    /// Show the rules, what is planned, and what would come next
    Show {
        /// Only this account
        account: Option<AccountId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Turn it on or off for an account, or change its rule
    Set {
        account: AccountId,
        /// Turn it on
        #[arg(long, conflicts_with = "off")]
        on: bool,
        /// Turn it off; a copy that is planned already stays: `allin post cancel`
        #[arg(long)]
        off: bool,
        /// Only posts that went out at least so many days ago
        #[arg(long)]
        min_age_days: Option<i32>,
        /// The same words not again within so many days
        #[arg(long)]
        window_days: Option<i32>,
        /// At most so many a week
        #[arg(long)]
        per_week: Option<i32>,
        /// Only the best so many by engagement
        #[arg(long)]
        candidates: Option<i32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Recycling {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Show { account, json } => {
                let found = app.call_once::<RecyclingGet>(ctx, RecyclingGet { account_id: account }).await?;
                print::either(json, &found, || RecyclingGet::say(&found))
            }
            Self::Set { account, on, off, min_age_days, window_days, per_week, candidates, json } => {
                let enabled = (on || off).then_some(on);
                let input =
                    RecyclingSet { account_id: account, enabled, min_age_days, window_days, per_week, candidates };
                let changed = app.call_once::<RecyclingSet>(ctx, input).await?;
                print::either(json, &changed, || RecyclingSet::say(&changed))
            }
        }
    }
}
