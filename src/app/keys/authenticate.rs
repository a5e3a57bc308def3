//! From a bearer key to the member it acts for.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
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

/// Which key a hash is. Whether the key may still be used is asked at every entry into the tenant, so an old entry
/// opens nothing; it is looked up again after a few seconds so that the caller gets a plain 401.
#[derive(Default)]
pub struct KeyCache(Mutex<HashMap<[u8; 32], (Instant, WorkspaceId, Actor)>>);

/// How long an entry is taken as it is.
const FRESH: Duration = Duration::from_secs(5);

/// Entries kept; a process serves few keys.
const ENTRIES_MAX: usize = 10_000;

/// The workspace and actor of a key. Revocation and expiry are checked by the transaction of the call itself.
pub async fn authenticate(app: &App, cache: &KeyCache, bearer: &str) -> Result<(WorkspaceId, Actor)> {
    let hash = sha256(bearer.as_bytes());
    let known = cache.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
    if let Some((since, workspace, actor)) = known
        && since.elapsed() < FRESH
    {
        return Ok((workspace, actor));
    }
    let mut tx = app.db.begin().await?;
    let found = tokens::find(&mut tx, TokenKind::ApiKey, &hash).await?;
    tx.finish_read();
    let (workspace, id) = found.ok_or_else(unknown)?;
    let key = ApiKeyId(id);
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let member = workspaces::key_member(&mut tx, workspace, key).await?;
    tx.finish_read();
    let member = member.ok_or_else(unknown)?;
    // Revoked, expired, or the member has gone: the database refuses to let it in.
    let (tx, _) = app.db.tenant(workspace, Entrance::Member { member, key: Some(key) }, app.now()).await?;
    tx.finish_read();
    let actor = Actor::ApiKey { member, key };
    let mut kept = cache.0.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= ENTRIES_MAX {
        kept.clear();
    }
    kept.insert(hash, (Instant::now(), workspace, actor.clone()));
    Ok((workspace, actor))
}

fn unknown() -> Error {
    Error::unauthenticated("key_unknown", "This key is not known here.")
        .next("Send `Authorization: Bearer <key>` with a key from `allin key create`.")
}
