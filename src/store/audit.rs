//! The audit log: entries are written in the transaction of the change they tell of; the sealer chains them afterwards.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{RequestId, WorkspaceId},
};

mod openings;
mod read;

pub use openings::{Opening, openings, put_opening};
pub use read::{Filter, by_age, by_place};

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
    /// It is in the file outside the database, too.
    pub kept: bool,
}

/// One sealer a workspace at a time, until the transaction ends. `false`: another is at it.
pub async fn try_chain(db: &mut PgConnection, workspace: WorkspaceId) -> Result<bool> {
    let key = i64::from_be_bytes(first_eight(workspace));
    Ok(sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "locked!""#, key).fetch_one(db).await?)
}

/// Waits for the sealer, and keeps others from sealing until the transaction ends.
pub async fn wait_chain(db: &mut PgConnection, workspace: WorkspaceId) -> Result<()> {
    let key = i64::from_be_bytes(first_eight(workspace));
    sqlx::query!("select pg_advisory_xact_lock($1)", key).execute(db).await?;
    Ok(())
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

/// Chained entries from a position on. `None`: one of them holds what cannot be read as an entry.
pub async fn sealed_from(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    position: i64,
    limit: i64,
) -> Result<Option<Vec<Entry>>> {
    let read = sqlx::query_as!(
        Entry,
        "select entry_id, at, actor, origin, request_id, use_case, outcome, changes, position, chain_hash
         from audit_entries where workspace_id = $1 and position >= $2 order by position limit $3",
        workspace.uuid(),
        position,
        limit
    )
    .fetch_all(db)
    .await;
    match read {
        Err(sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => Ok(None),
        read => Ok(Some(read?)),
    }
}

/// The first place from a position on, whatever else its entry says.
pub async fn place_from(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    position: i64,
) -> Result<Option<(i64, Vec<u8>)>> {
    let row = sqlx::query!(
        r#"select position as "position!", chain_hash as "chain_hash!" from audit_entries
           where workspace_id = $1 and position >= $2 order by position limit 1"#,
        workspace.uuid(),
        position
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.position, row.chain_hash)))
}

pub async fn hash_at(db: &mut PgConnection, workspace: WorkspaceId, position: i64) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar!(
        r#"select chain_hash as "hash!" from audit_entries where workspace_id = $1 and position = $2"#,
        workspace.uuid(),
        position
    )
    .fetch_optional(db)
    .await?)
}

/// Entries older than `before` that are not chained: how many, and of when the oldest is.
pub async fn overdue(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    before: Timestamp,
) -> Result<(i64, Option<Timestamp>)> {
    let row = sqlx::query!(
        r#"select count(*) as "count!", greatest(min(at), '0001-01-01Z') as "oldest: Timestamp" from audit_entries
           where workspace_id = $1 and position is null and at < $2"#,
        workspace.uuid(),
        before
    )
    .fetch_one(db)
    .await?;
    Ok((row.count, row.oldest))
}

pub async fn head(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Option<Head>> {
    Ok(sqlx::query_as!(
        Head,
        "select position, chain_hash, signature, key_id, kept from audit_heads where workspace_id = $1",
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
    .execute(db)
    .await?;
    Ok(())
}

pub async fn put_head(db: &mut PgConnection, workspace: WorkspaceId, head: &Head) -> Result<()> {
    sqlx::query!(
        "insert into audit_heads (workspace_id, position, chain_hash, signature, key_id) values ($1, $2, $3, $4, $5)
         on conflict (workspace_id) do update set position = excluded.position, chain_hash = excluded.chain_hash,
             signature = excluded.signature, key_id = excluded.key_id, kept = false",
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

/// The head at this position is in the file outside. Nobody waits for this to be durable: should it be lost, a head is
/// taken for not kept that was.
pub async fn set_kept(db: &mut PgConnection, workspace: WorkspaceId, position: i64) -> Result<()> {
    sqlx::query!("set local synchronous_commit = off").execute(&mut *db).await?;
    sqlx::query!(
        "update audit_heads set kept = true where workspace_id = $1 and position = $2",
        workspace.uuid(),
        position
    )
    .execute(db)
    .await?;
    Ok(())
}
