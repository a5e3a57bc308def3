//! What is or was published in a span of days: a month, a week, a day, or a list of days.

use jiff::{civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        calendar::{link, picture},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, CampaignId, PostId},
    model::{
        calendar::{DAYS_MAX, Span, View, WeekStart, clock_change, midnight},
        networks::NetworkId,
        roles::Permission,
        states::TargetState,
        tags, times,
    },
    store::calendar::{self, Entry, Filter},
};

/// Most lines in one answer.
const LINES_MAX: i64 = 500;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarGet {
    /// Default: agenda.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
    /// First day, or any day of the month or week, 2026-12-01. Default: today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Days of an agenda, 1 to 366. Default 7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 366))]
    pub days: Option<i32>,
    /// Default: monday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub week_start: Option<WeekStart>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Default: all but cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TargetState>,
    /// IANA zone of the days. Default: the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Also return a link to a page that a person can look at for 30 minutes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub page: bool,
    /// Also return it as an image.
    #[serde(default, skip_serializing_if = "is_false")]
    pub image: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Calendar {
    pub view: View,
    pub time_zone: String,
    /// First day; a month begins with the week that its first day is in.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Days that have entries, in order.
    pub days: Vec<CalendarDay>,
    /// Days on which the clocks are changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clock_changes: Vec<ClockChange>,
    /// More than 500 entries: narrow the span to see the rest.
    pub truncated: bool,
    /// Shows it to a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_url: Option<String>,
    /// The image as PNG, beside the data.
    #[serde(skip)]
    pub png: Option<Vec<u8>>,
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ClockChange {
    pub date: String,
    /// How much longer the day is, in minutes: -60 when an hour is skipped.
    pub minutes: i64,
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
        let zone_name = input.time_zone.clone().unwrap_or_else(|| scope.entered.time_zone.clone());
        let zone = times::zone(&zone_name)?;
        let view = input.view.unwrap_or_default();
        let span = span(&input, view, scope.now.in_zone(&zone).date())?;
        let filter = Filter {
            account: input.account_id,
            network: input.network,
            campaign: input.campaign_id,
            tag: input.tag.as_deref().map(tags::parse).transpose()?,
            state: input.status,
            published_or_by: scope.ctx.member().filter(|_| !scope.role().sees_all_drafts()),
        };
        let (from, to) = (midnight(span.first, &zone)?, midnight(span.end, &zone)?);
        let mut rows = calendar::entries(scope.tx, scope.ctx.workspace, from, to, &filter, LINES_MAX + 1).await?;
        let most = usize::try_from(LINES_MAX).unwrap_or(usize::MAX);
        let truncated = rows.len() > most;
        rows.truncate(most);
        let page_url = if input.page { Some(link::make(scope, &input)?) } else { None };
        let mut calendar = Calendar {
            view,
            time_zone: zone_name,
            from: span.first.to_string(),
            to: span.last().to_string(),
            days: by_day(rows, &zone),
            clock_changes: clock_changes(span, &zone)?,
            truncated,
            page_url,
            png: None,
        };
        if input.image {
            calendar.png = Some(picture::png(&calendar).await?);
        }
        Ok(calendar)
    }
}

fn span(input: &CalendarGet, view: View, today: Date) -> Result<Span> {
    let days = input.days.unwrap_or(7);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(
            Error::invalid("days_out_of_range", "A calendar spans 1 to 366 days.").field("days", "between 1 and 366")
        );
    }
    if input.days.is_some() && view != View::Agenda {
        return Err(Error::invalid("days_without_agenda", format!("A {} has its own length.", view.as_str()))
            .next("Leave days out, or choose the view agenda.")
            .field("days", "only with the view agenda"));
    }
    let day = input.from.as_deref().map_or(Ok(today), date)?;
    Span::of(view, day, days, input.week_start.unwrap_or_default())
}

fn by_day(rows: Vec<Entry>, zone: &TimeZone) -> Vec<CalendarDay> {
    let mut out: Vec<CalendarDay> = Vec::new();
    for row in rows {
        let at = row.at.in_zone(zone);
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
    out
}

fn clock_changes(span: Span, zone: &TimeZone) -> Result<Vec<ClockChange>> {
    let mut changes = Vec::new();
    for day in span.days() {
        let minutes = clock_change(day, zone)?;
        if minutes != 0 {
            changes.push(ClockChange { date: day.to_string(), minutes });
        }
    }
    Ok(changes)
}

/// Reads a day such as 2026-12-01.
pub fn date(text: &str) -> Result<Date> {
    text.trim().parse().map_err(|error: jiff::Error| {
        Error::invalid("date_malformed", format!("`{}` is no date.", text.chars().take(40).collect::<String>()))
            .next("Write it as 2026-12-01.")
            .field("from", "a date such as 2026-12-01")
            .because(error)
    })
}
