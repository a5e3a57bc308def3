//! Pure rules of LinkedIn, and the escaping of its "little text". AllIN has no adapter for LinkedIn yet.

use super::networks::{Capabilities, FileRules, KnownNetwork, LengthUnit, MediaRules};

pub fn capabilities() -> Capabilities {
    let images = FileRules {
        // The images documentation: 36,152,320 pixels.
        pixels_max: Some(36_152_320),
        ..FileRules::of(20, ["image/jpeg", "image/png", "image/gif"])
    };
    Capabilities {
        media: MediaRules {
            // Multi-image posts take 2 to 20, as third parties report; a video stands alone.
            max: 20,
            images: Some(images),
            videos: Some(FileRules::of(1, ["video/mp4"])),
            ..MediaRules::default()
        },
        // 422 DUPLICATE_POST, "Content is a duplicate of urn:li:share:…".
        refuses_repeats: true,
        can_delete: true,
        can_edit: true,
        notes: [
            "Reserved characters get a backslash when the post is sent; they count here as they are sent.",
            "Posts of members cannot be read back: their figures and an unknown outcome cannot be asked for.",
            "Daily limits are not published; they end at midnight UTC.",
        ]
        .map(String::from)
        .into(),
        // The posts documentation: commentary of 3,000 characters.
        ..Capabilities::plain(KnownNetwork::Linkedin, 3000, LengthUnit::Utf16Escaped)
    }
}

/// The text as "little text": without the backslashes LinkedIn cuts it off at the first reserved character. A `#` before
/// a word stays, so that it becomes a hashtag.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let reserved = match c {
            '#' => !rest.clone().next().is_some_and(|next| next.is_alphanumeric() || next == '_'),
            // The posts documentation, "little text format".
            _ => matches!(c, '\\' | '|' | '{' | '}' | '@' | '[' | ']' | '(' | ')' | '<' | '>' | '*' | '_' | '~'),
        };
        if reserved {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reserved_characters_get_a_backslash_and_hashtags_stay() {
        assert_eq!(
            escape("Ask (us) @ home_page #one # {x} a*b~c <d> [e] f|g\\"),
            r"Ask \(us\) \@ home\_page #one \# \{x\} a\*b\~c \<d\> \[e\] f\|g\\"
        );
    }

    proptest! {
        #[test]
        fn taking_the_backslashes_away_gives_the_text(text in "\\PC{0,80}") {
            let escaped = escape(&text);
            let mut plain = String::new();
            let mut rest = escaped.chars();
            while let Some(c) = rest.next() {
                plain.push(if c == '\\' { rest.next().unwrap() } else { c });
            }
            prop_assert_eq!(plain, text);
        }
    }
}
