//! What can be copied from a source and must not be made up: numbers, addresses, commands and codes. And words that say no.

use std::collections::BTreeSet;

use super::super::words::folded;

/// What a text has of them, and the text itself for looking into.
#[derive(Debug, Clone, Default)]
pub struct Literals {
    /// As they would be written alone.
    numbers: BTreeSet<String>,
    /// Addresses, names of tools and options, what is in backticks.
    spelt: BTreeSet<String>,
    /// Folded, single spaces, no backticks.
    text: String,
}

impl Literals {
    pub fn of(text: &str) -> Self {
        let folded: String = folded(text).chars().map(western).collect();
        let mut spelt = BTreeSet::new();
        for code in folded.split('`').skip(1).step_by(2) {
            spelt.insert(code.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        let plain = folded.replace('`', " ");
        for word in plain.split_whitespace() {
            let word = word.trim_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '/')));
            if is_spelt(word) {
                spelt.insert(word.to_owned());
            }
        }
        spelt.retain(|item| !item.is_empty());
        let text = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { numbers: numbers(&text), spelt, text }
    }

    /// Whether every one of them is in one of these texts.
    pub fn all_in<'a>(&self, texts: impl Iterator<Item = &'a Self> + Clone) -> bool {
        let number = |number: &String| texts.clone().any(|text| text.numbers.contains(number));
        let spelt = |item: &String| texts.clone().any(|text| text.has(item));
        self.numbers.iter().all(number) && self.spelt.iter().all(spelt)
    }

    /// Whether it is there, not as a part of something longer.
    fn has(&self, item: &str) -> bool {
        self.text.match_indices(item).any(|(at, _)| {
            let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '/' | '?' | '=' | '&');
            let before = self.text.get(..at).and_then(|text| text.chars().next_back());
            let mut behind = self.text.get(at + item.len()..).unwrap_or_default().chars();
            let (next, second) = (behind.next(), behind.next());
            // A full stop ends a sentence, unless a name goes on behind it.
            let goes_on =
                next.is_some_and(|c| matches!(c, '.' | '-' | ':')) && second.is_some_and(char::is_alphanumeric);
            !before.is_some_and(joins) && !next.is_some_and(joins) && !goes_on
        })
    }

    /// A name, whatever its ending.
    pub fn has_word(&self, name: &str) -> bool {
        self.text.contains(&folded(name))
    }
}

/// Addresses, names of tools and options.
fn is_spelt(word: &str) -> bool {
    let says = word.chars().any(char::is_alphanumeric);
    let joined = word.contains("://") || word.starts_with("www.") || word.starts_with("--") || word.contains('_');
    says && (joined || is_name_with_dots(word))
}

/// `docs.example.com`, `anna@example.com`, `settings.json`; not `e.g`, and no number.
fn is_name_with_dots(word: &str) -> bool {
    let Some((head, last)) = word.rsplit_once('.') else { return word.contains('@') && word.len() > 2 };
    let label =
        |label: &str| label.len() >= 2 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    label(last) && last.bytes().any(|byte| byte.is_ascii_alphabetic()) && head.len() >= 2 && head.is_ascii()
}

/// Digits of other scripts as those of this one.
fn western(c: char) -> char {
    let zeros = [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50];
    let value = zeros.iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|value| *value < 10));
    value.and_then(|value| char::from_digit(value, 10)).unwrap_or(c)
}

/// `1,000` and `1.000` are 1000, `2,5` is 2.5; `v2` is a number with its letter.
pub fn numbers(text: &str) -> BTreeSet<String> {
    let text: String = folded(text).chars().map(western).collect();
    let mut found = BTreeSet::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | ',' | ':'))) {
        let word = word.trim_matches(['.', ',', ':']);
        if word.bytes().any(|byte| byte.is_ascii_digit()) {
            // Letters that stand next to digits without a space, as in Chinese, are no part of the number.
            let kept: String = word.chars().map(|c| if c.is_ascii() { c } else { ' ' }).collect();
            let parts = kept.split_whitespace().filter(|part| part.bytes().any(|byte| byte.is_ascii_digit()));
            found.extend(parts.map(|part| normal(part.trim_matches(['.', ',', ':']))));
        }
    }
    found
}

fn normal(number: &str) -> String {
    let groups: Vec<&str> = number.split([',', '.']).collect();
    let digits = |group: &&str| group.bytes().all(|byte| byte.is_ascii_digit());
    let grouped = groups.len() > 1 && groups.iter().all(digits) && groups.iter().skip(1).all(|group| group.len() == 3);
    if grouped { groups.concat() } else { number.replace(',', ".") }
}

/// Without `[1]` and `【1】`, and without the number of a list before it: marks of citations are put by us.
pub fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.trim_start();
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if behind.len() < rest.len()
        && let Some(item) = behind.strip_prefix(". ").or_else(|| behind.strip_prefix(") "))
    {
        rest = item;
    }
    while let Some(at) = rest.find(['[', '【']) {
        let (before, mark) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let inside = mark.trim_start_matches(['[', '【']);
        let end = inside.find([']', '】']);
        let is_mark = |inner: &str| {
            !inner.is_empty() && inner.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | ' ' | '-' | '^' | '†'))
        };
        match end.and_then(|end| inside.split_at_checked(end)) {
            Some((inner, close)) if is_mark(inner) => {
                rest = close.trim_start_matches([']', '】']);
                out.truncate(out.trim_end().len());
            }
            _ => {
                out.push_str(mark.get(..mark.len() - inside.len()).unwrap_or_default());
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Words of several languages that turn a statement round.
const NO: &[&str] = &[
    "not",
    "no",
    "never",
    "cannot",
    "can't",
    "don't",
    "doesn't",
    "isn't",
    "aren't",
    "won't",
    "without",
    "none",
    "nobody",
    "nothing",
    "nicht",
    "kein",
    "keine",
    "keinen",
    "nie",
    "niemals",
    "ohne",
    "jamás",
    "nunca",
    "sin",
    "ne",
    "pas",
    "jamais",
    "sans",
    "non",
    "mai",
    "senza",
    "não",
    "sem",
    "niet",
    "geen",
    "nooit",
    "zonder",
    "не",
    "нет",
    "без",
    "değil",
    "yok",
    "không",
    "नहीं",
    "لا",
    "ليس",
    "不",
    "没",
    "ない",
    "ません",
];

/// Whether a text says no to something.
pub fn negates(text: &str) -> bool {
    let folded = folded(text).replace('’', "'");
    let words = folded.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '\u{94d}' || c == '\u{902}'));
    words.clone().any(|word| NO.contains(&word))
        || ["不", "没", "ない", "ません", "नहीं"].iter().any(|word| folded.contains(word))
}

/// Words that are names by how they are written. In German every noun looks like one; there only unusual ones count.
pub fn names(text: &str, language: &str) -> Vec<String> {
    let dense = text.chars().any(super::super::words::has_no_spaces)
        || text.chars().any(|c| ('\u{590}'..='\u{97f}').contains(&c));
    let mut names = Vec::new();
    let mut begins = true;
    let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let separates = |c: char| !(c.is_alphanumeric() || c == '-') || super::super::words::has_no_spaces(c);
    for word in plain.split(separates).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        let upper = letters.next().is_some_and(char::is_uppercase);
        let inside = letters.any(char::is_uppercase);
        let latin = dense && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) && word.len() > 2;
        let latin = latin && word.bytes().any(|byte| byte.is_ascii_alphabetic());
        if inside && word.len() > 1 || latin || upper && !begins && language != "de" && word.chars().count() > 2 {
            names.push(word.to_owned());
        }
        begins = false;
    }
    names
}
