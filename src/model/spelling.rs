//! Words that were mistyped: which known word is meant. Pure; the words come from the workspace's own documents, and those of English
//! that people are known to mistype from a dictionary.

mod apart;

use std::ops::Range;

use self::apart::{distance, distances};
use super::documents::Language;

/// Shortest word that is compared with those of the documents: shorter ones are near too many others.
const COMPARED: usize = 6;

/// A word of a question that may be mistyped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// In small letters.
    pub word: String,
    /// What people are known to mean by it, the likeliest first; empty where it is merely no word that is known here.
    pub meant: Vec<&'static str>,
}

/// Words of an English text that may be mistyped, in its order. Names of things in capitals, with digits or with signs within are left
/// alone, and so is a text in another language, whose words look like mistakes. `known` are words that are right, given in small letters;
/// they do not save what people are known to mistype.
pub fn doubtful(text: &str, known: impl Fn(&str) -> bool) -> Vec<Doubtful> {
    let mut found = unusual(text);
    found.retain(|found| !found.meant.is_empty() || !known(&found.word));
    if found.is_empty() {
        return found;
    }
    let english = |text: &str| Language::of_question(text).is_none_or(|language| language == Language::English);
    if english(text) || english(&probable(text, &found)) { found } else { Vec::new() }
}

/// The language of a text, English although mistakes hide it.
pub fn language(text: &str) -> Option<Language> {
    let found = unusual(text);
    let put_right = Some(probable(text, &found)).filter(|right| right != text);
    let hidden = put_right.and_then(|right| Language::detect(&right)).filter(|language| *language == Language::English);
    hidden.or_else(|| Language::detect(text))
}

/// With what is likeliest meant by the words that people are known to mistype.
fn probable(text: &str, found: &[Doubtful]) -> String {
    replaced(text, found.iter().filter_map(|found| Some((found.range.clone(), *found.meant.first()?))))
}

/// Words that would be mistyped or unknown if the text were English.
fn unusual(text: &str) -> Vec<Doubtful> {
    let mut found = Vec::new();
    let mut after = 0;
    for token in text.split_whitespace() {
        let Some(at) = text.get(after..).and_then(|rest| rest.find(token)).map(|at| at + after) else { continue };
        after = at + token.len();
        let word = token.trim_matches(|c: char| !c.is_alphanumeric());
        if word.chars().all(char::is_uppercase) || !word.chars().all(char::is_alphabetic) {
            continue;
        }
        let meant: Vec<&str> = allin_spelling::meant(word).collect();
        let start = at + token.find(word).unwrap_or_default();
        let (range, word) = (start..start + word.len(), word.to_lowercase());
        if !meant.is_empty() || word.chars().count() >= COMPARED && !allin_spelling::is_word(&word) {
            found.push(Doubtful { range, word, meant });
        }
    }
    found
}

/// Words of the text that are English ones, in small letters.
pub fn english(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    words.filter(|word| allin_spelling::is_word(word)).collect()
}

/// The text with words put in place of others, which begin with a capital where those did. The ranges are in order.
pub fn replaced<'a>(text: &str, words: impl Iterator<Item = (Range<usize>, &'a str)>) -> String {
    let mut right = String::with_capacity(text.len());
    let mut after = 0;
    for (range, word) in words {
        right.push_str(text.get(after..range.start).unwrap_or_default());
        let capital = text.get(range.clone()).is_some_and(|old| old.starts_with(char::is_uppercase));
        let mut letters = word.chars();
        match letters.next().filter(|_| capital) {
            Some(first) => right.extend(first.to_uppercase().chain(letters)),
            None => right.push_str(word),
        }
        after = range.end;
    }
    right.push_str(text.get(after..).unwrap_or_default());
    right
}

/// Shortest word that is corrected: shorter ones are near too many others.
const SHORTEST: usize = 4;

/// Beginnings that known words are looked up by: the first two letters, those swapped, and those without the second.
pub fn prefixes(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    match letters.as_slice() {
        [first, second, third, _, ..] if !letters.iter().any(char::is_ascii_digit) => {
            vec![
                String::from_iter([first, second]),
                String::from_iter([second, first]),
                String::from_iter([first, third]),
            ]
        }
        _ => Vec::new(),
    }
}

/// Whether a stem is this word's: the word begins with it, or with all of it but an `i`, as `apply` does for `appli`.
pub fn is_form(stem: &str, word: &str) -> bool {
    word.starts_with(stem) || stem.strip_suffix('i').is_some_and(|stem| word.starts_with(stem))
}

/// The known word that differs least, if it differs little: one mistake, from eight letters on two. Of several, the one
/// that is in most chunks. Swapped neighbours are one mistake, and so is a letter for another that sounds like it or lies beside it.
pub fn meant<'a>(word: &str, known: &'a [(String, i64)]) -> Option<&'a (String, i64)> {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() < SHORTEST {
        return None;
    }
    let allowed = allowed(&letters);
    let apart = |entry: &(String, i64)| {
        let other: Vec<char> = entry.0.chars().collect();
        distance(&letters, &other, allowed).filter(|distance| *distance > 0)
    };
    known
        .iter()
        .filter_map(|entry| Some((apart(entry)?, -entry.1, entry)))
        .min_by(|a, b| (a.0, a.1, &a.2.0).cmp(&(b.0, b.1, &b.2.0)))
        .map(|(.., entry)| entry)
}

/// Stems, of letters alone, that the word may begin with, were it spelt right: those that differ least first.
pub fn stems<'a>(word: &str, known: &'a [(String, i64)]) -> Vec<&'a str> {
    let letters: Vec<char> = word.chars().collect();
    // A stem may end otherwise than its words do.
    let allowed = allowed(&letters) + 1;
    let mut near: Vec<(usize, i64, &str)> = known
        .iter()
        .filter_map(|(stem, chunks)| {
            let stem_letters: Vec<char> = stem.chars().collect();
            let whole = stem_letters.len() * 2 >= letters.len() && stem_letters.iter().all(|c| c.is_alphabetic());
            let distance = whole.then(|| distances(&stem_letters, &letters, allowed)).flatten()?.into_iter().min()?;
            (distance <= allowed).then_some((distance, -chunks, stem.as_str()))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().map(|(.., stem)| stem).collect()
}

/// Mistakes in a word that are still put right.
const fn allowed(letters: &[char]) -> usize {
    if letters.len() >= 8 { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_belongs_to_its_word() {
        assert!(is_form("appli", "apply") && is_form("moon", "moon") && is_form("scare", "scared"));
        assert!(!is_form("hapen", "happens") && !is_form("uplod", "upload"));
    }

    fn put_right(text: &str) -> String {
        probable(text, &doubtful(text, |_| false))
    }

    #[test]
    fn known_mistakes_are_put_right_where_they_stand() {
        for (text, right) in [
            ("shedule in the next fre slot of the queue", "schedule in the next free slot of the queue"),
            ("Wich (uplod) is it, the acount's?", "Which (upload) is it, the acount's?"),
            ("pasword", "password"),
            ("shedule, shedule and shedule", "schedule, schedule and schedule"),
            // Names, settings and paths.
            (
                "What does ALLIN_SMTP_URL or /v1/acount or ACOUNT mean?",
                "What does ALLIN_SMTP_URL or /v1/acount or ACOUNT mean?",
            ),
            ("How do I schedule a post?", "How do I schedule a post?"),
            // Another language has words that would be mistakes in English.
            ("Was ist ein Entwurf und wo steht er?", "Was ist ein Entwurf und wo steht er?"),
            ("¿Dónde veo mis publicaciones de varios perfiles?", "¿Dónde veo mis publicaciones de varios perfiles?"),
            ("", ""),
        ] {
            assert_eq!(put_right(text), right);
        }
    }

    #[test]
    fn mistakes_hide_no_language() {
        for (text, is) in [
            ("restor bakup on new server", Language::English),
            ("Was ist ein Entwurf und wo steht er?", Language::German),
            ("¿Dónde veo mis publicaciones de varios perfiles?", Language::Spanish),
        ] {
            assert_eq!(language(text), Some(is), "{text}");
        }
    }

    #[test]
    fn stems_of_mistyped_words_are_found() {
        let known = ["manag", "man", "person", "invit", "blueski", "schedul"].map(|stem| (stem.to_owned(), 1));
        for (word, stem) in
            [("maneger", "manag"), ("persnal", "person"), ("invitatons", "invit"), ("blusky", "blueski")]
        {
            assert!(stems(word, &known).contains(&stem), "{word}");
        }
        assert_eq!(stems("calendar", &known), Vec::<&str>::new());
    }

    #[test]
    fn the_commonest_of_the_nearest_is_meant() {
        let known = [("account".to_owned(), 9), ("accent".to_owned(), 2), ("accounts".to_owned(), 1)];
        assert_eq!(meant("acount", &known).map(|known| known.0.as_str()), Some("account"));
        assert_eq!(meant("accoutn", &known).map(|known| known.0.as_str()), Some("account"));
        assert_eq!(meant("acc", &known), None);
        assert_eq!(meant("zebra", &known), None);
    }
}
