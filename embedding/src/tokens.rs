//! Texts as tokens of the vocabulary: the most likely way to cut each word into pieces (unigram model), as XLM-RoBERTa's own
//! tokenizer cuts.

use std::ops::Range;

use crate::{
    file::Vocabulary,
    pieces::{HEAD, Hash, Pieces},
    words::{CharacterMap, Word, words},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub id: u32,
    /// Bytes of the text that the token stands for; ends and begins between characters.
    pub origin: Range<usize>,
}

pub struct Tokenizer {
    pieces: Pieces,
    map: CharacterMap,
}

/// Stands for the space before a word.
const SPACE: char = '\u{2581}';

/// The best way to some place in a word: its score, the last token and where that began.
#[derive(Clone, Copy)]
struct Best {
    score: f64,
    id: u32,
    from: usize,
}

/// Buffers of one text, filled anew by each word.
#[derive(Default)]
struct Work {
    word: String,
    best: Vec<Option<Best>>,
    cut: Vec<(u32, usize, usize)>,
}

impl Tokenizer {
    pub fn new(mut vocabulary: Vocabulary) -> Self {
        let map = std::mem::take(&mut vocabulary.map);
        Self { pieces: Pieces::new(vocabulary), map }
    }

    pub fn begin(&self) -> u32 {
        self.pieces.begin
    }

    pub fn end(&self) -> u32 {
        self.pieces.end
    }

    /// The text's tokens, without marks for beginning and end.
    pub fn encode(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.each(text, |id, word, cut| {
            let lead = SPACE.len_utf8();
            let origin = word.origin(cut.start.saturating_sub(lead)..cut.end.saturating_sub(lead));
            tokens.push(Token { id, origin: origin.start..origin.end.max(origin.start) });
        });
        tokens
    }

    /// As many as `encode` gives.
    pub fn count(&self, text: &str) -> usize {
        let mut count = 0;
        self.each(text, |_, _, _| count += 1);
        count
    }

    fn each(&self, text: &str, mut each: impl FnMut(u32, &Word<'_>, Range<usize>)) {
        let mut work = Work::default();
        words(text, &self.map, |word| {
            work.word.clear();
            work.word.push(SPACE);
            work.word.push_str(&word.text);
            self.cut(&mut work);
            for (id, from, to) in work.cut.iter().rev() {
                each(*id, &word, *from..*to);
            }
        });
    }

    /// Leaves the word's tokens in `work.cut`, last first.
    fn cut(&self, work: &mut Work) {
        let Work { word, best, cut } = work;
        best.clear();
        best.resize(word.len() + 1, None);
        if let Some(first) = best.first_mut() {
            *first = Some(Best { score: 0.0, id: 0, from: 0 });
        }
        for (from, character) in word.char_indices() {
            if let Some(Some(here)) = best.get(from).copied() {
                self.pieces_from(word, from, character.len_utf8(), here.score, best);
            }
        }
        cut.clear();
        let mut to = word.len();
        while let Some(Some(last)) = best.get(to).filter(|_| to > 0) {
            match cut.last_mut() {
                // Characters that no piece has are one token together.
                Some((id, from, _)) if *id == self.pieces.unknown && last.id == *id => *from = last.from,
                _ => cut.push((last.id, last.from, to)),
            }
            to = last.from;
        }
    }

    /// Tries every piece that begins at a place of the word.
    fn pieces_from(&self, word: &str, from: usize, first: usize, score: f64, best: &mut [Option<Best>]) {
        let Some(rest) = word.as_bytes().get(from..) else { return };
        let limit = match rest.first_chunk::<HEAD>() {
            Some(head) => self.pieces.longest(*head).max(HEAD).min(rest.len()),
            None => rest.len(),
        };
        let mut hash = Hash::START;
        let mut alone = false;
        for (length, byte) in (1..=limit).zip(rest) {
            hash = hash.with(*byte);
            // A stretch ends where a character does.
            if rest.get(length).is_some_and(|next| next & 0xc0 == 0x80) {
                continue;
            }
            let Some((id, worth)) = rest.get(..length).and_then(|bytes| self.pieces.find(bytes, hash)) else {
                continue;
            };
            alone |= length == first;
            improve(best, from + length, Best { score: score + worth, id, from });
        }
        if !alone {
            let score = score + self.pieces.unknown_score;
            improve(best, from + first, Best { score, id: self.pieces.unknown, from });
        }
    }
}

fn improve(best: &mut [Option<Best>], to: usize, candidate: Best) {
    if let Some(known) = best.get_mut(to)
        && known.is_none_or(|known| candidate.score > known.score)
    {
        *known = Some(candidate);
    }
}
