//! The sandbox's invented figures. They depend on nothing but the post's id and its age, so that every reader sees the
//! same, and they only ever grow. Replies are counted elsewhere and are true.

use sha2::{Digest, Sha256};

/// After this many seconds a post has half of what it will ever get.
const HALF_LIFE: u64 = 6 * 3600;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub impressions: u64,
    pub reach: u64,
    pub likes: u64,
    pub reposts: u64,
}

/// Plausible numbers: a reach between 50 and 5,049 in the end, 1.1 to 1.6 impressions for each person reached, likes
/// from 1 to 8 percent of them, a repost for every 4 to 11 likes.
pub fn invent(post_id: &str, age_secs: i64) -> Figures {
    let digest = Sha256::digest(post_id.as_bytes());
    let pick = |place: usize, span: u64| {
        digest.iter().skip(place * 4).take(4).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte)) % span
    };
    // Far beyond any real age, and small enough for the product below.
    let age = u64::try_from(age_secs).unwrap_or(0).min(100 * 365 * 86_400);
    let reach = (50 + pick(0, 5000)) * age / (age + HALF_LIFE);
    let likes = reach * (10 + pick(1, 71)) / 1000;
    Figures { impressions: reach * (110 + pick(2, 51)) / 100, reach, likes, reposts: likes / (4 + pick(3, 8)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn figures_start_at_nothing_and_never_shrink(id in "[a-z0-9]{1,16}", age in 0_i64..10_000_000, more in 0_i64..10_000_000) {
            let (young, old) = (invent(&id, age), invent(&id, age + more));
            prop_assert_eq!(invent(&id, 0), Figures { impressions: 0, reach: 0, likes: 0, reposts: 0 });
            prop_assert!(young.reach <= old.reach && young.likes <= old.likes);
            prop_assert!(young.impressions <= old.impressions && young.reposts <= old.reposts);
            prop_assert!(old.likes <= old.reach && old.reach <= old.impressions);
        }
    }
}
