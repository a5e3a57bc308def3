//! What each network says of images and videos.

use super::*;
use crate::model::{media::VideoFacts, network_rules::violations, networks::KnownNetwork};

fn image(mime: &str, width: u32, height: u32) -> MediaFacts {
    MediaFacts { mime: mime.into(), bytes: 1000, width, height, alt_text: String::new(), video: None }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few seconds")]
fn video(seconds: f64, frames: u64, codec: &str) -> MediaFacts {
    let video = VideoFacts {
        duration_ms: (seconds > 0.0).then_some((seconds * 1000.0) as u64),
        codec: codec.into(),
        audio_codec: Some("aac".into()),
        frames_per_1000s: Some(frames * 1000),
    };
    MediaFacts { video: Some(video), ..image("video/mp4", 1080, 1920) }
}

fn told(network: KnownNetwork, media: Vec<MediaFacts>) -> Vec<String> {
    let draft = [DraftSegment { text: "A text".into(), media }];
    violations(&network.rules(), &draft)
        .into_iter()
        .map(|found| format!("{}: {}", found.field, found.message))
        .collect()
}

#[test]
fn each_network_has_its_own_mind_about_media() {
    use KnownNetwork::*;
    let square = || image("image/jpeg", 1000, 1000);
    let clip = || video(10.0, 30, "h264");
    let first = |message: &str| vec![format!("segments[0].media[0]: {message}")];
    let whole = |message: &str| vec![format!("segments[0].media: {message}")];
    for (network, media, expected) in [
        (X, vec![square(); 4], vec![]),
        (X, vec![square(); 5], whole("Message 1 has 5 images; X takes 4: remove 1.")),
        (X, vec![square(), clip()], whole("Message 1 has images and videos; X takes one kind in a message.")),
        (X, vec![image("image/gif", 400, 400)], vec![]),
        (
            X,
            vec![image("image/gif", 400, 400), image("image/gif", 400, 400)],
            whole("Message 1 has 2 GIFs; X takes 1: remove 1."),
        ),
        (X, vec![video(140.1, 30, "h264")], first("Video 1 of message 1 lasts 140.1 seconds; X takes at most 140.")),
        (X, vec![video(140.0, 60, "h264")], vec![]),
        (
            X,
            vec![video(10.0, 30, "unknown")],
            first("Video 1 of message 1 has the codec unknown; X takes h264. Export it again."),
        ),
        (
            X,
            vec![video(0.0, 30, "h264")],
            first(
                "Video 1 of message 1 does not tell its duration, which X limits: export it again as an ordinary MP4.",
            ),
        ),
        (Instagram, vec![], whole("Message 1 has no media; a post on Instagram needs an image or a video.")),
        (Instagram, vec![image("image/jpeg", 1910, 1000), image("image/jpeg", 800, 1000), clip()], vec![]),
        (
            Instagram,
            vec![image("image/jpeg", 1911, 1000)],
            first("Image 1 of message 1 is 1.911 times as wide as high; Instagram takes 0.80 to 1.91. Crop it."),
        ),
        (
            Instagram,
            vec![video(2.9, 30, "hevc")],
            first("Video 1 of message 1 lasts 2.9 seconds; Instagram takes at least 3."),
        ),
        (
            Instagram,
            [vec![square(); 10], vec![clip()]].concat(),
            whole("Message 1 has 11 attachments; Instagram takes 10: remove 1."),
        ),
        (
            Tiktok,
            vec![video(5.0, 20, "h264")],
            first("Video 1 of message 1 has 20.00 frames a second; TikTok takes at least 23."),
        ),
        (Youtube, vec![square()], first("Image 1 of message 1 cannot be sent: YouTube takes no images.")),
        (Youtube, vec![clip()], vec![]),
        (Bluesky, vec![clip()], first("Video 1 of message 1 cannot be sent: AllIN publishes no videos to Bluesky.")),
        (Sandbox, vec![image("image/gif", 4, 4)], vec![]),
        (
            Mastodon,
            vec![image("image/png", 8000, 5000)],
            first(
                "Image 1 of message 1 has 8000 × 5000 pixels, 40000000 in all; Mastodon takes 33177600. Scale it down.",
            ),
        ),
        (
            Pinterest,
            vec![image("image/gif", 4, 4)],
            first("Image 1 of message 1 is image/gif; Pinterest takes image/jpeg, image/png."),
        ),
        (
            Facebook,
            vec![MediaFacts { bytes: 4_000_001, ..square() }],
            first("Image 1 of message 1 has 4000001 bytes; Facebook takes 4000000: 1 too many. Scale or compress it."),
        ),
        (Linkedin, vec![square(); 20], vec![]),
        (Threads, vec![square(), clip()], vec![]),
    ] {
        assert_eq!(told(network, media.clone()), expected, "{network:?} {media:?}");
    }
}
