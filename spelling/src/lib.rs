//! English words that people mistype, and what they mean by them: the dictionary of the `typos` project, which has 96,000
//! of them. It knows no other language, and nothing of what a text is about.

/// Lines of a mistyped word and what may be meant by it, by word.
static MISTYPED: &str = include_str!(concat!(env!("OUT_DIR"), "/mistyped.txt"));
/// Lines of one word.
static WORDS: &str = include_str!(concat!(env!("OUT_DIR"), "/words.txt"));

/// What may be meant by a word that is mistyped so; the likeliest first, in small letters. None of words that are right, and of those
/// that nobody has reported.
pub fn meant(word: &str) -> impl Iterator<Item = &'static str> {
    line(MISTYPED, &word.to_lowercase()).unwrap_or_default().split_ascii_whitespace().skip(1)
}

/// Whether it is one of 22,000 English words that people mistype at times. Rarer words are not known here.
pub fn is_word(word: &str) -> bool {
    line(WORDS, &word.to_lowercase()).is_some()
}

/// The line that begins with the word, of sorted lines.
fn line<'a>(lines: &'a str, word: &str) -> Option<&'a str> {
    let mut rest = lines.as_bytes();
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        let starts = rest.get(..middle)?.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let ends = starts + rest.get(starts..)?.iter().position(|byte| *byte == b'\n')?;
        let line = rest.get(starts..ends)?;
        let own = line.split(|byte| *byte == b' ').next()?;
        match word.as_bytes().cmp(own) {
            std::cmp::Ordering::Less => rest = rest.get(..starts)?,
            std::cmp::Ordering::Greater => rest = rest.get(ends + 1..)?,
            std::cmp::Ordering::Equal => return std::str::from_utf8(line).ok(),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(word: &str) -> Option<&'static str> {
        meant(word).next()
    }

    #[test]
    fn what_is_mistyped_is_found_and_what_is_right_is_not() {
        for (word, right) in [("shedule", "schedule"), ("Acount", "account"), ("wich", "which"), ("tiem", "time")] {
            assert_eq!(first(word), Some(right), "{word}");
            assert!(is_word(right), "{right}");
            assert!(!is_word(word), "{word}");
        }
        for right in ["schedule", "account", "a", "", "post office", "\n", "Straße", "zzzz", "0"] {
            assert_eq!(first(right), None, "{right:?}");
        }
        assert_eq!(meant("personel").collect::<Vec<_>>(), ["personnel", "personal"]);
    }

    #[test]
    fn every_line_is_found() {
        let mut before = "";
        for entry in MISTYPED.lines() {
            let (word, rest) = entry.split_once(' ').unwrap_or_default();
            assert!(before < word, "{before} {word}");
            assert_eq!(meant(word).collect::<Vec<_>>(), rest.split(' ').collect::<Vec<_>>(), "{word}");
            before = word;
        }
        assert!(WORDS.lines().all(is_word));
        assert_eq!((MISTYPED.lines().count() / 1000, WORDS.lines().count() / 1000), (95, 21));
    }
}
