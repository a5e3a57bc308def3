//! Pure rules of Facebook Pages. AllIN has no adapter for Facebook yet.

use super::networks::{Capabilities, FileRules, KnownNetwork, LengthUnit, MediaRules};

pub fn capabilities() -> Capabilities {
    let images = FileRules {
        // Error subcode 1366046: photos of more than 4 MB are refused.
        bytes_max: Some(4_000_000),
        ..FileRules::of(10, ["image/jpeg", "image/png", "image/gif"])
    };
    Capabilities {
        media: MediaRules {
            // No number is documented for attached_media; ten is our own bound. A video stands alone.
            max: 10,
            images: Some(images),
            videos: Some(FileRules::of(1, ["video/mp4", "video/quicktime"])),
            ..MediaRules::default()
        },
        can_delete: true,
        can_edit: true,
        metrics: ["views", "reactions", "clicks"].map(String::from).into(),
        notes: [
            // The reels publishing guide of 2026-07-30.
            "As a reel a video has 9:16, at least 540 × 960 pixels, 3 to 90 seconds and 24 to 60 frames a second; 30 reels in 24 hours.",
            "Facebook refuses links to facebook.com.",
        ]
        .map(String::from)
        .into(),
        // Reported by other publishers; the documentation names no number.
        ..Capabilities::plain(KnownNetwork::Facebook, 63_206, LengthUnit::Utf16)
    }
}
