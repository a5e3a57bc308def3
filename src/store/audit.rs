//! The audit log: entries are written in the transaction of the change they tell of; the sealer chains them afterwards.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{RequestId, WorkspaceId},
};

/// One line of the log.
pub struct NewEntry<'a> {
    pub id: Uuid,
    pub workspace: WorkspaceId,
    pub at: Timestamp,
    pub actor: &'a str,
    pub origin: &'a str,
    pub request: RequestId,
    pub use_case: &'a str,
    /// `done`, `refused` or `unknown`.
    pub outcome: &'a str,
    pub changes: &'a Value,
}

/// Writes an entry; it is chained within about a second.
pub async fn insert(db: &mut PgConnection, entry: &NewEntry<'_>) -> Result<()> {
    sqlx::query!(
        "insert into audit_entries (workspace_id, entry_id, at, actor, origin, request_id, use_case, outcome, changes)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        entry.workspace.uuid(),
        entry.id,
        entry.at,
        entry.actor,
        entry.origin,
        entry.request.uuid(),
        entry.use_case,
        entry.outcome,
        entry.changes
    )
    .execute(db)
    .await?;
    Ok(())
}

/// [`insert`] for many that differ in their id, their request and what they tell.
pub async fn insert_all(db: &mut PgConnection, entries: &[NewEntry<'_>]) -> Result<()> {
    let Some(first) = entries.first() else { return Ok(()) };
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
    let requests: Vec<Uuid> = entries.iter().map(|entry| entry.request.uuid()).collect();
    let changes: Vec<Value> = entries.iter().map(|entry| entry.changes.clone()).collect();
    sqlx::query!(
        "insert into audit_entries (workspace_id, entry_id, at, actor, origin, request_id, use_case, outcome, changes)
         select $1, n.id, $2, $3, $4, n.request, $5, $6, n.changes
         from unnest($7::uuid[], $8::uuid[], $9::jsonb[]) as n (id, request, changes)",
        first.workspace.uuid(),
        first.at,
        first.actor,
        first.origin,
        first.use_case,
        first.outcome,
        &ids,
        &requests,
        &changes
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A stored entry.
pub struct Entry {
    pub entry_id: Uuid,
    pub at: Timestamp,
    pub actor: String,
    pub origin: String,
    pub request_id: Uuid,
    pub use_case: String,
    pub outcome: String,
    pub changes: Value,
    pub position: Option<i64>,
    pub chain_hash: Option<Vec<u8>>,
}

/// The end of a workspace's chain.
pub struct Head {
    pub position: i64,
    pub chain_hash: Vec<u8>,
    pub signature: Vec<u8>,
    pub key_id: String,
}

/// Workspaces that have entries to chain.
pub async fn pending_workspaces(db: &mut PgConnection, limit: i32) -> Result<Vec<WorkspaceId>> {
    let rows = sqlx::query_scalar!(r#"select workspace_id as "id!" from audit_pending_workspaces($1)"#, limit)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(WorkspaceId).collect())
}

/// One sealer a workspace at a time, until the transaction ends. `false`: another is at it.
pub async fn lock_chain(db: &mut PgConnection, workspace: WorkspaceId) -> Result<bool> {
    let key = i64::from_be_bytes(first_eight(workspace));
    Ok(sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "locked!""#, key).fetch_one(db).await?)
}

fn first_eight(workspace: WorkspaceId) -> [u8; 8] {
    let hash = crate::vault::sha256(workspace.uuid().as_bytes());
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(hash) {
        *to = from;
    }
    bytes
}

/// Entries that are not chained, oldest first.
pub async fn unsealed(db: &mut PgConnection, workspace: WorkspaceId, limit: i64) -> Result<Vec<Entry>> {
    Ok(sqlx::query_as!(
        Entry,
        "select entry_id, at, actor, origin, request_id, use_case, outcome, changes, position, chain_hash
         from audit_entries where workspace_id = $1 and position is null order by at, entry_id limit $2",
        workspace.uuid(),
        limit
    )
    .fetch_all(db)
    .await?)
}

/// Chained entries from a position on.
pub async fn sealed_from(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    position: i64,
    limit: i64,
) -> Result<Vec<Entry>> {
    Ok(sqlx::query_as!(
        Entry,
        "select entry_id, at, actor, origin, request_id, use_case, outcome, changes, position, chain_hash
         from audit_entries where workspace_id = $1 and position >= $2 order by position limit $3",
        workspace.uuid(),
        position,
        limit
    )
    .fetch_all(db)
    .await?)
}

pub async fn head(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Option<Head>> {
    Ok(sqlx::query_as!(
        Head,
        "select position, chain_hash, signature, key_id from audit_heads where workspace_id = $1",
        workspace.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// Gives entries their places in the chain: `(entry, position, hash)`.
pub async fn seal(db: &mut PgConnection, workspace: WorkspaceId, places: &[(Uuid, i64, [u8; 32])]) -> Result<()> {
    let ids: Vec<Uuid> = places.iter().map(|(id, ..)| *id).collect();
    let positions: Vec<i64> = places.iter().map(|(_, position, _)| *position).collect();
    let hashes: Vec<Vec<u8>> = places.iter().map(|(.., hash)| hash.to_vec()).collect();
    sqlx::query!(
        "update audit_entries e set position = p.position, chain_hash = p.hash
         from unnest($2::uuid[], $3::bigint[], $4::bytea[]) as p (id, position, hash)
         where e.workspace_id = $1 and e.entry_id = p.id",
        workspace.uuid(),
        &ids,
        &positions,
        &hashes
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("select audit_pending_drop($1, $2)", workspace.uuid(), &ids).execute(db).await?;
    Ok(())
}

pub async fn put_head(db: &mut PgConnection, workspace: WorkspaceId, head: &Head) -> Result<()> {
    sqlx::query!(
        "insert into audit_heads (workspace_id, position, chain_hash, signature, key_id) values ($1, $2, $3, $4, $5)
         on conflict (workspace_id) do update set position = excluded.position, chain_hash = excluded.chain_hash,
             signature = excluded.signature, key_id = excluded.key_id",
        workspace.uuid(),
        head.position,
        head.chain_hash,
        head.signature,
        head.key_id
    )
    .execute(db)
    .await?;
    Ok(())
}
