//! Free times in all zones, and what breaks a rule.

use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn every_day(times: &[&str]) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Day::ALL
        .into_iter()
        .flat_map(|day| times.iter().map(move |time| Slot { day, at: hours(time).expect("time") }))
        .collect();
    slots.sort_unstable();
    slots
}

fn locals(rules: &Rules, after: &str, booked: &[Timestamp], most: usize) -> Vec<String> {
    let after = at(after);
    let found = rules.free("Europe/Berlin", (after, after.plus_secs(28 * 24 * 3600)), booked, most).expect("found");
    found.into_iter().map(|moment| moment.local).collect()
}

#[test]
fn the_next_free_times_keep_every_rule() {
    let mut rules = Rules { slots: every_day(&["9:00", "12:00", "12:20", "17:30"]), ..Rules::default() };
    let start = "2026-12-01T08:00:00Z";
    assert_eq!(locals(&rules, start, &[], 3), ["2026-12-01T12:00:00", "2026-12-01T12:20:00", "2026-12-01T17:30:00"]);
    let noon = [at("2026-12-01T11:00:00Z")];
    assert_eq!(locals(&rules, start, &noon, 1), ["2026-12-01T12:20:00"]);
    rules.distance_minutes = 30;
    assert_eq!(locals(&rules, start, &noon, 2), ["2026-12-01T17:30:00", "2026-12-02T09:00:00"]);
    rules.daily_cap = Some(1);
    assert_eq!(locals(&rules, start, &noon, 2), ["2026-12-02T09:00:00", "2026-12-03T09:00:00"]);
    rules.quiet_hours = Some("22:00-09:01".parse().expect("hours"));
    assert_eq!(locals(&rules, start, &noon, 2), ["2026-12-02T12:00:00", "2026-12-03T12:00:00"]);
    rules.slots.clear();
    assert_eq!(locals(&rules, start, &[], 1), Vec::<String>::new());
}

#[test]
fn a_slot_in_a_gap_or_an_overlap_follows_the_rule_of_times() {
    let rules = Rules { slots: every_day(&["2:30", "3:30"]), ..Rules::default() };
    // In spring 2:30 becomes 3:30, which is one time and not two; in autumn 2:30 comes once, the first.
    let spring = locals(&rules, "2026-03-28T12:00:00Z", &[], 3);
    assert_eq!(spring, ["2026-03-29T03:30:00", "2026-03-30T02:30:00", "2026-03-30T03:30:00"]);
    let autumn = rules.free("Europe/Berlin", (at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")), &[], 9);
    let autumn: Vec<String> = autumn.expect("found").iter().map(|moment| moment.instant.to_string()).collect();
    assert_eq!(autumn, ["2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"]);
}

#[test]
fn what_is_broken_is_named() {
    let rules = Rules {
        quiet_hours: Some("22:00-07:00".parse().expect("hours")),
        daily_cap: Some(2),
        distance_minutes: 60,
        ..Rules::default()
    };
    let zone = times::zone("Europe/Berlin").expect("zone");
    let booked = [at("2026-12-01T20:30:00Z"), at("2026-12-01T08:00:00Z")];
    let broken = rules.broken(&zone, at("2026-12-01T21:15:00Z"), &booked);
    let said: Vec<String> = broken.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "it lies in the quiet hours 22:00-07:00",
            "overposting: 2 posts go out that day already, the account's cap is 2",
            "overposting: another post goes out 45 minutes from it, the least distance is 60",
        ]
    );
    assert_eq!(rules.broken(&zone, at("2026-12-02T06:00:00Z"), &booked), []);
    for wrong in ["", "22:00", "22:00-22:00", "22:00-25:00", "a-b", "22:00-07:00-08:00"] {
        assert_eq!(wrong.parse::<QuietHours>().expect_err(wrong).code(), "quiet_hours_malformed");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Over all zones and any rules: free times go up, break nothing, and are slots of the queue.
    #[test]
    fn free_times_break_no_rule(
        pick in 0_usize..10_000,
        start in 1_700_000_000_i64..2_000_000_000,
        minutes in proptest::collection::btree_set(0_i8..24, 1..6),
        cap in proptest::option::of(1_u32..4),
        distance in 0_u32..600,
        quiet in proptest::option::of((0_i8..24, 0_i8..24)),
        booked in proptest::collection::vec(0_i64..14 * 24 * 60, 0..20),
    ) {
        let zones = TimeZoneDatabase::bundled();
        let names: Vec<_> = zones.available().collect();
        let name = names[pick % names.len()].as_str();
        let zone = times::zone(name).expect("zone");
        let hour = |hour| Time::new(hour, 30, 0, 0).expect("hour");
        let mut slots: Vec<Slot> = Day::ALL.into_iter().flat_map(|day| minutes.iter().map(move |at| Slot { day, at: hour(*at) })).collect();
        slots.sort_unstable();
        let quiet_hours = quiet.filter(|(from, until)| from != until).map(|(from, until)| QuietHours { from: hour(from), until: hour(until) });
        let rules = Rules { slots, quiet_hours, daily_cap: cap, distance_minutes: distance, strict: false };
        let after = Timestamp::from_micros(start * 1_000_000).expect("instant");
        let mut taken: Vec<Timestamp> = booked.into_iter().map(|minutes| after.plus_secs(minutes * 60)).collect();
        let found = rules.free(name, (after, after.plus_secs(14 * 24 * 3600)), &taken, 20).expect("found");
        let mut last = after;
        for moment in found {
            prop_assert!(moment.instant > last);
            prop_assert!(!taken.contains(&moment.instant));
            prop_assert_eq!(rules.broken(&zone, moment.instant, &taken), vec![]);
            let local: jiff::civil::DateTime = moment.local.parse().expect("local");
            let on_slot = rules.slots.iter().any(|slot| slot.at == local.time());
            prop_assert!(on_slot || moment.note.is_some());
            last = moment.instant;
            taken.push(moment.instant);
        }
    }
}
