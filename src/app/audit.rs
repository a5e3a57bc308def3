//! Chains the audit log: each entry's hash covers the one before, and the head is signed with a key that is not in the
//! database, and kept outside it too. Whoever changes, drops, inserts or cuts entries afterwards breaks the chain.

use std::io::Write as _;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    error::{Error, Result},
    ids::WorkspaceId,
    store::{
        audit::{self, Entry, Head},
        db::Entrance,
    },
};

/// Entries chained in one transaction.
const BATCH: i64 = 500;

/// The hash of an entry at its place.
pub fn link(previous: &[u8], position: i64, entry: &Entry) -> [u8; 32] {
    let canonical = json!([
        position,
        entry.entry_id,
        entry.at,
        entry.actor,
        entry.origin,
        entry.request_id,
        entry.use_case,
        entry.outcome,
        entry.changes
    ]);
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(canonical.to_string().as_bytes());
    hash.finalize().into()
}

/// What the signature of a head covers.
pub fn head_text(workspace: WorkspaceId, position: i64, hash: &[u8]) -> Vec<u8> {
    format!("allin audit head\n{workspace}\n{position}\n{}", data_encoding::HEXLOWER.encode(hash)).into_bytes()
}

/// Chains what is waiting, in every workspace. Returns how many entries.
pub async fn seal_pending(app: &App) -> Result<usize> {
    let mut tx = app.db.begin().await?;
    let waiting = audit::pending_workspaces(&mut tx, 100).await?;
    tx.finish_read();
    let mut sealed = 0;
    for workspace in waiting {
        match seal(app, workspace).await {
            Ok(count) => sealed += count,
            // The others' logs are chained all the same.
            Err(error) => tracing::warn!(%workspace, error = error.chain(), "an audit log could not be chained"),
        }
    }
    Ok(sealed)
}

async fn seal(app: &App, workspace: WorkspaceId) -> Result<usize> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    if !audit::lock_chain(&mut tx, workspace).await? {
        return Ok(0);
    }
    let entries = audit::unsealed(&mut tx, workspace, BATCH).await?;
    if entries.is_empty() {
        return Ok(0);
    }
    let (mut position, mut hash) = match audit::head(&mut tx, workspace).await? {
        Some(head) => (head.position, head.chain_hash),
        None => (0, Vec::new()),
    };
    let mut places = Vec::with_capacity(entries.len());
    for entry in &entries {
        position += 1;
        let next = link(&hash, position, entry);
        places.push((entry.entry_id, position, next));
        hash = next.to_vec();
    }
    audit::seal(&mut tx, workspace, &places).await?;
    let signature = app.vault.sign_head(&head_text(workspace, position, &hash)).to_vec();
    let head = Head { position, chain_hash: hash, signature, key_id: app.vault.audit_key_id() };
    audit::put_head(&mut tx, workspace, &head).await?;
    tx.commit().await?;
    keep_outside(app, workspace, &head);
    Ok(places.len())
}

/// A head outside the database shows a cut tail that a signature alone cannot.
fn keep_outside(app: &App, workspace: WorkspaceId, head: &Head) {
    let Some(path) = &app.settings.audit_heads else { return };
    let line = json!({
        "workspace": workspace,
        "position": head.position,
        "hash": data_encoding::HEXLOWER.encode(&head.chain_hash),
        "signature": data_encoding::HEXLOWER.encode(&head.signature),
        "key_id": head.key_id,
    });
    let written =
        std::fs::OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| writeln!(file, "{line}"));
    if let Err(error) = written {
        tracing::warn!(%error, "the audit log's head could not be kept outside the database");
    }
}

/// What checking a workspace's chain found.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Verified {
    /// Chained entries that were read.
    pub entries: i64,
    /// Positions at which the chain is broken, at most 100, and what is wrong there.
    pub broken: Vec<Value>,
}

/// Recomputes a workspace's whole chain.
pub async fn verify(app: &App, workspace: WorkspaceId) -> Result<Verified> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let head = audit::head(&mut tx, workspace).await?;
    let mut verified = Verified { entries: 0, broken: Vec::new() };
    let mut hash: Vec<u8> = Vec::new();
    let mut position = 0;
    loop {
        let entries = audit::sealed_from(&mut tx, workspace, position + 1, 2000).await?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            let found = entry.position.unwrap_or(0);
            if found != position + 1 {
                verified.note(found, "entries before it are missing");
            }
            position = found;
            let expected = link(&hash, position, &entry);
            if entry.chain_hash.as_deref() != Some(&expected[..]) {
                verified.note(position, "it was changed, or one before it was");
            }
            hash = entry.chain_hash.unwrap_or_default();
            verified.entries += 1;
        }
    }
    tx.finish_read();
    check_head(app, workspace, head, position, &hash, &mut verified)?;
    Ok(verified)
}

fn check_head(
    app: &App,
    workspace: WorkspaceId,
    head: Option<Head>,
    position: i64,
    hash: &[u8],
    verified: &mut Verified,
) -> Result<()> {
    let Some(head) = head else {
        if position > 0 {
            verified.note(position, "the head is missing");
        }
        return Ok(());
    };
    if head.position != position || head.chain_hash != hash {
        verified.note(position, "the chain does not end at its head");
    }
    let signature = ed25519_dalek::Signature::from_slice(&head.signature).map_err(Error::internal)?;
    let text = head_text(workspace, head.position, &head.chain_hash);
    if app.vault.audit_key().verify_strict(&text, &signature).is_err() {
        verified.note(head.position, "the head's signature is not ours");
    }
    Ok(())
}

impl Verified {
    fn note(&mut self, position: i64, what: &str) {
        if self.broken.len() < 100 {
            self.broken.push(json!({ "position": position, "problem": what }));
        }
    }
}
