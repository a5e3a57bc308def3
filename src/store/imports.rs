//! Imported rows, and posts written many to a statement. Every column is a list; the lists of a table are equally long.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, PostId, WorkspaceId},
};

/// What earlier imports brought under these keys: the hash of what the row said. Posts that were deleted since do not
/// count.
pub async fn known(db: &mut PgConnection, workspace: WorkspaceId, keys: &[&str]) -> Result<HashMap<String, Vec<u8>>> {
    let rows = sqlx::query!(
        "select r.key, r.row_hash from import_rows r join posts p using (workspace_id, post_id)
         where r.workspace_id = $1 and r.key = any ($2) and p.deleted_at is null",
        workspace.uuid(),
        keys as &[&str]
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.key, row.row_hash)).collect())
}

/// Those of the posts that are here and not deleted.
pub async fn present_posts(db: &mut PgConnection, workspace: WorkspaceId, ids: &[PostId]) -> Result<HashSet<PostId>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query_scalar!(
        r#"select post_id as "id: PostId" from posts where workspace_id = $1 and post_id = any ($2) and deleted_at is null"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().collect())
}

/// When these accounts publish, or did, between two instants.
pub async fn taken(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    accounts: &[AccountId],
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(AccountId, Timestamp)>> {
    let ids: Vec<_> = accounts.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select t.account_id as "account: AccountId", t.due_at as "at!" from targets t join posts p using (workspace_id, post_id)
           where t.workspace_id = $1 and t.account_id = any ($2) and t.due_at >= $3 and t.due_at < $4
             and t.state in ('scheduled', 'publishing', 'unknown', 'published') and p.deleted_at is null"#,
        workspace.uuid(),
        &ids,
        from,
        to
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.account, row.at)).collect())
}

/// The server ends a transaction that is silent for ten seconds, because its process may be frozen (`db.rs`): whoever
/// computes for long inside one says something now and then.
pub async fn still_here(db: &mut PgConnection) -> Result<()> {
    Ok(sqlx::Connection::ping(db).await?)
}

/// Waits for other imports of the workspace, until the transaction ends.
pub async fn line_up(db: &mut PgConnection, workspace: WorkspaceId) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", format!("import {workspace}"))
        .execute(db)
        .await?;
    Ok(())
}

#[derive(Default)]
pub struct NewKeys {
    pub keys: Vec<String>,
    pub posts: Vec<Uuid>,
    pub hashes: Vec<Vec<u8>>,
}

/// Takes the keys for these posts and tells which posts got theirs: the others were imported by somebody else meanwhile.
pub async fn take_keys(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    new: &NewKeys,
    now: Timestamp,
) -> Result<HashSet<PostId>> {
    let rows = sqlx::query_scalar!(
        r#"insert into import_rows (workspace_id, key, post_id, row_hash, created_at)
           select $1, u.key, u.post_id, u.row_hash, $5 from unnest($2::text[], $3::uuid[], $4::bytea[]) as u(key, post_id, row_hash)
           on conflict (workspace_id, key) do update
               set post_id = excluded.post_id, row_hash = excluded.row_hash, created_at = excluded.created_at
               where exists (select from posts p where p.workspace_id = import_rows.workspace_id
                             and p.post_id = import_rows.post_id and p.deleted_at is not null)
           returning post_id as "id: PostId""#,
        workspace.uuid(),
        &new.keys,
        &new.posts,
        &new.hashes,
        now
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().collect())
}

#[derive(Default)]
pub struct NewPosts {
    pub ids: Vec<Uuid>,
    pub titles: Vec<Option<String>>,
    pub statuses: Vec<String>,
    pub hashes: Vec<Vec<u8>>,
    pub at: Vec<Option<Timestamp>>,
    pub excerpts: Vec<String>,
    pub campaigns: Vec<Option<Uuid>>,
    /// Joined by commas, which no tag holds.
    pub tags: Vec<String>,
    /// As a version keeps it.
    pub contents: Vec<Value>,
}

/// The posts and their first versions.
pub async fn insert_posts(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    new: &NewPosts,
    author: MemberId,
    actor: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into posts (workspace_id, post_id, title, status, content_hash, author_id, at, excerpt, campaign_id, tags,
                            created_at, updated_at)
         select $1, u.post_id, u.title, u.status, u.content_hash, $2, u.at, u.excerpt, u.campaign_id,
                string_to_array(u.tags, ','), $3, $3
         from unnest($4::uuid[], $5::text[], $6::text[], $7::bytea[], $8::timestamptz[], $9::text[], $10::uuid[], $11::text[])
             as u(post_id, title, status, content_hash, at, excerpt, campaign_id, tags)",
        workspace.uuid(),
        author.uuid(),
        now,
        &new.ids,
        &new.titles as &[Option<String>],
        &new.statuses,
        &new.hashes,
        &new.at as &[Option<Timestamp>],
        &new.excerpts,
        &new.campaigns as &[Option<Uuid>],
        &new.tags
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into post_versions (workspace_id, post_id, version, content, actor, created_at)
         select $1, u.post_id, 1, u.content, $2, $3 from unnest($4::uuid[], $5::jsonb[]) as u(post_id, content)",
        workspace.uuid(),
        actor,
        now,
        &new.ids,
        &new.contents
    )
    .execute(db)
    .await?;
    Ok(())
}

#[derive(Default)]
pub struct NewTargets {
    pub ids: Vec<Uuid>,
    pub posts: Vec<Uuid>,
    pub accounts: Vec<Uuid>,
    pub states: Vec<String>,
    pub due_at: Vec<Option<Timestamp>>,
    pub due_local: Vec<Option<String>>,
    pub due_zone: Vec<Option<String>>,
    pub due_fold: Vec<i16>,
    pub due_tzdb: Vec<Option<String>>,
}

pub async fn insert_targets(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    new: &NewTargets,
    asked: &Value,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into targets (workspace_id, target_id, post_id, account_id, state, due_at, due_local, due_zone, due_fold, due_tzdb,
                              next_step_at, created_at, updated_at, asked)
         select $1, u.target_id, u.post_id, u.account_id, u.state, u.due_at, u.due_local, u.due_zone,
                u.due_fold, u.due_tzdb, u.due_at, $2, $2, case when u.due_at is not null then $12::jsonb end
         from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[], $8::text[], $9::text[],
                     $10::smallint[], $11::text[])
             as u(target_id, post_id, account_id, state, due_at, due_local, due_zone, due_fold, due_tzdb)",
        workspace.uuid(),
        now,
        &new.ids,
        &new.posts,
        &new.accounts,
        &new.states,
        &new.due_at as &[Option<Timestamp>],
        &new.due_local as &[Option<String>],
        &new.due_zone as &[Option<String>],
        &new.due_fold,
        &new.due_tzdb as &[Option<String>],
        asked
    )
    .execute(db)
    .await?;
    Ok(())
}

#[derive(Default)]
pub struct NewSegments {
    pub targets: Vec<Uuid>,
    pub ordinals: Vec<i32>,
    pub texts: Vec<String>,
    pub media: Vec<Value>,
    pub send_keys: Vec<Uuid>,
    /// Of the texts, for finding what says nearly the same.
    pub sketches: Vec<Vec<u8>>,
}

pub async fn insert_segments(db: &mut PgConnection, workspace: WorkspaceId, new: &NewSegments) -> Result<()> {
    sqlx::query!(
        "insert into segments (workspace_id, target_id, ordinal, text, media, send_key, sketch)
         select $1, * from unnest($2::uuid[], $3::int[], $4::text[], $5::jsonb[], $6::uuid[], $7::bytea[])",
        workspace.uuid(),
        &new.targets,
        &new.ordinals,
        &new.texts,
        &new.media,
        &new.send_keys,
        &new.sketches
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts those with a time into the publisher's queue.
pub async fn queue(db: &mut PgConnection, workspace: WorkspaceId, new: &NewTargets) -> Result<()> {
    sqlx::query!(
        "select dispatch_put($1, u.target_id, u.account_id, u.due_at)
         from unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) as u(target_id, account_id, due_at) where u.due_at is not null",
        workspace.uuid(),
        &new.ids,
        &new.accounts,
        &new.due_at as &[Option<Timestamp>]
    )
    .fetch_all(db)
    .await?;
    Ok(())
}
