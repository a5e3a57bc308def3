//! What the publisher reads and writes of many targets at once: one statement each, whatever their number. Callers lock
//! the posts first.

use std::{collections::HashSet, str::FromStr as _};

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, CampaignId, PostId, TargetId, WorkspaceId},
    model::{
        accounts::AccountStatus,
        networks::NetworkId,
        states::{PostStatus, TargetState},
    },
    store::{
        accounts::Account,
        targets::{Target, TargetError},
    },
};

/// Locks posts, always in the same order. Without `wait`, those that somebody else has locked are left out. From here to the
/// end of the transaction no wait for a lock is longer than half a second: then it fails with [`crate::error::LOCKED`], so
/// that whoever holds a row for long holds no connections of ours besides.
pub async fn lock_posts(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    posts: &[Uuid],
    wait: bool,
) -> Result<HashSet<PostId>> {
    sqlx::query!("set local lock_timeout = '500ms'").execute(&mut *db).await?;
    let locked = if wait {
        sqlx::query_scalar!(
            r#"select post_id as "id: PostId" from posts where workspace_id = $1 and post_id = any ($2)
               order by post_id for update"#,
            workspace.uuid(),
            posts
        )
        .fetch_all(db)
        .await?
    } else {
        sqlx::query_scalar!(
            r#"select post_id as "id: PostId" from posts where workspace_id = $1 and post_id = any ($2)
               order by post_id for update skip locked"#,
            workspace.uuid(),
            posts
        )
        .fetch_all(db)
        .await?
    };
    Ok(locked.into_iter().collect())
}

/// The posts that these targets belong to.
pub async fn posts_of(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    targets: &[Uuid],
) -> Result<Vec<(TargetId, PostId)>> {
    let rows = sqlx::query!(
        "select target_id, post_id from targets where workspace_id = $1 and target_id = any ($2)",
        workspace.uuid(),
        targets
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (TargetId(row.target_id), PostId(row.post_id))).collect())
}

/// A post with its campaign and its tags, which decide what pauses it.
pub type Subject = (PostId, (Option<CampaignId>, Vec<String>));

pub async fn subjects(db: &mut PgConnection, workspace: WorkspaceId, posts: &[Uuid]) -> Result<Vec<Subject>> {
    let rows = sqlx::query!(
        "select post_id, campaign_id, tags from posts where workspace_id = $1 and post_id = any ($2)",
        workspace.uuid(),
        posts
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (PostId(row.post_id), (row.campaign_id.map(CampaignId), row.tags))).collect())
}

/// Every target of these posts.
pub async fn targets_of(db: &mut PgConnection, workspace: WorkspaceId, posts: &[Uuid]) -> Result<Vec<Target>> {
    let rows = sqlx::query!(
        r#"select t.target_id, t.post_id, t.account_id, a.network, a.handle, t.state, t.due_at, t.due_local, t.due_zone,
                t.due_fold, t.due_tzdb, t.next_step_at, t.tries, t.error_code, t.error_message, t.error_next_step, t.published_at,
                t.removal_requested_at, t.removed_at, t.doubted_at is not null as "doubted!"
         from targets t join accounts a using (workspace_id, account_id)
         where t.workspace_id = $1 and t.post_id = any ($2)"#,
        workspace.uuid(),
        posts
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Target {
                target_id: TargetId(row.target_id),
                post_id: PostId(row.post_id),
                account_id: AccountId(row.account_id),
                network: row.network,
                handle: row.handle,
                state: TargetState::from_str(&row.state)?,
                due_at: row.due_at,
                due_local: row.due_local,
                due_zone: row.due_zone,
                due_fold: row.due_fold,
                due_tzdb: row.due_tzdb,
                next_step_at: row.next_step_at,
                tries: row.tries,
                error: row.error_code.map(|code| TargetError {
                    code,
                    message: row.error_message.unwrap_or_default(),
                    next_step: row.error_next_step.unwrap_or_default(),
                }),
                published_at: row.published_at,
                removal_requested_at: row.removal_requested_at,
                removed_at: row.removed_at,
                doubted: row.doubted,
            })
        })
        .collect()
}

/// An account with its sealed credentials.
#[derive(Clone)]
pub struct Sender {
    pub account: Account,
    /// `None` when disconnected.
    pub sealed: Option<Vec<u8>>,
    pub expires_at: Option<Timestamp>,
}

pub async fn senders(db: &mut PgConnection, workspace: WorkspaceId, accounts: &[Uuid]) -> Result<Vec<Sender>> {
    let rows = sqlx::query!(
        "select account_id, network, remote_id, handle, display_name, base_url, status, status_reason, time_zone,
                tolerance_secs, not_before, created_at, secret, secret_expires_at
         from accounts where workspace_id = $1 and account_id = any ($2)",
        workspace.uuid(),
        accounts
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Sender {
                account: Account {
                    account_id: AccountId(row.account_id),
                    network: NetworkId::from_str(&row.network)?,
                    remote_id: row.remote_id,
                    handle: row.handle,
                    display_name: row.display_name,
                    base_url: row.base_url,
                    status: AccountStatus::from_str(&row.status)?,
                    status_reason: row.status_reason,
                    time_zone: row.time_zone,
                    tolerance_secs: row.tolerance_secs,
                    not_before: row.not_before,
                    created_at: row.created_at,
                },
                sealed: row.secret,
                expires_at: row.secret_expires_at,
            })
        })
        .collect()
}

/// Writes what a step of sending changes of targets.
pub async fn save_targets(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    targets: &[&Target],
    now: Timestamp,
) -> Result<()> {
    if targets.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = targets.iter().map(|target| target.target_id.uuid()).collect();
    let states: Vec<String> = targets.iter().map(|target| target.state.as_str().to_owned()).collect();
    let next: Vec<Option<Timestamp>> = targets.iter().map(|target| target.next_step_at).collect();
    let tries: Vec<i32> = targets.iter().map(|target| target.tries).collect();
    let error = |part: fn(&TargetError) -> &String| -> Vec<Option<String>> {
        targets.iter().map(|target| target.error.as_ref().map(part).cloned()).collect()
    };
    let published: Vec<Option<Timestamp>> = targets.iter().map(|target| target.published_at).collect();
    sqlx::query!(
        "update targets t set state = n.state, next_step_at = n.next_step_at, tries = n.tries, error_code = n.code,
                error_message = n.message, error_next_step = n.next_step, published_at = n.published_at, updated_at = $2
         from unnest($3::uuid[], $4::text[], $5::timestamptz[], $6::int[], $7::text[], $8::text[], $9::text[],
                     $10::timestamptz[]) as n (id, state, next_step_at, tries, code, message, next_step, published_at)
         where t.workspace_id = $1 and t.target_id = n.id",
        workspace.uuid(),
        now,
        &ids,
        &states,
        &next as &[Option<Timestamp>],
        &tries,
        &error(|error| &error.code) as &[Option<String>],
        &error(|error| &error.message) as &[Option<String>],
        &error(|error| &error.next_step) as &[Option<String>],
        &published as &[Option<Timestamp>]
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What follows for a post from its targets: status and time.
pub type Derived = (PostId, PostStatus, Option<Timestamp>);

pub async fn set_derived(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    posts: &[Derived],
    now: Timestamp,
) -> Result<()> {
    if posts.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = posts.iter().map(|post| post.0.uuid()).collect();
    let statuses: Vec<String> = posts.iter().map(|post| post.1.as_str().to_owned()).collect();
    let times: Vec<Option<Timestamp>> = posts.iter().map(|post| post.2).collect();
    sqlx::query!(
        "update posts p set status = n.status, at = n.at, updated_at = $2
         from unnest($3::uuid[], $4::text[], $5::timestamptz[]) as n (id, status, at)
         where p.workspace_id = $1 and p.post_id = n.id",
        workspace.uuid(),
        now,
        &ids,
        &statuses,
        &times as &[Option<Timestamp>]
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A message about to be sent: whose it is, the time that it would show, and what the adapter prepared.
pub type Stamping = (TargetId, i32, Timestamp, Option<Value>);

/// Fixes the creation times that networks will show (a later attempt finds the first one's), and keeps what was prepared.
pub async fn stamp(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    messages: &[Stamping],
) -> Result<Vec<(TargetId, Timestamp)>> {
    let ids: Vec<Uuid> = messages.iter().map(|message| message.0.uuid()).collect();
    let ordinals: Vec<i32> = messages.iter().map(|message| message.1).collect();
    let times: Vec<Timestamp> = messages.iter().map(|message| message.2).collect();
    let prepared: Vec<Option<Value>> = messages.iter().map(|message| message.3.clone()).collect();
    let rows = sqlx::query!(
        r#"update segments s set stamped_at = coalesce(s.stamped_at, n.at), prepared = coalesce(n.prepared, s.prepared)
           from unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::jsonb[]) as n (id, ordinal, at, prepared)
           where s.workspace_id = $1 and s.target_id = n.id and s.ordinal = n.ordinal
           returning s.target_id, s.stamped_at as "stamped_at!""#,
        workspace.uuid(),
        &ids,
        &ordinals,
        &times as &[Timestamp],
        &prepared as &[Option<Value>]
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (TargetId(row.target_id), row.stamped_at)).collect())
}

/// These messages are public: whose, which of the thread, and what the network made of it.
pub async fn set_remotes(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    messages: &[(TargetId, i32, Value)],
    now: Timestamp,
) -> Result<()> {
    let ids: Vec<Uuid> = messages.iter().map(|message| message.0.uuid()).collect();
    let ordinals: Vec<i32> = messages.iter().map(|message| message.1).collect();
    let remotes: Vec<Value> = messages.iter().map(|message| message.2.clone()).collect();
    sqlx::query!(
        "update segments s set remote = n.remote, published_at = $2
         from unnest($3::uuid[], $4::int[], $5::jsonb[]) as n (id, ordinal, remote)
         where s.workspace_id = $1 and s.target_id = n.id and s.ordinal = n.ordinal",
        workspace.uuid(),
        now,
        &ids,
        &ordinals,
        &remotes
    )
    .execute(db)
    .await?;
    Ok(())
}
