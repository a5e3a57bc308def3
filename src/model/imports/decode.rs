//! Bytes of a file as text. UTF-8 is read with and without a byte order mark, UTF-16 with one; what is neither is refused
//! with its place, because a guess would publish wrong letters.

use crate::error::{Error, Result};

use super::{BYTES_MAX, too_large};

pub fn decode(bytes: Vec<u8>) -> Result<String> {
    if bytes.len() > BYTES_MAX {
        return Err(too_large());
    }
    match *bytes.as_slice() {
        [0xff, 0xfe, ref rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, ref rest @ ..] => utf16(rest, u16::from_be_bytes),
        // Without a mark, every second byte of Latin text is zero.
        [_, 0, ..] | [0, _, ..] => Err(wrong("The file seems to be UTF-16 without a byte order mark.".into())),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..good).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let byte = error.as_bytes().get(good).copied().unwrap_or_default();
        wrong(format!(
            "The file is not UTF-8: line {line} holds the byte 0x{byte:02X} (it may be Latin-1 or Windows-1252)."
        ))
    })?;
    Ok(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned))
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Result<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong("The file is UTF-16 and ends in the middle of a character.".into()));
    }
    char::decode_utf16(pairs.iter().copied().map(read))
        .collect::<std::result::Result<String, _>>()
        .map_err(|error| wrong("The file is damaged UTF-16.".into()).because(error))
}

fn wrong(message: String) -> Error {
    Error::invalid("file_encoding", message)
        .next("Save the file as UTF-8 (in Excel: `CSV UTF-8`; in LibreOffice: character set Unicode (UTF-8)).")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_write_is_read() {
        let text = "text\nGrüße 🍞\n";
        assert_eq!(decode(text.into()).expect("utf-8"), text);
        assert_eq!(decode([b"\xef\xbb\xbf", text.as_bytes()].concat()).expect("with a mark"), text);
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = [0xfeff].iter().chain(&units).flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = [0xfeff].iter().chain(&units).flat_map(|unit| unit.to_be_bytes()).collect();
        assert_eq!(decode(little.clone()).expect("little endian"), text);
        assert_eq!(decode(big).expect("big endian"), text);
        assert_eq!(decode(little[..little.len() - 1].to_vec()).expect_err("cut").code(), "file_encoding");
    }

    #[test]
    fn what_cannot_be_known_is_refused_with_its_place() {
        let latin = decode(b"text\nfine\nGr\xfc\xdfe\n".to_vec()).expect_err("latin-1");
        assert!(latin.message().contains("line 3 holds the byte 0xFC"), "{}", latin.message());
        assert_eq!(decode(b"t\0e\0x\0t\0".to_vec()).expect_err("no mark").code(), "file_encoding");
        assert_eq!(decode(vec![b'x'; BYTES_MAX + 1]).expect_err("large").code(), "file_too_large");
    }
}
