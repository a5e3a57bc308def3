//! The way through a workspace's chain: entry by entry, each compared with the one before it, in batches, so that memory
//! stays the same however long the log is.

use std::collections::VecDeque;

use serde_json::json;

use crate::{
    app::audit::{
        link,
        verify::{Verified, span},
    },
    clock::Timestamp,
    error::Result,
    ids::WorkspaceId,
    store::{
        audit::{self, Entry},
        db::Tx,
    },
};

/// Entries read at a time.
const BATCH: i64 = 2000;

/// An entry this much older than one before it was chained late.
const LATE_MILLIS: i64 = 3_600_000;

pub struct Walk {
    workspace: WorkspaceId,
    /// Where it is: the last entry that was read, and its hash as the database has it.
    pub position: i64,
    pub hash: Vec<u8>,
    read: VecDeque<Entry>,
    fetched_to: i64,
    ended: bool,
    newest: Option<Timestamp>,
    /// Entries that are much older than one before them, and the first of them.
    pub late: (i64, i64),
}

impl Walk {
    pub fn new(workspace: WorkspaceId) -> Self {
        Self {
            workspace,
            position: 0,
            hash: Vec::new(),
            read: VecDeque::new(),
            fetched_to: 0,
            ended: false,
            newest: None,
            late: (0, 0),
        }
    }

    /// Goes on to a position, or to the end.
    pub async fn go(&mut self, tx: &mut Tx, to: i64, verified: &mut Verified) -> Result<()> {
        loop {
            while let Some(entry) = self.read.pop_front() {
                let found = entry.position.unwrap_or(0);
                if found > to {
                    self.read.push_front(entry);
                    return Ok(());
                }
                self.step(entry, found, verified)?;
                if found == to {
                    return Ok(());
                }
            }
            if self.ended {
                return Ok(());
            }
            self.fetch(tx, verified).await?;
        }
    }

    fn step(&mut self, entry: Entry, found: i64, verified: &mut Verified) -> Result<()> {
        self.gap(found, verified);
        self.position = found;
        let expected = link(&self.hash, found, &entry)?;
        if entry.chain_hash.as_deref() != Some(&expected[..]) {
            verified.note(
                found,
                "it was changed, or one before it was",
                json!({
                    "means": "What this entry says is not what was chained. Those before it are as they were, as far as nothing else is named.",
                    "entry": entry.entry_id, "at": entry.at, "use_case": entry.use_case,
                }),
            );
        }
        if self.newest.is_some_and(|newest| newest.millis_since(entry.at) > LATE_MILLIS) {
            self.late = (self.late.0 + 1, if self.late.0 == 0 { found } else { self.late.1 });
        }
        self.newest = self.newest.max(Some(entry.at));
        self.hash = entry.chain_hash.unwrap_or_default();
        verified.entries += 1;
        Ok(())
    }

    fn gap(&self, found: i64, verified: &mut Verified) {
        if found == self.position + 1 {
            return;
        }
        let means = format!("{} chained, and taken away since.", span(self.position + 1, found - 1));
        verified.note(found, "entries before it are missing", json!({ "means": means }));
    }

    async fn fetch(&mut self, tx: &mut Tx, verified: &mut Verified) -> Result<()> {
        let mut limit = BATCH;
        loop {
            if let Some(entries) = audit::sealed_from(tx, self.workspace, self.fetched_to + 1, limit).await? {
                self.ended = entries.is_empty();
                self.fetched_to = entries.last().and_then(|entry| entry.position).unwrap_or(self.fetched_to);
                self.read = entries.into();
                return Ok(());
            }
            // One of them holds what no entry of ours does; find which.
            if limit == 1 {
                let Some((position, hash)) = audit::place_from(tx, self.workspace, self.fetched_to + 1).await? else {
                    return Ok(());
                };
                self.gap(position, verified);
                let means = "It holds a time or a number that AllIN never writes.";
                verified.note(position, "it was changed: it cannot be read", json!({ "means": means }));
                verified.entries += 1;
                (self.position, self.hash, self.fetched_to) = (position, hash, position);
                return Ok(());
            }
            limit /= 2;
        }
    }
}
