//! Links to the pages of requests.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{ApprovalId, MemberId, ReviewLinkId, ReviewerId, WorkspaceId},
};

/// A link to a page.
#[derive(Debug, Clone)]
pub struct Link {
    pub link_id: ReviewLinkId,
    pub request_id: ApprovalId,
    pub member_id: Option<MemberId>,
    pub reviewer_id: Option<ReviewerId>,
    pub expires_at: Timestamp,
    pub attempts: i32,
    pub used_at: Option<Timestamp>,
}

pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, link: &Link, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "insert into review_links (workspace_id, link_id, request_id, member_id, reviewer_id, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        workspace.uuid(),
        link.link_id.uuid(),
        link.request_id.uuid(),
        link.member_id.map(MemberId::uuid),
        link.reviewer_id.map(ReviewerId::uuid),
        now,
        link.expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: ReviewLinkId) -> Result<Option<Link>> {
    Ok(sqlx::query_as!(
        Link,
        r#"select link_id as "link_id: ReviewLinkId", request_id as "request_id: ApprovalId", member_id as "member_id: MemberId",
                  reviewer_id as "reviewer_id: ReviewerId", expires_at, attempts, used_at
           from review_links where workspace_id = $1 and link_id = $2"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// Makes the link useless; `false` when it was already.
pub async fn spend(db: &mut PgConnection, workspace: WorkspaceId, id: ReviewLinkId, now: Timestamp) -> Result<bool> {
    let done = sqlx::query!(
        "update review_links set used_at = $3 where workspace_id = $1 and link_id = $2 and used_at is null and expires_at > $3",
        workspace.uuid(),
        id.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts a try to decide on the page.
pub async fn count_attempt(db: &mut PgConnection, workspace: WorkspaceId, id: ReviewLinkId) -> Result<()> {
    sqlx::query!(
        "update review_links set attempts = attempts + 1 where workspace_id = $1 and link_id = $2",
        workspace.uuid(),
        id.uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A reviewer whose turn it is and who has no link to the request.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub request_id: ApprovalId,
    pub reviewer_id: ReviewerId,
    pub name: String,
    pub email: String,
}

pub async fn wanted(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<Vec<Wanted>> {
    Ok(sqlx::query_as!(
        Wanted,
        r#"select distinct t.request_id as "request_id!: ApprovalId", v.reviewer_id as "reviewer_id!: ReviewerId",
                  v.name as "name!", v.email as "email!"
           from approval_turns t
           join approval_requests r using (workspace_id, request_id)
           join approval_steps s using (workspace_id, policy_id, ordinal)
           join reviewers v on v.workspace_id = t.workspace_id and v.reviewer_id = any (s.reviewer_ids) and v.removed_at is null
           where t.workspace_id = $1 and r.state = 'open'
             and not exists (select from review_links l where l.workspace_id = $1 and l.request_id = t.request_id
                             and l.reviewer_id = v.reviewer_id and (l.used_at is not null or l.expires_at > $2))
           limit 100"#,
        workspace.uuid(),
        now
    )
    .fetch_all(db)
    .await?)
}
