//! Which evergreen post goes out again, and when at the earliest. Pure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{clock::Timestamp, ids::PostId};

const DAY: i64 = 86_400;

/// How an account recycles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Rule {
    pub enabled: bool,
    /// Only posts that went out for the first time at least so many days ago.
    pub min_age_days: i32,
    /// The same words not again within so many days.
    pub window_days: i32,
    /// At most so many a week; they are spread over it.
    pub per_week: i32,
    /// Only the best so many of the evergreen posts, by engagement.
    pub candidates: i32,
}

impl Default for Rule {
    fn default() -> Self {
        Self { enabled: false, min_age_days: 30, window_days: 90, per_week: 1, candidates: 10 }
    }
}

impl Rule {
    /// Not before this may the next one go out.
    pub fn earliest(&self, last: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let soonest = now.plus_secs(3600);
        let apart = 7 * DAY / i64::from(self.per_week.max(1));
        last.map_or(soonest, |last| last.plus_secs(apart).max(soonest))
    }
}

/// An evergreen post on the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evergreen {
    pub post: PostId,
    pub published_at: Timestamp,
    /// `None`: nothing is known, which is not the same as none.
    pub engagement: Option<i64>,
    /// When the same words last went out on the account, or will.
    pub last_out: Timestamp,
}

/// Why a post does not go out again now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Verdict {
    /// It is the next.
    Next,
    /// It may, after better ones.
    Candidate,
    TooYoung,
    /// No figures: nobody knows whether it did well.
    NotMeasured,
    /// Others did better.
    NotAmongTheBest,
    /// The same words were out too recently.
    WithinWindow,
    /// Its network would refuse it today.
    Unsendable,
}

/// Judges every post for going out at `at`, best first: at most one is [`Verdict::Next`].
pub fn judge(rule: &Rule, at: Timestamp, posts: &[Evergreen]) -> Vec<(Evergreen, Verdict)> {
    let mut sorted = posts.to_vec();
    // Between equals the one that was out longest ago.
    sorted.sort_by(|a, b| b.engagement.cmp(&a.engagement).then(a.last_out.cmp(&b.last_out)).then(a.post.cmp(&b.post)));
    let days = |days: i32| i64::from(days) * DAY;
    let (mut ranked, mut found) = (0, false);
    let judged = sorted.into_iter().map(|post| {
        let verdict = if post.published_at.plus_secs(days(rule.min_age_days)) > at {
            Verdict::TooYoung
        } else if post.engagement.is_none() {
            Verdict::NotMeasured
        } else {
            ranked += 1;
            match (ranked <= rule.candidates, post.last_out.plus_secs(days(rule.window_days)) <= at) {
                (false, _) => Verdict::NotAmongTheBest,
                (true, false) => Verdict::WithinWindow,
                (true, true) if found => Verdict::Candidate,
                (true, true) => {
                    found = true;
                    Verdict::Next
                }
            }
        };
        (post, verdict)
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn start() -> Timestamp {
        "2026-12-01T08:00:00Z".parse().unwrap()
    }

    fn evergreen(number: u128, engagement: Option<i64>, age_days: i64) -> Evergreen {
        let published_at = start().plus_secs(-age_days * DAY);
        Evergreen { post: PostId(uuid::Uuid::from_u128(number)), published_at, engagement, last_out: published_at }
    }

    #[test]
    fn the_best_old_enough_goes_first() {
        let rule = Rule { enabled: true, candidates: 2, ..Rule::default() };
        let mut posts = [
            evergreen(1, Some(5), 100),
            evergreen(2, Some(50), 29),
            evergreen(3, Some(40), 200),
            evergreen(4, None, 200),
            evergreen(5, Some(30), 120),
            evergreen(6, Some(20), 120),
        ];
        posts[2].last_out = start().plus_secs(-10 * DAY);
        let verdicts: Vec<_> =
            judge(&rule, start(), &posts).into_iter().map(|(post, verdict)| (post.post.0.as_u128(), verdict)).collect();
        let expected = [
            (2, Verdict::TooYoung),
            (3, Verdict::WithinWindow),
            (5, Verdict::Next),
            (6, Verdict::NotAmongTheBest),
            (1, Verdict::NotAmongTheBest),
            (4, Verdict::NotMeasured),
        ];
        assert_eq!(verdicts, expected);
    }

    proptest! {
        /// A year of recycling, each time as early as the rule allows.
        #[test]
        fn never_the_same_within_the_window_never_more_a_week_than_allowed(
            figures in prop::collection::vec((prop::option::of(0_i64..50), 0_i64..300), 1..15),
            min_age_days in 1..90, window_days in 1..120, per_week in 1..8, candidates in 1..8,
        ) {
            let rule = Rule { enabled: true, min_age_days, window_days, per_week, candidates };
            let mut posts: Vec<_> = figures.iter().zip(1..).map(|((engagement, age), number)| evergreen(number, *engagement, *age)).collect();
            let (mut now, mut last, mut out) = (start(), None, Vec::new());
            while now < start().plus_secs(365 * DAY) {
                let at = rule.earliest(last, now);
                let judged = judge(&rule, at, &posts);
                let best: Vec<_> = judged.iter().filter(|(_, verdict)| !matches!(verdict, Verdict::TooYoung | Verdict::NotMeasured | Verdict::NotAmongTheBest)).collect();
                prop_assert!(best.len() <= usize::try_from(candidates).unwrap());
                prop_assert!(judged.iter().filter(|(_, verdict)| *verdict == Verdict::Next).count() <= 1);
                let Some((next, _)) = judged.iter().find(|(_, verdict)| *verdict == Verdict::Next) else {
                    now = now.plus_secs(DAY);
                    continue;
                };
                prop_assert!(next.engagement.is_some() && next.published_at.plus_secs(i64::from(min_age_days) * DAY) <= at);
                prop_assert!(next.last_out.plus_secs(i64::from(window_days) * DAY) <= at);
                let worse = judged.iter().filter(|(post, _)| post.engagement > next.engagement && post.published_at.plus_secs(i64::from(min_age_days) * DAY) <= at);
                prop_assert!(worse.clone().all(|(_, verdict)| *verdict == Verdict::WithinWindow));
                let id = next.post;
                posts.iter_mut().find(|post| post.post == id).unwrap().last_out = at;
                out.push((id, at));
                (last, now) = (Some(at), at);
            }
            for (index, (id, at)) in out.iter().enumerate() {
                for (other, later) in &out[index + 1..] {
                    prop_assert!(id != other || later.millis_since(*at) / 1000 >= i64::from(window_days) * DAY);
                }
                let week = out.iter().filter(|(_, other)| (0..7 * DAY).contains(&(other.millis_since(*at) / 1000))).count();
                prop_assert!(week <= usize::try_from(per_week).unwrap(), "{week}");
            }
        }
    }
}
