//! The audit log: entries are written with what they tell of, chained soon after, and verified against heads that are
//! signed with a key outside the database and kept outside it too.

pub mod commit;
pub mod export;
pub mod heads;
pub mod query;
pub mod seal;
pub mod verify;
pub mod view;
mod walk;

use sha2::{Digest, Sha256};

use crate::{
    app::App,
    error::{Error, Result},
    ids::WorkspaceId,
    store::{
        audit::{self, Entry, NewEntry},
        db::Tx,
    },
};

/// Writes entries of one workspace into the open transaction.
pub async fn write(app: &App, tx: &mut Tx, entries: &[NewEntry<'_>]) -> Result<()> {
    let Some(first) = entries.first() else { return Ok(()) };
    if app.settings.unaudited {
        return Ok(());
    }
    app.unchained.mark(first.workspace);
    match entries {
        [one] => audit::insert(tx, one).await,
        many => audit::insert_all(tx, many).await,
    }
}

/// The hash of an entry at its place: SHA-256 over the hash before it and a JSON array without spaces.
pub fn link(previous: &[u8], position: i64, entry: &Entry) -> Result<[u8; 32]> {
    let canonical = serde_json::to_vec(&(
        position,
        entry.entry_id,
        entry.at,
        &entry.actor,
        &entry.origin,
        entry.request_id,
        &entry.use_case,
        &entry.outcome,
        &entry.changes,
    ))
    .map_err(Error::internal)?;
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(canonical);
    Ok(hash.finalize().into())
}

/// What the signature of a head covers.
pub fn head_text(workspace: WorkspaceId, position: i64, hash: &[u8]) -> Vec<u8> {
    format!("allin audit head\n{workspace}\n{position}\n{}", data_encoding::HEXLOWER.encode(hash)).into_bytes()
}
