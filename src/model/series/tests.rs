//! Rules over all zones: every occurrence once, in order, at its local time, and none after the end.

use jiff::{ToSpan as _, civil::date, tz::TimeZoneDatabase};
use proptest::prelude::*;

use super::*;

fn read(rule: &str, starts: &str, until: Option<&str>) -> Result<Recurrence> {
    let until = until.map(|text| last_of(text).expect("until"));
    Recurrence::read(rule, starts.parse().expect("start"), until, BTreeSet::new(), "Europe/Berlin")
}

fn locals(recurrence: &Recurrence, most: usize) -> Vec<String> {
    let found = recurrence.after(None).expect("expanded").take(most);
    found.map(|occurrence| occurrence.expect("resolved").moment.local).collect()
}

#[test]
fn rules_come_true_in_local_time() {
    for (rule, expected) in [
        ("FREQ=DAILY;COUNT=2", &["2026-12-07T09:00:00", "2026-12-08T09:00:00"][..]),
        (
            "rrule:freq=weekly;byday=mo,th;count=3",
            &["2026-12-07T09:00:00", "2026-12-10T09:00:00", "2026-12-14T09:00:00"],
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", &["2026-12-31T09:00:00", "2027-01-31T09:00:00", "2027-03-31T09:00:00"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", &["2026-12-25T09:00:00", "2027-01-29T09:00:00"]),
        ("FREQ=DAILY;BYHOUR=9,17;COUNT=3", &["2026-12-07T09:00:00", "2026-12-07T17:00:00", "2026-12-08T09:00:00"]),
        ("FREQ=DAILY;UNTIL=20261208", &["2026-12-07T09:00:00", "2026-12-08T09:00:00"]),
        ("FREQ=DAILY;UNTIL=20261208T085959", &["2026-12-07T09:00:00"]),
        ("FREQ=DAILY;UNTIL=20261208T080000Z", &["2026-12-07T09:00:00", "2026-12-08T09:00:00"]),
        ("FREQ=DAILY;UNTIL=20261208T075959Z", &["2026-12-07T09:00:00"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", &[]),
    ] {
        assert_eq!(locals(&read(rule, "2026-12-07T09:00", None).expect(rule), 10), expected, "{rule}");
    }
    let mut until = read("FREQ=WEEKLY", "2026-12-07T09:00", Some("2026-12-21")).expect("rule");
    assert_eq!(locals(&until, 10), ["2026-12-07T09:00:00", "2026-12-14T09:00:00", "2026-12-21T09:00:00"]);
    until.except.insert(date(2026, 12, 14));
    assert_eq!(locals(&until, 10), ["2026-12-07T09:00:00", "2026-12-21T09:00:00"]);
    let on =
        until.after(Some(date(2026, 12, 7).at(9, 0, 0, 0))).expect("expanded").next().expect("one").expect("resolved");
    assert_eq!(on.moment.local, "2026-12-21T09:00:00");
}

#[test]
fn a_day_that_the_clocks_change_has_its_occurrence_once() {
    let both = read("FREQ=DAILY;BYHOUR=2,3", "2027-03-27T02:30", Some("2027-03-29")).expect("rule");
    let found: Vec<_> = both.after(None).expect("expanded").map(|occurrence| occurrence.expect("resolved")).collect();
    let of = |index: usize| (found[index].moment.local.as_str(), found[index].coincides);
    assert_eq!(of(2), ("2027-03-28T03:30:00", false), "moved forward");
    assert_eq!(of(3), ("2027-03-28T03:30:00", true), "where the other one is");
    assert_eq!((found.len(), of(4)), (6, ("2027-03-29T02:30:00", false)));
    let autumn = read("FREQ=DAILY;COUNT=3", "2027-10-30T02:30", None).expect("rule");
    let instants: Vec<String> = autumn
        .after(None)
        .expect("expanded")
        .map(|occurrence| occurrence.expect("resolved").moment.instant.to_string())
        .collect();
    assert_eq!(instants, ["2027-10-30T00:30:00Z", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]);
}

#[test]
fn wrong_rules_are_refused() {
    for rule in [
        "",
        "FREQ",
        "FREQ=HOURLY",
        "FREQ=FORTNIGHTLY",
        "INTERVAL=2",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;BYSECOND=1",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=99999",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;COUNT=2;UNTIL=20271231",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=DAILY;UNTIL=20250101",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY\nRDATE:20270101T000000Z",
        "FREQ=DAILY EVERY DAY",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4;BYMINUTE=0,10,20,30,40",
    ] {
        let error = read(rule, "2026-12-07T09:00", None).expect_err(rule);
        assert_eq!(error.code(), "rule_malformed", "{rule}");
    }
    assert!(read("FREQ=DAILY;COUNT=2", "2026-12-07T09:00", Some("2027-01-01")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// In every zone, over its changes: the local times are the rule's, each occurrence comes once and in order, and
    /// the end and the exceptions are kept.
    #[test]
    fn occurrences_of_all_zones(
        pick in 0_usize..10_000,
        day in 0_i64..3000,
        minute in 0_i64..24 * 60,
        every in 1_u32..5,
        freq in 0_usize..3,
        count in proptest::option::of(1_usize..200),
        except in proptest::collection::btree_set(0_i64..400, 0..4),
    ) {
        let zones = TimeZoneDatabase::bundled();
        let names: Vec<_> = zones.available().collect();
        let zone = names[pick % names.len()].as_str();
        let starts = date(2024, 1, 1).at(0, 0, 0, 0).checked_add(day.days().minutes(minute)).expect("in range");
        let freq = ["DAILY", "WEEKLY", "MONTHLY"][freq];
        let until = starts.checked_add(400.days()).expect("in range");
        let except: BTreeSet<_> = except.into_iter().map(|days| starts.date().checked_add(days.days()).expect("in range")).collect();
        let end = count.map_or(String::new(), |count| format!(";COUNT={count}"));
        let rule = format!("FREQ={freq};INTERVAL={every}{end}");
        let recurrence = Recurrence::read(&rule, starts, Some(until).filter(|_| count.is_none()), except.clone(), zone).expect("rule");
        let found: Vec<Occurrence> = recurrence.after(None).expect("expanded").map(|one| one.expect("resolved")).take(200).collect();
        prop_assert!(found.len() <= count.unwrap_or(401));
        for pair in found.windows(2) {
            prop_assert!(pair[0].local < pair[1].local && pair[0].moment.instant < pair[1].moment.instant);
        }
        for one in &found {
            prop_assert_eq!(one.local.time(), starts.time());
            prop_assert!(!except.contains(&one.local.date()));
            prop_assert!(one.local >= starts && (count.is_some() || one.local <= until));
            prop_assert!(!one.coincides);
            let moved = one.moment.local != one.local.to_string();
            prop_assert!(!moved || one.moment.note.is_some());
        }
        // Going on after any of them misses none and repeats none.
        if let Some(middle) = found.get(found.len() / 2) {
            let rest: Vec<Occurrence> = recurrence.after(Some(middle.local)).expect("expanded").map(|one| one.expect("resolved")).take(100).collect();
            let expected: Vec<Occurrence> = found[found.len() / 2 + 1..].iter().take(100).cloned().collect();
            prop_assert_eq!(&rest[..expected.len()], &expected[..]);
        }
    }

    /// Whatever is written as a rule, reading it ends, and does not panic.
    #[test]
    fn any_rule_is_read_or_refused(
        parts in proptest::collection::vec(("(FREQ|INTERVAL|COUNT|UNTIL|BYDAY|BYMONTH|BYMONTHDAY|BYYEARDAY|BYWEEKNO|BYSETPOS|BYHOUR|BYMINUTE|WKST)", "[-+0-9,A-Z]{0,8}"), 0..5),
        freq in "(DAILY|WEEKLY|MONTHLY|YEARLY)",
    ) {
        let rule = parts.into_iter().map(|(name, value)| format!(";{name}={value}")).collect::<String>();
        if let Ok(recurrence) = read(&format!("FREQ={freq}{rule}"), "2026-12-07T09:00", None) {
            for occurrence in recurrence.after(None).expect("expanded").take(5) {
                prop_assert!(occurrence.is_ok());
            }
        }
    }
}
