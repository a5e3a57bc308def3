//! Verifies a workspace's log completely: every entry, the signed head, and every head that was kept outside. Says where
//! it is broken and what that means.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    app::{
        App,
        audit::{
            head_text,
            heads::{Outside, Said},
            walk::Walk,
        },
    },
    error::{Error, Result},
    ids::WorkspaceId,
    store::{
        audit::{self, Head},
        db::{Entrance, Tx},
    },
    vault::attested,
};

/// Problems told of.
const MOST: usize = 100;

/// Entries are chained within a second; ten minutes are longer than any process stands still.
const CHAINED_WITHIN_SECS: i64 = 600;

/// What verifying a workspace's log found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verified {
    /// Chained entries that were read.
    pub entries: i64,
    /// Signed heads in the file outside that agree with the chain.
    pub heads: i64,
    /// Up to this position a head outside vouches for every entry.
    pub vouched_until: i64,
    /// Where it is broken (`position`), `problem`, and what that `means`; at most 100.
    pub broken: Vec<Value>,
    /// What is no breach, and good to know.
    pub notes: Vec<String>,
}

impl Verified {
    pub(super) fn note(&mut self, position: i64, problem: &str, more: Value) {
        if self.broken.len() >= MOST {
            return;
        }
        let mut found = json!({ "position": position, "problem": problem });
        if let (Some(found), Value::Object(more)) = (found.as_object_mut(), more) {
            found.extend(more);
        }
        self.broken.push(found);
    }
}

/// `Entry 2 was`, `Entries 2 to 5 were`.
pub(super) fn span(from: i64, to: i64) -> String {
    if from == to { format!("Entry {from} was") } else { format!("Entries {from} to {to} were") }
}

/// A head outside that the chain does not have.
struct Missed {
    position: i64,
    /// There is such an entry, with another hash.
    differs: bool,
    /// A head that agreed before it.
    agreed: i64,
}

struct Comparison {
    verified: Verified,
    walk: Walk,
    missed: Vec<Missed>,
    /// The database's newest head was met in the file.
    newest_met: bool,
    other_keys: u64,
}

/// Nobody chains while this reads. Reading takes memory for some thousand entries.
pub async fn verify(app: &App, workspace: WorkspaceId) -> Result<Verified> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    audit::wait_chain(&mut tx, workspace).await?;
    let head = audit::head(&mut tx, workspace).await?;
    let overdue = audit::overdue(&mut tx, workspace, now.plus_secs(-CHAINED_WITHIN_SECS)).await?;
    let mut comparison = Comparison {
        verified: Verified::default(),
        walk: Walk::new(workspace),
        missed: Vec::new(),
        newest_met: false,
        other_keys: 0,
    };
    match Outside::open(app, workspace) {
        Ok(Some(outside)) => comparison.read(&mut tx, workspace, outside, head.as_ref()).await?,
        Ok(None) => {}
        Err(error) => comparison.unreadable(&error),
    }
    let Comparison { verified, walk, .. } = &mut comparison;
    walk.go(&mut tx, i64::MAX, verified).await?;
    tx.finish_read();
    Ok(comparison.conclude(app, workspace, head, overdue))
}

impl Comparison {
    async fn read(
        &mut self,
        tx: &mut Tx,
        workspace: WorkspaceId,
        mut outside: Outside<'_>,
        newest: Option<&Head>,
    ) -> Result<()> {
        loop {
            match outside.read_next() {
                Ok(None) => return Ok(()),
                Ok(Some(Said::OtherKey)) => self.other_keys += 1,
                Ok(Some(Said::Damaged(line, problem))) => {
                    let means = format!("Line {line} of audit-heads.jsonl was damaged or forged, and proves nothing.");
                    self.verified.note(self.walk.position, problem, json!({ "line": line, "means": means }));
                }
                Ok(Some(Said::Head { position, hash, restored })) => {
                    if restored {
                        self.restored(position);
                    }
                    let is_newest = newest.is_some_and(|head| head.position == position && head.chain_hash == hash);
                    self.newest_met = self.newest_met || is_newest;
                    self.meet(tx, workspace, position, &hash).await?;
                }
                Err(error) => {
                    self.unreadable(&error);
                    return Ok(());
                }
            }
        }
    }

    /// Heads that reached further than the backup are void; what was done between backup and restore is not in the log.
    fn restored(&mut self, position: i64) {
        let before = self.missed.len();
        self.missed.retain(|missed| missed.position <= position);
        if self.missed.len() < before {
            self.verified.notes.push(format!(
                "The database was restored from a backup whose log ended at {position}; what was chained after the backup was made is not in it."
            ));
        }
    }

    async fn meet(&mut self, tx: &mut Tx, workspace: WorkspaceId, position: i64, hash: &[u8]) -> Result<()> {
        if position > self.walk.position {
            self.walk.go(tx, position, &mut self.verified).await?;
        }
        let found = match position.cmp(&self.walk.position) {
            std::cmp::Ordering::Equal => Some(self.walk.hash.clone()),
            std::cmp::Ordering::Greater => None,
            std::cmp::Ordering::Less => audit::hash_at(tx, workspace, position).await?,
        };
        if found.as_deref() == Some(hash) || (position == 0 && hash.is_empty()) {
            self.verified.heads += 1;
            self.verified.vouched_until = self.verified.vouched_until.max(position);
        } else if self.missed.len() < MOST {
            self.missed.push(Missed { position, differs: found.is_some(), agreed: self.verified.vouched_until });
        }
        Ok(())
    }

    fn unreadable(&mut self, error: &std::io::Error) {
        let means = format!("The heads outside cannot be compared: {error}.");
        self.verified.note(self.walk.position, "the file outside cannot be read", json!({ "means": means }));
    }

    fn conclude(
        mut self,
        app: &App,
        workspace: WorkspaceId,
        head: Option<Head>,
        overdue: (i64, Option<crate::clock::Timestamp>),
    ) -> Verified {
        self.tell_missed();
        self.check_head(app, workspace, head);
        if let (count @ 1.., Some(oldest)) = overdue {
            let means = format!(
                "Of entries that are in no chain there are {count}, the oldest of {oldest}: put in past AllIN, or nothing that chains has run since."
            );
            self.verified.note(self.walk.position, "entries are not chained in time", json!({ "means": means }));
        }
        if let (count @ 1.., first) = self.walk.late {
            self.verified.notes.push(format!(
                "{count} entries were chained more than an hour after they say they were written, the first at {first}."
            ));
        }
        if self.other_keys > 0 {
            let count = self.other_keys;
            self.verified
                .notes
                .push(format!("{count} heads outside are signed with another key and cannot be checked here."));
        }
        self.verified
    }

    fn tell_missed(&mut self) {
        if let Some(missed) = self.missed.iter().find(|missed| missed.differs) {
            let means = format!(
                "Entries after {} and up to {} were written anew after they had been chained and signed.",
                missed.agreed, missed.position
            );
            self.verified.note(
                missed.position,
                "the chain differs from the signed head outside",
                json!({ "means": means }),
            );
        }
        let end = self.walk.position;
        let furthest = self.missed.iter().filter(|missed| !missed.differs).map(|missed| missed.position).max();
        match furthest {
            Some(furthest) if furthest > end => {
                let means =
                    format!("{} chained, and there may have been more: they are gone.", span(end + 1, furthest));
                self.verified.note(end, "the end is cut off", json!({ "means": means }));
            }
            Some(missing) => {
                let means = "A signed head outside tells of an entry that is gone.";
                self.verified.note(missing, "it is missing", json!({ "means": means }));
            }
            None => {}
        }
    }

    fn check_head(&mut self, app: &App, workspace: WorkspaceId, head: Option<Head>) {
        let (end, hash) = (self.walk.position, &self.walk.hash);
        let verified = &mut self.verified;
        let Some(head) = head else {
            if end > 0 {
                let means = "Somebody deleted the row that signs the end of the chain.";
                verified.note(end, "the head is missing", json!({ "means": means }));
            }
            return;
        };
        if head.position != end || head.chain_hash != *hash {
            let means =
                format!("The chain was signed up to {}; entries at its end were cut off or added.", head.position);
            verified.note(end, "the chain does not end at its head", json!({ "means": means }));
        }
        let text = head_text(workspace, head.position, &head.chain_hash);
        if !attested(&app.vault.audit_key(), &text, &head.signature) {
            let means = match head.key_id == app.vault.audit_key_id() {
                true => "Whoever wrote this head has not the key in secrets/audit.key.".to_owned(),
                false => format!("It names the key {}; ours is {}.", head.key_id, app.vault.audit_key_id()),
            };
            verified.note(head.position, "the head's signature is not ours", json!({ "means": means }));
        } else if !self.newest_met && app.settings.audit_heads.is_some() {
            if head.kept {
                let means = "It was written there. The file was cut, replaced or removed.";
                verified.note(head.position, "the newest head is not in the file outside", json!({ "means": means }));
            } else {
                verified.notes.push("The newest head could not be kept outside the database.".into());
            }
        }
    }
}

/// The first workspace after a given one.
pub async fn workspaces_after(app: &App, after: Option<WorkspaceId>) -> Result<Vec<WorkspaceId>> {
    let mut tx = app.db.begin().await?;
    let page = crate::store::installation::workspaces(&mut tx, after, 100).await?;
    tx.finish_read();
    Ok(page)
}

/// The error of a log that does not verify.
pub fn broken() -> Error {
    Error::conflict("audit_broken", "The audit log does not verify.").next(
        "Compare with a backup and with logs/audit-heads.jsonl; somebody changed the database or that file directly.",
    )
}
