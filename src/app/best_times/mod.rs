//! When to publish on an account: measured where its own figures tell, a stated default where they do not.

pub mod get;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::Scope,
    clock::Timestamp,
    error::Result,
    model::{
        best_time::{Compared, Finding, HourOfWeek, LOOK_BACK_DAYS, Observation, default_times, find},
        times,
    },
    store::{accounts::Account, metrics},
};

/// Where times come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Basis {
    /// From the account's own figures.
    Measured,
    /// There are enough figures, and no hour is surely better; the times are the default ones.
    NoDifference,
    /// There are too few figures; the times are the default ones.
    Default,
}

/// What is known of an account's hours.
pub struct Known {
    pub zone_name: String,
    pub zone: TimeZone,
    pub basis: Basis,
    /// Measured posts that were looked at.
    pub posts: usize,
    /// Best first; with what was measured, unless it is a default.
    pub hours: Vec<(HourOfWeek, Option<Compared>)>,
}

pub async fn of(scope: &mut Scope<'_>, account: &Account) -> Result<Known> {
    let zone_name = account.time_zone.clone().unwrap_or_else(|| scope.entered.time_zone.clone());
    let zone = times::zone(&zone_name)?;
    let since = scope.now.plus_secs(-LOOK_BACK_DAYS * 86_400);
    let measured = metrics::first_days(scope.tx, scope.ctx.workspace, account.account_id, since).await?;
    let posts: Vec<Observation> = measured
        .into_iter()
        .map(|(published, engagement)| Observation { hour: HourOfWeek::of(published, &zone), engagement })
        .collect();
    let default = || default_times(account.network.as_str()).into_iter().map(|hour| (hour, None)).collect();
    let (basis, hours) = match find(&posts) {
        Finding::Better(better) => {
            (Basis::Measured, better.into_iter().map(|found| (found.hour, Some(found))).collect())
        }
        Finding::NoDifference => (Basis::NoDifference, default()),
        Finding::TooFew => (Basis::Default, default()),
    };
    Ok(Known { zone_name, zone, basis, posts: posts.len(), hours })
}

impl Known {
    /// The first of the best hours that begins after an instant.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.hours.iter().filter_map(|(hour, _)| hour.next_after(after, &self.zone)).min()
    }
}
