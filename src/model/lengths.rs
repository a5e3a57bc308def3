//! How long a text is for a network. Each counts in its own way; the unit is in its rules. Counts only, decides nothing.

use unicode_segmentation::UnicodeSegmentation;

use super::{linkedin, mastodon, networks::LengthUnit, threads, x};

/// Length of a text in the unit of a network.
pub fn text_length(text: &str, unit: LengthUnit) -> usize {
    match unit {
        LengthUnit::Graphemes => text.graphemes(true).count(),
        LengthUnit::GraphemesShortLinks => mastodon::countable(text).graphemes(true).count(),
        LengthUnit::Weighted => x::weighted_length(text),
        // Whether the networks count UTF-16 units or code points is not documented; these are never fewer.
        LengthUnit::Utf16 => text.encode_utf16().count(),
        LengthUnit::Utf16Escaped => linkedin::escape(text).encode_utf16().count(),
        LengthUnit::EmojiBytes => threads::length(text),
    }
}

/// How many words begin with a mark, such as `#tag`: the mark not inside a word, a letter or digit after it.
pub fn marks(text: &str, mark: char) -> usize {
    let mut before = None;
    let mut count = 0;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let starts = c == mark && before.is_none_or(|before: char| !(before.is_alphanumeric() || before == mark));
        if starts && rest.clone().next().is_some_and(|next| next.is_alphanumeric() || next == '_') {
            count += 1;
        }
        before = Some(c);
    }
    count
}

/// How many `$ABC` there are: one to six letters, with a short suffix or none.
pub fn cashtags(text: &str) -> usize {
    text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';' | '!' | '?' | ':'))
        .filter_map(|word| word.strip_prefix('$'))
        .filter(|name| {
            let name = name.trim_end_matches('.');
            let (name, suffix) = name.split_once(['.', '_']).unwrap_or((name, "A"));
            let letters = |part: &str, most: usize| {
                (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
            };
            letters(name, 6) && letters(suffix, 2)
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_begin_words() {
        for (text, count) in [("#a #b", 2), ("a#b", 0), ("# ##", 0), ("(#tag), #２", 2), ("##tag", 0), ("", 0)] {
            assert_eq!(marks(text, '#'), count, "{text}");
        }
        for (text, count) in [("$A and $BRK.B.", 2), ("$100 US$ $TOOLONGER", 0), ("($TSLA)", 1)] {
            assert_eq!(cashtags(text), count, "{text}");
        }
    }
}
