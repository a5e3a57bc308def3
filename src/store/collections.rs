//! The collector's queue, and how collecting goes on each account. The queue lies outside row-level security, so it holds
//! ids and times only.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, WorkspaceId},
};

/// An account that this process holds until its lease ends.
#[derive(Debug, Clone, Copy)]
pub struct ClaimedAccount {
    pub workspace: WorkspaceId,
    pub account: AccountId,
    /// Whoever lost the claim writes nothing.
    pub fence: i64,
}

/// Takes up to `limit` due accounts that nobody holds.
pub async fn claim(
    db: &mut PgConnection,
    now: Timestamp,
    lease_until: Timestamp,
    limit: i32,
) -> Result<Vec<ClaimedAccount>> {
    let rows = sqlx::query!(
        r#"select workspace_id as "workspace!", account_id as "account!", fence as "fence!" from metric_claim($1, $2, $3)"#,
        now,
        lease_until,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ClaimedAccount {
            workspace: WorkspaceId(row.workspace),
            account: AccountId(row.account),
            fence: row.fence,
        })
        .collect())
}

/// Gives the claim back, to be taken again at `due_at`; `false` when it was lost.
pub async fn release(db: &mut PgConnection, claim: &ClaimedAccount, due_at: Timestamp) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select metric_release($1, $2, $3, $4) as "released!""#,
        claim.workspace.uuid(),
        claim.account.uuid(),
        claim.fence,
        due_at
    )
    .fetch_one(db)
    .await?)
}

/// How collecting goes on an account.
#[derive(Debug, Clone)]
pub struct Course {
    pub account_id: AccountId,
    pub tried_at: Timestamp,
    pub collected_at: Option<Timestamp>,
    /// When the account's own figures were last asked for.
    pub figures_at: Option<Timestamp>,
    /// In a row.
    pub failures: i32,
    pub problem: Option<String>,
}

pub async fn course(db: &mut PgConnection, workspace: WorkspaceId, account: AccountId) -> Result<Option<Course>> {
    Ok(sqlx::query_as!(
        Course,
        r#"select account_id as "account_id: AccountId", tried_at, collected_at, figures_at, failures, problem
           from metric_accounts where workspace_id = $1 and account_id = $2"#,
        workspace.uuid(),
        account.uuid()
    )
    .fetch_optional(db)
    .await?)
}

pub async fn put_course(db: &mut PgConnection, workspace: WorkspaceId, course: &Course) -> Result<()> {
    sqlx::query!(
        "insert into metric_accounts (workspace_id, account_id, tried_at, collected_at, figures_at, failures, problem)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (workspace_id, account_id) do update set tried_at = excluded.tried_at,
             collected_at = excluded.collected_at, figures_at = excluded.figures_at, failures = excluded.failures,
             problem = excluded.problem",
        workspace.uuid(),
        course.account_id.uuid(),
        course.tried_at,
        course.collected_at,
        course.figures_at,
        course.failures,
        course.problem
    )
    .execute(db)
    .await?;
    Ok(())
}
