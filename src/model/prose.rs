//! What members write to each other: comments, names and notes of tasks. Kept as plain text that shows what it is: nothing
//! invisible that turns or hides what stands around it.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// Text as it is kept, and how many characters were taken out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prose {
    pub text: String,
    pub removed: usize,
}

/// With its line breaks; blank space around it is dropped.
pub fn lines(text: &str) -> Prose {
    let (mut kept, mut removed, mut tagged) = (String::with_capacity(text.len()), 0, false);
    for c in text.replace("\r\n", "\n").chars() {
        let c = if matches!(c, '\r' | '\u{2028}' | '\u{2029}' | '\u{85}') { '\n' } else { c };
        // Tags follow the black flag in the flags of England, Scotland and Wales; elsewhere they are letters that nobody sees.
        let tag = ('\u{e0000}'..='\u{e007f}').contains(&c);
        if hides(c) || tag && !tagged {
            removed += 1;
            continue;
        }
        tagged = c == '\u{1f3f4}' || tag && c != '\u{e007f}';
        kept.push(c);
    }
    Prose { text: kept.trim().to_owned(), removed }
}

/// On one line, with single spaces.
pub fn line(text: &str) -> String {
    lines(text).text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether there is anything to see in it.
pub fn says_something(text: &str) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, SpaceSeparator, Unassigned};
    text.chars().any(|c| {
        // Letters that have no shape, and the empty Braille cell.
        let blank = matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}');
        let hidden = [Control, Format, LineSeparator, ParagraphSeparator, SpaceSeparator, Unassigned];
        !blank && !hidden.contains(&c.general_category())
    })
}

/// For people to read: what [`lines`] would take out is written as its number.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match hides(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    out
}

/// Control characters but line break and tab, and what changes the direction of the text around it.
fn hides(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fff9}'..='\u{fffb}' | '\u{feff}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_taken_out_and_what_is_read_stays() {
        let kept = lines(" a\u{1b}[31mb\u{202e}c\u{2066}\u{0}\r\nd\te\u{feff} ");
        assert_eq!(kept, Prose { text: "a[31mbc\nd\te".into(), removed: 5 });
        assert_eq!(lines("hello\u{e0041}\u{e0042}").text, "hello");
        for text in ["مرحبا بكم", "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}!", "👩‍🚀 e\u{301}", "日本語"]
        {
            assert_eq!(lines(text), Prose { text: text.into(), removed: 0 });
        }
        assert_eq!(line("one\u{2028}two\n\n three"), "one two three");
    }

    #[test]
    fn what_nobody_sees_says_nothing() {
        for text in ["", " ", "\u{200e}", "\u{200b}\u{3164}\u{2800}", "\n\t"] {
            assert!(!says_something(text), "{text:?}");
        }
        for text in ["a", "👍", "\u{200e}·", "日"] {
            assert!(says_something(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_hidden_can_be_shown() {
        assert_eq!(shown("pay\u{202e}\n\u{7}"), "pay\\u{202e}\n\\u{7}");
    }
}
