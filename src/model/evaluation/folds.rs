//! Parts of the cases that are fitted on the others, each group in one part: a curve is never judged by what it was fitted on.

use std::collections::BTreeMap;

pub const FOLDS: usize = 5;

/// The fold of each case, given its group: the largest groups first, each into the fold that has least.
pub fn folds(groups: &[u64]) -> Vec<usize> {
    let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
    for group in groups {
        *sizes.entry(*group).or_default() += 1;
    }
    let mut largest: Vec<(u64, usize)> = sizes.into_iter().collect();
    largest.sort_by_key(|(group, size)| (std::cmp::Reverse(*size), *group));
    let mut filled = [0_usize; FOLDS];
    let mut fold_of = BTreeMap::new();
    for (group, size) in largest {
        let Some((fold, least)) = filled.iter_mut().enumerate().min_by_key(|(_, filled)| **filled) else { continue };
        *least += size;
        fold_of.insert(group, fold);
    }
    groups.iter().filter_map(|group| fold_of.get(group).copied()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn by_hand() {
        // Groups of 3, 2, 2, 1, 1, 1: the last goes where one is.
        assert_eq!(folds(&[7, 7, 7, 1, 1, 2, 2, 3, 4, 5]), [0, 0, 0, 1, 1, 2, 2, 3, 4, 3]);
        assert_eq!(folds(&[]), [] as [usize; 0]);
    }

    proptest! {
        #[test]
        fn groups_stay_whole_and_folds_alike(groups in prop::collection::vec(0_u64..40, 1..200)) {
            let folds = folds(&groups);
            prop_assert_eq!(folds.len(), groups.len());
            let mut of: BTreeMap<u64, usize> = BTreeMap::new();
            for (group, fold) in groups.iter().zip(&folds) {
                prop_assert_eq!(*of.entry(*group).or_insert(*fold), *fold);
            }
            let size = |fold| folds.iter().filter(|other| **other == fold).count();
            let largest = of.keys().map(|group| groups.iter().filter(|other| *other == group).count()).max().unwrap_or(0);
            let sizes: Vec<usize> = (0..FOLDS).map(size).collect();
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= largest);
        }
    }
}
