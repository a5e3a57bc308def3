//! A diff in words: as lines for programs that know unified diffs, with marked words for readers, and as a summary.

use similar::TextDiff;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Change, Diff, MessageDiff, Part, Run, RunKind};
use crate::{
    ids::AccountId,
    model::{
        posts::{Content, Message},
        prose::shown,
    },
};

/// Lines around a change that a unified diff shows.
const CONTEXT: usize = 3;

impl Diff {
    pub const fn is_empty(&self) -> bool {
        self.title.is_none()
            && self.accounts_added.is_empty()
            && self.accounts_removed.is_empty()
            && self.parts.is_empty()
    }

    /// What changed, one short sentence each.
    pub fn summary(&self, name: impl Fn(AccountId) -> String) -> Vec<String> {
        let mut out: Vec<String> = self.title.iter().map(|_| "title changed".to_owned()).collect();
        out.extend(self.accounts_added.iter().map(|id| format!("{} added", name(*id))));
        out.extend(self.accounts_removed.iter().map(|id| format!("{} removed", name(*id))));
        let stayed = self.parts.iter().filter_map(|part| {
            let stays = |id: &&AccountId| !self.accounts_added.contains(id) && !self.accounts_removed.contains(id);
            let accounts: Vec<_> = part.accounts.iter().filter(stays).map(|id| name(*id)).collect();
            (part.accounts.is_empty() || !accounts.is_empty()).then_some((part, accounts))
        });
        for (part, accounts) in stayed {
            let place = if accounts.is_empty() { String::new() } else { format!(" on {}", accounts.join(", ")) };
            let changed = part.messages.iter().filter(|message| message.change != Change::Same);
            out.extend(changed.map(|message| format!("{}{place}", message.summary())));
        }
        out
    }

    /// For readers: `[-old-]` and `{+new+}` words, with characters that hide made visible.
    pub fn marked(&self, name: impl Fn(AccountId) -> String) -> String {
        let mut out = self.head(&name);
        for part in &self.parts {
            for message in part.messages.iter().filter(|message| message.change != Change::Same) {
                out.push_str(&format!("@@ {} @@\n", part.place(message, &name)));
                out.extend(message.runs.iter().map(Run::marked));
                out.push('\n');
                out.push_str(&message.media_lines());
            }
        }
        out
    }

    /// Lines as `diff -u` writes them, with characters that hide made visible.
    pub fn unified(&self, old: &Content, new: &Content, name: impl Fn(AccountId) -> String) -> String {
        let mut out = self.head(&name);
        for part in &self.parts {
            let account = part.accounts.first();
            let said = |content: &'_ Content, place: Option<usize>| -> String {
                let messages: &[Message] = account.map_or(&content.segments, |id| content.on(*id));
                let message = place.and_then(|place| messages.get(place.checked_sub(1)?));
                message.map(|message| shown(&message.text)).unwrap_or_default()
            };
            for message in part.messages.iter().filter(|message| message.change != Change::Same) {
                out.push_str(&format!("@@ {} @@\n", part.place(message, &name)));
                let (before, now) = (said(old, message.before), said(new, message.now));
                let lines = TextDiff::from_lines(&before, &now);
                let mut hunks = lines.unified_diff();
                let hunks = hunks.context_radius(CONTEXT).missing_newline_hint(false).to_string();
                // Where a hunk stands is said by the line above it.
                out.extend(hunks.lines().filter(|line| !line.starts_with("@@ ")).map(|line| format!("{line}\n")));
                out.push_str(&message.media_lines());
            }
        }
        out
    }

    fn head(&self, name: &impl Fn(AccountId) -> String) -> String {
        let mut out = String::new();
        if let Some((before, now)) = &self.title {
            let title = |title: &Option<String>| title.as_deref().map_or("(none)".into(), shown);
            out.push_str(&format!("@@ title @@\n-{}\n+{}\n", title(before), title(now)));
        }
        let accounts = |mark: char, ids: &[AccountId]| -> String {
            ids.iter().map(|id| format!("{mark}{}\n", name(*id))).collect()
        };
        if !self.accounts_added.is_empty() || !self.accounts_removed.is_empty() {
            out.push_str("@@ accounts @@\n");
            out.push_str(&accounts('-', &self.accounts_removed));
            out.push_str(&accounts('+', &self.accounts_added));
        }
        out
    }
}

impl Part {
    fn place(&self, message: &MessageDiff, name: &impl Fn(AccountId) -> String) -> String {
        let accounts: Vec<_> = self.accounts.iter().map(|id| name(*id)).collect();
        let accounts = if accounts.is_empty() { String::new() } else { format!(", {}", accounts.join(", ")) };
        format!("{}{accounts}", message.label())
    }
}

impl MessageDiff {
    fn label(&self) -> String {
        match (self.change, self.before, self.now) {
            (Change::Added, _, Some(now)) => format!("message {now} added"),
            (Change::Removed, Some(before), _) => format!("message {before} removed"),
            (_, Some(before), Some(now)) if before != now => format!("message {now} (was {before})"),
            (_, before, now) => format!("message {}", now.or(before).unwrap_or(1)),
        }
    }

    fn summary(&self) -> String {
        if self.change != Change::Changed {
            return self.label();
        }
        let count = |kind| -> usize {
            let runs = self.runs.iter().filter(|run| run.kind == kind);
            runs.map(|run| run.text.unicode_words().count()).sum()
        };
        let (inserted, deleted) = (count(RunKind::Inserted), count(RunKind::Deleted));
        let words = self.runs.iter().any(|run| run.kind != RunKind::Equal);
        let words = words.then(|| format!("{} (+{inserted} −{deleted} words)", self.label()));
        let media = (!self.media.is_empty()).then(|| format!("media of {}", self.label()));
        // The same images in another order.
        words.into_iter().chain(media).reduce(|a, b| format!("{a}, {b}")).unwrap_or_else(|| self.label())
    }

    fn media_lines(&self) -> String {
        let alt = |alt: &Option<String>| alt.as_deref().map_or(String::new(), |alt| format!(" “{}”", shown(alt)));
        let line = |mark: char, media: &super::MediaDiff, text: &Option<String>| {
            format!("{mark}[{}{}]\n", media.asset_id, alt(text))
        };
        self.media
            .iter()
            .map(|media| match media.change {
                Change::Added => line('+', media, &media.now),
                Change::Removed => line('-', media, &media.before),
                Change::Same | Change::Changed => line('-', media, &media.before) + &line('+', media, &media.now),
            })
            .collect()
    }
}

impl Run {
    fn marked(&self) -> String {
        match self.kind {
            RunKind::Equal => shown(&self.text),
            RunKind::Deleted => format!("[-{}-]", shown(&self.text)),
            RunKind::Inserted => format!("{{+{}+}}", shown(&self.text)),
        }
    }
}
