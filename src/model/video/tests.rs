//! Videos of known facts, damaged ones, and ones that lie.

use proptest::prelude::*;

use super::*;

const LANDSCAPE: &[u8] = include_bytes!("../../../tests/data/media/landscape-h264-aac.mp4");
const TURNED: &[u8] = include_bytes!("../../../tests/data/media/turned-h264.mov");
const PORTRAIT: &[u8] = include_bytes!("../../../tests/data/media/portrait-hevc.mp4");
const OLD: &[u8] = include_bytes!("../../../tests/data/media/old-mpeg4.mp4");
const FRAGMENTED: &[u8] = include_bytes!("../../../tests/data/media/fragmented-h264.mp4");
const STRANGER: &[u8] = include_bytes!("../../../tests/data/media/stranger-mjpeg.mov");
const SOUND: &[u8] = include_bytes!("../../../tests/data/media/sound-only.m4a");

fn movie(
    mime: &'static str,
    sides: (u32, u32),
    duration: Option<u64>,
    codec: &str,
    sound: Option<&str>,
    frames: Option<u64>,
) -> Read {
    let video = VideoFacts {
        duration_ms: duration,
        codec: codec.into(),
        audio_codec: sound.map(String::from),
        frames_per_1000s: frames,
    };
    Read::Movie(Movie { mime, width: sides.0, height: sides.1, video })
}

#[test]
fn videos_are_what_another_program_says_they_are() {
    // As ffprobe 5.1 tells them.
    assert_eq!(read(LANDSCAPE), movie("video/mp4", (160, 90), Some(2000), "h264", Some("aac"), Some(25_000)));
    assert_eq!(read(TURNED), movie("video/quicktime", (90, 160), Some(1001), "h264", None, Some(29_970)));
    assert_eq!(read(PORTRAIT), movie("video/mp4", (90, 160), Some(1000), "hevc", None, Some(30_000)));
    assert_eq!(read(OLD), movie("video/mp4", (160, 90), Some(1000), "mpeg4", None, Some(10_000)));
    assert_eq!(read(FRAGMENTED), movie("video/mp4", (160, 90), None, "h264", None, None));
    assert_eq!(read(STRANGER), movie("video/quicktime", (160, 90), Some(300), "unknown", None, Some(10_000)));
    assert_eq!(read(SOUND), Read::NoPicture);
    for file in [LANDSCAPE, TURNED, PORTRAIT, OLD, FRAGMENTED, STRANGER, SOUND] {
        assert!(begins_like_one(file));
    }
    assert!(!begins_like_one(b"\0\0\0\x18ftypheic\0\0\0\0"));
}

#[test]
fn a_file_that_is_cut_off_is_unreadable() {
    for length in 0..LANDSCAPE.len() {
        assert_eq!(read(&LANDSCAPE[..length]), Read::Unreadable, "{length}");
    }
}

#[test]
fn numbers_from_the_file_move_nothing() {
    // A table that claims four thousand million entries, and boxes that claim to be longer than the file.
    let at = LANDSCAPE.windows(4).position(|four| four == b"stts").unwrap();
    let mut claimed = LANDSCAPE.to_vec();
    claimed[at + 8..at + 12].copy_from_slice(&[0xff; 4]);
    assert_eq!(read(&claimed), read(LANDSCAPE));
    claimed[at - 4..at].copy_from_slice(&[0xff; 4]);
    assert_eq!(read(&claimed), Read::Unreadable);
    assert_eq!(read(&b"\0\0\0\x08free".repeat(2_000_000)), Read::Unreadable);
}

proptest! {
    #[test]
    fn damage_never_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30)) {
        for file in [LANDSCAPE, TURNED, PORTRAIT, FRAGMENTED] {
            let mut damaged = file.to_vec();
            for (place, byte) in &changes {
                let place = place.index(damaged.len());
                damaged[place] = *byte;
            }
            read(&damaged);
        }
    }
}
