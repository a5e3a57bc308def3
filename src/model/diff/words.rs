//! Two texts as runs of words that stayed, went and came.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation as _;

/// Words, or lines, that are compared at most, in both texts together: the work grows with their square, and past this a
/// reader sees a rewritten text anyway.
const MOST: usize = 4000;

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Run {
    pub kind: RunKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RunKind {
    Equal,
    Deleted,
    Inserted,
}

/// Compares word by word; a very long text line by line, or as a whole.
pub fn runs(old: &str, new: &str) -> Vec<Run> {
    if old == new {
        return pushed(Vec::new(), RunKind::Equal, old);
    }
    let words = |text| str::split_word_bounds(text).collect::<Vec<_>>();
    let lines = |text| str::split_inclusive(text, '\n').collect::<Vec<_>>();
    let fits = |old: &Vec<&str>, new: &Vec<&str>| old.len() + new.len() <= MOST;
    let (old_words, new_words) = (words(old), words(new));
    if fits(&old_words, &new_words) {
        return compare(&old_words, &new_words);
    }
    let (old_lines, new_lines) = (lines(old), lines(new));
    match fits(&old_lines, &new_lines) {
        true => compare(&old_lines, &new_lines),
        false => pushed(pushed(Vec::new(), RunKind::Deleted, old), RunKind::Inserted, new),
    }
}

fn compare(old: &[&str], new: &[&str]) -> Vec<Run> {
    let ops = capture_diff_slices(Algorithm::Myers, old, new);
    let text = |pieces: &[&str], range: std::ops::Range<usize>| pieces.get(range).unwrap_or_default().concat();
    let (mut out, mut deleted, mut inserted) = (Vec::new(), String::new(), String::new());
    for (at, op) in ops.iter().enumerate() {
        let (from, to) = (text(old, op.old_range()), text(new, op.new_range()));
        let last = at + 1 == ops.len();
        // A space that stayed between two words that did not makes no sense to a reader.
        let bridge = at > 0 && !last && from.chars().all(char::is_whitespace) && !from.contains('\n');
        if matches!(op, DiffOp::Equal { .. }) && !bridge {
            out = pushed(out, RunKind::Deleted, &std::mem::take(&mut deleted));
            out = pushed(out, RunKind::Inserted, &std::mem::take(&mut inserted));
            out = pushed(out, RunKind::Equal, &from);
        } else {
            deleted.push_str(&from);
            inserted.push_str(&to);
        }
    }
    pushed(pushed(out, RunKind::Deleted, &deleted), RunKind::Inserted, &inserted)
}

fn pushed(mut out: Vec<Run>, kind: RunKind, text: &str) -> Vec<Run> {
    if !text.is_empty() {
        out.push(Run { kind, text: text.to_owned() });
    }
    out
}
