//! Whose turn it is to decide on a request, and until when.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{ApprovalId, PostId, WorkspaceId},
};

/// Notes whose turn it is now: the first open step of every policy. Returns the steps that are new.
pub async fn open(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    request: ApprovalId,
    post: PostId,
    now: Timestamp,
) -> Result<Vec<(Uuid, i32)>> {
    let rows = sqlx::query!(
        r#"insert into approval_turns (workspace_id, request_id, policy_id, ordinal, opened_at, deadline_at)
           select $1, $2, d.policy_id, d.ordinal, $4, $4 + make_interval(hours => d.deadline_hours)
           from (select distinct on (d.policy_id) d.policy_id, d.ordinal, d.deadline_hours 
                 from approval_requests r, approval_demands($1, $3, $4) d
                 where r.workspace_id = $1 and r.request_id = $2 and not approval_passed($1, $3, d.policy_id, d.ordinal, d.role, d.member_ids, d.reviewer_ids, d.need,
                                           post_digest($1, $3), r.not_before, r.not_after)
                 order by d.policy_id, d.ordinal) d
           on conflict do nothing returning policy_id, ordinal"#,
        workspace.uuid(),
        request.uuid(),
        post.uuid(),
        now
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.policy_id, row.ordinal)).collect())
}

/// A step whose turn it is.
#[derive(Debug, Clone)]
pub struct Turn {
    pub policy_id: Uuid,
    pub ordinal: i32,
    pub opened_at: Timestamp,
    pub deadline_at: Option<Timestamp>,
}

pub async fn list(db: &mut PgConnection, workspace: WorkspaceId, request: ApprovalId) -> Result<Vec<Turn>> {
    Ok(sqlx::query_as!(
        Turn,
        "select policy_id, ordinal, opened_at, deadline_at from approval_turns
         where workspace_id = $1 and request_id = $2 order by opened_at, policy_id, ordinal",
        workspace.uuid(),
        request.uuid()
    )
    .fetch_all(db)
    .await?)
}
