//! Bytes to text: encodings, line ends, and characters that nobody sees. What hides text from people is taken out before
//! a model could read it.

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

use super::refusal::Refusal;

/// So many control characters in a thousand make a file no text.
const BINARY_PER_MILLE: usize = 5;

/// Reads a text. What is not UTF-8 has to begin with a byte order mark or to be declared.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> Result<String, Refusal> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return strict(encoding, bytes.get(mark..).unwrap_or_default());
    }
    let declared = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    match declared {
        // Looks like ASCII, and is not.
        Some(encoding) if [ISO_2022_JP, UTF_16LE, UTF_16BE].contains(&encoding) => strict(encoding, bytes),
        _ => match (std::str::from_utf8(bytes), declared) {
            (Ok(text), _) => Ok(text.to_owned()),
            (Err(_), Some(encoding)) if encoding != UTF_8 => strict(encoding, bytes),
            (Err(_), _) => Err(Refusal::Encoding),
        },
    }
}

fn strict(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, Refusal> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(String::from).ok_or(Refusal::Encoding)
}

/// Whether there are too many control characters in it to be text.
pub fn is_binary(text: &str) -> bool {
    let controls = text.chars().filter(|c| c.is_control() && !c.is_whitespace()).count();
    controls > 1 && controls * 1000 > text.chars().count() * BINARY_PER_MILLE
}

/// A text as people see it, and how many invisible characters were taken out.
pub fn visible(text: &str) -> (String, usize) {
    let mut seen = String::with_capacity(text.len());
    let mut removed = 0;
    let mut characters = text.chars().peekable();
    let mut before = '\n';
    while let Some(character) = characters.next() {
        let kept = match character {
            '\r' if characters.peek() == Some(&'\n') => continue,
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            '\n' | '\t' => character,
            // A soft hyphen and a mark at the beginning hide nothing.
            '\u{ad}' | '\u{feff}' => continue,
            c if is_hidden(c, before) => {
                removed += 1;
                continue;
            }
            c => c,
        };
        seen.push(kept);
        before = kept;
    }
    (seen, removed)
}

/// Controls, characters without width, marks that turn the direction, tags, selectors that can carry bytes, and fillers.
fn is_hidden(c: char, before: char) -> bool {
    match c {
        // Joiners and selectors belong to a letter or an emoji; a row of them is a message.
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => {
            before.is_ascii() && !"#*0123456789".contains(before) || before.is_whitespace() || is_joiner(before)
        }
        '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{61c}'
        | '\u{180b}'..='\u{180f}'
        | '\u{34f}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        c => c.is_control(),
    }
}

/// A selector before a joiner is how many emojis are made.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_by_mark_or_declaration() {
        assert_eq!(decode("ä".as_bytes(), None).unwrap(), "ä");
        assert_eq!(decode(b"\xef\xbb\xbf\xc3\xa4", Some("latin1")).unwrap(), "ä");
        assert_eq!(decode(b"\xff\xfe\xe4\0", None).unwrap(), "ä");
        assert_eq!(decode(b"\xfe\xff\0\xe4", None).unwrap(), "ä");
        assert_eq!(decode(b"\xe4", Some("iso-8859-1")).unwrap(), "ä");
        assert_eq!(decode(b"\x82\xa0", Some("Shift_JIS")).unwrap(), "あ");
        assert_eq!(decode(b"\x1b$B$\"\x1b(B", Some("iso-2022-jp")).unwrap(), "あ");
    }

    #[test]
    fn what_cannot_be_read_for_sure_is_refused() {
        let refused: &[(&[u8], Option<&str>)] = &[
            (b"\xe4", None),
            (b"\xe4", Some("utf-8")),
            (b"\xe4", Some("klingon")),
            // A lone surrogate, in UTF-8 and in UTF-16; half a character.
            (b"\xed\xa0\x80", None),
            (b"\xff\xfe\x00\xd8\x41\x00", None),
            (b"\xff\xfe\x41", None),
            (b"\xc0\xaf", None),
        ];
        for (bytes, declared) in refused {
            assert_eq!(decode(bytes, *declared), Err(Refusal::Encoding), "{bytes:?} {declared:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_gone() {
        let cases = [
            ("a\r\nb\rc", "a\nb\nc", 0),
            ("co\u{ad}op\u{feff}", "coop", 0),
            ("a\0b\u{1b}[1m", "ab[1m", 2),
            ("a\u{200b}b\u{202e}c\u{2066}", "abc", 3),
            ("x\u{e0041}\u{e0042}\u{e0100}", "x", 3),
            ("a\u{200d}\u{200c}b", "ab", 2),
            ("می\u{200c}خواهم", "می\u{200c}خواهم", 0),
            (
                "👩\u{200d}🚀 ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
                "👩\u{200d}🚀 ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
                0,
            ),
            ("👩\u{200d}\u{200d}\u{200c}x", "👩\u{200d}x", 2),
        ];
        for (text, expected, removed) in cases {
            assert_eq!(visible(text), (expected.to_owned(), removed), "{text:?}");
        }
    }

    #[test]
    fn text_and_no_text() {
        assert!(!is_binary("one NUL\0 in a text"));
        assert!(is_binary("\0\u{1}\u{2}abc"));
        assert!(!is_binary(""));
    }
}
