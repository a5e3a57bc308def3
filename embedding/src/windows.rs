//! Long texts as windows of about as many tokens as the model does well with, cut where a sentence or a line ends if one does nearby.

use std::ops::Range;

use crate::tokens::Token;

/// How good a place is to cut, best last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cut {
    Inside,
    Word,
    Sentence,
    Paragraph,
}

/// Byte ranges that together hold all tokens. Each has at most `size` of them, and shares up to `overlap` with the one before.
pub fn windows(text: &str, tokens: &[Token], size: usize, overlap: usize) -> Vec<Range<usize>> {
    let size = size.max(1);
    let overlap = overlap.min(size / 2);
    let mut found = Vec::new();
    let mut from = 0;
    while from < tokens.len() {
        let limit = (from + size).min(tokens.len());
        let to =
            if limit == tokens.len() { limit } else { best(text, tokens, (from + size * 2 / 3)..limit).max(from + 1) };
        let (Some(first), Some(last)) = (tokens.get(from), tokens.get(to - 1)) else { break };
        found.push(first.origin.start..last.origin.end);
        if to == tokens.len() {
            break;
        }
        let next = to.saturating_sub(overlap).max(from + 1);
        from = best(text, tokens, next.saturating_sub(1)..to).clamp(next, to);
    }
    found
}

/// The best place to cut after `within.start` and up to `within.end`, the last of equals.
fn best(text: &str, tokens: &[Token], within: Range<usize>) -> usize {
    let places = within.start + 1..=within.end;
    places.max_by_key(|at| cut_before(text, tokens, *at)).unwrap_or(within.end)
}

fn cut_before(text: &str, tokens: &[Token], at: usize) -> Cut {
    let (Some(before), Some(after)) = (at.checked_sub(1).and_then(|at| tokens.get(at)), tokens.get(at)) else {
        return Cut::Paragraph;
    };
    let between = text.get(before.origin.end..after.origin.start).unwrap_or_default();
    if between.contains("\n\n") || between.contains("\r\n\r\n") {
        return Cut::Paragraph;
    }
    let ended = text.get(before.origin.clone()).and_then(|piece| piece.chars().next_back());
    let wide = ended.is_some_and(|end| matches!(end, '。' | '！' | '？' | '．'));
    let narrow = ended.is_some_and(|end| matches!(end, '.' | '!' | '?' | '…' | '।' | '؟' | '۔'));
    if between.contains('\n') || wide || narrow && !between.is_empty() {
        Cut::Sentence
    } else if between.is_empty() {
        Cut::Inside
    } else {
        Cut::Word
    }
}
