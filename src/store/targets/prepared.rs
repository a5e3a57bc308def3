//! What an adapter prepared for a message, kept with it.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{TargetId, WorkspaceId},
};

/// Keeps what the adapter prepared (uploaded images, resolved mentions).
pub async fn set_prepared(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    ordinal: i32,
    prepared: Option<&Value>,
) -> Result<()> {
    sqlx::query!(
        "update segments set prepared = $4 where workspace_id = $1 and target_id = $2 and ordinal = $3",
        workspace.uuid(),
        target.uuid(),
        ordinal,
        prepared
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The next attempt prepares anew.
pub async fn forget_prepared(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<()> {
    sqlx::query!(
        "update segments set prepared = null where workspace_id = $1 and target_id = $2 and remote is null",
        workspace.uuid(),
        target.uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}
