//! The pages that connect accounts.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, ConnectId, MemberId, WorkspaceId},
};

/// A page that waits for a secret.
#[derive(Debug, Clone)]
pub struct ConnectRequest {
    pub connect_id: ConnectId,
    pub member_id: MemberId,
    pub network: String,
    pub base_url: Option<String>,
    pub expires_at: Timestamp,
    pub attempts: i32,
    pub used_at: Option<Timestamp>,
}

pub async fn insert(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    request: &ConnectRequest,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into connect_requests (workspace_id, connect_id, member_id, network, base_url, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        workspace.uuid(),
        request.connect_id.uuid(),
        request.member_id.uuid(),
        request.network,
        request.base_url,
        now,
        request.expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: ConnectId) -> Result<Option<ConnectRequest>> {
    Ok(sqlx::query_as!(
        ConnectRequest,
        r#"select connect_id as "connect_id: ConnectId", member_id as "member_id: MemberId", network, base_url, expires_at, attempts, used_at
           from connect_requests where workspace_id = $1 and connect_id = $2 for update"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// Counts a try; a page takes few.
pub async fn count_attempt(db: &mut PgConnection, workspace: WorkspaceId, id: ConnectId) -> Result<()> {
    sqlx::query!(
        "update connect_requests set attempts = attempts + 1 where workspace_id = $1 and connect_id = $2",
        workspace.uuid(),
        id.uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn finish(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: ConnectId,
    account: AccountId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update connect_requests set used_at = $4, account_id = $3 where workspace_id = $1 and connect_id = $2",
        workspace.uuid(),
        id.uuid(),
        account.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
