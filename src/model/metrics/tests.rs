use proptest::prelude::*;

use super::*;

fn start() -> Timestamp {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

/// Ages in hours at which a post is asked for when every answer comes `late` seconds after its time.
fn asked(late: i64) -> Vec<i64> {
    let (mut last, mut ages) = (None, Vec::new());
    while let Some(next) = next_collection(start(), last) {
        ages.push(next.millis_since(start()) / 1000 / HOUR);
        last = Some(next.plus_secs(late));
    }
    ages
}

#[test]
fn young_posts_are_asked_for_often_and_old_ones_rarely() {
    let ages = asked(0);
    assert_eq!(ages[..8], [1, 3, 6, 12, 24, 48, 72, 96]);
    assert_eq!(ages[32..35], [29 * 24, 30 * 24, 60 * 24]);
    assert_eq!((ages.len(), ages.last()), (45, Some(&(360 * 24))));
    assert_eq!(asked(900), ages, "a quarter of an hour late changes nothing");
}

#[test]
fn after_a_long_sleep_one_answer_stands_for_all() {
    let late = start().plus_secs(5 * HOUR + 3000);
    assert_eq!(next_collection(start(), Some(late)), Some(start().plus_secs(12 * HOUR)), "6 hours are all but over");
    assert_eq!(next_collection(start(), Some(start().plus_secs(400 * DAY))), None);
}

proptest! {
    #[test]
    fn the_next_time_is_later_than_the_last(age in 0_i64..500 * DAY) {
        let last = start().plus_secs(age);
        match next_collection(start(), Some(last)) {
            Some(next) => prop_assert!(next.millis_since(last) / 1000 >= 15 * 60, "{next}"),
            None => prop_assert!(age > 330 * DAY),
        }
    }

    #[test]
    fn totals_never_count_what_has_no_value(
        messages in 1_i64..5,
        readings in prop::collection::vec((0_usize..8, prop::option::of(0_i64..1000), any::<bool>()), 0..20),
    ) {
        let names = ["likes", "reposts", "replies", "quotes", "comments", "shares", "reach", "clicks"];
        let readings: Vec<_> = readings.into_iter().map(|(name, value, missing)| {
            let absent = if missing { Absence::Missing } else { Absence::Unsupported };
            (names[name], value.map_or(Reading::Absent(absent), Reading::Value))
        }).collect();
        let totals = totals(messages, readings.iter().copied());
        let counted: Vec<i64> = readings.iter().filter(|(name, _)| ENGAGEMENT.contains(name)).filter_map(|(_, reading)| reading.value()).collect();
        prop_assert_eq!(totals.engagement.is_some(), !counted.is_empty());
        prop_assert!(totals.engagement.unwrap_or(0) <= counted.iter().sum::<i64>());
        prop_assert!(totals.engagement.unwrap_or(0) >= counted.iter().sum::<i64>() - (messages - 1));
        let missing = readings.iter().any(|(name, reading)| ENGAGEMENT.contains(name) && reading.absence() == Some(Absence::Missing));
        prop_assert_eq!(totals.partial, missing);
    }
}

#[test]
fn rates_are_those_of_the_product_documentation() {
    let rate = |engagement, reach| engagement_rate(Some(engagement), Some(reach));
    assert_eq!([rate(3420, 45230), rate(2100, 28340), rate(1320, 16890)], [Some(7.56), Some(7.41), Some(7.82)]);
    assert_eq!([rate(0, 10), rate(1, 8), rate(1, 0)], [Some(0.0), Some(12.5), None]);
    assert_eq!([engagement_rate(None, Some(10)), engagement_rate(Some(1), None)], [None, None]);
    assert_eq!(rate(5, 100_000), Some(0.01), "half a hundredth is rounded up");
}

#[test]
fn a_thread_adds_up_and_does_not_answer_itself() {
    let readings = [
        ("reach", Reading::Value(100)),
        ("reach", Reading::Value(80)),
        ("impressions", Reading::Value(120)),
        ("impressions", Reading::Value(90)),
        ("likes", Reading::Value(4)),
        ("likes", Reading::Value(0)),
        ("replies", Reading::Value(1)),
        ("replies", Reading::Value(2)),
        ("quotes", Reading::Absent(Absence::Unsupported)),
    ];
    let expected = Totals { impressions: Some(210), reach: Some(100), engagement: Some(6), partial: false };
    assert_eq!(totals(2, readings), expected);
    assert_eq!(totals(1, [("likes", Reading::of(None))]), Totals { partial: true, ..Totals::default() });
}

#[test]
fn missing_old_and_over_are_told_apart() {
    let (now, hour) = (start(), 3600);
    assert_eq!(freshness(None, Some(now.plus_secs(hour)), now), Freshness::Waiting);
    assert_eq!(freshness(Some(now), Some(now.plus_secs(-hour)), now), Freshness::Fresh);
    assert_eq!(freshness(Some(now), Some(now.plus_secs(-3 * hour)), now), Freshness::Stale);
    assert_eq!(freshness(None, Some(now.plus_secs(-3 * hour)), now), Freshness::Stale);
    assert_eq!(freshness(Some(now), None, now), Freshness::Final);
    let said = [30, 60, 7200, 86_400, 172_800].map(|secs| ago(now.plus_secs(-secs), now));
    assert_eq!(said, ["just now", "1 minute ago", "2 hours ago", "24 hours ago", "2 days ago"]);
}
