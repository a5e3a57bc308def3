//! A post on one account: its state, its messages, and the attempts to publish them.

use std::str::FromStr;

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, PostId, TargetId, WorkspaceId},
    model::{
        posts::{MediaRef, Message},
        similarity,
        states::TargetState,
    },
};

pub mod due;
mod prepared;

pub use prepared::{forget_prepared, set_prepared};

#[derive(Debug, Clone)]
pub struct Target {
    pub target_id: TargetId,
    pub post_id: PostId,
    pub account_id: AccountId,
    pub network: String,
    pub handle: String,
    pub state: TargetState,
    pub due_at: Option<Timestamp>,
    pub due_local: Option<String>,
    pub due_zone: Option<String>,
    pub due_fold: i16,
    pub due_tzdb: Option<String>,
    pub next_step_at: Option<Timestamp>,
    pub tries: i32,
    pub error: Option<TargetError>,
    pub published_at: Option<Timestamp>,
    pub removal_requested_at: Option<Timestamp>,
    pub removed_at: Option<Timestamp>,
    /// It may have been sent by somebody whose notes were lost in a restore: it is looked up before it is sent.
    pub doubted: bool,
}

/// Why it is failed, held, or tried again later; for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetError {
    pub code: String,
    pub message: String,
    pub next_step: String,
}

struct TargetRow {
    target_id: TargetId,
    post_id: PostId,
    account_id: AccountId,
    network: String,
    handle: String,
    state: String,
    due_at: Option<Timestamp>,
    due_local: Option<String>,
    due_zone: Option<String>,
    due_fold: i16,
    due_tzdb: Option<String>,
    next_step_at: Option<Timestamp>,
    tries: i32,
    error_code: Option<String>,
    error_message: Option<String>,
    error_next_step: Option<String>,
    published_at: Option<Timestamp>,
    removal_requested_at: Option<Timestamp>,
    removed_at: Option<Timestamp>,
    doubted: bool,
}

impl TargetRow {
    fn read(self) -> Result<Target> {
        Ok(Target {
            target_id: self.target_id,
            post_id: self.post_id,
            account_id: self.account_id,
            network: self.network,
            handle: self.handle,
            state: TargetState::from_str(&self.state)?,
            due_at: self.due_at,
            due_local: self.due_local,
            due_zone: self.due_zone,
            due_fold: self.due_fold,
            due_tzdb: self.due_tzdb,
            next_step_at: self.next_step_at,
            tries: self.tries,
            error: self.error_code.map(|code| TargetError {
                code,
                message: self.error_message.unwrap_or_default(),
                next_step: self.error_next_step.unwrap_or_default(),
            }),
            published_at: self.published_at,
            removal_requested_at: self.removal_requested_at,
            removed_at: self.removed_at,
            doubted: self.doubted,
        })
    }
}

/// The targets of a post, by handle.
pub async fn of_post(db: &mut PgConnection, workspace: WorkspaceId, post: PostId) -> Result<Vec<Target>> {
    sqlx::query_as!(
        TargetRow,
        r#"select t.target_id as "target_id: TargetId", t.post_id as "post_id: PostId", t.account_id as "account_id: AccountId",
                  a.network, a.handle, t.state, t.due_at, t.due_local, t.due_zone, t.due_fold, t.due_tzdb, t.next_step_at, t.tries,
                  t.error_code, t.error_message, t.error_next_step, t.published_at, t.removal_requested_at, t.removed_at,
                  t.doubted_at is not null as "doubted!"
           from targets t join accounts a using (workspace_id, account_id)
           where t.workspace_id = $1 and t.post_id = $2 order by a.network, a.handle, t.target_id"#,
        workspace.uuid(),
        post.uuid()
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(TargetRow::read)
    .collect()
}

/// The post that a target belongs to.
pub async fn post_of(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<Option<PostId>> {
    Ok(sqlx::query_scalar!(
        r#"select post_id as "id: PostId" from targets where workspace_id = $1 and target_id = $2"#,
        workspace.uuid(),
        target.uuid()
    )
    .fetch_optional(db)
    .await?)
}

pub async fn insert(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    post: PostId,
    account: AccountId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into targets (workspace_id, target_id, post_id, account_id, state, created_at, updated_at)
         values ($1, $2, $3, $4, 'draft', $5, $5)",
        workspace.uuid(),
        target.uuid(),
        post.uuid(),
        account.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Only targets that nothing was ever sent for.
pub async fn delete(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<()> {
    sqlx::query!("delete from targets where workspace_id = $1 and target_id = $2", workspace.uuid(), target.uuid())
        .execute(db)
        .await?;
    Ok(())
}

/// Writes every field that a step of the target's life can change.
pub async fn save(db: &mut PgConnection, workspace: WorkspaceId, target: &Target, now: Timestamp) -> Result<()> {
    let error = target.error.as_ref();
    sqlx::query!(
        "update targets set state = $3, due_at = $4, due_local = $5, due_zone = $6, next_step_at = $7, tries = $8,
                error_code = $9, error_message = $10, error_next_step = $11, published_at = $12,
                removal_requested_at = $13, removed_at = $14, updated_at = $15, due_fold = $16, due_tzdb = $17
         where workspace_id = $1 and target_id = $2",
        workspace.uuid(),
        target.target_id.uuid(),
        target.state.as_str(),
        target.due_at,
        target.due_local,
        target.due_zone,
        target.next_step_at,
        target.tries,
        error.map(|error| &error.code),
        error.map(|error| &error.message),
        error.map(|error| &error.next_step),
        target.published_at,
        target.removal_requested_at,
        target.removed_at,
        now,
        target.due_fold,
        target.due_tzdb
    )
    .execute(db)
    .await?;
    Ok(())
}

/// One message of a target and what became of it.
#[derive(Debug, Clone)]
pub struct Segment {
    pub target_id: TargetId,
    pub ordinal: i32,
    pub message: Message,
    pub send_key: Uuid,
    pub stamped_at: Option<Timestamp>,
    pub prepared: Option<Value>,
    /// A serialised `Remote` of the network's adapter.
    pub remote: Option<Value>,
    pub published_at: Option<Timestamp>,
}

/// The messages of these targets, in order.
pub async fn segments(db: &mut PgConnection, workspace: WorkspaceId, targets: &[TargetId]) -> Result<Vec<Segment>> {
    let ids: Vec<_> = targets.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select target_id as "target_id: TargetId", ordinal, text, media, send_key, stamped_at, prepared, remote, published_at
           from segments where workspace_id = $1 and target_id = any ($2) order by target_id, ordinal"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let media: Vec<MediaRef> = serde_json::from_value(row.media).map_err(Error::internal)?;
            Ok(Segment {
                target_id: row.target_id,
                ordinal: row.ordinal,
                message: Message { text: row.text, media },
                send_key: row.send_key,
                stamped_at: row.stamped_at,
                prepared: row.prepared,
                remote: row.remote,
                published_at: row.published_at,
            })
        })
        .collect()
}

/// Puts other messages in place of the present ones. `send_keys` has one fresh key per message.
pub async fn replace_segments(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    messages: &[Message],
    send_keys: &[Uuid],
) -> Result<()> {
    sqlx::query!("delete from segments where workspace_id = $1 and target_id = $2", workspace.uuid(), target.uuid())
        .execute(&mut *db)
        .await?;
    let ordinals: Vec<i32> = (0..).take(messages.len()).collect();
    let media: Vec<Value> = messages
        .iter()
        .map(|message| serde_json::to_value(&message.media).map_err(Error::internal))
        .collect::<Result<_>>()?;
    sqlx::query!(
        "insert into segments (workspace_id, target_id, ordinal, text, media, send_key, sketch)
         select $1, $2, * from unnest($3::int[], $4::text[], $5::jsonb[], $6::uuid[], $7::bytea[])",
        workspace.uuid(),
        target.uuid(),
        &ordinals,
        &messages.iter().map(|message| message.text.clone()).collect::<Vec<_>>(),
        &media,
        send_keys,
        &messages.iter().map(|message| similarity::sketch(&message.text)).collect::<Vec<_>>()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The next attempt shows a new creation time. Only when no earlier attempt may have got through.
pub async fn forget_stamp(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<()> {
    sqlx::query!(
        "update segments set stamped_at = null where workspace_id = $1 and target_id = $2 and remote is null
         and not exists (select from attempts a where a.workspace_id = $1 and a.target_id = $2 and a.state in ('armed', 'unknown'))",
        workspace.uuid(),
        target.uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Fixes the creation time that the network will show; a later attempt finds the first one's.
pub async fn stamp(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    ordinal: i32,
    at: Timestamp,
) -> Result<Timestamp> {
    Ok(sqlx::query_scalar!(
        r#"update segments set stamped_at = coalesce(stamped_at, $4)
           where workspace_id = $1 and target_id = $2 and ordinal = $3 returning stamped_at as "stamped_at!""#,
        workspace.uuid(),
        target.uuid(),
        ordinal,
        at
    )
    .fetch_one(db)
    .await?)
}

/// The message is public.
pub async fn set_remote(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    ordinal: i32,
    remote: &Value,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update segments set remote = $4, published_at = $5 where workspace_id = $1 and target_id = $2 and ordinal = $3",
        workspace.uuid(),
        target.uuid(),
        ordinal,
        remote,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Targets that are to go out, with their posts.
pub async fn scheduled(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<(PostId, TargetId)>> {
    let rows = sqlx::query!(
        "select post_id, target_id from targets where workspace_id = $1 and state = 'scheduled'",
        workspace.uuid()
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (PostId(row.post_id), TargetId(row.target_id))).collect())
}
