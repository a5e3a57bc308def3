//! Gaps, overlaps and words, over all zones.

use jiff::{ToSpan as _, civil::date, tz::TimeZone};
use proptest::prelude::*;

use super::*;

#[test]
fn gaps_move_forward_and_overlaps_take_the_first() {
    let gap = parse("2026-03-29 02:30", "Europe/Berlin").expect("gap");
    assert_eq!(gap.instant.to_string(), "2026-03-29T01:30:00Z");
    assert_eq!(gap.local, "2026-03-29T03:30:00");
    assert_eq!(gap.note.as_deref(), Some("In Europe/Berlin the clocks skip this hour: moved to 03:30."));
    let first = parse("2026-10-25T02:30", "Europe/Berlin").expect("fold");
    assert_eq!((first.instant.to_string().as_str(), first.fold), ("2026-10-25T00:30:00Z", 0));
    assert!(first.note.expect("said").contains("first"));
    let second = resolve(date(2026, 10, 25).at(2, 30, 0, 0), "Europe/Berlin", 1).expect("fold");
    assert_eq!((second.instant.to_string().as_str(), second.fold), ("2026-10-25T01:30:00Z", 1));
    // Half an hour on Lord Howe Island.
    let gap = parse("2026-10-04T02:15", "Australia/Lord_Howe").expect("gap");
    assert_eq!(gap.local, "2026-10-04T02:45:00");
}

#[test]
fn instants_and_local_times_agree() {
    let local = parse("2026-12-01T09:00:00", "Europe/Berlin").expect("local");
    let instant = parse("2026-12-01T09:00:00+01:00", "Europe/Berlin").expect("instant");
    assert_eq!(local.instant, instant.instant);
    assert_eq!(local.local, instant.local);
    assert_eq!((local.tzdb.as_deref(), instant.tzdb), (Some(tzdb_version()), None));
    assert_eq!(spoken(local.instant, "Europe/Berlin"), "Tue 1 Dec 2026, 09:00 (Europe/Berlin)");
    let twice = parse("2026-10-25T02:30:00+01:00", "Europe/Berlin").expect("the second");
    assert_eq!((twice.local.as_str(), twice.fold), ("2026-10-25T02:30:00", 1));
}

#[test]
fn the_zone_data_has_a_version() {
    assert!(tzdb_version() >= "2026a" && tzdb_version().len() == 5, "{}", tzdb_version());
}

#[test]
fn words_are_understood_where_the_account_is() {
    // A Tuesday, 09:00 in Berlin and 03:00 in New York.
    let now = "2026-12-01T08:00:00Z".parse().expect("instant");
    for (said, zone, meant) in [
        ("today 17:30", "Europe/Berlin", "2026-12-01T17:30:00"),
        ("tomorrow 9:00", "Europe/Berlin", "2026-12-02T09:00:00"),
        ("Tomorrow at 9am", "Europe/Berlin", "2026-12-02T09:00:00"),
        ("tomorrow, 12:15 am", "Europe/Berlin", "2026-12-02T00:15:00"),
        ("tomorrow noon", "Europe/Berlin", "2026-12-02T12:00:00"),
        ("monday 9:00", "Europe/Berlin", "2026-12-07T09:00:00"),
        ("next monday 9:00", "Europe/Berlin", "2026-12-07T09:00:00"),
        ("tuesday 9:01", "Europe/Berlin", "2026-12-01T09:01:00"),
        ("tuesday 9:00", "Europe/Berlin", "2026-12-08T09:00:00"),
        ("next tuesday 9:01", "Europe/Berlin", "2026-12-08T09:01:00"),
        ("in 2 hours", "Europe/Berlin", "2026-12-01T11:00:00"),
        ("in an hour", "America/New_York", "2026-12-01T04:00:00"),
        ("in 90 minutes", "Europe/Berlin", "2026-12-01T10:30:00"),
        ("in 3 days", "Europe/Berlin", "2026-12-04T09:00:00"),
        ("in 1 week", "Europe/Berlin", "2026-12-08T09:00:00"),
        ("today 17:30", "America/New_York", "2026-12-01T17:30:00"),
        // Still Monday there.
        ("today 23:30", "Pacific/Honolulu", "2026-11-30T23:30:00"),
        ("monday 23:30", "Pacific/Honolulu", "2026-11-30T23:30:00"),
        ("2026-12-01 09:30", "Europe/Berlin", "2026-12-01T09:30:00"),
    ] {
        assert_eq!(read(said, zone, now).map(|moment| moment.local).expect(said), meant, "{said}");
    }
    let skipped = "2026-03-28T12:00:00Z".parse().expect("instant");
    let moment = read("tomorrow 2:30", "Europe/Berlin", skipped).expect("gap");
    assert_eq!((moment.local.as_str(), moment.note.is_some()), ("2026-03-29T03:30:00", true));
    // A day is what the wall clock says: 23 hours here.
    let moment = read("in 1 day", "Europe/Berlin", skipped).expect("day");
    assert_eq!(moment.instant.to_string(), "2026-03-29T11:00:00Z");
}

#[test]
fn nonsense_is_refused_with_a_way_out() {
    let now = "2026-12-01T08:00:00Z".parse().expect("instant");
    for (text, code) in [
        ("", "time_malformed"),
        ("tomorrow", "time_of_day_missing"),
        ("tomorrow at nine", "time_of_day_missing"),
        ("tomorrow 9", "time_of_day_missing"),
        ("tomorrow 25:00", "time_of_day_missing"),
        ("monday 9:0", "time_of_day_missing"),
        ("monday 13pm", "time_of_day_missing"),
        ("next week", "time_malformed"),
        ("in two hours", "time_malformed"),
        ("in 9999999 hours", "time_malformed"),
        ("in -2 fortnights", "time_malformed"),
        ("2026-12-01", "time_of_day_missing"),
        ("2026-13-01T09:00", "time_malformed"),
        ("2026-12-01T25:00", "time_malformed"),
    ] {
        let error = read(text, "UTC", now).expect_err(text);
        assert_eq!(error.code(), code, "{text}");
        assert!(error.public().next_step.len() > 10, "{text}");
    }
    assert_eq!(parse("2026-12-01T09:00", "Mars/Phobos").expect_err("zone").code(), "time_zone_unknown");
}

/// Every zone in the program.
fn names() -> Vec<String> {
    TimeZoneDatabase::bundled().available().map(|name| name.as_str().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever the zone and the local time: it is kept when it exists, moves forward by the gap when it does not, and
    /// leads back to itself.
    #[test]
    fn local_times_of_all_zones_resolve_by_the_rule(pick in 0_usize..10_000, minutes in 0_i64..(20 * 366 * 24 * 60)) {
        let names = names();
        let name = &names[pick % names.len()];
        let tz = zone(name).expect("a zone");
        let local = date(2024, 1, 1).at(0, 0, 0, 0).checked_add(minutes.minutes()).expect("in range");
        let moment = resolve(local, name, 0).expect("resolved");
        check(name, &tz, local, &moment)?;
    }

    /// The same around each zone's own changes, where it matters.
    #[test]
    fn changes_of_all_zones_resolve_by_the_rule(pick in 0_usize..10_000, which in 0_usize..40, minutes in -180_i64..180) {
        let names = names();
        let name = &names[pick % names.len()];
        let tz = zone(name).expect("a zone");
        let start = "2024-01-01T00:00:00Z".parse::<jiff::Timestamp>().expect("instant");
        let Some(change) = tz.following(start).take(40).nth(which) else { return Ok(()) };
        let local = change.timestamp().to_zoned(tz.clone()).datetime().checked_add(minutes.minutes()).expect("in range");
        let moment = resolve(local, name, 0).expect("resolved");
        check(name, &tz, local, &moment)?;
    }
}

fn check(name: &str, tz: &TimeZone, local: jiff::civil::DateTime, moment: &Moment) -> Result<(), TestCaseError> {
    let shown = moment.instant.in_zone(tz).datetime();
    prop_assert_eq!(shown.to_string(), moment.local.clone());
    match tz.to_ambiguous_zoned(local).offset() {
        AmbiguousOffset::Unambiguous { .. } => prop_assert!(shown == local && moment.note.is_none()),
        AmbiguousOffset::Fold { before, after } => {
            prop_assert_eq!(shown, local);
            let second = resolve(local, name, 1).expect("resolved");
            let apart = second.instant.millis_since(moment.instant) / 1000;
            prop_assert_eq!(apart, i64::from(before.seconds() - after.seconds()));
            prop_assert_eq!((moment.fold, second.fold), (0, 1));
        }
        AmbiguousOffset::Gap { before, after } => {
            let gap = i64::from(after.seconds() - before.seconds());
            prop_assert_eq!(shown, local.checked_add(gap.seconds()).expect("in range"));
            prop_assert!(moment.note.is_some());
        }
    }
    // What is stored leads back to the same instant, and the instant to what is stored.
    let again = resolve(moment.local.parse().expect("local"), &moment.zone, moment.fold).expect("again");
    prop_assert_eq!(again.instant, moment.instant);
    let back = at_instant(moment.instant, name).expect("back");
    prop_assert_eq!((back.local, back.fold), (moment.local.clone(), moment.fold));
    Ok(())
}
