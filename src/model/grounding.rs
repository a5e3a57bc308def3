//! Whether a sentence that a language model wrote is supported by the sources it cites. What can be copied must be there as it
//! stands: numbers, addresses, what is in backticks. Of other words a share must be there, close together, and a source must
//! say no where the sentence says no. Where the sentence is in another language than its sources words cannot be compared:
//! then only what can be copied and names count, which is weaker, and all that can be done without a model.

mod literal;

use std::collections::{BTreeMap, BTreeSet};

use self::literal::{Literals, names, negates, numbers, without_marks};
use super::{
    passages::{addresses_models, passages, readable},
    words::{akin, content},
};

/// Of a hundred words of a sentence so many may be the model's own; of three none.
const MISSING_OF_100: usize = 35;
/// Share of names where words cannot be compared.
const NAMES_SHARE: f32 = 0.5;
/// Share that a source must have to be named.
const SOURCE_SHARE: f32 = 0.3;
/// Passages in a row in which the words are looked for: what a chunk says in two places is not one statement.
const CLOSE: usize = 3;
/// Sentences and their length that are looked at.
const SENTENCES_MOST: usize = 40;
const LETTERS_MOST: usize = 1200;

/// A sentence as the model gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub text: String,
    /// Numbers of sources, from 1.
    pub sources: Vec<usize>,
}

/// A source as the model was shown it.
#[derive(Debug, Clone)]
pub struct Source {
    /// Title and headings, which stand above every passage.
    head: Vec<String>,
    passages: Vec<Said>,
    whole: String,
    literals: Literals,
    /// Two or three letters.
    language: String,
}

/// A passage, as it is compared.
#[derive(Debug, Clone)]
struct Said {
    words: Vec<String>,
    numbers: BTreeSet<String>,
    /// Whether it says no to something.
    no: bool,
}

/// What passages that stand together have of a sentence.
#[derive(Debug, Clone, Default)]
struct Near {
    words: BTreeSet<String>,
    numbers: BTreeSet<String>,
    no: bool,
}

/// What is left of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounded {
    pub claims: Vec<Claim>,
    pub dropped: usize,
}

impl Near {
    fn size(&self) -> usize {
        self.words.len() + self.numbers.len()
    }

    /// All words that the other has, and more; or the same and more of the numbers. Numbers do not make up for words: then a
    /// sentence would be put together of two statements.
    fn has_more_than(&self, other: &Self) -> bool {
        let words = other.words.is_subset(&self.words) && self.words.len() > other.words.len();
        words || self.words == other.words && other.numbers.is_subset(&self.numbers) && self.size() > other.size()
    }
}

impl Source {
    pub fn new(title: &str, heading_path: &[String], body: &str, language: &str) -> Self {
        let mut head: Vec<&str> = std::iter::once(title).chain(heading_path.iter().map(String::as_str)).collect();
        // Most documents begin with their title as a heading.
        head.dedup();
        let head = head.join(" > ");
        let whole = format!("{head}\n{}", readable(body));
        let read = |text: String| Said { words: content(&text), numbers: numbers(&text), no: negates(&text) };
        Self {
            head: content(&head),
            passages: passages(body).into_iter().map(|passage| read(passage.text)).collect(),
            literals: Literals::of(&whole),
            whole,
            language: language.to_owned(),
        }
    }

    /// What the model is shown.
    pub fn shown(&self) -> &str {
        &self.whole
    }

    /// Of the passages that stand together those that have most of a sentence.
    fn nearest(&self, words: &BTreeSet<String>, numbers: &BTreeSet<String>) -> Near {
        let mut best = Near { words: self.among(words, &[]), ..Near::default() };
        for start in 0..self.passages.len() {
            let close = self.passages.get(start..(start + CLOSE).min(self.passages.len())).unwrap_or_default();
            let near = Near {
                words: self.among(words, close),
                numbers: numbers
                    .iter()
                    .filter(|number| close.iter().any(|said| said.numbers.contains(*number)))
                    .cloned()
                    .collect(),
                no: close.iter().any(|said| said.no),
            };
            if near.size() > best.size() {
                best = near;
            }
        }
        best
    }

    fn among(&self, words: &BTreeSet<String>, close: &[Said]) -> BTreeSet<String> {
        let known = |word: &String| {
            let mut all = close.iter().flat_map(|said| &said.words).chain(&self.head);
            all.any(|other| akin(word, other))
        };
        words.iter().filter(|word| known(word)).cloned().collect()
    }
}

/// Keeps the claims that are supported, as plain text. `language` is that of the answer.
pub fn ground(claims: Vec<Claim>, sources: &[Source], language: &str) -> Grounded {
    let mut grounded = Grounded { claims: Vec::new(), dropped: claims.len().saturating_sub(SENTENCES_MOST) };
    for claim in claims.iter().take(SENTENCES_MOST) {
        match supported(claim, sources, language) {
            // Said once is enough.
            Some(claim) if grounded.claims.iter().any(|known| known.text == claim.text) => {}
            Some(claim) => grounded.claims.push(claim),
            None => grounded.dropped += 1,
        }
    }
    grounded
}

/// The claim as it may be shown, with those of its sources that support it; `None` without support.
fn supported(claim: &Claim, sources: &[Source], language: &str) -> Option<Claim> {
    if claim.text.chars().count() > LETTERS_MOST || addresses_models(&claim.text) {
        return None;
    }
    let text = readable(&without_marks(&claim.text)).split_whitespace().collect::<Vec<_>>().join(" ");
    let words: BTreeSet<String> =
        content(&text).into_iter().filter(|word| !word.starts_with(char::is_numeric)).collect();
    if words.is_empty() || addresses_models(&text) {
        return None;
    }
    let mut named: Vec<usize> = claim.sources.clone();
    named.sort_unstable();
    named.dedup();
    let cited: Vec<(usize, &Source)> =
        named.into_iter().filter_map(|number| Some((number, sources.get(number.checked_sub(1)?)?))).collect();
    let (same, foreign): (Vec<_>, Vec<_>) = cited.into_iter().partition(|(_, source)| source.language == language);
    let kept = match same.is_empty() {
        true => foreign,
        false => {
            let all: Vec<_> = (1..).zip(sources).filter(|(_, source)| source.language == language).collect();
            worded(&text, &words, &same, &all)?
        }
    };
    let whole: Vec<&Source> = kept.iter().map(|(_, source)| *source).collect();
    let names = names(&text, language);
    let known = names.iter().filter(|name| whole.iter().any(|source| source.literals.has_word(name))).count();
    // As the model wrote it: what was taken out of it for showing counts against it.
    let written = Literals::of(&without_marks(&claim.text));
    let copied = written.all_in(whole.iter().map(|source| &source.literals));
    let enough = names.is_empty() || share(known, names.len()) >= NAMES_SHARE;
    let holds = !kept.is_empty() && copied && enough;
    holds.then(|| Claim { text, sources: kept.into_iter().map(|(number, _)| number).collect() })
}

/// The sources that have enough of a sentence; `None` when together they have not. Where another source has all that a cited one
/// has, and more, it is named in its place: it is what the sentence is from.
fn worded<'a>(
    text: &str,
    words: &BTreeSet<String>,
    cited: &[(usize, &'a Source)],
    all: &[(usize, &'a Source)],
) -> Option<Vec<(usize, &'a Source)>> {
    let numbers = numbers(text);
    let read: Vec<(usize, &Source, Near)> =
        all.iter().map(|(number, source)| (*number, *source, source.nearest(words, &numbers))).collect();
    let mut kept: BTreeMap<usize, (&Source, &Near)> = BTreeMap::new();
    for (number, _) in cited {
        let Some((_, source, near)) = read.iter().find(|(known, ..)| known == number) else { continue };
        if share(near.words.len(), words.len()) < SOURCE_SHARE {
            continue;
        }
        let better = read.iter().filter(|(.., other)| other.has_more_than(near)).max_by_key(|(.., other)| other.size());
        match better {
            Some((number, source, near)) => kept.insert(*number, (source, near)),
            None => kept.insert(*number, (source, near)),
        };
    }
    let mut together = Near::default();
    for (_, near) in kept.values() {
        together.words.extend(near.words.iter().cloned());
        together.numbers.extend(near.numbers.iter().cloned());
        together.no |= near.no;
    }
    let missing = words.len() - together.words.len();
    let enough = missing <= (words.len() - 1) * MISSING_OF_100 / 100 && numbers.is_subset(&together.numbers);
    (enough && (together.no || !negates(text)))
        .then(|| kept.into_iter().map(|(number, (source, _))| (number, source)).collect())
}

fn share(part: usize, whole: usize) -> f32 {
    let number = |count: usize| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

#[cfg(test)]
mod tests;
