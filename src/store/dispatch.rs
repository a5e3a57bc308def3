//! The publisher's queue: what is due, and who is at it. Outside row-level security, so it holds ids and times only.

use std::{collections::HashSet, sync::Arc};

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, TargetId, WorkspaceId},
    model::turns::Priority,
};

/// A target that this worker holds until its lease ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub workspace: WorkspaceId,
    pub target: TargetId,
    pub account: AccountId,
    /// Network and host of the account.
    pub server: Arc<str>,
    pub due_at: Timestamp,
    /// When a publisher first saw that it is due.
    pub noticed_at: Timestamp,
    /// Every later write names it; a claim that was lost writes nothing.
    pub fence: i64,
    /// Its server failed, and this delivery tries whether it works again.
    pub trial: bool,
}

/// A claim among all that there ever were: its target, and its fence.
pub type Held = (TargetId, i64);

impl Claimed {
    pub fn held(&self) -> Held {
        (self.target, self.fence)
    }
}

/// An account that has something due.
#[derive(Debug, Clone)]
pub struct Lane {
    pub workspace: WorkspaceId,
    pub account: AccountId,
    pub network: String,
    pub server: Arc<str>,
    /// Priority and time of what comes first; `None` when all of it is under way.
    pub first: Option<(i16, Timestamp)>,
    pub under_way: i64,
    /// Its network asked it to wait, or its server is left alone for now.
    pub waits: bool,
    /// Its server failed; one delivery may try whether it works again.
    pub trial: bool,
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

/// Queues a target with another urgency than [`put`], which takes it to be scheduled.
pub async fn put_as(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    account: AccountId,
    due_at: Timestamp,
    priority: Priority,
) -> Result<()> {
    sqlx::query!(
        "select dispatch_put($1, $2, $3, $4, $5)",
        workspace.uuid(),
        target.uuid(),
        account.uuid(),
        due_at,
        priority.number()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes targets out of the queue.
pub async fn remove_all(db: &mut PgConnection, workspace: WorkspaceId, targets: &[Uuid]) -> Result<()> {
    if !targets.is_empty() {
        sqlx::query!("select dispatch_drop_all($1, $2)", workspace.uuid(), targets).execute(db).await?;
    }
    Ok(())
}

/// How many targets of one urgency one look notices.
pub const NOTICED_MOST: i32 = 2000;

/// Notices what has become due, up to [`NOTICED_MOST`] of each urgency; returns how many, of the urgency with the most.
pub async fn notice(db: &mut PgConnection, now: Timestamp) -> Result<i32> {
    Ok(sqlx::query_scalar!(r#"select dispatch_notice($1) as "most!""#, now).fetch_one(db).await?)
}

/// Lists up to `limit` accounts of which something was noticed, from the one after `after` on.
pub async fn lanes(
    db: &mut PgConnection,
    now: Timestamp,
    after: (WorkspaceId, AccountId),
    limit: i32,
) -> Result<Vec<Lane>> {
    let rows = sqlx::query!(
        r#"select workspace_id as "workspace!", account_id as "account!", network as "network!", server as "server!",
                  priority, due_at, under_way as "under_way!", waits as "waits!", trial as "trial!"
           from dispatch_lanes($1, $2, $3, $4)"#,
        now,
        after.0.uuid(),
        after.1.uuid(),
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Lane {
            workspace: WorkspaceId(row.workspace),
            account: AccountId(row.account),
            network: row.network,
            server: Arc::from(row.server),
            first: row.priority.zip(row.due_at),
            under_way: row.under_way,
            waits: row.waits,
            trial: row.trial,
        })
        .collect())
}

/// Takes what comes first on these accounts, unless another worker takes it at this moment. The number says how much of
/// an account may be under way.
pub async fn take(
    db: &mut PgConnection,
    now: Timestamp,
    lease_until: Timestamp,
    lanes: &[(WorkspaceId, AccountId, i32)],
) -> Result<Vec<Claimed>> {
    let workspaces: Vec<Uuid> = lanes.iter().map(|lane| lane.0.uuid()).collect();
    let accounts: Vec<Uuid> = lanes.iter().map(|lane| lane.1.uuid()).collect();
    let most: Vec<i32> = lanes.iter().map(|lane| lane.2).collect();
    let rows = sqlx::query!(
        r#"select workspace_id as "workspace!", target_id as "target!", account_id as "account!", due_at as "due_at!",
                  noticed_at as "noticed_at!", fence as "fence!", server as "server!"
           from dispatch_take($1, $2, $3, $4, $5)"#,
        now,
        lease_until,
        &workspaces,
        &accounts,
        &most
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Claimed {
            workspace: WorkspaceId(row.workspace),
            target: TargetId(row.target),
            account: AccountId(row.account),
            server: Arc::from(row.server),
            due_at: row.due_at,
            noticed_at: row.noticed_at,
            fence: row.fence,
            trial: false,
        })
        .collect())
}

/// Prolongs the leases of these claims and locks them; returns those that were not lost. Two of the same target may be asked
/// for, of which one is lost.
pub async fn renew_all(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    claims: &[&Claimed],
    lease_until: Timestamp,
) -> Result<HashSet<Held>> {
    let targets: Vec<Uuid> = claims.iter().map(|claim| claim.target.uuid()).collect();
    let fences: Vec<i64> = claims.iter().map(|claim| claim.fence).collect();
    let held = sqlx::query!(
        r#"select target_id as "target!", fence as "fence!" from dispatch_renew_all($1, $2, $3, $4)"#,
        workspace.uuid(),
        &targets,
        &fences,
        lease_until
    )
    .fetch_all(db)
    .await?;
    Ok(held.into_iter().map(|row| (TargetId(row.target), row.fence)).collect())
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

/// When the next target comes due that nobody has noticed yet.
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
