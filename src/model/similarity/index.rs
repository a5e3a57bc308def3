//! Finds the likest of many texts without comparing with each: sketches that are near share neighbouring values, and
//! these are looked up.

use std::collections::HashMap;

use super::{HASHES, Likeness, compare};

/// Pairs of neighbouring values that are looked up. Near texts differ in 25 of 64 values at most, and a value spoils one
/// pair: of 26 pairs one is the same in both.
const PAIRS: usize = 26;
/// Texts kept for one pair of values. Where more share it, much the same is said so often that one of these will do.
const KEPT: usize = 16;

/// Sketches, numbered from 0 in the order in which they came.
#[derive(Default)]
pub struct Index {
    sketches: Vec<Vec<u8>>,
    /// The first of every text.
    same: HashMap<Vec<u8>, usize>,
    pairs: HashMap<(usize, [u8; 4]), Vec<usize>>,
}

impl Index {
    pub fn add(&mut self, sketch: &[u8]) {
        let number = self.sketches.len();
        self.sketches.push(sketch.to_vec());
        let Some((digest, _)) = sketch.split_at_checked(8) else { return };
        if self.same.contains_key(digest) {
            return;
        }
        self.same.insert(digest.to_vec(), number);
        for pair in pairs(sketch) {
            let kept = self.pairs.entry(pair).or_default();
            if kept.len() < KEPT {
                kept.push(number);
            }
        }
    }

    /// The likest, when one is like it; of several the first.
    pub fn likest(&self, sketch: &[u8]) -> Option<(usize, Likeness)> {
        if let Some(number) = sketch.get(..8).and_then(|digest| self.same.get(digest)) {
            return Some((*number, Likeness::Identical));
        }
        let mut likest: Option<(usize, f64)> = None;
        for number in self.worth_comparing(sketch) {
            let other = self.sketches.get(number).map(Vec::as_slice).unwrap_or_default();
            if let Some(Likeness::Near(share)) = compare(sketch, other)
                && likest.is_none_or(|(_, most)| share > most)
            {
                likest = Some((number, share));
            }
        }
        likest.map(|(number, share)| (number, Likeness::Near(share)))
    }

    /// Those that share a pair of values, at most `PAIRS * KEPT`.
    fn worth_comparing(&self, sketch: &[u8]) -> Vec<usize> {
        let mut found: Vec<usize> = pairs(sketch).filter_map(|pair| self.pairs.get(&pair)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// With their places. Texts without words have none.
fn pairs(sketch: &[u8]) -> impl Iterator<Item = (usize, [u8; 4])> {
    let values = sketch.get(8..).filter(|values| values.len() == 2 * HASHES).unwrap_or_default();
    let pairs = values.chunks_exact(4).take(PAIRS).filter_map(|pair| <[u8; 4]>::try_from(pair).ok());
    pairs.enumerate().filter(|(_, pair)| *pair != [0xff; 4])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{NEAR, SKETCH_BYTES, sketch},
        *,
    };

    fn found(texts: &[String], text: &str) -> Option<(usize, Likeness)> {
        let mut index = Index::default();
        texts.iter().for_each(|text| index.add(&sketch(text)));
        index.likest(&sketch(text))
    }

    #[test]
    fn the_likest_is_found_and_of_the_same_the_first() {
        let bread = "Fresh bread every morning at seven. Come in and taste our new rye, still warm from the oven!";
        let texts = [
            bread.replace("oven", "shop").replace("seven", "eight"),
            bread.replace("seven", "eight"),
            "Our cakes are back: apple, plum and cherry, all week long.".to_owned(),
            bread.to_owned(),
            bread.to_owned(),
        ];
        assert_eq!(found(&texts, bread), Some((3, Likeness::Identical)));
        assert!(matches!(found(&texts[..3], bread), Some((1, Likeness::Near(_)))), "{:?}", found(&texts[..3], bread));
        assert_eq!(found(&texts, "Come and see our new shop in the old mill."), None);
        assert_eq!((found(&texts, ""), found(&["🍞".into()], "🥐")), (None, None));
    }

    #[test]
    fn however_many_are_alike_few_are_compared() {
        let mut index = Index::default();
        let text = |number| format!("Fresh bread every morning at seven, and today we bake number {number} of all.");
        for number in 0..3000 {
            let sketch = sketch(&text(number));
            assert!(index.worth_comparing(&sketch).len() <= PAIRS * KEPT);
            assert_eq!(index.likest(&sketch).is_some(), number > 0, "{number}");
            index.add(&sketch);
        }
    }

    fn as_sketch(digest: u8, values: &[u16]) -> Vec<u8> {
        let mut bytes = vec![digest; 8];
        bytes.extend(values.iter().flat_map(|value| value.to_be_bytes()));
        assert_eq!(bytes.len(), SKETCH_BYTES);
        bytes
    }

    /// One in every pair, as long as they last.
    #[test]
    fn the_worst_25_values_hide_nothing() {
        let values: Vec<u16> = (0..64).collect();
        let mut index = Index::default();
        index.add(&as_sketch(1, &values));
        for (differ, found) in [(25, true), (26, false)] {
            let other: Vec<_> = (0..64).map(|at| if at % 2 == 0 && at / 2 < differ { 1000 } else { at }).collect();
            assert_eq!(index.likest(&as_sketch(2, &other)).is_some(), found, "{differ}");
        }
    }

    proptest! {
        /// Whichever values differ, what is near is found, and what is not near is not.
        #[test]
        fn nothing_near_is_missed(
            values in prop::collection::vec(0_u16..0xfffe, HASHES),
            differ in prop::collection::vec(any::<bool>(), HASHES),
            most in 0_usize..=HASHES,
        ) {
            let places: Vec<usize> = (0..HASHES).filter(|place| differ[*place]).take(most).collect();
            let mut others = values.clone();
            places.iter().for_each(|place| others[*place] += 1);
            let mut index = Index::default();
            index.add(&as_sketch(1, &values));
            let near = (HASHES - places.len()) as f64 / HASHES as f64 >= NEAR;
            prop_assert_eq!(index.likest(&as_sketch(2, &others)).is_some(), near);
        }
    }
}
