use proptest::prelude::*;

use super::*;

/// Random numbers that are the same every time.
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The sum of twelve uniform numbers is close enough to normal.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "a few thousand at most")]
    /// Posts of an account that publishes in `hours` different hours, all equally good.
    fn account(&mut self, hours: u8, per_hour: usize, scatter: f64) -> Vec<Observation> {
        let mut posts = Vec::new();
        for hour in 0..hours {
            for _ in 0..per_hour {
                let engagement = (3.5 + scatter * self.normal()).exp().round();
                posts.push(Observation { hour: HourOfWeek(hour * 7 % 168), engagement: engagement as i64 });
            }
        }
        posts
    }
}

#[test]
fn noise_finds_nothing() {
    let mut dice = Dice(2026);
    let mut claimed = 0;
    for round in 0..1000 {
        let hours = 2 + u8::try_from(round % 20).unwrap();
        let posts = dice.account(hours, 3 + round % 9 + 30 / usize::from(hours), 0.8);
        match find(&posts) {
            Finding::TooFew => panic!("{} posts in {hours} hours", posts.len()),
            Finding::NoDifference => {}
            Finding::Better(_) => claimed += 1,
        }
    }
    assert!(claimed <= 40, "{claimed} of 1000 accounts without a best hour were given one");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_planted_best_hour_is_found_first(seed in any::<u64>(), best in 0_u8..6, lift in 4_i64..9) {
        let mut dice = Dice(seed);
        let mut posts = dice.account(6, 12, 0.5);
        let planted = HourOfWeek(best * 7);
        for post in posts.iter_mut().filter(|post| post.hour == planted) {
            post.engagement *= lift;
        }
        let Finding::Better(found) = find(&posts) else { return Err(TestCaseError::fail("nothing found")) };
        prop_assert_eq!(found[0].hour, planted);
        prop_assert_eq!(found[0].posts, 12);
        for compared in found {
            prop_assert!(0.0 < compared.low && compared.low <= compared.lift && compared.lift <= compared.high);
        }
    }

    #[test]
    fn the_order_of_the_posts_does_not_matter(
        posts in prop::collection::vec((0_u8..168, -5_i64..100_000), 0..200), turn in 0_usize..200,
    ) {
        let mut posts: Vec<_> =
            posts.into_iter().map(|(hour, engagement)| Observation { hour: HourOfWeek(hour % 9), engagement }).collect();
        let first = find(&posts);
        let turn = turn % posts.len().max(1);
        posts.rotate_left(turn);
        prop_assert_eq!(find(&posts), first.clone());
        prop_assert!(posts.len() >= POSTS_NEEDED || first == Finding::TooFew);
    }

    #[test]
    fn an_hour_comes_once_a_week(hour in 0_u8..168, at in 1_700_000_000_i64..1_900_000_000) {
        let hour = HourOfWeek(hour);
        prop_assert_eq!(HourOfWeek::new(hour.weekday(), hour.hour()), hour);
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"] {
            let zone = crate::model::times::zone(zone).unwrap();
            let after = Timestamp::from_micros(at * 1_000_000).unwrap();
            let next = hour.next_after(after, &zone).unwrap();
            let wait = next.millis_since(after) / 1000;
            // A week, and the hour that the clocks take or give.
            prop_assert!((1..=169 * 3600).contains(&wait), "{wait}");
            let found = HourOfWeek::of(next, &zone);
            let skipped = HourOfWeek((hour.0 + 1) % 168);
            prop_assert!(found == hour || found == skipped, "{found:?} for {hour:?}");
        }
    }
}

#[test]
fn too_little_is_said_to_be_too_little() {
    let mut dice = Dice(1);
    assert_eq!(find(&dice.account(2, 14, 0.5)), Finding::TooFew);
    assert_ne!(find(&dice.account(2, 15, 0.5)), Finding::TooFew);
    let spread: Vec<_> = (0..160).map(|hour| Observation { hour: HourOfWeek(hour), engagement: 5 }).collect();
    assert_eq!(find(&spread), Finding::TooFew, "one post an hour compares nothing");
    let same = [Observation { hour: HourOfWeek(0), engagement: 3 }; 20].into_iter();
    let equal: Vec<_> = same.chain([Observation { hour: HourOfWeek(1), engagement: 3 }; 20]).collect();
    assert_eq!(find(&equal), Finding::NoDifference);
}

#[test]
fn the_intervals_are_wider_the_more_hours_are_compared() {
    let mut dice = Dice(7);
    let mut few = dice.account(2, 20, 0.4);
    for post in few.iter_mut().filter(|post| post.hour == HourOfWeek(0)) {
        post.engagement *= 4;
    }
    let Finding::Better(alone) = find(&few) else { panic!("a fourfold hour of 20 posts") };
    let mut many = few.clone();
    many.extend(dice.account(20, 20, 0.4).into_iter().filter(|post| post.hour > HourOfWeek(7)));
    let Finding::Better(among) = find(&many) else { panic!("a fourfold hour among 20") };
    let width = |found: &Compared| (found.high / 100.0 + 1.0).ln() - (found.low / 100.0 + 1.0).ln();
    assert!(width(&among[0]) > width(&alone[0]), "{among:?} {alone:?}");
}

#[test]
fn every_network_has_times_to_begin_with() {
    for network in ["bluesky", "sandbox", "linkedin", "tiktok", "pinterest", "instagram", "whatever comes"] {
        let times = default_times(network);
        let mut different = times.clone();
        different.sort();
        different.dedup();
        assert_eq!((times.len(), different.len()), (5, 5), "{network}");
    }
}
