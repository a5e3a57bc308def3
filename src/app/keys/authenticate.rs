//! From a bearer key to the member it acts for.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    app::{App, ctx::Actor},
    error::{Error, Result},
    ids::{ApiKeyId, WorkspaceId},
    store::{
        db::Entrance,
        tokens::{self, TokenKind},
        workspaces,
    },
    vault::sha256,
};

/// Which key a hash is. Never goes stale: whether the key may still be used is asked at every entry into the tenant.
#[derive(Default)]
pub struct KeyCache(Mutex<HashMap<[u8; 32], (WorkspaceId, Actor)>>);

/// Entries kept; a process serves few keys.
const ENTRIES_MAX: usize = 10_000;

/// The workspace and actor of a key. Revocation and expiry are checked by the transaction of the call itself.
pub async fn authenticate(app: &App, cache: &KeyCache, bearer: &str) -> Result<(WorkspaceId, Actor)> {
    let hash = sha256(bearer.as_bytes());
    if let Some(found) = cache.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash) {
        return Ok(found.clone());
    }
    let mut tx = app.db.begin().await?;
    let found = tokens::find(&mut tx, TokenKind::ApiKey, &hash).await?;
    tx.finish_read();
    let (workspace, id) = found.ok_or_else(unknown)?;
    let key = ApiKeyId(id);
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let member = workspaces::key_member(&mut tx, workspace, key).await?;
    tx.finish_read();
    let actor = Actor::ApiKey { member: member.ok_or_else(unknown)?, key };
    let mut kept = cache.0.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= ENTRIES_MAX {
        kept.clear();
    }
    kept.insert(hash, (workspace, actor.clone()));
    Ok((workspace, actor))
}

fn unknown() -> Error {
    Error::unauthenticated("key_unknown", "This key is not known here.")
        .next("Send `Authorization: Bearer <key>` with a key from `allin key create`.")
}
