//! Which targets wait for their time, and those whose time was made with older zone data.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{PostId, TargetId, WorkspaceId},
};

/// Puts everything in doubt that is not known to be public; returns how much that is.
pub async fn doubt_all(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<u64> {
    let done = sqlx::query!(
        "update targets set doubted_at = $2 where workspace_id = $1 and state <> 'published'",
        workspace.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Targets that were on their way, or waited for somebody to send them on it, with their posts.
pub async fn in_play(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<(PostId, TargetId)>> {
    let rows = sqlx::query!(
        "select post_id, target_id from targets
         where workspace_id = $1 and state in ('scheduled', 'publishing', 'unknown', 'held')",
        workspace.uuid()
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (PostId(row.post_id), TargetId(row.target_id))).collect())
}

/// Posts with a target that goes out after `now` at a local time which became an instant by zone data older than `tzdb`.
pub async fn with_older_zone_data(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    tzdb: &str,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<PostId>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct post_id as "id: PostId" from targets
           where workspace_id = $1 and state = 'scheduled' and due_tzdb < $2 collate "C" and due_at > $3 limit $4"#,
        workspace.uuid(),
        tzdb,
        now,
        limit
    )
    .fetch_all(db)
    .await?)
}

/// How many scheduled targets carry this note.
pub async fn count_noted(db: &mut PgConnection, workspace: WorkspaceId, code: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from targets where workspace_id = $1 and state = 'scheduled' and error_code = $2"#,
        workspace.uuid(),
        code
    )
    .fetch_one(db)
    .await?)
}
