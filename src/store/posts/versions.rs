//! What a post says and said: every version is written once.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{PostId, WorkspaceId},
};

pub async fn insert_version(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    version: i32,
    content: &Value,
    actor: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into post_versions (workspace_id, post_id, version, content, actor, created_at) values ($1, $2, $3, $4, $5, $6)",
        workspace.uuid(),
        id.uuid(),
        version,
        content,
        actor,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The content of a version, as it was written.
pub async fn version(db: &mut PgConnection, workspace: WorkspaceId, id: PostId, version: i32) -> Result<Value> {
    Ok(sqlx::query_scalar!(
        "select content from post_versions where workspace_id = $1 and post_id = $2 and version = $3",
        workspace.uuid(),
        id.uuid(),
        version
    )
    .fetch_one(db)
    .await?)
}

/// [`version`], when there is one of that number.
pub async fn version_if_any(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    version: i32,
) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!(
        "select content from post_versions where workspace_id = $1 and post_id = $2 and version = $3",
        workspace.uuid(),
        id.uuid(),
        version
    )
    .fetch_optional(db)
    .await?)
}

/// A version with who made it.
pub struct Kept {
    pub version: i32,
    pub content: Value,
    pub actor: String,
    pub created_at: Timestamp,
    /// The newest earlier version that says exactly the same.
    pub same_as: Option<i32>,
}

/// Newest first, those before `before`.
pub async fn versions(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Kept>> {
    Ok(sqlx::query_as!(
        Kept,
        r#"select v.version, v.content, v.actor, v.created_at,
                  (select max(w.version) from post_versions w where w.workspace_id = v.workspace_id
                   and w.post_id = v.post_id and w.version < v.version and w.content = v.content) as same_as
           from post_versions v where v.workspace_id = $1 and v.post_id = $2 and ($3::int is null or v.version < $3)
           order by v.version desc limit $4"#,
        workspace.uuid(),
        id.uuid(),
        before,
        limit
    )
    .fetch_all(db)
    .await?)
}
