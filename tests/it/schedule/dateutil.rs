//! Local times of all zones, compared with Python's dateutil. `tests/data/zones.py` says how its answers were made.

use allin::model::times;
use jiff::{Timestamp, civil::DateTime};

const ANSWERS: &str = include_str!("../../data/zones.txt");

/// The changes of a zone's offset in the years that the answers are about: instant and offset after it, in seconds.
fn changes(zone: &jiff::tz::TimeZone) -> Vec<(Timestamp, i32)> {
    let (first, last): (Timestamp, Timestamp) =
        ("2026-01-01T00:00:00Z".parse().unwrap(), "2032-01-01T00:00:00Z".parse().unwrap());
    let mut before = zone.to_offset(first);
    let mut found = Vec::new();
    for change in zone.following(first).take_while(|change| change.timestamp() < last) {
        if change.offset() != before {
            found.push((change.timestamp(), change.offset().seconds()));
        }
        before = change.offset();
    }
    found
}

#[test]
fn every_zone_resolves_local_times_as_dateutil_does() {
    let (mut zones, mut compared) = (0, 0);
    let mut left_out = Vec::new();
    for group in ANSWERS.split("\n= ").skip(1) {
        let mut lines = group.lines();
        let names: Vec<_> = lines.next().unwrap().split(' ').collect();
        let (theirs, answers): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("~ "));
        let theirs: Vec<(Timestamp, i32)> = theirs
            .into_iter()
            .map(|line| {
                let (at, offset) = line[2..].split_once(' ').unwrap();
                (at.parse().unwrap(), offset.parse().unwrap())
            })
            .collect();
        for name in names {
            zones += 1;
            let Ok(zone) = times::zone(name) else {
                left_out.push(name);
                continue;
            };
            // Other zone data is no difference of rules.
            if changes(&zone) != theirs {
                left_out.push(name);
                continue;
            }
            for answer in &answers {
                let (local, instant) = answer.split_once(' ').unwrap();
                let ours = times::resolve(local.parse::<DateTime>().unwrap(), name, 0).unwrap();
                assert_eq!(ours.instant.to_string(), instant, "{local} in {name}");
                compared += 1;
            }
        }
    }
    assert!(zones >= 590 && compared >= 10_000, "{compared} times of {zones} zones");
    assert!(left_out.len() * 20 < zones, "the zone data differs too much to compare: {left_out:?}");
}
