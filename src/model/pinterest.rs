//! Pure rules of Pinterest. AllIN has no adapter for Pinterest yet.

use super::networks::{Capabilities, FieldRule, FileRules, KnownNetwork, LengthUnit, MediaRules};

pub fn capabilities() -> Capabilities {
    // All numbers: OpenAPI 5.23.0, PinCreate and PinMediaSource.
    Capabilities {
        media: MediaRules {
            max: 5,
            required: true,
            images: Some(FileRules::of(5, ["image/jpeg", "image/png"])),
            videos: Some(FileRules::of(1, ["video/mp4", "video/quicktime"])),
            alt_text_max: Some(500),
            ..MediaRules::default()
        },
        fields: vec![
            FieldRule::new("board_id", true, None),
            FieldRule::new("title", false, Some(100)),
            FieldRule::new("link", false, Some(2048)),
        ],
        can_delete: true,
        can_edit: true,
        metrics: ["impressions", "clicks", "outbound_clicks", "saves"].map(String::from).into(),
        notes: [
            "The images of a carousel (2 to 5) have the same size; a video needs a cover image.",
            "Trial access: 1,000 pins a day for the whole app, seen by their creator only.",
        ]
        .map(String::from)
        .into(),
        ..Capabilities::plain(KnownNetwork::Pinterest, 800, LengthUnit::Utf16)
    }
}
