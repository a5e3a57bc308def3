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

/// A step whose deadline is near or over, and about which nobody was told yet.
#[derive(Debug, Clone)]
pub struct Due {
    pub request_id: ApprovalId,
    pub policy_id: Uuid,
    pub ordinal: i32,
    /// The deadline is over, not only half of the time.
    pub overdue: bool,
}

pub async fn due(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<Vec<Due>> {
    Ok(sqlx::query_as!(
        Due,
        r#"select t.request_id as "request_id: ApprovalId", t.policy_id, t.ordinal, t.deadline_at <= $2 as "overdue!"
           from approval_turns t join approval_requests r using (workspace_id, request_id)
           where t.workspace_id = $1 and r.state = 'open' and t.deadline_at is not null
             and ((t.escalated_at is null and t.deadline_at <= $2)
                  or (t.reminded_at is null and t.opened_at + (t.deadline_at - t.opened_at) / 2 <= $2 and t.deadline_at > $2))
           order by t.deadline_at limit 200"#,
        workspace.uuid(),
        now
    )
    .fetch_all(db)
    .await?)
}

pub async fn told(db: &mut PgConnection, workspace: WorkspaceId, turn: &Due, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "update approval_turns set reminded_at = $5, escalated_at = case when $6 then $5 else escalated_at end
         where workspace_id = $1 and request_id = $2 and policy_id = $3 and ordinal = $4",
        workspace.uuid(),
        turn.request_id.uuid(),
        turn.policy_id,
        turn.ordinal,
        now,
        turn.overdue
    )
    .execute(db)
    .await?;
    Ok(())
}
