//! The best times of an account, for a person who plans.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        accounts::known,
        best_times::{self, Basis, Known},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::Result,
    ids::AccountId,
    model::{
        best_time::{Compared, DEFAULT_SOURCE, HourOfWeek, LOOK_BACK_DAYS, PER_HOUR_NEEDED, POSTS_NEEDED},
        roles::Permission,
        times,
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BestTimesGet {
    pub account_id: AccountId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BestTimes {
    pub account_id: AccountId,
    /// `network/handle`.
    pub account: String,
    /// Zone of the local times.
    pub time_zone: String,
    pub basis: Basis,
    /// Posts whose first day was measured, within the last 180 days.
    pub posts: usize,
    /// Fewer say nothing.
    pub posts_needed: usize,
    /// What the times rest on, in words.
    pub explanation: String,
    /// Best first.
    pub times: Vec<BestTime>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct BestTime {
    /// `Tuesday`.
    pub weekday: String,
    /// Local time, `09:00`; the hour that begins then.
    pub time: String,
    /// When it comes next.
    pub next_at: Timestamp,
    /// The same in words.
    pub next_local: String,
    /// Whether it is a default, measured on nothing.
    pub default: bool,
    /// The account's posts in this hour.
    pub n: usize,
    /// How much more engagement than the account's mean, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lift: Option<f64>,
    /// The interval that holds for all times of this answer together, with 95 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lift_low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lift_high: Option<f64>,
}

impl UseCase for BestTimesGet {
    type Input = Self;
    type Output = BestTimes;
    type Form = Locally;
    const NAME: &'static str = "best_times";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for BestTimesGet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<BestTimes> {
        let account = known(scope, input.account_id).await?;
        let found = best_times::of(scope, &account).await?;
        Ok(BestTimes {
            account_id: account.account_id,
            account: format!("{}/{}", account.network, account.handle),
            time_zone: found.zone_name.clone(),
            basis: found.basis,
            posts: found.posts,
            posts_needed: POSTS_NEEDED,
            explanation: explain(&found),
            times: found.hours.iter().filter_map(|(hour, own)| time(scope.now, &found, *hour, *own)).collect(),
        })
    }
}

fn explain(found: &Known) -> String {
    let default = format!("These are defaults, n = 0: {DEFAULT_SOURCE}.");
    let posts = found.posts;
    match found.basis {
        Basis::Measured => format!(
            "Measured on {posts} posts of the last {LOOK_BACK_DAYS} days by the engagement of their first day. The \
             intervals hold together with 95 %."
        ),
        Basis::NoDifference => format!(
            "{posts} posts were compared, and no hour of the week is surely better than the account's mean. {default}"
        ),
        Basis::Default if posts < POSTS_NEEDED => format!(
            "Too few posts with figures of their first day: {posts} of the {POSTS_NEEDED} that are needed. {default}"
        ),
        Basis::Default => format!(
            "{posts} posts have figures, but no two hours of the week have {PER_HOUR_NEEDED} of them each, so nothing \
             can be compared. {default}"
        ),
    }
}

fn time(now: Timestamp, found: &Known, hour: HourOfWeek, own: Option<Compared>) -> Option<BestTime> {
    let next_at = hour.next_after(now, &found.zone)?;
    let tenth = |percent: f64| (percent * 10.0).round() / 10.0;
    Some(BestTime {
        weekday: format!("{:?}", hour.weekday()),
        time: format!("{:02}:00", hour.hour()),
        next_at,
        next_local: times::spoken(next_at, &found.zone_name),
        default: own.is_none(),
        n: own.map_or(0, |own| own.posts),
        lift: own.map(|own| tenth(own.lift)),
        lift_low: own.map(|own| tenth(own.low)),
        lift_high: own.map(|own| tenth(own.high)),
    })
}
