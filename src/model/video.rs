//! What a video is, told from the index of an MP4 or QuickTime file: size, duration, codecs, frame rate. Own code, because
//! the parsers at hand read whole sample tables and panic on damaged ones. Reads box headers and a few fields, never
//! allocates by a number from the file, and looks at each byte at most a few times. Knows nothing of networks' limits.

use serde::{Deserialize, Serialize};

/// Boxes of one level that are looked at, far more than any program writes.
const BOXES_MAX: usize = 10_000;
/// Tracks that are looked at.
const TRACKS_MAX: usize = 64;

/// The facts that only videos have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoFacts {
    /// Missing in files that are written in fragments.
    pub duration_ms: Option<u64>,
    /// `h264`, `hevc`, …; `unknown` for one that we do not know.
    pub codec: String,
    /// `aac`, …; `None`: no sound.
    pub audio_codec: Option<String>,
    /// Frames in a thousand seconds: 29970 for 29.97 a second.
    pub frames_per_1000s: Option<u64>,
}

impl VideoFacts {
    pub fn seconds(&self) -> Option<f64> {
        self.duration_ms.map(thousandth)
    }

    pub fn frames_per_second(&self) -> Option<f64> {
        self.frames_per_1000s.map(thousandth)
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations and rates are far below 2^53")]
fn thousandth(value: u64) -> f64 {
    value as f64 / 1000.0
}

/// A video file's facts, its picture as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movie {
    pub mime: &'static str,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    pub video: VideoFacts,
}

/// What the bytes turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    Movie(Movie),
    /// A sound file in the same container.
    NoPicture,
    /// Cut off, or without a readable index.
    Unreadable,
}

/// Whether the file begins like MP4 or QuickTime. Pictures in the same container (HEIC, AVIF) are not meant.
pub fn begins_like_one(bytes: &[u8]) -> bool {
    match bytes.get(4..8) {
        Some(b"ftyp") => {
            let still = [b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1", b"avif", b"avis"];
            bytes.get(8..12).is_some_and(|brand| !still.iter().any(|name| name.as_slice() == brand))
        }
        // QuickTime before 2001 has no ftyp.
        Some(b"moov" | b"wide" | b"pnot") => true,
        Some(b"mdat" | b"free" | b"skip") => bytes.len() >= 16,
        _ => false,
    }
}

pub fn read(bytes: &[u8]) -> Read {
    let Some(top) = boxes(bytes) else { return Read::Unreadable };
    let Some(moov) = child(&top, b"moov").and_then(boxes) else { return Read::Unreadable };
    // A file that was cut off behind its tables has nothing to show.
    if child(&top, b"mdat").is_none() {
        return Read::Unreadable;
    }
    let brand = child(&top, b"ftyp").and_then(|ftyp| ftyp.get(..4));
    let mime = if brand.is_some_and(|brand| brand != b"qt  ") { "video/mp4" } else { "video/quicktime" };
    let tracks = moov.iter().filter(|(kind, _)| *kind == b"trak").take(TRACKS_MAX).map(|(_, body)| track(body));
    let Some(tracks) = tracks.collect::<Option<Vec<_>>>() else { return Read::Unreadable };
    let Some(picture) = tracks.iter().find(|track| track.handler == *b"vide") else {
        return if tracks.is_empty() { Read::Unreadable } else { Read::NoPicture };
    };
    let Some((width, height)) = picture.size else { return Read::Unreadable };
    let sound = tracks.iter().find(|track| track.handler == *b"soun");
    Read::Movie(Movie {
        mime,
        width,
        height,
        video: VideoFacts {
            duration_ms: duration(&moov).or(picture.duration_ms),
            codec: picture_codec(picture.entry).to_owned(),
            audio_codec: sound.map(|track| sound_codec(track.entry).to_owned()),
            frames_per_1000s: picture.frames_per_1000s,
        },
    })
}

struct Track {
    handler: [u8; 4],
    /// The four letters of the first sample entry.
    entry: [u8; 4],
    /// As it is shown.
    size: Option<(u32, u32)>,
    duration_ms: Option<u64>,
    frames_per_1000s: Option<u64>,
}

fn track(body: &[u8]) -> Option<Track> {
    let own = boxes(body)?;
    let mdia = boxes(child(&own, b"mdia")?)?;
    let handler = four(child(&mdia, b"hdlr")?, 8)?;
    let stbl = boxes(child(&boxes(child(&mdia, b"minf")?)?, b"stbl")?)?;
    let stsd = child(&stbl, b"stsd")?;
    let entry = four(stsd, 12).unwrap_or_default();
    let (scale, length) = timing(child(&mdia, b"mdhd")?)?;
    Some(Track {
        handler,
        entry,
        size: child(&own, b"tkhd").and_then(|tkhd| shown_size(tkhd, stsd)),
        duration_ms: millis(length, scale),
        frames_per_1000s: child(&stbl, b"stts").and_then(|stts| frame_rate(stts, scale)),
    })
}

/// Width and height after the track's scaling and turning; those of the recorded picture where the track says none.
fn shown_size(tkhd: &[u8], stsd: &[u8]) -> Option<(u32, u32)> {
    // 16.16 fixed point, after the matrix of nine numbers.
    let matrix = if tkhd.first() == Some(&1) { 52 } else { 40 };
    let (mut width, mut height) = (number(tkhd, matrix + 36)? >> 16, number(tkhd, matrix + 40)? >> 16);
    if width == 0 || height == 0 {
        // VisualSampleEntry: after size, name and 24 bytes.
        let side =
            |at: usize| stsd.get(at..at + 2).map(|two| two.iter().fold(0, |all, byte| (all << 8) | u32::from(*byte)));
        (width, height) = (side(40)?, side(42)?);
    }
    let turned = number(tkhd, matrix)? == 0 && number(tkhd, matrix + 16)? == 0;
    if width == 0 || height == 0 {
        return None;
    }
    Some(if turned { (height, width) } else { (width, height) })
}

/// Time scale and duration of `mvhd` or `mdhd`.
fn timing(header: &[u8]) -> Option<(u64, u64)> {
    if header.first() == Some(&1) {
        return Some((number(header, 20)?.into(), long(header, 24)?));
    }
    Some((number(header, 12)?.into(), number(header, 16)?.into()))
}

/// The film's own duration; where it is in fragments, the one that the extension header gives.
fn duration(moov: &[(&[u8; 4], &[u8])]) -> Option<u64> {
    let (scale, length) = timing(child(moov, b"mvhd")?)?;
    millis(length, scale).or_else(|| {
        let mvex = boxes(child(moov, b"mvex")?)?;
        let mehd = child(&mvex, b"mehd")?;
        let length = if mehd.first() == Some(&1) { long(mehd, 4)? } else { number(mehd, 4)?.into() };
        millis(length, scale)
    })
}

/// Zero and all ones mean: not known.
fn millis(length: u64, scale: u64) -> Option<u64> {
    if length == 0 || scale == 0 || length == u64::from(u32::MAX) || length == u64::MAX {
        return None;
    }
    u64::try_from(u128::from(length) * 1000 / u128::from(scale)).ok()
}

/// Frames by the time that they take.
fn frame_rate(stts: &[u8], scale: u64) -> Option<u64> {
    let (mut frames, mut time) = (0_u128, 0_u128);
    for entry in stts.get(8..)?.chunks_exact(8) {
        let count = u128::from(number(entry, 0)?);
        frames += count;
        time += count * u128::from(number(entry, 4)?);
    }
    // Of a single frame nobody can say how fast it is.
    if frames < 2 || time == 0 {
        return None;
    }
    u64::try_from((frames * 1000 * u128::from(scale) + time / 2) / time).ok()
}

fn picture_codec(entry: [u8; 4]) -> &'static str {
    match &entry {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => "h264",
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "hevc",
        b"av01" => "av1",
        b"vp08" => "vp8",
        b"vp09" => "vp9",
        b"mp4v" => "mpeg4",
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "prores",
        _ => "unknown",
    }
}

fn sound_codec(entry: [u8; 4]) -> &'static str {
    match &entry {
        b"mp4a" => "aac",
        b".mp3" => "mp3",
        b"ac-3" => "ac3",
        b"ec-3" => "eac3",
        b"Opus" => "opus",
        b"alac" => "alac",
        b"sowt" | b"twos" | b"lpcm" | b"ipcm" => "pcm",
        _ => "unknown",
    }
}

/// Kind and body of the boxes one after the other; nothing when one is larger than what there is.
fn boxes(bytes: &[u8]) -> Option<Vec<(&[u8; 4], &[u8])>> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while rest.len() >= 8 && found.len() < BOXES_MAX {
        let kind: &[u8; 4] = rest.get(4..8)?.try_into().ok()?;
        let (head, size) = match number(rest, 0)? {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(long(rest, 8)?).ok()?),
            size => (8, usize::try_from(size).ok()?),
        };
        found.push((kind, rest.get(head..size)?));
        rest = rest.get(size..)?;
    }
    Some(found)
}

fn child<'a>(boxes: &[(&[u8; 4], &'a [u8])], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes.iter().find(|(name, _)| *name == kind).map(|(_, body)| *body)
}

fn four(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(at..at + 4)?.try_into().ok()
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    four(bytes, at).map(u32::from_be_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests;
