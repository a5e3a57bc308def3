//! What the practice network accepts. The sandbox server and its adapter both read it here, so that they cannot differ.

use super::networks::{Capabilities, Idempotency, LengthUnit, NetworkId};

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
        network: NetworkId::Sandbox,
        title: NetworkId::Sandbox.title().into(),
        text_limit: TEXT_MAX,
        text_unit: LengthUnit::Graphemes,
        text_limit_bytes: None,
        images_max: IMAGES_MAX,
        image_bytes_max: IMAGE_BYTES_MAX,
        image_types: ["image/jpeg", "image/png", "image/webp", "image/gif"].map(String::from).into(),
        segments_max: THREAD_MAX,
        alt_text_max: ALT_TEXT_MAX,
        can_delete: true,
        can_edit: true,
        refuses_repeats: false,
        idempotency: Idempotency::LookupOnly,
        metrics: METRICS.map(String::from).into(),
        notes: vec![
            "A practice network on this machine: posts reach nobody else.".into(),
            "Replies are counted; all other figures are invented by the sandbox and grow with the age of the post."
                .into(),
        ],
    }
}
