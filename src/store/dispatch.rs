//! The publisher's queue: what is due, and who is at it. Outside row-level security, so it holds ids and times only.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, TargetId, WorkspaceId},
};

/// A target that this worker holds until its lease ends.
#[derive(Debug, Clone, Copy)]
pub struct Claimed {
    pub workspace: WorkspaceId,
    pub target: TargetId,
    pub account: AccountId,
    pub due_at: Timestamp,
    /// Every later write names it; a claim that was lost writes nothing.
    pub fence: i64,
}

/// Queues a target, or moves it. A worker that holds it loses its hold on the next write.
pub async fn put(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    account: AccountId,
    due_at: Timestamp,
) -> Result<()> {
    sqlx::query!("select dispatch_put($1, $2, $3, $4)", workspace.uuid(), target.uuid(), account.uuid(), due_at)
        .execute(db)
        .await?;
    Ok(())
}

pub async fn remove(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<()> {
    sqlx::query!("select dispatch_drop($1, $2)", workspace.uuid(), target.uuid()).execute(db).await?;
    Ok(())
}

/// Takes up to `limit` due targets that nobody holds.
pub async fn claim(db: &mut PgConnection, now: Timestamp, lease_until: Timestamp, limit: i32) -> Result<Vec<Claimed>> {
    let rows = sqlx::query!(
        r#"select workspace_id as "workspace!", target_id as "target!", account_id as "account!", due_at as "due_at!", fence as "fence!"
           from dispatch_claim($1, $2, $3)"#,
        now,
        lease_until,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Claimed {
            workspace: WorkspaceId(row.workspace),
            target: TargetId(row.target),
            account: AccountId(row.account),
            due_at: row.due_at,
            fence: row.fence,
        })
        .collect())
}

/// Prolongs the lease and locks the claim; `false` when it was lost.
pub async fn renew(db: &mut PgConnection, claim: &Claimed, lease_until: Timestamp) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select dispatch_renew($1, $2, $3, $4) as "held!""#,
        claim.workspace.uuid(),
        claim.target.uuid(),
        claim.fence,
        lease_until
    )
    .fetch_one(db)
    .await?)
}

/// Gives the claim back, to be taken again at `due_at`. `false` when it was lost.
pub async fn release(db: &mut PgConnection, claim: &Claimed, due_at: Timestamp) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select dispatch_release($1, $2, $3, $4) as "released!""#,
        claim.workspace.uuid(),
        claim.target.uuid(),
        claim.fence,
        due_at
    )
    .fetch_one(db)
    .await?)
}

/// When the next claim can succeed.
pub async fn next_at(db: &mut PgConnection) -> Result<Option<Timestamp>> {
    Ok(sqlx::query_scalar!("select dispatch_next()").fetch_one(db).await?)
}

pub struct QueueHealth {
    pub overdue: i64,
    pub oldest_due: Option<Timestamp>,
    pub leased: i64,
}

pub async fn health(db: &mut PgConnection, now: Timestamp) -> Result<QueueHealth> {
    Ok(sqlx::query_as!(
        QueueHealth,
        r#"select overdue as "overdue!", oldest_due, leased as "leased!" from dispatch_health($1)"#,
        now
    )
    .fetch_one(db)
    .await?)
}
