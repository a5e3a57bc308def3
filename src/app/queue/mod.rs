//! Accounts' queues: their rules, and booking the next free time. Whoever sets a time on an account locks its queue
//! first, so that no two bookings see the same free time.

pub mod get;
pub mod set;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::Scope,
    clock::Timestamp,
    error::{Error, FieldIssue, Result},
    ids::{AccountId, TargetId},
    model::{
        queue::{Broken, Day, Rules, Slot, spell},
        times::{self, Moment},
    },
    store::queue,
};

const DAY: i64 = 24 * 3600;
/// The queue is searched in steps of four weeks, for a year.
const STEP: i64 = 28 * DAY;
const STEPS: i64 = 13;

/// Whether a time in words means the queue's next free one.
pub fn is_meant_by(at: &str) -> bool {
    let words = at.trim().to_lowercase();
    ["next", "next free", "next slot", "next free slot", "next free time", "queue"].contains(&words.as_str())
}

/// Locks the queues of these accounts until the transaction ends. Call it once, with every account whose times are set.
pub async fn lock(scope: &mut Scope<'_>, accounts: &[AccountId]) -> Result<BTreeMap<AccountId, Rules>> {
    Ok(queue::lock(scope.tx, scope.ctx.workspace, accounts).await?.into_iter().collect())
}

/// The next free time of an account's queue after `after` (default: now), as if `moving` had none yet. The queue stays
/// locked until the transaction ends: a target that is given the time within it has it for itself.
pub async fn next_free(
    scope: &mut Scope<'_>,
    account: AccountId,
    after: Option<Timestamp>,
    moving: Option<TargetId>,
) -> Result<Moment> {
    let rules = lock(scope, &[account]).await?.remove(&account).unwrap_or_default();
    let after = after.unwrap_or(scope.now).max(scope.now);
    let free = free(scope, account, &rules, after, moving, 1).await?;
    free.into_iter().next().ok_or_else(|| match rules.slots.is_empty() {
        true => Error::conflict("queue_empty", format!("The queue of the account {account} has no weekly times."))
            .next("Set them with queue_set, or name a time."),
        false => {
            Error::conflict("queue_full", format!("The queue of the account {account} has no free time within a year."))
                .next("Allow more times or posts with queue_set, or name a time.")
        }
    })
}

async fn free(
    scope: &mut Scope<'_>,
    account: AccountId,
    rules: &Rules,
    after: Timestamp,
    moving: Option<TargetId>,
    most: usize,
) -> Result<Vec<Moment>> {
    let mut found = Vec::new();
    if rules.slots.is_empty() {
        return Ok(found);
    }
    let zone = zone_of(scope, account).await?;
    let mut taken = Vec::new();
    for step in 0..STEPS {
        let (from, until) = (after.plus_secs(step * STEP), after.plus_secs((step + 1) * STEP));
        let around = around(rules, from, until);
        taken.extend(queue::booked(scope.tx, scope.ctx.workspace, account, around, moving).await?);
        // The first instant of a step is the last of the one before.
        let from = if step == 0 { from } else { from.plus_millis(-1) };
        let more = rules.free(&zone, (from, until), &taken, most - found.len())?;
        taken.extend(more.iter().map(|moment| moment.instant));
        found.extend(more);
        if found.len() >= most {
            break;
        }
    }
    Ok(found)
}

/// What has to be known of other posts to judge the times in between: the whole days at both ends, and the distance.
fn around(rules: &Rules, from: Timestamp, until: Timestamp) -> (Timestamp, Timestamp) {
    let margin = (i64::from(rules.distance_minutes) * 60).max(2 * DAY);
    (from.plus_secs(-margin), until.plus_secs(margin))
}

/// What a post at that moment would break, in words.
pub async fn broken(
    scope: &mut Scope<'_>,
    account: AccountId,
    rules: &Rules,
    moment: &Moment,
    moving: Option<TargetId>,
) -> Result<Vec<Broken>> {
    let zone = times::zone(&zone_of(scope, account).await?)?;
    let around = around(rules, moment.instant, moment.instant);
    let booked = queue::booked(scope.tx, scope.ctx.workspace, account, around, moving).await?;
    Ok(rules.broken(&zone, moment.instant, &booked))
}

/// Warnings for a time that breaks the account's rules, or a refusal when the account is strict about them.
pub async fn judge(
    scope: &mut Scope<'_>,
    (account, handle): (AccountId, &str),
    rules: &Rules,
    moment: &Moment,
    moving: Option<TargetId>,
) -> Result<Vec<String>> {
    let broken = broken(scope, account, rules, moment, moving).await?;
    let said: Vec<String> = broken.iter().map(ToString::to_string).collect();
    if broken.is_empty() || !rules.strict {
        return Ok(said.into_iter().map(|rule| format!("@{handle}: {rule}.")).collect());
    }
    Err(Error::conflict(
        "queue_forbids",
        format!(
            "@{handle} is strict about its queue, and {} breaks it: {}.",
            times::spoken(moment.instant, &moment.zone),
            said.join("; ")
        ),
    )
    .next("Choose another time or `next free slot`; queue_get shows the rules and free times.")
    .fields(said.into_iter().map(|rule| FieldIssue { field: "at".into(), message: format!("@{handle}: {rule}") })))
}

/// The account's zone, else the workspace's.
pub async fn zone_of(scope: &mut Scope<'_>, account: AccountId) -> Result<String> {
    let account = crate::store::accounts::get(scope.tx, scope.ctx.workspace, account).await?;
    Ok(account.and_then(|account| account.time_zone).unwrap_or_else(|| scope.entered.time_zone.clone()))
}

/// The same times on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct WeeklyTimes {
    /// Days they are on.
    pub days: Vec<Day>,
    /// Local times of day, such as 09:00.
    pub times: Vec<String>,
}

/// Days with the same times together.
fn weekly(slots: &[Slot]) -> Vec<WeeklyTimes> {
    let mut out: Vec<WeeklyTimes> = Vec::new();
    for day in Day::ALL {
        let times: Vec<String> = slots.iter().filter(|slot| slot.day == day).map(|slot| spell(slot.at)).collect();
        match out.iter_mut().find(|same| same.times == times) {
            _ if times.is_empty() => {}
            Some(same) => same.days.push(day),
            None => out.push(WeeklyTimes { days: vec![day], times }),
        }
    }
    out
}

/// A queue as callers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct QueueView {
    pub account_id: AccountId,
    pub network: String,
    pub handle: String,
    /// Zone of the local times.
    pub time_zone: String,
    pub slots: Vec<WeeklyTimes>,
    /// Local hours at which nothing goes out, such as 22:00-07:00.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<String>,
    /// Most posts in one local day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<u32>,
    /// Least minutes between two posts; 0: any.
    pub distance_minutes: u32,
    /// Whether other times are refused; else they are warned about.
    pub strict: bool,
    /// The next free times.
    pub next_free: Vec<FreeTime>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct FreeTime {
    pub at: Timestamp,
    /// Local time in words.
    pub at_local: String,
}

async fn view(
    scope: &mut Scope<'_>,
    account: &crate::store::accounts::Account,
    rules: Rules,
    most: usize,
) -> Result<QueueView> {
    let now = scope.now;
    let free = free(scope, account.account_id, &rules, now, None, most).await?;
    Ok(QueueView {
        account_id: account.account_id,
        network: account.network.to_string(),
        handle: account.handle.clone(),
        time_zone: account.time_zone.clone().unwrap_or_else(|| scope.entered.time_zone.clone()),
        slots: weekly(&rules.slots),
        quiet_hours: rules.quiet_hours.map(|hours| hours.to_string()),
        daily_cap: rules.daily_cap,
        distance_minutes: rules.distance_minutes,
        strict: rules.strict,
        next_free: free
            .into_iter()
            .map(|moment| FreeTime { at: moment.instant, at_local: times::spoken(moment.instant, &moment.zone) })
            .collect(),
    })
}
