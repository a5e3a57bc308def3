//! Times as people say them: a local date and time in an IANA zone, made an instant once and kept beside it.

use jiff::{
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

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
    /// Said to the person when the wall clock of that day skips or repeats the hour.
    pub note: Option<String>,
}

/// Looks up an IANA zone.
pub fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|error| {
        Error::invalid(
            "time_zone_unknown",
            format!("`{}` is no IANA time zone.", name.chars().take(60).collect::<String>()),
        )
        .next("Use a name such as Europe/Berlin or America/New_York.")
        .because(error)
    })
}

/// Reads `2026-12-01T09:00:00+01:00` (an instant, shown in `zone_name`) or `2026-12-01 09:00` (a local time there).
/// A local time that the clocks skip moves forward by the gap; one that comes twice means the first.
pub fn parse(text: &str, zone_name: &str) -> Result<Moment> {
    let zone = zone(zone_name)?;
    let text = text.trim();
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        let local = instant.to_zoned(zone).datetime();
        return Ok(Moment {
            instant: Timestamp::new(instant),
            local: local.to_string(),
            zone: zone_name.to_owned(),
            note: None,
        });
    }
    let local: DateTime = text.parse().map_err(|error: jiff::Error| {
        Error::invalid(
            "time_malformed",
            format!("`{}` is no date and time.", text.chars().take(60).collect::<String>()),
        )
        .next("Write it as 2026-12-01T09:00 (local time) or 2026-12-01T09:00:00+01:00.")
        .because(error)
    })?;
    if !text.contains(':') {
        return Err(Error::invalid("time_of_day_missing", format!("`{text}` names a day but no time."))
            .next("Add a time of day, for example 2026-12-01T09:00."));
    }
    let ambiguous = zone.to_ambiguous_zoned(local);
    let note = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Gap { .. } => Some("the clocks skip this hour"),
        AmbiguousOffset::Fold { .. } => Some("this hour comes twice that night; the first was taken"),
    };
    let zoned = ambiguous
        .compatible()
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
        zone: zone_name.to_owned(),
        note,
    })
}

/// `Tue 1 Dec 2026, 09:00 (Europe/Berlin)`. An unknown zone shows UTC, since the instant must be told in any case.
pub fn spoken(instant: Timestamp, zone_name: &str) -> String {
    match TimeZone::get(zone_name) {
        Ok(zone) => format!("{} ({zone_name})", instant.in_zone(&zone).strftime("%a %-d %b %Y, %H:%M")),
        Err(_) => format!("{} (UTC)", instant.in_zone(&TimeZone::UTC).strftime("%a %-d %b %Y, %H:%M")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_move_forward_and_overlaps_take_the_first() {
        let gap = parse("2026-03-29 02:30", "Europe/Berlin").expect("gap");
        assert_eq!(gap.instant.to_string(), "2026-03-29T01:30:00Z");
        assert_eq!(gap.local, "2026-03-29T03:30:00");
        assert_eq!(gap.note.as_deref(), Some("In Europe/Berlin the clocks skip this hour: moved to 03:30."));
        let fold = parse("2026-10-25T02:30", "Europe/Berlin").expect("fold");
        assert_eq!(fold.instant.to_string(), "2026-10-25T00:30:00Z");
        assert!(fold.note.expect("said").contains("first"));
    }

    #[test]
    fn instants_and_local_times_agree() {
        let local = parse("2026-12-01T09:00:00", "Europe/Berlin").expect("local");
        let instant = parse("2026-12-01T09:00:00+01:00", "Europe/Berlin").expect("instant");
        assert_eq!(local.instant, instant.instant);
        assert_eq!(local.local, instant.local);
        assert_eq!(spoken(local.instant, "Europe/Berlin"), "Tue 1 Dec 2026, 09:00 (Europe/Berlin)");
    }

    #[test]
    fn nonsense_is_refused_with_a_way_out() {
        for text in ["", "tomorrow", "2026-12-01", "2026-13-01T09:00", "2026-12-01T25:00"] {
            let error = parse(text, "UTC").expect_err(text);
            assert!(error.public().next_step.len() > 10, "{text}");
        }
        assert_eq!(parse("2026-12-01T09:00", "Mars/Phobos").expect_err("zone").code(), "time_zone_unknown");
    }
}
