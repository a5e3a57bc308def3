//! Pure rules of Instagram (professional accounts). AllIN has no adapter for Instagram yet.

use super::networks::{Capabilities, FileRules, Idempotency, KnownNetwork, LengthUnit, MediaRules};

pub fn capabilities() -> Capabilities {
    // The error codes page: 36000/2207004 image over 8 MiB, 2207009/36003 ratio outside 4:5 to 1.91:1.
    let images = FileRules {
        bytes_max: Some(8 * 1024 * 1024),
        ratio: Some([0.8, 1.91]),
        // From memory of the content publishing guide: JPEG is the only image format.
        ..FileRules::of(10, ["image/jpeg"])
    };
    let videos = FileRules {
        // A reel, as third parties report: 3 seconds to 15 minutes, H.264 or HEVC.
        seconds_min: Some(3.0),
        seconds_max: Some(900.0),
        codecs: vec!["h264".into(), "hevc".into()],
        ..FileRules::of(10, ["video/mp4", "video/quicktime"])
    };
    Capabilities {
        // From memory of the content publishing guide: 30 hashtags, 20 mentions.
        hashtags_max: Some(30),
        mentions_max: Some(20),
        media: MediaRules {
            // The content publishing guide: a carousel has 2 to 10.
            max: 10,
            required: true,
            mixed: true,
            images: Some(images),
            videos: Some(videos),
            ..MediaRules::default()
        },
        idempotency: Idempotency::ResumableHandle,
        metrics: ["views", "reach", "likes", "comments", "shares", "saves"].map(String::from).into(),
        notes: [
            "How many posts an account may publish in 24 hours is told by Instagram alone; its pages say 25, 50 and 100.",
            "Instagram fetches media from a public address. Published posts can be neither edited nor deleted by programs.",
            "Figures come up to 48 hours late.",
        ]
        .map(String::from)
        .into(),
        // The error codes page: 2207010, caption over 2,200.
        ..Capabilities::plain(KnownNetwork::Instagram, 2200, LengthUnit::Utf16)
    }
}
