//! Words that were mistyped: which known word is meant. Pure; the words come from the workspace's own documents, and those of English
//! that people are known to mistype from a dictionary.

use std::ops::Range;

use super::documents::Language;

/// A word that people are known to write when they mean another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistyped {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// In small letters, the likeliest first; never empty.
    pub meant: Vec<&'static str>,
}

/// The mistyped words of an English text, in its order. Names of things in capitals, with digits or with signs within are left alone, and
/// so is a text in another language, whose words look like mistakes.
pub fn mistyped(text: &str) -> Vec<Mistyped> {
    if Language::of_question(text).is_some_and(|language| language != Language::English) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut after = 0;
    for token in text.split_whitespace() {
        let Some(at) = text.get(after..).and_then(|rest| rest.find(token)).map(|at| at + after) else { continue };
        after = at + token.len();
        let word = token.trim_matches(|c: char| !c.is_alphanumeric());
        let capitals = word.chars().all(char::is_uppercase);
        if capitals || !word.chars().all(char::is_alphabetic) {
            continue;
        }
        let meant: Vec<&str> = allin_spelling::meant(word).collect();
        if !meant.is_empty() {
            let start = at + token.find(word).unwrap_or_default();
            found.push(Mistyped { range: start..start + word.len(), meant });
        }
    }
    found
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
/// that is in most chunks. Swapped neighbours are one mistake.
pub fn meant<'a>(word: &str, known: &'a [(String, i64)]) -> Option<&'a (String, i64)> {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() < SHORTEST {
        return None;
    }
    let allowed = if letters.len() >= 8 { 2 } else { 1 };
    known
        .iter()
        .filter_map(|entry| {
            let other: Vec<char> = entry.0.chars().collect();
            let distance = distance(&letters, &other, allowed)?;
            (distance > 0).then_some((distance, -entry.1, entry))
        })
        .min_by(|a, b| (a.0, a.1, &a.2.0).cmp(&(b.0, b.1, &b.2.0)))
        .map(|(.., entry)| entry)
}

/// Optimal string alignment distance, up to `most`.
fn distance(one: &[char], other: &[char], most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let width = other.len() + 1;
    let mut rows: [Vec<usize>; 3] = [vec![0; width], vec![0; width], (0..width).collect()];
    let mut before: Option<char> = None;
    for (at, letter) in one.iter().enumerate() {
        rows.rotate_left(1);
        let [earlier, last, this] = &mut rows;
        let mut least = at + 1;
        if let Some(first) = this.first_mut() {
            *first = at + 1;
        }
        let mut left = at + 1;
        let mut other_before: Option<char> = None;
        for (column, theirs) in other.iter().enumerate() {
            let diagonal = last.get(column).copied().unwrap_or(usize::MAX);
            let above = last.get(column + 1).copied().unwrap_or(usize::MAX);
            let mut cost = (diagonal + usize::from(letter != theirs)).min(above + 1).min(left + 1);
            if before == Some(*theirs) && other_before == Some(*letter) && column > 0 {
                cost = cost.min(earlier.get(column - 1).copied().unwrap_or(usize::MAX).saturating_add(1));
            }
            if let Some(place) = this.get_mut(column + 1) {
                *place = cost;
            }
            (left, least) = (cost, least.min(cost));
            other_before = Some(*theirs);
        }
        if least > most {
            return None;
        }
        before = Some(*letter);
    }
    rows.last().and_then(|row| row.last()).copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_belongs_to_its_word() {
        assert!(is_form("appli", "apply") && is_form("moon", "moon") && is_form("scare", "scared"));
        assert!(!is_form("hapen", "happens") && !is_form("uplod", "upload"));
    }

    fn apart(one: &str, other: &str) -> Option<usize> {
        distance(&one.chars().collect::<Vec<_>>(), &other.chars().collect::<Vec<_>>(), 2)
    }

    fn put_right(text: &str) -> String {
        let found = mistyped(text);
        replaced(text, found.iter().map(|found| (found.range.clone(), found.meant.first().copied().unwrap_or_default())))
    }

    #[test]
    fn known_mistakes_are_put_right_where_they_stand() {
        for (text, right) in [
            ("shedule in the next fre slot of the queue", "schedule in the next free slot of the queue"),
            ("Wich (uplod) is it, the acount's?", "Which (upload) is it, the acount's?"),
            ("pasword", "password"),
            ("shedule, shedule and shedule", "schedule, schedule and schedule"),
            // Names, settings and paths.
            ("What does ALLIN_SMTP_URL or /v1/acount or ACOUNT mean?", "What does ALLIN_SMTP_URL or /v1/acount or ACOUNT mean?"),
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
    fn mistakes_are_counted() {
        for (one, other, expected) in [
            ("schedule", "schedule", Some(0)),
            ("shedule", "schedule", Some(1)),
            ("scheudle", "schedule", Some(1)),
            ("shcedul", "schedule", Some(2)),
            ("scedle", "schedule", Some(2)),
            ("calendar", "schedule", None),
            ("überall", "uberall", Some(1)),
        ] {
            assert_eq!(apart(one, other), expected, "{one} {other}");
        }
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
