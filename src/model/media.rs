//! What an image or a video is, told from its bytes: type by magic number, size by its header. Decodes no pixels, so that a
//! small file which unfolds to gigabytes costs nothing; the inside of videos is read in `video`. Knows nothing of
//! networks' limits.

use std::io::Cursor;

use image::{ImageDecoder, ImageFormat, ImageReader, metadata::Orientation};

use super::video;
pub use super::video::VideoFacts;
use crate::error::{Error, Result};

/// Longest accepted side in pixels. Our own bound, above every camera's and network's.
pub const SIDE_MAX: u32 = 20_000;
/// Most accepted pixels. Our own bound; unpacked this is 400 MB.
pub const PIXELS_MAX: u64 = 100_000_000;

/// The facts of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    pub mime: &'static str,
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels, as the image is shown (a turned photograph has its sides exchanged).
    pub width: u32,
    /// Pixels, as the image is shown.
    pub height: u32,
    /// Of a video.
    pub video: Option<VideoFacts>,
}

/// Reads type, size and what a video has besides. Errors: `media_empty`, `media_type_unsupported`, `media_unreadable`,
/// `media_dimensions`.
pub fn probe(bytes: &[u8]) -> Result<FileFacts> {
    if bytes.is_empty() {
        return Err(
            Error::invalid("media_empty", "The file is empty.").next("Choose a file with an image or a video in it.")
        );
    }
    if video::begins_like_one(bytes) { probe_video(bytes) } else { probe_image(bytes) }
}

fn probe_image(bytes: &[u8]) -> Result<FileFacts> {
    let unreadable = |cause: image::ImageError| {
        Error::invalid("media_unreadable", "The file begins like an image and cannot be read as one.")
            .next("Open it in an image program, save it again as PNG or JPEG, and use that file.")
            .because(cause)
    };
    let (format, mime) = sniff(bytes).ok_or_else(unsupported)?;
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    check_sides("image", width, height)?;
    let (width, height) = match decoder.orientation() {
        Ok(turned) if swaps_sides(turned) => (height, width),
        _ => (width, height),
    };
    Ok(FileFacts { mime, bytes: bytes.len() as u64, width, height, video: None })
}

fn probe_video(bytes: &[u8]) -> Result<FileFacts> {
    match video::read(bytes) {
        video::Read::Movie(movie) => {
            check_sides("video", movie.width, movie.height)?;
            let (width, height) = (movie.width, movie.height);
            Ok(FileFacts { mime: movie.mime, bytes: bytes.len() as u64, width, height, video: Some(movie.video) })
        }
        video::Read::NoPicture => Err(unsupported()),
        video::Read::Unreadable => Err(Error::invalid(
            "media_unreadable",
            "The file begins like a video and cannot be read as one; it may be cut off.",
        )
        .next("Export it again as MP4 with H.264 and use that file.")),
    }
}

fn unsupported() -> Error {
    Error::invalid(
        "media_type_unsupported",
        "The file is no PNG, JPEG, GIF or WebP image and no MP4 or QuickTime video; what counts are its bytes.",
    )
    .next("Save it as PNG, JPEG or MP4 and use that file.")
}

fn check_sides(kind: &str, width: u32, height: u32) -> Result<()> {
    let sound = (1..=SIDE_MAX).contains(&width) && (1..=SIDE_MAX).contains(&height);
    if sound && u64::from(width) * u64::from(height) <= PIXELS_MAX {
        return Ok(());
    }
    Err(Error::invalid(
        "media_dimensions",
        format!(
            "The {kind} claims {width} × {height} pixels; accepted are up to {SIDE_MAX} a side and {PIXELS_MAX} in all."
        ),
    )
    .next(format!("Scale the {kind} down and use the smaller file.")))
}

fn sniff(bytes: &[u8]) -> Option<(ImageFormat, &'static str)> {
    match image::guess_format(bytes).ok()? {
        format @ ImageFormat::Png => Some((format, "image/png")),
        format @ ImageFormat::Jpeg => Some((format, "image/jpeg")),
        format @ ImageFormat::Gif => Some((format, "image/gif")),
        format @ ImageFormat::WebP => Some((format, "image/webp")),
        _ => None,
    }
}

fn swaps_sides(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(7, 5).write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    /// A PNG that says it is `width` × `height` and holds nothing.
    fn hollow_png(width: u32, height: u32) -> Vec<u8> {
        let mut header = b"IHDR".to_vec();
        header.extend(width.to_be_bytes());
        header.extend(height.to_be_bytes());
        header.extend([8, 2, 0, 0, 0]);
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
        png.extend(&header);
        png.extend(crc32(&header).to_be_bytes());
        png.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
        png
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
        })
    }

    #[test]
    fn the_four_types_are_told_by_their_bytes() {
        for (format, mime) in [
            (ImageFormat::Png, "image/png"),
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::Gif, "image/gif"),
            (ImageFormat::WebP, "image/webp"),
        ] {
            let bytes = encoded(format);
            let expected = FileFacts { mime, bytes: bytes.len() as u64, width: 7, height: 5, video: None };
            assert_eq!(probe(&bytes).unwrap(), expected);
        }
    }

    #[test]
    fn a_turned_photograph_has_the_sides_it_is_shown_with() {
        let jpeg = encoded(ImageFormat::Jpeg);
        // Exif segment with one entry: orientation 6, a quarter turn.
        let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        let mut turned = jpeg.get(..2).unwrap().to_vec();
        turned.extend([0xff, 0xe1]);
        turned.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
        turned.append(&mut exif);
        turned.extend(jpeg.get(2..).unwrap());
        let facts = probe(&turned).unwrap();
        assert_eq!((facts.width, facts.height), (5, 7));
    }

    #[test]
    fn a_video_brings_its_own_facts() {
        let bytes = include_bytes!("../../tests/data/media/portrait-hevc.mp4");
        let facts = probe(bytes).unwrap();
        assert_eq!((facts.mime, facts.bytes, facts.width, facts.height), ("video/mp4", bytes.len() as u64, 90, 160));
        assert_eq!(facts.video.map(|video| video.codec).as_deref(), Some("hevc"));
        let sound = include_bytes!("../../tests/data/media/sound-only.m4a");
        assert_eq!(probe(sound).unwrap_err().code(), "media_type_unsupported");
        assert_eq!(probe(&bytes[..3000]).unwrap_err().code(), "media_unreadable");
    }

    #[test]
    fn bombs_scraps_and_strangers_are_refused_with_their_own_codes() {
        let code = |bytes: &[u8]| probe(bytes).err().map(|error| error.code());
        assert_eq!(probe(&hollow_png(1000, 1000)).map(|facts| (facts.width, facts.height)).unwrap(), (1000, 1000));
        assert_eq!(code(&hollow_png(20_001, 1)), Some("media_dimensions"));
        assert_eq!(code(&hollow_png(19_000, 19_000)), Some("media_dimensions"));
        assert_eq!(code(b""), Some("media_empty"));
        for stranger in [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"BM\x36\0\0\0", b"%PDF-1.7", b"GIF", b"MZ"]
        {
            assert_eq!(code(stranger), Some("media_type_unsupported"), "{stranger:?}");
        }
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            assert_eq!(code(encoded(format).get(..12).unwrap()), Some("media_unreadable"), "{format:?}");
        }
    }
}
