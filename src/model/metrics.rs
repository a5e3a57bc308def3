//! What figures mean: a value or the reason why there is none, when to ask again, how old is too old, and what adds up
//! to engagement. Pure; knows no network and no table.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

/// Why a figure has no value. Zero is a value; too old is [`Freshness`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Absence {
    /// The network answered and left it out: the post may be gone, or the figure not counted yet.
    Missing,
    /// This server or network does not have this figure.
    Unsupported,
}

impl Absence {
    pub const ALL: [Self; 2] = [Self::Missing, Self::Unsupported];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unsupported => "unsupported",
        }
    }
}

impl FromStr for Absence {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|absence| absence.as_str() == text)
            .ok_or_else(|| Error::internal(format!("no reason for a missing figure: {text}")))
    }
}

/// One figure as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Value(i64),
    Absent(Absence),
}

impl Reading {
    /// What an answer said, which may be nothing.
    pub fn of(value: Option<i64>) -> Self {
        value.map_or(Self::Absent(Absence::Missing), Self::Value)
    }

    pub fn value(self) -> Option<i64> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent(_) => None,
        }
    }

    pub fn absence(self) -> Option<Absence> {
        match self {
            Self::Value(_) => None,
            Self::Absent(absence) => Some(absence),
        }
    }
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Ages at which a young post is asked for, in seconds; then daily for a month, then monthly for a year.
const YOUNG: [i64; 6] = [HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY];
const DAILY_UNTIL: i64 = 30 * DAY;
const MONTHLY_UNTIL: i64 = 360 * DAY;

/// How often an account's own figures are asked for, in seconds.
pub const ACCOUNT_EVERY: i64 = 12 * HOUR;
/// Samples older than this are thinned to one a day, in seconds.
pub const DENSE_FOR: i64 = 30 * DAY;
/// The age at which a post's first day is measured, in seconds: the answer of 24 hours, or a late one. Posts are compared
/// with each other at this age.
pub const FIRST_DAY: std::ops::Range<i64> = DAY..54 * HOUR;

/// When to ask for a post's figures after the last answer (`None`: after it became public). A step that is nearly
/// reached already is left out. `None`: never again.
pub fn next_collection(published: Timestamp, collected: Option<Timestamp>) -> Option<Timestamp> {
    let age = collected.map_or(0, |collected| collected.millis_since(published) / 1000);
    let mut before = 0;
    steps().find_map(|step| {
        let wanted = step - age >= (step - before) / 4;
        before = step;
        wanted.then(|| published.plus_secs(step))
    })
}

fn steps() -> impl Iterator<Item = i64> {
    let daily = (3..).map(|day| day * DAY).take_while(|age| *age <= DAILY_UNTIL);
    let monthly = (2..).map(|month| month * 30 * DAY).take_while(|age| *age <= MONTHLY_UNTIL);
    YOUNG.into_iter().chain(daily).chain(monthly)
}

/// Whether figures are as new as they are meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Freshness {
    /// Too young: nothing was asked for yet.
    Waiting,
    Fresh,
    /// The next answer is overdue.
    Stale,
    /// Not asked for any more: too old, or removed.
    Final,
}

/// How late an answer may be before the figures count as stale, in seconds.
const GRACE: i64 = 2 * HOUR;

/// `next` is when the next answer is wanted, `None` when no more is.
pub fn freshness(collected: Option<Timestamp>, next: Option<Timestamp>, now: Timestamp) -> Freshness {
    match (collected, next) {
        (_, None) => Freshness::Final,
        (_, Some(next)) if next.plus_secs(GRACE) < now => Freshness::Stale,
        (None, Some(_)) => Freshness::Waiting,
        (Some(_), Some(_)) => Freshness::Fresh,
    }
}

/// Figures of people doing something with a post, on any network. Clicks and saves are no engagement that others see.
const ENGAGEMENT: [&str; 6] = ["likes", "reposts", "replies", "quotes", "comments", "shares"];

/// What the figures of a target's messages come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub impressions: Option<i64>,
    /// The most of any message: mostly the same people see them all.
    pub reach: Option<i64>,
    /// `None` when no figure that counts has a value.
    pub engagement: Option<i64>,
    /// A figure that counts was missing, so the engagement is at least that.
    pub partial: bool,
}

/// Adds up a thread of `messages` messages. The second message of a thread is a reply to the first, and so on: those of
/// our own are no engagement.
pub fn totals<'a>(messages: i64, readings: impl IntoIterator<Item = (&'a str, Reading)>) -> Totals {
    let mut totals = Totals::default();
    let (mut counted, mut answers) = (None, None);
    for (metric, reading) in readings {
        match (metric, reading) {
            ("reach", Reading::Value(value)) => totals.reach = totals.reach.max(Some(value)),
            ("impressions", Reading::Value(value)) => add(&mut totals.impressions, value),
            ("replies", Reading::Value(value)) => add(&mut answers, value),
            (metric, Reading::Value(value)) if ENGAGEMENT.contains(&metric) => add(&mut counted, value),
            (metric, Reading::Absent(Absence::Missing)) if ENGAGEMENT.contains(&metric) => totals.partial = true,
            _ => {}
        }
    }
    if let Some(answers) = answers {
        add(&mut counted, answers.saturating_sub(messages - 1).max(0));
    }
    totals.engagement = counted;
    totals
}

fn add(sum: &mut Option<i64>, value: i64) {
    *sum = Some(sum.unwrap_or(0).saturating_add(value));
}

/// Engagement ÷ reach × 100, rounded to two decimals. Without reach there is no rate.
pub fn engagement_rate(engagement: Option<i64>, reach: Option<i64>) -> Option<f64> {
    let (engagement, reach) = (i128::from(engagement?), i128::from(reach.filter(|reach| *reach > 0)?));
    let hundredths = (engagement * 20_000 + reach) / (2 * reach);
    Some(i64::try_from(hundredths).ok()? as f64 / 100.0)
}

/// How long ago, for people: `5 minutes ago`.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let secs = now.millis_since(then) / 1000;
    let (count, unit) = match secs {
        ..60 => return "just now".into(),
        60..3600 => (secs / 60, "minute"),
        3600..172_800 => (secs / HOUR, "hour"),
        _ => (secs / DAY, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
