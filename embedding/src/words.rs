//! A text as normalised words with their places in the original: the model's map of characters, composition, and cuts at white
//! space. Most words stay as they are and are not copied.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use unicode_normalization::{
    IsNormalized, UnicodeNormalization,
    char::{canonical_combining_class, compose, decompose_canonical},
    is_nfc_quick,
};

pub type CharacterMap = BTreeMap<char, Box<str>>;

pub struct Word<'a> {
    pub text: Cow<'a, str>,
    from: usize,
    /// Of a word that was changed, where each character begins and what it came from.
    origins: Vec<(usize, Range<usize>)>,
}

impl Word<'_> {
    /// What a stretch of the normalised word was in the original text.
    pub fn origin(&self, stretch: Range<usize>) -> Range<usize> {
        if self.origins.is_empty() {
            return self.from + stretch.start..self.from + stretch.end;
        }
        let at = |place: usize| {
            let next = self.origins.partition_point(|(start, _)| *start <= place);
            self.origins.get(next.saturating_sub(1)).map(|(_, origin)| origin.clone()).unwrap_or(self.from..self.from)
        };
        at(stretch.start).start..at(stretch.end.saturating_sub(1)).end
    }
}

/// Calls `each` with every word, in order.
pub fn words<'a>(text: &'a str, map: &CharacterMap, mut each: impl FnMut(Word<'a>)) {
    let mut from = 0;
    for part in text.split_inclusive(is_plain_space) {
        let word = part.strip_suffix(is_plain_space).unwrap_or(part);
        if !word.is_empty() {
            if stays(word, map) {
                each(Word { text: Cow::Borrowed(word), from, origins: Vec::new() });
            } else {
                changed(word, from, map, &mut each);
            }
        }
        from += part.len();
    }
}

/// Those that the map makes spaces too, so that cutting at them first changes nothing.
fn is_plain_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

fn stays(word: &str, map: &CharacterMap) -> bool {
    if word.bytes().all(|byte| byte.is_ascii_graphic()) {
        return true;
    }
    is_nfc_quick(word.chars()) == IsNormalized::Yes
        && !word.chars().any(|character| character.is_whitespace() || map.contains_key(&character))
}

fn changed<'a>(word: &str, from: usize, map: &CharacterMap, each: &mut impl FnMut(Word<'a>)) {
    let mut made = Word { text: Cow::Owned(String::new()), from, origins: Vec::new() };
    for (segment, origin) in segments(word, from, map) {
        for character in segment.into_iter().nfc() {
            if character.is_whitespace() {
                let next = Word { text: Cow::Owned(String::new()), from: origin.end, origins: Vec::new() };
                let done = std::mem::replace(&mut made, next);
                if !done.text.is_empty() {
                    each(done);
                }
            } else {
                made.origins.push((made.text.len(), origin.clone()));
                made.text.to_mut().push(character);
            }
        }
    }
    if !made.text.is_empty() {
        each(made);
    }
}

/// Stretches that compose within themselves only, as the map makes them, with what they came from.
fn segments<'w>(
    word: &'w str,
    from: usize,
    map: &'w CharacterMap,
) -> impl Iterator<Item = (Vec<char>, Range<usize>)> + 'w {
    let mapped = word.char_indices().flat_map(move |(at, character)| {
        let origin = from + at..from + at + character.len_utf8();
        let (kept, replaced) = match map.get(&character) {
            Some(to) => (None, Some(to.chars())),
            None => (Some(character), None),
        };
        kept.into_iter().chain(replaced.into_iter().flatten()).map(move |character| (character, origin.clone()))
    });
    let mut mapped = mapped.peekable();
    std::iter::from_fn(move || {
        let (first, mut origin) = mapped.next()?;
        let mut segment = vec![first];
        let mut last = first;
        while let Some((next, more)) = mapped.next_if(|(next, _)| joins(last, *next)) {
            last = compose(last, first_of(next)).unwrap_or(next);
            origin.end = more.end;
            segment.push(next);
        }
        Some((segment, origin))
    })
}

/// Whether composition can reach over the border between these two.
fn joins(last: char, next: char) -> bool {
    let first = first_of(next);
    canonical_combining_class(first) != 0 || compose(last, first).is_some()
}

fn first_of(character: char) -> char {
    let mut first = None;
    decompose_canonical(character, |part| {
        first.get_or_insert(part);
    });
    first.unwrap_or(character)
}
