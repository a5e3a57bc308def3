//! Which workspaces have documents to read or vectors to make; outside row-level security, ids and times. One process at
//! a time works for a workspace.

use sqlx::PgConnection;

use crate::{clock::Timestamp, error::Result, ids::WorkspaceId};

/// A claim on a workspace; whoever lost it writes nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub workspace: WorkspaceId,
    pub fence: i64,
}

/// There is something to do, from then on.
pub async fn put(db: &mut PgConnection, workspace: WorkspaceId, at: Timestamp) -> Result<()> {
    sqlx::query!("select knowledge_due_put($1, $2)", workspace.uuid(), at).fetch_one(db).await?;
    Ok(())
}

/// Takes up to `limit` workspaces whose time has come and which nobody works for.
pub async fn take(db: &mut PgConnection, now: Timestamp, lease_until: Timestamp, limit: i32) -> Result<Vec<Claim>> {
    let rows = sqlx::query!(
        r#"select workspace_id as "workspace!: WorkspaceId", fence as "fence!" from knowledge_due_take($1, $2, $3)"#,
        now,
        lease_until,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| Claim { workspace: row.workspace, fence: row.fence }).collect())
}

/// Whether the claim still holds; it does for longer then.
pub async fn renew(db: &mut PgConnection, claim: Claim, lease_until: Timestamp) -> Result<bool> {
    let held = sqlx::query_scalar!(
        r#"select knowledge_due_renew($1, $2, $3) as "held!""#,
        claim.workspace.uuid(),
        claim.fence,
        lease_until
    );
    Ok(held.fetch_one(db).await?)
}

/// Gives the claim back: for good, or until then.
pub async fn done(db: &mut PgConnection, claim: Claim, again: Option<Timestamp>) -> Result<()> {
    sqlx::query!(
        "select knowledge_due_done($1, $2, $3)",
        claim.workspace.uuid(),
        claim.fence,
        again as Option<Timestamp>
    )
    .fetch_one(db)
    .await?;
    Ok(())
}
