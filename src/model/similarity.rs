//! Whether two texts say nearly the same. A text becomes a sketch of fixed size that is stored with it; two sketches tell
//! which share of their pieces the texts have in common (min-hash over pieces of five characters), without the texts.
//! Addresses and mentions are left out: they are what differs between copies of one post.

mod index;

pub use index::Index;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::addresses;

/// Bytes of a sketch as it is stored: eight of the text's hash, then the smallest hashes. The form is fixed: sketches in
/// databases were made with it.
pub const SKETCH_BYTES: usize = 8 + 2 * HASHES;
const HASHES: usize = 64;
/// Characters in a piece.
const PIECE: usize = 5;
/// From this share on two texts are nearly the same. One other word in a sentence of ten leaves about 0.7.
const NEAR: f64 = 0.6;
/// Texts with fewer words are too short for shares: only the same words count.
const WORDS_MIN: usize = 4;

/// How alike two texts are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Likeness {
    /// The same characters.
    Identical,
    /// The share of pieces that both have, 0 to 1.
    Near(f64),
}

/// What is kept of a text.
pub fn sketch(text: &str) -> Vec<u8> {
    let words = words(text);
    let mut least = [u16::MAX; HASHES];
    // All ones: nothing to compare.
    if !words.is_empty() {
        let joined: Vec<char> = words.join(" ").chars().collect();
        let short = words.len() < WORDS_MIN || joined.len() < PIECE;
        for piece in joined.windows(if short { joined.len() } else { PIECE }) {
            let piece = hash(piece);
            for (number, smallest) in (0_u64..).zip(&mut least) {
                // The highest value is kept for "nothing".
                *smallest = (*smallest).min(u16::try_from(mix(piece, number) >> 48).unwrap_or(0xfffe).min(0xfffe));
            }
        }
    }
    let digest = Sha256::digest(text.trim().as_bytes());
    let mut out = digest.iter().take(8).copied().collect::<Vec<u8>>();
    out.extend(least.iter().flat_map(|value| value.to_be_bytes()));
    out
}

/// How alike two texts are, when that is worth telling.
pub fn compare(one: &[u8], other: &[u8]) -> Option<Likeness> {
    let (digest, rest) = one.split_at_checked(8)?;
    let (other_digest, other_rest) = other.split_at_checked(8)?;
    if rest.len() != 2 * HASHES || other_rest.len() != 2 * HASHES {
        return None;
    }
    if digest == other_digest {
        return Some(Likeness::Identical);
    }
    let pairs = rest.chunks_exact(2).zip(other_rest.chunks_exact(2));
    let same = pairs.filter(|(one, other)| one == other && *one != [0xff, 0xff]).count();
    let share = f64::from(u32::try_from(same).unwrap_or(0)) / f64::from(u32::try_from(HASHES).unwrap_or(1));
    (share >= NEAR).then_some(Likeness::Near(share))
}

/// The words in small letters, without addresses and mentions.
fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    let mut at = 0;
    for address in addresses::find(text, true) {
        plain.push_str(text.get(at..address.start).unwrap_or_default());
        plain.push(' ');
        at = address.end;
    }
    plain.push_str(text.get(at..).unwrap_or_default());
    let left_out = |word: &str| {
        let word = word.trim_start_matches(['(', '.', ',']);
        word.starts_with('@') || word.starts_with("https://") || word.starts_with("http://")
    };
    let kept = plain.split_whitespace().filter(|word| !left_out(word));
    let kept: String = kept.collect::<Vec<_>>().join(" ").nfkc().collect::<String>().to_lowercase();
    kept.unicode_words().map(str::to_owned).collect()
}

/// FNV-1a over code points.
fn hash(piece: &[char]) -> u64 {
    piece.iter().fold(0xcbf2_9ce4_8422_2325, |hash, c| (hash ^ u64::from(u32::from(*c))).wrapping_mul(0x0100_0000_01b3))
}

/// The piece's value in the numbered order (splitmix64).
fn mix(piece: u64, number: u64) -> u64 {
    let mut value = piece ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn likeness(one: &str, other: &str) -> Option<Likeness> {
        compare(&sketch(one), &sketch(other))
    }

    #[test]
    fn near_texts_are_near_and_far_ones_are_not() {
        let bread = "Fresh bread every morning at seven. Come in and taste our new rye, still warm from the oven!";
        assert_eq!(likeness(bread, bread), Some(Likeness::Identical));
        for near in [
            "fresh bread every morning at seven – come in and taste our new RYE, still warm from the oven",
            "Fresh bread every morning at seven. Come in and taste our new rye, still warm from the oven! https://bakery.example/rye",
            "@alice @bob Fresh bread every morning at seven. Come in and taste our new rye, still warm from the oven!",
            "Fresh bread every morning at eight. Come in and taste our new rye, still warm from the oven!",
        ] {
            assert!(
                matches!(likeness(bread, near), Some(Likeness::Near(share)) if share >= NEAR),
                "{near}: {:?}",
                likeness(bread, near)
            );
        }
        for far in [
            "Our cakes are back: apple, plum and cherry, all week long, as long as the fruit lasts. Which one is yours?",
            "Come in and taste our new rye!",
            "https://bakery.example/rye",
            "🍞🥐",
            "",
        ] {
            assert_eq!(likeness(bread, far), None, "{far}");
        }
        // Short texts: the same words or nothing. Texts without words: the same characters or nothing.
        assert!(likeness("Good morning!", "good morning 🌞").is_some());
        assert_eq!(likeness("Good morning!", "Good evening!"), None);
        assert_eq!(likeness("🍞", "🥐"), None);
        assert_eq!(likeness("https://a.example/1", "https://a.example/2"), None);
        assert_eq!(
            likeness(
                "朝の焼きたてパンはいかがですか。毎朝七時から。",
                "朝の焼きたてパンはいかがですか？毎朝七時から！"
            )
            .map(|_| ()),
            Some(())
        );
    }

    #[test]
    fn stored_sketches_keep_their_form() {
        let known = sketch("The form of a stored sketch never changes.");
        assert_eq!(known.len(), SKETCH_BYTES);
        let all = known.iter().fold(0_u64, |all, byte| all.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        assert_eq!(all, 2_480_151_677_382_587_096);
        assert_eq!(compare(&known, &known[..100]), None);
    }

    proptest! {
        #[test]
        fn every_text_has_a_sketch_and_is_like_itself(one in "\\PC{0,100}", other in "\\PC{0,100}") {
            prop_assert_eq!(likeness(&one, &one), Some(Likeness::Identical));
            prop_assert_eq!(likeness(&one, &other), likeness(&other, &one));
        }
    }
}
