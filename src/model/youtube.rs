//! Pure rules of YouTube. AllIN has no adapter for YouTube yet.

use super::networks::{Capabilities, FieldRule, FileRules, Idempotency, KnownNetwork, LengthUnit, MediaRules};

pub fn capabilities() -> Capabilities {
    let videos = FileRules {
        // Discovery document of youtube v3, videos.insert: maxSize.
        bytes_max: Some(274_877_906_944),
        ..FileRules::of(1, ["video/mp4", "video/quicktime"])
    };
    Capabilities {
        // From memory of the videos resource: the limit of the description is in bytes. Both are checked.
        text_limit_bytes: Some(5000),
        media: MediaRules { max: 1, required: true, videos: Some(videos), ..MediaRules::default() },
        fields: vec![
            // From memory of the videos resource.
            FieldRule::new("title", true, Some(100)),
            // All tags together, as other publishers have it.
            FieldRule::new("tags", false, Some(500)),
        ],
        can_delete: true,
        can_edit: true,
        idempotency: Idempotency::ResumableHandle,
        metrics: ["views", "likes", "comments"].map(String::from).into(),
        notes: [
            "The text of the post is the description of the video.",
            // The quota page of the Data API.
            "100 uploads a day per app, until midnight in California.",
        ]
        .map(String::from)
        .into(),
        // As other publishers have it.
        ..Capabilities::plain(KnownNetwork::Youtube, 5000, LengthUnit::Utf16)
    }
}
