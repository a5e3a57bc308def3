//! The smallest pieces that a chunk is put together from: sentences, lines, at most a few dozen tokens each, with how
//! good a place the beginning of each is to cut at. Every piece is counted once, so that cutting takes linear time.

use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag};

use super::sections::{Section, options};

/// Longest piece. Also the most that the tokenizer is given at once, because its time grows faster than a long word.
const PIECE_BYTES: usize = 160;

/// How good a place is to cut at, from worst to best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    Letter,
    Word,
    /// Also the lines of code.
    Sentence,
    /// Also the rows of a table, and blocks within a list or a quotation.
    Item,
    Block,
    Section,
}

#[derive(Debug, Clone, Copy)]
pub struct Segment {
    pub start: usize,
    pub end: usize,
    /// What is cut when the text is cut before this piece.
    pub cut: Cut,
    pub tokens: usize,
}

/// A text in its pieces, without a gap.
pub struct Segments {
    pub pieces: Vec<Segment>,
    /// Tables and blocks of code, as ranges of pieces.
    pub whole: Vec<Range<usize>>,
    /// Tokens before each piece, and at last all.
    sums: Vec<usize>,
}

impl Segments {
    pub fn of(markdown: &str, sections: &[Section]) -> Self {
        let mut cuts: Vec<(usize, Cut)> = sections.iter().map(|section| (section.start, Cut::Section)).collect();
        let mut whole_bytes = Vec::new();
        structure(markdown, &mut cuts, &mut whole_bytes);
        // The best of those at one place comes first and stays.
        cuts.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        cuts.dedup_by_key(|(at, _)| *at);
        let mut pieces = Vec::new();
        let ends = cuts.iter().skip(1).map(|(at, _)| *at).chain([markdown.len()]);
        for ((start, cut), end) in cuts.iter().zip(ends) {
            sentences(markdown, *start, end, *cut, &mut pieces);
        }
        let mut sums = Vec::with_capacity(pieces.len() + 1);
        let mut sum = 0;
        sums.push(sum);
        for piece in &pieces {
            sum += piece.tokens;
            sums.push(sum);
        }
        let at = |byte| pieces.partition_point(|piece: &Segment| piece.start < byte);
        let whole = whole_bytes.into_iter().map(|range: Range<usize>| at(range.start)..at(range.end)).collect();
        Self { pieces, whole, sums }
    }

    /// At least the tokens of these pieces: a word that is cut in two may count one more.
    pub fn tokens(&self, range: Range<usize>) -> usize {
        let sum = |at: usize| self.sums.get(at).copied().unwrap_or_default();
        sum(range.end).saturating_sub(sum(range.start))
    }

    /// The first piece at or after this byte.
    pub fn at(&self, byte: usize) -> usize {
        self.pieces.partition_point(|piece| piece.start < byte)
    }

    pub fn cut(&self, at: usize) -> Cut {
        self.pieces.get(at).map_or(Cut::Section, |piece| piece.cut)
    }

    /// The first place from which pieces up to `end` have no more than so many tokens.
    pub fn since(&self, end: usize, tokens: usize) -> usize {
        let upto = self.sums.get(end).copied().unwrap_or_default();
        self.sums.partition_point(|sum| sum + tokens < upto).min(end)
    }

    /// The last place up to which pieces from `start` have no more than so many tokens.
    pub fn fits(&self, start: usize, tokens: usize) -> usize {
        let before = self.sums.get(start).copied().unwrap_or_default();
        self.sums.partition_point(|sum| *sum <= before + tokens).saturating_sub(1).min(self.pieces.len())
    }
}

/// Tokens of o200k_base.
pub fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}

/// Where blocks begin, always at the beginning of a line, so that the marks of lists and quotations stay with their text.
fn structure(markdown: &str, cuts: &mut Vec<(usize, Cut)>, whole: &mut Vec<Range<usize>>) {
    let lines: Vec<usize> = [0].into_iter().chain(markdown.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let line = |at: usize| {
        let next = lines.partition_point(|start| *start <= at);
        lines.get(next.saturating_sub(1)).copied().unwrap_or_default()
    };
    let mut depth = 0_usize;
    cuts.push((0, Cut::Block));
    for (event, range) in Parser::new_ext(markdown, options()).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if is_block(&tag) {
                    cuts.push((line(range.start), if depth == 0 { Cut::Block } else { Cut::Item }));
                }
                if matches!(tag, Tag::Table(_) | Tag::CodeBlock(_)) {
                    whole.push(line(range.start)..range.end);
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Rule if depth == 0 => cuts.push((line(range.start), Cut::Block)),
            _ => {}
        }
    }
}

const fn is_block(tag: &Tag<'_>) -> bool {
    !matches!(
        tag,
        Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Link { .. }
            | Tag::Image { .. }
            | Tag::TableCell
            | Tag::TableHead
    )
}

/// Cuts after lines and sentences; what is longer than a piece, between words. A piece takes the space before it along,
/// as the tokenizer does, and all of its line's indentation.
fn sentences(text: &str, start: usize, end: usize, cut: Cut, pieces: &mut Vec<Segment>) {
    let (mut from, mut cut) = (start, cut);
    // In a run of spaces: where its last line and its last character begin.
    let (mut line, mut space) = (None, None);
    let mut before = ' ';
    for (offset, character) in text.get(start..end).unwrap_or_default().char_indices() {
        let at = start + offset;
        if character.is_whitespace() {
            space = Some(at);
            if character == '\n' {
                line = Some(at + 1);
            }
            continue;
        }
        let ended = line.or(space.filter(|_| ".!?…:;".contains(before))).or(is_full_stop(before).then_some(at));
        if let Some(next) = ended.filter(|next| *next > from && !is_full_stop(character)) {
            words(text, from, next, cut, pieces);
            (from, cut) = (next, Cut::Sentence);
        }
        (line, space, before) = (None, None, character);
    }
    words(text, from, end, cut, pieces);
}

/// Those that need no space after them.
const fn is_full_stop(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '।')
}

fn words(text: &str, start: usize, end: usize, cut: Cut, pieces: &mut Vec<Segment>) {
    let mut from = start;
    let mut cut = cut;
    while end - from > PIECE_BYTES {
        let mut most = from + PIECE_BYTES;
        while !text.is_char_boundary(most) {
            most -= 1;
        }
        let slice = text.get(from..most).unwrap_or_default();
        let space = slice.rfind(char::is_whitespace).filter(|at| *at > 0).map(|at| from + at);
        let next = space.unwrap_or(most);
        push(text, from, next, cut, pieces);
        cut = if space.is_some() { Cut::Word } else { Cut::Letter };
        from = next;
    }
    push(text, from, end, cut, pieces);
}

fn push(text: &str, start: usize, end: usize, cut: Cut, pieces: &mut Vec<Segment>) {
    if start < end {
        let tokens = tokens(text.get(start..end).unwrap_or_default());
        pieces.push(Segment { start, end, cut, tokens });
    }
}
