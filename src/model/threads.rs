//! Pure rules of Threads. AllIN has no adapter for Threads yet.

use unicode_segmentation::UnicodeSegmentation;

use super::networks::{Capabilities, FileRules, Idempotency, KnownNetwork, LengthUnit, MediaRules};

pub fn capabilities() -> Capabilities {
    Capabilities {
        segments_max: 25,
        media: MediaRules {
            // From memory of the carousel documentation: 2 to 20 children, images and videos mixed.
            max: 20,
            mixed: true,
            images: Some(FileRules::of(20, ["image/jpeg", "image/png"])),
            videos: Some(FileRules {
                codecs: vec!["h264".into(), "hevc".into()],
                ..FileRules::of(20, ["video/mp4", "video/quicktime"])
            }),
            ..MediaRules::default()
        },
        // The overview page of the API: 250 posts, 1,000 replies and 100 deletions in 24 hours.
        posts_per_day: Some(250),
        can_delete: true,
        idempotency: Idempotency::ResumableHandle,
        metrics: ["views", "likes", "replies", "reposts", "quotes"].map(String::from).into(),
        notes: [
            "Emoji count by their UTF-8 bytes, a simple one 4.",
            "Besides posts: 1,000 replies and 100 deletions in 24 hours.",
            "Threads fetches media from a public address.",
        ]
        .map(String::from)
        .into(),
        // The overview page of the API.
        ..Capabilities::plain(KnownNetwork::Threads, 500, LengthUnit::EmojiBytes)
    }
}

/// UTF-16 units, which are never fewer than code points; an emoji by its UTF-8 bytes.
pub fn length(text: &str) -> usize {
    text.graphemes(true)
        .map(|cluster| match emojis::get(cluster) {
            Some(_) => cluster.len(),
            None => cluster.encode_utf16().count(),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_count_by_their_bytes() {
        for (text, expected) in [("héllo", 5), ("😀", 4), ("a😀b", 6), ("👨‍👩‍👧‍👦", 25), ("❤️", 6), ("日本", 2), ("𝒳", 2)]
        {
            assert_eq!(length(text), expected, "{text}");
        }
    }
}
