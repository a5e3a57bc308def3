//! What ratings change in a search: little, and only where members agree. A chunk's score is multiplied by the weight; one
//! member alone changes nothing, however often they rate, and nobody moves a chunk by more than a twentieth.

/// Most that ratings add to a score or take from it, as a share of it.
const MOST: f32 = 0.05;
/// Fewer members than this say nothing.
const MEMBERS_LEAST: u32 = 2;
/// With so many more on one side half of the most is reached.
const HALF_AT: f32 = 3.0;

/// By how much a chunk's score is multiplied, from 0.95 to 1.05. Each member counts once.
pub fn weight(helpful_members: u32, unhelpful_members: u32) -> f32 {
    if helpful_members.saturating_add(unhelpful_members) < MEMBERS_LEAST {
        return 1.0;
    }
    let number = |count: u32| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
    let more = number(helpful_members) - number(unhelpful_members);
    // Against one voice nobody alone decides either.
    let more = if more.abs() < number(MEMBERS_LEAST) { 0.0 } else { more };
    1.0 + MOST * more / (more.abs() + HALF_AT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_member_alone_changes_nothing() {
        for (helpful, unhelpful) in [(0, 0), (1, 0), (0, 1), (1, 1), (2, 1), (1, 2), (5, 5)] {
            assert!((weight(helpful, unhelpful) - 1.0).abs() < f32::EPSILON, "{helpful} {unhelpful}");
        }
        assert!((weight(2, 0) - 1.02).abs() < 1e-6 && (weight(0, 2) - 0.98).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn it_is_bounded_and_a_voice_never_turns_against_its_side(helpful in 0_u32..100_000, unhelpful in 0_u32..100_000) {
            let now = weight(helpful, unhelpful);
            prop_assert!((0.95..=1.05).contains(&now));
            prop_assert!(weight(helpful + 1, unhelpful) >= now - 1e-6);
            prop_assert!(weight(helpful, unhelpful + 1) <= now + 1e-6);
        }
    }
}
