//! An account's queue: weekly times, quiet hours, how many posts a day and how far apart. Pure rules over instants that
//! are booked already.

use std::str::FromStr;

use jiff::{ToSpan as _, civil::Time, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    model::times::{self, Moment},
};

/// Most weekly times of one account: one every half hour.
pub const SLOTS_MAX: usize = 336;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Day {
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    fn of(date: jiff::civil::Date) -> Self {
        let index = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        Self::ALL.get(index).copied().unwrap_or(Self::Monday)
    }
}

/// A weekly time, in the account's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    pub day: Day,
    #[serde(with = "hours_and_minutes")]
    pub at: Time,
}

mod hours_and_minutes {
    use jiff::civil::Time;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&super::spell(*time))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::hours(&text).ok_or_else(|| D::Error::custom("no time of day"))
    }
}

/// `09:00`.
pub fn spell(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

/// Reads a time of day in whole minutes.
pub fn hours(text: &str) -> Option<Time> {
    times::time_of_day(&text.trim().to_lowercase()).filter(|time| time.second() == 0)
}

/// Local hours at which nothing goes out: from the first, until before the second, over midnight if need be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    pub from: Time,
    pub until: Time,
}

impl QuietHours {
    pub fn hold(self, time: Time) -> bool {
        if self.from <= self.until {
            (self.from..self.until).contains(&time)
        } else {
            time >= self.from || time < self.until
        }
    }
}

impl std::fmt::Display for QuietHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", spell(self.from), spell(self.until))
    }
}

impl FromStr for QuietHours {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let hours = text.split_once('-').and_then(|(from, until)| Some((hours(from)?, hours(until)?)));
        hours.filter(|(from, until)| from != until).map(|(from, until)| Self { from, until }).ok_or_else(|| {
            Error::invalid("quiet_hours_malformed", "The quiet hours cannot be read.")
                .next("Write them as 22:00-07:00, or leave the text empty for none.")
                .field("quiet_hours", "two different times such as 22:00-07:00")
        })
    }
}

/// When an account may post.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// In order, each once.
    pub slots: Vec<Slot>,
    pub quiet_hours: Option<QuietHours>,
    /// Most posts in one local day.
    pub daily_cap: Option<u32>,
    /// Least minutes between two posts; 0: any.
    pub distance_minutes: u32,
    /// Whether a time that breaks a rule is refused.
    pub strict: bool,
}

/// A rule that a time would break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    QuietHours(QuietHours),
    DailyCap {
        booked: usize,
        cap: u32,
    },
    /// Minutes between it and the nearest other post.
    TooClose {
        minutes: i64,
        least: u32,
    },
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::QuietHours(hours) => write!(f, "it lies in the quiet hours {hours}"),
            Self::DailyCap { booked, cap } => {
                write!(f, "overposting: {booked} posts go out that day already, the account's cap is {cap}")
            }
            Self::TooClose { minutes, least } => {
                write!(f, "overposting: another post goes out {minutes} minutes from it, the least distance is {least}")
            }
        }
    }
}

impl Rules {
    /// What a post at this instant would break, the posts at `booked` being there.
    pub fn broken(&self, zone: &TimeZone, at: Timestamp, booked: &[Timestamp]) -> Vec<Broken> {
        let local = at.in_zone(zone).datetime();
        let mut broken = Vec::new();
        broken.extend(self.quiet_hours.filter(|hours| hours.hold(local.time())).map(Broken::QuietHours));
        if let Some(cap) = self.daily_cap {
            let same_day = booked.iter().filter(|other| other.in_zone(zone).date() == local.date()).count();
            if same_day >= usize::try_from(cap).unwrap_or(usize::MAX) {
                broken.push(Broken::DailyCap { booked: same_day, cap });
            }
        }
        let nearest = booked.iter().map(|other| at.millis_since(*other).abs()).min();
        let least = i64::from(self.distance_minutes) * 60_000;
        if let Some(apart) = nearest.filter(|apart| *apart < least) {
            broken.push(Broken::TooClose { minutes: apart / 60_000, least: self.distance_minutes });
        }
        broken
    }

    /// Up to `most` free times of the queue after `after` and before `until`, in order, each found as if those before
    /// it were booked. A time that the clocks skip or repeat that day follows the rule of [`times::resolve`].
    pub fn free(
        &self,
        zone_name: &str,
        (after, until): (Timestamp, Timestamp),
        booked: &[Timestamp],
        most: usize,
    ) -> Result<Vec<Moment>> {
        let zone = times::zone(zone_name)?;
        let mut taken = booked.to_vec();
        let mut found = Vec::new();
        let mut day = after.in_zone(&zone).date();
        let last = until.in_zone(&zone).date();
        while day <= last {
            let mut moments: Vec<Moment> = self
                .slots
                .iter()
                .filter(|slot| slot.day == Day::of(day))
                .map(|slot| times::resolve(day.to_datetime(slot.at), zone_name, 0))
                .collect::<Result<_>>()?;
            // One that moved forward may have passed another.
            moments.sort_by_key(|moment| moment.instant);
            for moment in moments {
                let at = moment.instant;
                // Two posts in one minute are never meant by a queue.
                let occupied = taken.iter().any(|other| at.millis_since(*other).abs() < 60_000);
                if at <= after || at >= until || occupied || !self.broken(&zone, at, &taken).is_empty() {
                    continue;
                }
                taken.push(at);
                found.push(moment);
                if found.len() == most {
                    return Ok(found);
                }
            }
            day = day.checked_add(1.day()).map_err(Error::internal)?;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
