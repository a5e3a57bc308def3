//! New times for posts that had to wait: apart from each other and from what is planned already, so that nothing goes
//! out in a burst.

use std::collections::BTreeSet;

use crate::clock::Timestamp;

/// The first instant from `from` on that is at least `distance` milliseconds from every one that is taken.
pub fn first_free(taken: &BTreeSet<Timestamp>, from: Timestamp, distance: i64) -> Timestamp {
    let mut candidate = from;
    // Whatever is taken after the candidate and its distance cannot matter.
    for at in taken.range(from.plus_millis(-distance)..) {
        if at.millis_since(candidate) >= distance {
            break;
        }
        if candidate.millis_since(*at) < distance {
            candidate = at.plus_millis(distance);
        }
    }
    candidate
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000).expect("in range")
    }

    proptest! {
        #[test]
        fn it_is_apart_from_everything_and_the_first_such_second(
            taken in proptest::collection::btree_set(0_i64..300, 0..20), from in 0_i64..300, distance in 1_i64..60,
        ) {
            let apart = |second: i64| taken.iter().all(|other| (second - other).abs() >= distance);
            let first = (from..).find(|second| apart(*second)).expect("there is one");
            let taken: BTreeSet<Timestamp> = taken.iter().map(|second| at(*second)).collect();
            prop_assert_eq!(first_free(&taken, at(from), distance * 1000), at(first));
        }
    }
}
