//! Cuts Markdown into chunks at its structure: a section is a chunk, short ones of one parent are joined, long ones cut with
//! an overlap. The same text always gives the same chunks, and every character of it is in one.
//!
//! Written for what `text-splitter` does not promise: a chunk that never exceeds its tokens, sections that stay apart,
//! and a time that grows with the text only, whatever is in it.

use std::ops::Range;

use super::{
    sections::{self, Section},
    segments::{Cut, Segments, tokens},
};
use crate::model::documents::{CHUNK_TOKENS, OVERLAP_TOKENS, ParsedChunk};

/// Shorter sections do not stand alone where another one of their parent stands beside them.
const SHORT_TOKENS: usize = 60;
/// What a chunk holds at least beside its overlap, before a better place to cut at counts more than filling it.
const FILLED_TOKENS: usize = 200;
const MOST: usize = CHUNK_TOKENS as usize;
const OVERLAP: usize = OVERLAP_TOKENS as usize;

/// The chunks of a Markdown text, by its headings.
pub fn chunk(markdown: &str) -> Vec<ParsedChunk> {
    chunk_sections(markdown, &sections::sections(markdown))
}

/// The chunks of a text whose sections are known. The first one must begin at 0.
pub fn chunk_sections(markdown: &str, sections: &[Section]) -> Vec<ParsedChunk> {
    let cutter = Cutter::new(markdown, sections);
    let mut chunks = Vec::new();
    for group in cutter.groups() {
        cutter.cut(group, &mut chunks);
    }
    chunks
}

struct Cutter<'a> {
    markdown: &'a str,
    sections: &'a [Section],
    segments: Segments,
    /// Whether text stands under each heading.
    texts: Vec<bool>,
}

/// Sections that are read together, from the first up to and without the last.
type Group = Range<usize>;

impl<'a> Cutter<'a> {
    fn new(markdown: &'a str, sections: &'a [Section]) -> Self {
        let ends = sections.iter().skip(1).map(|next| next.start).chain([markdown.len()]);
        let text = |(section, end): (&Section, usize)| markdown.get(section.text..end).unwrap_or_default();
        let texts = sections.iter().zip(ends).map(|pair| !text(pair).trim().is_empty()).collect();
        Self { markdown, sections, segments: Segments::of(markdown, sections), texts }
    }

    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let last_text = self.texts.iter().rposition(|text| *text).unwrap_or(0);
        let mut blank = true;
        for next in 0..self.sections.len() {
            let joins = groups.last().is_some_and(|group| blank || next > last_text || self.joins(group, next));
            match groups.last_mut() {
                Some(group) if joins => group.end = next + 1,
                _ => groups.push(next..next + 1),
            }
            blank = !self.has_text(next) && (blank || !joins);
        }
        groups
    }

    /// Whether one of the two is too short to stand alone, and they are related.
    fn joins(&self, group: &Group, next: usize) -> bool {
        let Some((last, section)) = self.sections.get(group.end - 1).zip(self.sections.get(next)) else { return false };
        let (before, after) = (self.tokens(group.clone()), self.tokens(next..next + 1));
        // A short one rather begins the next chunk than ends the one before.
        let short = before < SHORT_TOKENS || after < SHORT_TOKENS && !self.leads_on(next);
        short && before + after <= MOST && last.leads_to(section)
    }

    fn leads_on(&self, section: usize) -> bool {
        let pair = self.sections.get(section).zip(self.sections.get(section + 1));
        pair.is_some_and(|(this, next)| this.leads_to(next)) && self.tokens(section..section + 2) <= MOST
    }

    fn has_text(&self, section: usize) -> bool {
        self.texts.get(section).copied().unwrap_or_default()
    }

    fn end_of(&self, section: usize) -> usize {
        self.sections.get(section + 1).map_or(self.markdown.len(), |next| next.start)
    }

    fn pieces(&self, group: Group) -> Range<usize> {
        let start = self.sections.get(group.start).map_or(0, |section| section.start);
        self.segments.at(start)..self.segments.at(self.end_of(group.end - 1))
    }

    fn tokens(&self, group: Group) -> usize {
        self.segments.tokens(self.pieces(group))
    }

    fn cut(&self, group: Group, chunks: &mut Vec<ParsedChunk>) {
        let pieces = self.pieces(group);
        // `start` is where the chunk begins, `new` where what no chunk has yet begins.
        let (mut start, mut new) = (pieces.start, pieces.start);
        while new < pieces.end {
            let end = self.end(start, new, pieces.end);
            if end <= new {
                start = new;
                continue;
            }
            match self.made(start..end, new) {
                Made::Chunk(chunk) => chunks.push(chunk),
                Made::Blank => {}
            }
            let next = self.overlap(start, end);
            (start, new) = (next, end);
        }
    }

    /// Where a chunk ends that begins at `start` and has to bring something after `new`; `new` itself when the overlap is
    /// in the way.
    fn end(&self, start: usize, new: usize, last: usize) -> usize {
        let mut most = self.segments.fits(start, MOST).clamp(start + 1, last);
        // The sum of pieces is an upper bound but for rare words.
        while most > start + 1 && self.count(start..most) > MOST {
            most -= 1;
        }
        if most >= last || most <= new {
            return most.min(last).max(new);
        }
        let filled = (new + 1..=most).find(|end| self.segments.tokens(new..*end) >= FILLED_TOKENS).unwrap_or(most);
        let cut = (filled..=most).max_by_key(|at| (self.segments.cut(*at), *at)).unwrap_or(most);
        self.untorn(start, new, cut)
    }

    /// Tables and code that would fit into a chunk are not cut: the chunk ends before them, or begins with them.
    fn untorn(&self, start: usize, new: usize, cut: usize) -> usize {
        let torn = self.segments.whole.iter().find(|whole| whole.start < cut && cut < whole.end);
        match torn {
            Some(whole) if self.segments.tokens(whole.clone()) > MOST => cut,
            Some(whole) if whole.start > new => whole.start,
            Some(whole) if whole.start == new && start < new => new,
            _ => cut,
        }
    }

    /// Where the chunk after one from `start` to `end` begins: it repeats whole sentences, else whole words.
    fn overlap(&self, start: usize, end: usize) -> usize {
        let mut first = self.segments.since(end, OVERLAP).max(start + 1);
        while first < end && self.count(first..end) > OVERLAP {
            first += 1;
        }
        let best = |least| (first..end).find(|at| self.segments.cut(*at) >= least);
        let next = best(Cut::Sentence).or_else(|| best(Cut::Word)).unwrap_or(end);
        let torn = self.segments.whole.iter().find(|whole| whole.start < next && next < whole.end);
        torn.map_or(next, |whole| whole.end.min(end))
    }

    fn slice(&self, pieces: Range<usize>) -> Option<(usize, &str)> {
        let start = self.segments.pieces.get(pieces.start)?.start;
        let end = self.segments.pieces.get(pieces.end.checked_sub(1)?)?.end;
        Some((start, self.markdown.get(start..end)?))
    }

    fn count(&self, pieces: Range<usize>) -> usize {
        self.slice(pieces).map_or(0, |(_, text)| tokens(text))
    }

    fn made(&self, pieces: Range<usize>, new: usize) -> Made {
        let Some((start, text)) = self.slice(pieces.clone()) else { return Made::Blank };
        let body = text.trim_end();
        // The indentation of the first line stays: it may be code.
        let blank = body.len() - body.trim_start().len();
        let skipped = body.get(..blank).and_then(|blank| blank.rfind('\n')).map_or(0, |at| at + 1);
        let body = body.get(skipped..).unwrap_or_default();
        if body.trim().is_empty() {
            return Made::Blank;
        }
        let start = start + skipped;
        let (section, also) = self.named(new..pieces.end);
        let named = self.sections.get(section);
        Made::Chunk(ParsedChunk {
            heading_path: named.map(|section| section.path.clone()).unwrap_or_default(),
            section: named.map(|section| section.anchor.clone()).unwrap_or_default(),
            also,
            body: body.to_owned(),
            start: offset(start),
            end: offset(start + body.len()),
            tokens: offset(tokens(body)),
            questions: Vec::new(),
        })
    }

    /// The section that most of these pieces belong to, and the anchors of the others that have text in them.
    fn named(&self, pieces: Range<usize>) -> (usize, Vec<String>) {
        let first = self.segments.pieces.get(pieces.start).map_or(0, |piece| piece.start);
        let last = self.segments.pieces.get(pieces.end.saturating_sub(1)).map_or(first, |piece| piece.end);
        let from = self.sections.partition_point(|section| section.start <= first).saturating_sub(1);
        let to = self.sections.partition_point(|section| section.start < last).max(from + 1);
        let within = |section: usize| {
            let own = self.pieces(section..section + 1);
            usize::from(self.has_text(section))
                * self.segments.tokens(own.start.max(pieces.start)..own.end.min(pieces.end))
        };
        let most = (from..to).rev().max_by_key(|section| within(*section)).unwrap_or(from);
        let others = (from..to).filter(|section| *section != most && within(*section) > 0);
        let also = others.filter_map(|section| self.sections.get(section)).map(|section| section.anchor.clone());
        (most, also.filter(|anchor| !anchor.is_empty()).collect())
    }
}

enum Made {
    Chunk(ParsedChunk),
    Blank,
}

/// Documents are bounded far below 4 GiB.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
