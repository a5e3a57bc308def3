//! How an account is used, as members decide it.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, WorkspaceId},
};

/// How late its posts may go out, and the zone of its local times (`None`: the workspace's).
pub async fn tune(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: AccountId,
    tolerance_secs: i32,
    time_zone: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update accounts set tolerance_secs = $3, time_zone = $4, updated_at = $5
         where workspace_id = $1 and account_id = $2",
        workspace.uuid(),
        id.uuid(),
        tolerance_secs,
        time_zone,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
