//! Confirmations that were spent.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{clock::Timestamp, error::Result, ids::WorkspaceId};

/// `false` when it had been spent before.
pub async fn spend(db: &mut PgConnection, workspace: WorkspaceId, nonce: Uuid, expires_at: Timestamp) -> Result<bool> {
    let done = sqlx::query!(
        "insert into spent_confirmations (workspace_id, nonce, expires_at) values ($1, $2, $3) on conflict do nothing",
        workspace.uuid(),
        nonce,
        expires_at
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets what could not be used any more.
pub async fn forget_expired(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<()> {
    sqlx::query!("delete from spent_confirmations where workspace_id = $1 and expires_at < $2", workspace.uuid(), now)
        .execute(db)
        .await?;
    Ok(())
}
