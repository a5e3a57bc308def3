//! What is or was published in a span of days.

use jiff::{ToSpan, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, PostId},
    model::{roles::Permission, times},
    store::targets,
};

/// Most lines in one answer.
const LINES_MAX: i64 = 500;
/// Longest span, in days.
const DAYS_MAX: i32 = 366;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarGet {
    /// First day, 2026-12-01. Default: today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Number of days, 1 to 366. Default 7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 366))]
    pub days: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// IANA zone of the days. Default: the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Calendar {
    pub time_zone: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Days that have entries, in order.
    pub days: Vec<CalendarDay>,
    /// More than 500 entries: narrow the span to see the rest.
    pub truncated: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CalendarDay {
    pub date: String,
    /// `Tue`, …
    pub weekday: String,
    pub entries: Vec<CalendarEntry>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CalendarEntry {
    /// Local time of day, `09:00`.
    pub time: String,
    pub at: Timestamp,
    pub post_id: PostId,
    /// Title, or the beginning of the text.
    pub excerpt: String,
    /// `network/handle`.
    pub account: String,
    pub status: String,
}

impl UseCase for CalendarGet {
    type Input = Self;
    type Output = Calendar;
    type Form = Locally;
    const NAME: &'static str = "calendar_get";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for CalendarGet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Calendar> {
        let zone_name = input.time_zone.unwrap_or_else(|| scope.entered.time_zone.clone());
        let zone = times::zone(&zone_name)?;
        let days = input.days.unwrap_or(7);
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(Error::invalid("days_out_of_range", "A calendar spans 1 to 366 days.")
                .field("days", "between 1 and 366"));
        }
        let first = match &input.from {
            Some(text) => date(text)?,
            None => scope.now.in_zone(&zone).date(),
        };
        let past_end = first.checked_add(days.days()).map_err(|_| out_of_range())?;
        let midnight =
            |day: Date| day.to_zoned(zone.clone()).map(|at| Timestamp::new(at.timestamp())).map_err(|_| out_of_range());
        let only = scope.ctx.member().filter(|_| !scope.role().sees_all_drafts());
        let mut rows = targets::calendar(
            scope.tx,
            scope.ctx.workspace,
            midnight(first)?,
            midnight(past_end)?,
            input.account_id,
            only,
            LINES_MAX + 1,
        )
        .await?;
        let truncated = rows.len() > usize::try_from(LINES_MAX).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(LINES_MAX).unwrap_or(usize::MAX));
        let mut out: Vec<CalendarDay> = Vec::new();
        for row in rows {
            let at = row.at.in_zone(&zone);
            let date = at.date().to_string();
            let entry = CalendarEntry {
                time: at.strftime("%H:%M").to_string(),
                at: row.at,
                post_id: row.post_id,
                excerpt: row.excerpt,
                account: format!("{}/{}", row.network, row.handle),
                status: row.state,
            };
            match out.last_mut().filter(|day| day.date == date) {
                Some(day) => day.entries.push(entry),
                None => out.push(CalendarDay { date, weekday: at.strftime("%a").to_string(), entries: vec![entry] }),
            }
        }
        let last = past_end.checked_sub(1.day()).map_err(|_| out_of_range())?;
        Ok(Calendar { time_zone: zone_name, from: first.to_string(), to: last.to_string(), days: out, truncated })
    }
}

fn date(text: &str) -> Result<Date> {
    text.trim().parse().map_err(|error: jiff::Error| {
        Error::invalid("date_malformed", format!("`{}` is no date.", text.chars().take(40).collect::<String>()))
            .next("Write it as 2026-12-01.")
            .field("from", "a date such as 2026-12-01")
            .because(error)
    })
}

fn out_of_range() -> Error {
    Error::invalid("time_out_of_range", "That span is outside the calendar.").field("from", "a date of this century")
}
