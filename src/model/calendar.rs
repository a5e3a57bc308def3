//! Spans of a calendar: which days a month, a week, a day or a list of days shows. Dates only; a zone makes them
//! instants, and decides how many hours a day has.

use jiff::{
    ToSpan as _,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

/// Longest agenda, in days.
pub const DAYS_MAX: i32 = 366;

/// How a calendar is cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum View {
    /// The whole weeks that a month touches.
    Month,
    Week,
    Day,
    /// A number of days from a day on.
    #[default]
    Agenda,
}

impl View {
    pub const ALL: [Self; 4] = [Self::Month, Self::Week, Self::Day, Self::Agenda];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
            Self::Agenda => "agenda",
        }
    }
}

impl std::str::FromStr for View {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|view| view.as_str() == text).ok_or_else(|| {
            Error::invalid("view_unknown", format!("`{}` is no view.", text.chars().take(40).collect::<String>()))
                .next("Use one of: month, week, day, agenda.")
        })
    }
}

/// The first day of a week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum WeekStart {
    #[default]
    Monday,
    Sunday,
    Saturday,
}

impl WeekStart {
    const ALL: [Self; 3] = [Self::Monday, Self::Sunday, Self::Saturday];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Sunday => "sunday",
            Self::Saturday => "saturday",
        }
    }

    const fn weekday(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Monday,
            Self::Sunday => Weekday::Sunday,
            Self::Saturday => Weekday::Saturday,
        }
    }

    /// The first day of the week that a day is in.
    fn of(self, day: Date) -> Result<Date> {
        let behind = day.weekday().since(self.weekday());
        day.checked_sub(i64::from(behind).days()).map_err(out_of_range)
    }
}

impl std::str::FromStr for WeekStart {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|day| day.as_str() == text).ok_or_else(|| {
            Error::invalid("week_start_unknown", "A week starts on monday, sunday or saturday.")
                .field("week_start", "monday, sunday or saturday")
        })
    }
}

/// The days from `first` to the one before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub first: Date,
    pub end: Date,
}

impl Span {
    /// What a view shows that is opened on a day. `days` is the agenda's length.
    pub fn of(view: View, day: Date, days: i32, week: WeekStart) -> Result<Self> {
        let (first, end) = match view {
            View::Day => (day, later(day, 1)?),
            View::Agenda => (day, later(day, days)?),
            View::Week => {
                let first = week.of(day)?;
                (first, later(first, 7)?)
            }
            View::Month => {
                let last_week = week.of(day.last_of_month())?;
                (week.of(day.first_of_month())?, later(last_week, 7)?)
            }
        };
        Ok(Self { first, end })
    }

    pub fn days(self) -> impl Iterator<Item = Date> {
        self.first.series(1.day()).take_while(move |day| *day < self.end)
    }

    /// The last day.
    pub fn last(self) -> Date {
        self.end.yesterday().unwrap_or(self.end)
    }
}

/// The day on which to open the view before or after this one.
pub fn turned(view: View, day: Date, days: i32, forward: bool) -> Result<Date> {
    let step = match view {
        View::Day => 1.day(),
        View::Week => 7.days(),
        View::Agenda => i64::from(days).days(),
        // From the first, so that 31 January does not lead over 28 February to the 28th of every month.
        View::Month => 1.month(),
    };
    let from = if view == View::Month { day.first_of_month() } else { day };
    if forward { from.checked_add(step) } else { from.checked_sub(step) }.map_err(out_of_range)
}

/// When a day begins in a zone; the first instant that bears its date, should midnight be skipped.
pub fn midnight(day: Date, zone: &TimeZone) -> Result<Timestamp> {
    day.to_zoned(zone.clone()).map(|at| Timestamp::new(at.timestamp())).map_err(out_of_range)
}

/// How many minutes the clocks of a zone are moved on a day: -60 on a day of 23 hours.
pub fn clock_change(day: Date, zone: &TimeZone) -> Result<i64> {
    let millis = midnight(later(day, 1)?, zone)?.millis_since(midnight(day, zone)?);
    Ok(millis / 60_000 - 24 * 60)
}

fn later(day: Date, days: i32) -> Result<Date> {
    day.checked_add(i64::from(days).days()).map_err(out_of_range)
}

fn out_of_range(error: jiff::Error) -> Error {
    Error::invalid("time_out_of_range", "That span is outside the calendar.")
        .field("from", "a date of this century")
        .because(error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    fn span(view: View, day: &str, week: WeekStart) -> (String, String, usize) {
        let span = Span::of(view, date(day), 7, week).expect("a span");
        (span.first.to_string(), span.last().to_string(), span.days().count())
    }

    #[test]
    fn months_are_whole_weeks() {
        let found = |day, week| span(View::Month, day, week);
        assert_eq!(found("2026-12-24", WeekStart::Monday), ("2026-11-30".into(), "2027-01-03".into(), 35));
        assert_eq!(found("2026-12-24", WeekStart::Sunday), ("2026-11-29".into(), "2027-01-02".into(), 35));
        // February 2027 begins on a Monday and has four weeks.
        assert_eq!(found("2027-02-28", WeekStart::Monday), ("2027-02-01".into(), "2027-02-28".into(), 28));
        assert_eq!(found("2026-08-01", WeekStart::Monday), ("2026-07-27".into(), "2026-09-06".into(), 42));
        assert_eq!(span(View::Week, "2026-12-06", WeekStart::Monday), ("2026-11-30".into(), "2026-12-06".into(), 7));
        assert_eq!(span(View::Week, "2026-12-06", WeekStart::Saturday), ("2026-12-05".into(), "2026-12-11".into(), 7));
    }

    #[test]
    fn months_turn_by_months() {
        let january = date("2027-01-31");
        let february = turned(View::Month, january, 7, true).expect("a month later");
        assert_eq!(february, date("2027-02-01"));
        assert_eq!(turned(View::Month, february, 7, true).expect("two later"), date("2027-03-01"));
        assert_eq!(turned(View::Month, january, 7, false).expect("a month before"), date("2026-12-01"));
    }

    #[test]
    fn days_have_the_hours_that_their_zone_gives_them() {
        let zone = |name| crate::model::times::zone(name).expect("a zone");
        assert_eq!(clock_change(date("2026-03-29"), &zone("Europe/Berlin")).expect("spring"), -60);
        assert_eq!(clock_change(date("2026-10-25"), &zone("Europe/Berlin")).expect("autumn"), 60);
        assert_eq!(clock_change(date("2026-10-26"), &zone("Europe/Berlin")).expect("a day"), 0);
        // Half an hour; and a midnight that does not come.
        assert_eq!(clock_change(date("2026-04-05"), &zone("Australia/Lord_Howe")).expect("island"), 30);
        assert_eq!(
            midnight(date("2026-09-06"), &zone("America/Santiago")).expect("skipped").to_string(),
            "2026-09-06T04:00:00Z"
        );
    }

    proptest! {
        /// Every view holds its day, and views that follow each other leave no day out.
        #[test]
        fn views_join(days in 0_i64..36_500, view in 0_usize..4, week in 0_usize..3, length in 1_i32..40) {
            let (view, week) = (View::ALL[view], WeekStart::ALL[week]);
            let day = date("2000-01-01").checked_add(days.days()).expect("in range");
            let here = Span::of(view, day, length, week).expect("span");
            prop_assert!(here.first <= day && day < here.end);
            let next = turned(view, day, length, true).expect("next");
            let there = Span::of(view, next, length, week).expect("next span");
            prop_assert!(there.first <= here.end && there.end > here.end);
            let back = Span::of(view, turned(view, next, length, false).expect("back"), length, week).expect("span");
            prop_assert_eq!(back, here);
            if view == View::Month {
                prop_assert!(here.first <= day.first_of_month() && day.last_of_month() < here.end);
                prop_assert!(here.days().count().is_multiple_of(7));
            }
        }
    }
}
