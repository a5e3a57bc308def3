//! Pure rules of X: its limits and its weighted length. AllIN has no adapter for X yet.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    addresses,
    networks::{Capabilities, FileRules, KnownNetwork, LengthUnit, MediaRules},
};

/// What an address counts, however long it is; twitter-text 3, `transformedURLLength`.
const ADDRESS: usize = 23;
/// Code points in the longest emoji, a couple with two skin tones; looked for no further.
const EMOJI_MAX: usize = 12;

pub fn capabilities() -> Capabilities {
    // "Best practices" of X's media documentation: image 5 MB, GIF 15 MB and 1280 × 1080 with 350 frames, video 512 MB,
    // 0.5 to 140 s, 1:3 to 3:1, at most 60 frames a second, AAC-LC.
    let images =
        FileRules { bytes_max: Some(5_000_000), ..FileRules::of(4, ["image/jpeg", "image/png", "image/webp"]) };
    let animations = FileRules { bytes_max: Some(15_000_000), side_max: Some(1280), ..FileRules::of(1, ["image/gif"]) };
    let videos = FileRules {
        bytes_max: Some(512_000_000),
        ratio: Some([1.0 / 3.0, 3.0]),
        seconds_min: Some(0.5),
        seconds_max: Some(140.0),
        frames_per_second_max: Some(60.0),
        codecs: vec!["h264".into()],
        audio_codecs: vec!["aac".into()],
        ..FileRules::of(1, ["video/mp4", "video/quicktime"])
    };
    Capabilities {
        // No thread limit is documented; ours keeps one post from flooding its readers.
        segments_max: 25,
        // X's counting-characters page: one cashtag.
        cashtags_max: Some(1),
        media: MediaRules {
            // OpenAPI 2.167, CreatePostsRequest: media_ids maxItems 4. Four images, or one GIF, or one video.
            max: 4,
            images: Some(images),
            animations: Some(animations),
            videos: Some(videos),
            // From memory of POST /2/media/metadata; the OpenAPI names no limit.
            alt_text_max: Some(1000),
            ..MediaRules::default()
        },
        // 403 "You are not allowed to create a Tweet with duplicate content."
        refuses_repeats: true,
        can_delete: true,
        can_edit: true,
        metrics: ["impressions", "likes", "replies", "reposts", "quotes", "bookmarks"].map(String::from).into(),
        notes: [
            "Addresses count 23, emoji and most non-Latin characters 2. Verified accounts may write longer texts; AllIN checks 280.",
            "Editing works for 30 minutes, at most 5 times, and gives the post a new id.",
            "X charges per call: $0.015 for a post, $0.200 for one with an address (2026).",
            "100 posts in 15 minutes per account, 10,000 in 24 hours per app.",
        ]
        .map(String::from)
        .into(),
        // twitter-text 3, config v3: maxWeightedTweetLength 280.
        ..Capabilities::plain(KnownNetwork::X, 280, LengthUnit::Weighted)
    }
}

/// The length that X counts: normalised (NFC), an address 23, an emoji 2, everything else by its weight.
pub fn weighted_length(text: &str) -> usize {
    weigh(text, true)
}

/// The same, where `emoji` says whether an emoji of several code points counts as one: so in configuration 3 of twitter-text,
/// not in configuration 2.
pub fn weigh(text: &str, emoji: bool) -> usize {
    let text: String = text.nfc().collect();
    let mut total = 0;
    let mut at = 0;
    for address in addresses::find(&text, true) {
        total += weigh_plain(text.get(at..address.start).unwrap_or_default(), emoji) + ADDRESS;
        at = address.end;
    }
    total + weigh_plain(text.get(at..).unwrap_or_default(), emoji)
}

fn weigh_plain(text: &str, emoji: bool) -> usize {
    if !emoji {
        return text.chars().map(weight).sum();
    }
    text.graphemes(true).map(weigh_cluster).sum()
}

/// A cluster is an emoji, or several characters; unknown sequences of emoji count as their parts.
fn weigh_cluster(cluster: &str) -> usize {
    let mut rest = cluster;
    let mut total = 0;
    if rest.len() == 1 {
        return 1;
    }
    while let Some(first) = rest.chars().next() {
        let length = emoji_at(rest);
        total += if length.is_some() { 2 } else { weight(first) };
        rest = rest.get(length.unwrap_or(first.len_utf8())..).unwrap_or_default();
    }
    total
}

/// Length in bytes of the emoji of several code points at the start.
fn emoji_at(rest: &str) -> Option<usize> {
    let ends: Vec<usize> = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take(EMOJI_MAX).collect();
    ends.into_iter().skip(1).rev().find(|end| rest.get(..*end).is_some_and(|part| emojis::get(part).is_some()))
}

/// twitter-text 3, config v3: these ranges count 1, all other code points 2.
fn weight(c: char) -> usize {
    if matches!(u32::from(c), 0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247) { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::model::network_rules::violations;
    use crate::model::networks::DraftSegment;

    /// Our own vectors: a text, and its length as the published rules give it.
    #[test]
    fn lengths_are_those_of_the_published_rules() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/data/weighted-lengths.json")).unwrap();
        let vectors = vectors.as_array().unwrap();
        assert!(vectors.len() > 20);
        for vector in vectors {
            let text = vector["text"]
                .as_str()
                .unwrap()
                .repeat(usize::try_from(vector["times"].as_u64().unwrap_or(1)).unwrap());
            assert_eq!(weighted_length(&text) as u64, vector["length"].as_u64().unwrap(), "{vector}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_length_and_the_limit_holds_to_the_unit(text in "\\PC{0,120}", fill in 0_usize..300) {
            let length = weighted_length(&text);
            prop_assert!(length <= text.chars().count() * 2 * 3);
            // Letters after a space count one each, whatever stands before.
            let padded = format!("{text} {}", "x".repeat(fill));
            let rules = capabilities();
            let draft = [DraftSegment { text: padded.clone(), media: Vec::new() }];
            let refused = violations(&rules, &draft).iter().any(|found| found.field == "segments[0].text" && found.message.contains("takes 280"));
            prop_assert_eq!(refused, weighted_length(&padded) > 280);
        }
    }
}
