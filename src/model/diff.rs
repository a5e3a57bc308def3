//! What changed between two versions of a post: per account and message, word by word. Pure, so that a page, a tool and the
//! command line show the same.

mod words;
mod written;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};

pub use words::{Run, RunKind, runs};

use crate::{
    ids::{AccountId, AssetId},
    model::posts::{Content, MediaRef, Message},
};

/// Everything that differs. Empty lists: nothing does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// Before and after, when it is another one.
    pub title: Option<(Option<String>, Option<String>)>,
    pub accounts_added: Vec<AccountId>,
    pub accounts_removed: Vec<AccountId>,
    /// One for all accounts on which the same changed. Those on which nothing did are left out.
    pub parts: Vec<Part>,
}

/// What changed on some accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Empty for a draft that has no account yet.
    pub accounts: Vec<AccountId>,
    /// All messages in order, with those that stayed.
    pub messages: Vec<MessageDiff>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Change {
    Same,
    Changed,
    Added,
    Removed,
}

/// One message of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MessageDiff {
    pub change: Change,
    /// Its place before, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<usize>,
    /// Its place now, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<usize>,
    /// The text in pieces: equal and deleted ones together are the old text, equal and inserted ones the new text.
    pub runs: Vec<Run>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediaDiff>,
}

/// An image or video that came, went or is described differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MediaDiff {
    pub change: Change,
    pub asset_id: AssetId,
    /// Description before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Description now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
}

/// Compares two versions.
pub fn diff(old: &Content, new: &Content) -> Diff {
    let gone = old.account_ids.iter().filter(|id| !new.account_ids.contains(id));
    let come = new.account_ids.iter().filter(|id| !old.account_ids.contains(id));
    let (accounts_removed, accounts_added): (Vec<_>, Vec<_>) = (gone.copied().collect(), come.copied().collect());
    let mut pairs: Vec<(&[Message], &[Message], Vec<AccountId>)> = Vec::new();
    let mut pair =
        |before, now, account: Option<AccountId>| match pairs.iter_mut().find(|(a, b, _)| (*a, *b) == (before, now)) {
            Some((.., accounts)) => accounts.extend(account),
            None => pairs.push((before, now, account.into_iter().collect())),
        };
    for account in new.account_ids.iter().chain(&accounts_removed) {
        let on = |content: &'_ Content| content.account_ids.contains(account);
        let before = if on(old) { old.on(*account) } else { &[] };
        let now = if on(new) { new.on(*account) } else { &[] };
        pair(before, now, Some(*account));
    }
    if old.account_ids.is_empty() && new.account_ids.is_empty() {
        pair(&old.segments, &new.segments, None);
    }
    let parts = pairs
        .into_iter()
        .filter(|(before, now, _)| before != now)
        .map(|(before, now, accounts)| Part { accounts, messages: messages(before, now) })
        .collect();
    let title = (old.title != new.title).then(|| (old.title.clone(), new.title.clone()));
    Diff { title, accounts_added, accounts_removed, parts }
}

/// Compares two threads: a message that was put in between leaves those after it as they are.
pub fn messages(before: &[Message], now: &[Message]) -> Vec<MessageDiff> {
    // What is hashed and compared is all of a message.
    let key = |message: &Message| crate::model::posts::fingerprint(message);
    let (old, new): (Vec<_>, Vec<_>) = (before.iter().map(key).collect(), now.iter().map(key).collect());
    let mut out = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (from, to) = (op.old_range(), op.new_range());
        let same = matches!(op, DiffOp::Equal { .. });
        for step in 0..from.len().max(to.len()) {
            let place = |range: &std::ops::Range<usize>| Some(range.start + step).filter(|at| *at < range.end);
            let (was, is) = (place(&from), place(&to));
            let old = was.and_then(|at| before.get(at));
            let new = is.and_then(|at| now.get(at));
            out.push(MessageDiff {
                change: match (same, old, new) {
                    (true, ..) => Change::Same,
                    (false, None, _) => Change::Added,
                    (false, _, None) => Change::Removed,
                    (false, ..) => Change::Changed,
                },
                before: was.map(|at| at + 1),
                now: is.map(|at| at + 1),
                runs: runs(text(old), text(new)),
                media: media(old.map_or(&[], |message| &message.media), new.map_or(&[], |message| &message.media)),
            });
        }
    }
    out
}

fn text(message: Option<&Message>) -> &str {
    message.map_or("", |message| &message.text)
}

fn media(before: &[MediaRef], now: &[MediaRef]) -> Vec<MediaDiff> {
    let alt = |found: Option<&MediaRef>| found.and_then(|media| media.alt_text.clone());
    let mut left: Vec<&MediaRef> = now.iter().collect();
    let mut out = Vec::new();
    for old in before {
        let here = left.iter().position(|new| new.asset_id == old.asset_id).map(|at| left.remove(at));
        let change = match here {
            None => Change::Removed,
            Some(new) if new.alt_text != old.alt_text => Change::Changed,
            Some(_) => continue,
        };
        out.push(MediaDiff { change, asset_id: old.asset_id, before: alt(Some(old)), now: alt(here) });
    }
    out.extend(left.into_iter().map(|new| MediaDiff {
        change: Change::Added,
        asset_id: new.asset_id,
        before: None,
        now: alt(Some(new)),
    }));
    out
}

#[cfg(test)]
mod tests;
