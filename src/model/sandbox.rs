//! What the practice network accepts. The sandbox server and its adapter both read it here, so that they cannot differ.

use super::networks::{Capabilities, FileRules, KnownNetwork, LengthUnit, MediaRules};

/// Graphemes in one message.
pub const TEXT_MAX: u32 = 500;
pub const IMAGES_MAX: u32 = 4;
pub const IMAGE_BYTES_MAX: u64 = 5_000_000;
/// Messages in one thread.
pub const THREAD_MAX: u32 = 25;
/// Graphemes in one image description.
pub const ALT_TEXT_MAX: u32 = 1500;
/// Figures per post.
pub const METRICS: [&str; 5] = ["impressions", "reach", "likes", "reposts", "replies"];

pub fn capabilities() -> Capabilities {
    Capabilities {
        segments_max: THREAD_MAX,
        media: MediaRules {
            max: IMAGES_MAX,
            images: Some(FileRules {
                bytes_max: Some(IMAGE_BYTES_MAX),
                ..FileRules::of(IMAGES_MAX, ["image/jpeg", "image/png", "image/webp", "image/gif"])
            }),
            alt_text_max: Some(ALT_TEXT_MAX),
            ..MediaRules::default()
        },
        can_delete: true,
        can_edit: true,
        metrics: METRICS.map(String::from).into(),
        notes: vec![
            "A practice network on this machine: posts reach nobody else.".into(),
            "Replies are counted; all other figures are invented by the sandbox and grow with the age of the post."
                .into(),
        ],
        ..Capabilities::plain(KnownNetwork::Sandbox, TEXT_MAX, LengthUnit::Graphemes)
    }
}
