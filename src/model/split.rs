//! Splits a long text into messages that a network takes, each by its own counter: after a paragraph or sentence where
//! that leaves no message half empty, else after a word, in scripts without spaces and in endless words after a character.

use unicode_segmentation::UnicodeSegmentation;

use super::{lengths::text_length, networks::Capabilities};

/// The messages in order. Nothing of the text is lost but white space at their ends. `numbered` adds ` (1/3)` to each.
/// There may be more messages than the network allows in a thread.
pub fn split(text: &str, rules: &Capabilities, numbered: bool) -> Vec<String> {
    if !numbered {
        return pieces(text, rules, |_| String::new()).into_iter().map(str::to_owned).collect();
    }
    // The number of messages decides how much room the numbers take: more digits until they suffice.
    for digits in 1..=5 {
        let found = pieces(text, rules, |number| format!(" ({number}/{})", "9".repeat(digits)));
        if found.len().to_string().len() <= digits {
            if found.len() == 1 {
                return split(text, rules, false);
            }
            let count = found.len();
            return (1..).zip(found).map(|(number, piece)| format!("{piece} ({number}/{count})")).collect();
        }
    }
    split(text, rules, false)
}

fn pieces<'a>(text: &'a str, rules: &Capabilities, ending: impl Fn(usize) -> String) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let ending = ending(found.len() + 1);
        let fits = |piece: &str| {
            let whole = format!("{}{ending}", piece.trim_end());
            text_length(&whole, rules.text_unit) <= rules.text_limit as usize
                && rules.text_limit_bytes.is_none_or(|limit| whole.len() <= limit as usize)
        };
        let end = if fits(rest) { rest.len() } else { cut(rest, fits) };
        let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        found.push(piece.trim_end());
        rest = after.trim_start();
    }
    found
}

/// Where the first message ends, in bytes; always past the first character.
fn cut(text: &str, fits: impl Fn(&str) -> bool) -> usize {
    let mut most = 0;
    for end in word_ends(text) {
        if !text.get(..end).is_some_and(&fits) {
            let word = text.get(most..end).unwrap_or_default();
            // A word that fits into a message of its own waits for the next one.
            if most == 0 || !fits(word.trim_start()) {
                most = character_end(text, most, &fits);
            }
            break;
        }
        most = end;
    }
    let half = most / 2;
    let paragraph = text.get(..most).and_then(|kept| kept.rfind("\n\n")).filter(|end| *end > half);
    paragraph.or_else(|| sentence_end(text, half, most)).unwrap_or(most)
}

/// The last end of a sentence behind `half` and not behind the white space at `most`. One inside a word is none: addresses
/// have such.
fn sentence_end(text: &str, half: usize, most: usize) -> Option<usize> {
    let gap = text.get(most..).map_or(0, |rest| rest.len() - rest.trim_start().len());
    let starts = text.split_sentence_bound_indices().map(|(start, _)| start).take_while(|start| *start <= most + gap);
    let pauses = |end: &usize| {
        text.get(..*end).is_some_and(|before| {
            before.ends_with(char::is_whitespace) || before.ends_with(['。', '！', '？', '…', '」', '』'])
        })
    };
    starts.filter(|start| *start > half).filter(pauses).last()
}

/// The end of the longest run of characters from `from` on that still fits; at least one character of the text.
fn character_end(text: &str, from: usize, fits: impl Fn(&str) -> bool) -> usize {
    let mut most = from;
    for (start, character) in text.get(from..).unwrap_or_default().grapheme_indices(true) {
        let end = from + start + character.len();
        if most > 0 && !text.get(..end).is_some_and(&fits) {
            break;
        }
        most = end;
    }
    most
}

/// Ends of the words, white space after them left out.
fn word_ends(text: &str) -> impl Iterator<Item = usize> {
    let mut in_word = false;
    text.char_indices()
        .filter_map(move |(at, c)| {
            let ends = in_word && c.is_whitespace();
            in_word = !c.is_whitespace();
            ends.then_some(at)
        })
        .chain(std::iter::once(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::networks::{KnownNetwork, LengthUnit};

    fn short(limit: u32) -> Capabilities {
        Capabilities::plain(KnownNetwork::Bluesky, limit, LengthUnit::Graphemes)
    }

    #[test]
    fn messages_end_where_a_reader_pauses() {
        let text = "First sentence here. Second one follows it. A third is the last of them.";
        assert_eq!(split(text, &short(100), false), [text]);
        assert_eq!(
            split(text, &short(45), false),
            ["First sentence here. Second one follows it.", "A third is the last of them."]
        );
        assert_eq!(
            split(text, &short(30), false),
            ["First sentence here.", "Second one follows it.", "A third is the last of them."]
        );
        assert_eq!(split("one two three four", &short(9), false), ["one two", "three", "four"]);
        assert_eq!(
            split("Head of the text\n\nBody of it. More", &short(30), false),
            ["Head of the text", "Body of it. More"]
        );
        assert_eq!(split("一二三四五。六七八九十", &short(8), false), ["一二三四五。", "六七八九十"]);
        assert_eq!(split("aaaaaaaaaa", &short(4), false), ["aaaa", "aaaa", "aa"]);
        assert_eq!(split(" \n ", &short(4), false), [""; 0]);
    }

    #[test]
    fn numbers_are_counted_too() {
        assert_eq!(split("one two three four", &short(14), true), ["one two (1/3)", "three (2/3)", "four (3/3)"]);
        assert_eq!(split("one two", &short(14), true), ["one two"]);
        let many = split(&"word ".repeat(60), &short(15), true);
        assert_eq!((many.len(), many[11].as_str()), (60, "word (12/60)"));
    }

    #[test]
    fn an_address_is_never_cut_and_counts_as_the_network_counts_it() {
        let address = format!("https://example.com/{}", "a".repeat(300));
        let text = format!("{} {address} {}", "word ".repeat(40), "more ".repeat(40));
        let found = split(&text, &KnownNetwork::X.rules(), false);
        assert!(found.iter().any(|message| message.contains(&address)), "{found:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_message_fits_and_nothing_is_lost(
            text in "([a-z]{1,9}[.!]? |日本語。|👨‍👩‍👧‍👦|https://a\\.com/[a-z]{5,40} |\\PC|\n\n){0,60}", numbered: bool, limit in 40_u32..90,
        ) {
            for network in [KnownNetwork::X, KnownNetwork::Bluesky, KnownNetwork::Mastodon, KnownNetwork::Threads] {
                let rules = Capabilities { text_limit: limit, ..network.rules() };
                let found = split(&text, &rules, numbered);
                let mut bare: String = String::new();
                for (index, message) in found.iter().enumerate() {
                    prop_assert!(!message.trim().is_empty());
                    prop_assert!(text_length(message, rules.text_unit) <= rules.text_limit as usize, "{message}");
                    let ending = format!(" ({}/{})", index + 1, found.len());
                    let own = if numbered && found.len() > 1 { message.strip_suffix(&ending).unwrap() } else { message };
                    bare.extend(own.chars().filter(|c| !c.is_whitespace()));
                }
                let all: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                prop_assert_eq!(bare, all);
            }
        }
    }
}
