//! Make a post recurring.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        posts::{content as checks, lock},
        publishing::presence,
        queue::zone_of,
        series::{Content, SeriesView, end, fill, no_such_series, view},
        use_case::{Effect, Local, Locally, Repeat, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{AccountId, PostId, SeriesId},
    model::{
        roles::Permission,
        series::{Recurrence, last_of},
        states::TargetState,
        times,
    },
    store::{
        posts,
        series::{self, Series},
        targets::Target,
    },
};

/// Most days that one series leaves out.
const EXCEPT_MAX: usize = 366;
/// How far ahead the first occurrence may lie.
const DAYS_AHEAD: i64 = 5 * 366;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesCreate {
    /// A draft; its messages, images and accounts are copied for every occurrence.
    pub post_id: PostId,
    /// RFC 5545 rule, such as FREQ=WEEKLY;BYDAY=MO,TH or FREQ=MONTHLY;BYMONTHDAY=1;COUNT=6.
    pub rule: String,
    /// From when on, and the time of day: 2026-12-07T09:00 or `monday 9:00`.
    pub starts: String,
    /// Last day or local time. Default: the rule's COUNT or UNTIL, else no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Days without an occurrence, such as 2026-12-24.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// IANA zone of the local times. Default: the accounts', else the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// A series that is ended in the same step, as by series_end: to change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<SeriesId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SeriesCreated {
    pub message: String,
    pub series: SeriesView,
    /// What would go wrong or deserves a look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl UseCase for SeriesCreate {
    type Input = Self;
    type Output = SeriesCreated;
    type Form = Locally;
    const NAME: &'static str = "series_create";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Write;
    const REPEAT: Repeat = Repeat::SameWithinTenMinutes;
}

impl Local for SeriesCreate {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<SeriesCreated> {
        let author_id = scope.ctx.member().ok_or_else(|| Error::internal("a series needs an author"))?;
        let mut warnings = Vec::new();
        if let Some(old) = input.replaces {
            warnings.push(end::end(scope, old).await?.message);
        }
        let (post, targets) = lock(scope, input.post_id).await?;
        let content = posts::version(scope.tx, scope.ctx.workspace, post.post_id, post.version).await?;
        let copied: Content = serde_json::from_value(content.clone()).map_err(Error::internal)?;
        if copied.account_ids.is_empty() {
            return Err(Error::conflict("post_without_accounts", "The post has no account to go to.")
                .next("Add account_ids with post_update; account_list shows the accounts."));
        }
        checks::may_use(scope, &copied.account_ids).await?;
        warnings.extend(doubts(scope, &targets, &copied.account_ids).await?);
        let zone = match input.time_zone.clone() {
            Some(zone) => zone,
            None => shared_zone(scope, &copied.account_ids).await?,
        };
        let recurrence = read(scope, &input, &zone)?;
        let id: SeriesId = scope.new_id();
        let series = Series {
            series_id: id,
            author_id,
            post_id: post.post_id,
            content,
            rule: recurrence.rule.clone(),
            starts_local: recurrence.starts.to_string(),
            until_local: recurrence.until.map(|until| until.to_string()),
            time_zone: recurrence.zone.clone(),
            except_days: recurrence.except.iter().map(Date::to_string).collect(),
            filled_local: None,
            complete: false,
            problem: None,
            created_at: scope.now,
            ended_at: None,
        };
        series::insert(scope.tx, scope.ctx.workspace, &series).await?;
        scope.changed("series", id, json!({ "post": post.post_id, "rule": series.rule, "replaces": input.replaces }));
        let series = series::get(scope.tx, scope.ctx.workspace, id).await?.ok_or_else(no_such_series)?;
        let filled = fill::fill(scope, &series).await?;
        warnings.extend(filled.warnings);
        warnings.extend(presence::warning(scope.tx, scope.now).await?);
        let mut said = BTreeSet::new();
        warnings.retain(|warning| said.insert(warning.clone()));
        let first = recurrence.after(None)?.next().transpose()?.map(|first| times::spoken(first.moment.instant, &zone));
        let message = format!(
            "The series begins on {}; {} of its posts are scheduled, later ones two weeks ahead.",
            first.unwrap_or_default(),
            filled.made
        );
        Ok(SeriesCreated { message, series: view(scope, id).await?, warnings })
    }
}

/// What is allowed and may not be meant.
async fn doubts(scope: &mut Scope<'_>, targets: &[Target], accounts: &[AccountId]) -> Result<Vec<String>> {
    let mut doubts = Vec::new();
    if targets.iter().any(|target| !matches!(target.state, TargetState::Draft | TargetState::Cancelled)) {
        doubts.push("The post itself goes out besides the posts of the series.".into());
    }
    for account in checks::known_accounts(scope, accounts).await? {
        if scope.app.networks.get(account.network).capabilities().refuses_repeats {
            doubts.push(format!(
                "@{}: {} does not take the same text twice; an occurrence is left out while another post there says the same.",
                account.handle,
                account.network.title()
            ));
        }
    }
    Ok(doubts)
}

/// The zone that all the accounts have, else the workspace's.
async fn shared_zone(scope: &mut Scope<'_>, accounts: &[AccountId]) -> Result<String> {
    let mut zones = BTreeSet::new();
    for account in accounts {
        zones.insert(zone_of(scope, *account).await?);
    }
    Ok(zones.pop_first().filter(|_| zones.is_empty()).unwrap_or_else(|| scope.entered.time_zone.clone()))
}

fn read(scope: &Scope<'_>, input: &SeriesCreate, zone: &str) -> Result<Recurrence> {
    let starts = times::read(&input.starts, zone, scope.now)?;
    if starts.instant <= scope.now {
        return Err(Error::invalid(
            "time_in_past",
            format!("{} is over.", times::spoken(starts.instant, &starts.zone)),
        )
        .next("Let the series start later than now.")
        .field("starts", "must be later than now"));
    }
    let starts: DateTime = starts.local.parse().map_err(Error::internal)?;
    let until = input.until.as_deref().map(last_of).transpose().map_err(|error| {
        Error::invalid("time_malformed", "The end of the series cannot be read.")
            .field("until", "a day such as 2027-03-31, or a local time")
            .because(error)
    })?;
    if input.except.len() > EXCEPT_MAX {
        return Err(Error::invalid("except_too_long", format!("At most {EXCEPT_MAX} days can be left out."))
            .field("except", format!("at most {EXCEPT_MAX} days")));
    }
    let mut except = BTreeSet::new();
    for (index, day) in input.except.iter().enumerate() {
        except.insert(day.trim().parse::<Date>().map_err(|error| {
            Error::invalid("date_malformed", "A day that is left out cannot be read.")
                .field(format!("except[{index}]"), "a day such as 2026-12-24")
                .because(error)
        })?);
    }
    let recurrence = Recurrence::read(&input.rule, starts, until, except, zone)?;
    let horizon = scope.now.plus_secs(DAYS_AHEAD * 24 * 3600);
    let first = recurrence.after(None)?.next().transpose()?;
    if first.is_none_or(|first| first.moment.instant > horizon) {
        return Err(Error::invalid("series_empty", "The rule names no time within the next five years.")
            .next("Check rule, starts, until and except together.")
            .field("rule", "must come true at least once"));
    }
    Ok(recurrence)
}
