//! People outside who approve by links in mails.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{MemberId, ReviewerId, WorkspaceId},
};

#[derive(Debug, Clone)]
pub struct Reviewer {
    pub reviewer_id: ReviewerId,
    pub name: String,
    pub email: String,
    pub created_at: Timestamp,
}

/// Those who were not removed, by name.
pub async fn list(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<Reviewer>> {
    Ok(sqlx::query_as!(
        Reviewer,
        r#"select reviewer_id as "reviewer_id: ReviewerId", name, email, created_at from reviewers
           where workspace_id = $1 and removed_at is null order by name, reviewer_id"#,
        workspace.uuid()
    )
    .fetch_all(db)
    .await?)
}

/// `false` when somebody with this address is there already.
pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, reviewer: &Reviewer, by: MemberId) -> Result<bool> {
    let done = sqlx::query!(
        "insert into reviewers (workspace_id, reviewer_id, name, email, created_by, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing",
        workspace.uuid(),
        reviewer.reviewer_id.uuid(),
        reviewer.name,
        reviewer.email,
        by.uuid(),
        reviewer.created_at
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// `false` when there is no such reviewer.
pub async fn remove(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    reviewer: ReviewerId,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "update reviewers set removed_at = $3 where workspace_id = $1 and reviewer_id = $2 and removed_at is null",
        workspace.uuid(),
        reviewer.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
