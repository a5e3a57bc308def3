//! Pure rules of TikTok. AllIN has no adapter for TikTok yet.

use super::networks::{Capabilities, FieldRule, FileRules, Idempotency, KnownNetwork, LengthUnit, MediaRules};

pub fn capabilities() -> Capabilities {
    let videos = FileRules {
        // As third parties report: at least 3 seconds, 360 pixels, 23 to 60 frames a second. The longest duration
        // depends on the account.
        side_min: Some(360),
        seconds_min: Some(3.0),
        frames_per_second_min: Some(23.0),
        frames_per_second_max: Some(60.0),
        ..FileRules::of(1, ["video/mp4", "video/quicktime"])
    };
    Capabilities {
        media: MediaRules {
            // As third parties report: 1 to 35 photos, or one video.
            max: 35,
            required: true,
            images: Some(FileRules::of(35, ["image/jpeg", "image/webp"])),
            videos: Some(videos),
            ..MediaRules::default()
        },
        // A photo post has a title of its own; privacy must be chosen from what the account offers.
        fields: vec![FieldRule::new("title", false, Some(90)), FieldRule::new("privacy_level", true, None)],
        // As third parties report, per creator.
        posts_per_day: Some(15),
        idempotency: Idempotency::ResumableHandle,
        metrics: ["views", "likes", "comments", "shares"].map(String::from).into(),
        notes: [
            "The title of 90 characters is for photo posts.",
            "Programs that TikTok has not audited publish to the account itself only.",
            "Published posts can be neither edited nor deleted by programs.",
        ]
        .map(String::from)
        .into(),
        // As third parties report.
        ..Capabilities::plain(KnownNetwork::Tiktok, 2200, LengthUnit::Utf16)
    }
}
