//! Texts that public messages are to get. A row exists until the network has it or has refused it.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{PostId, TargetId, WorkspaceId},
};

#[derive(Debug, Clone)]
pub struct Edit {
    pub ordinal: i32,
    pub text: String,
    /// Who wants it, as in the audit log.
    pub actor: String,
}

pub async fn insert(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    edit: &Edit,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into edits (workspace_id, target_id, ordinal, text, actor, created_at) values ($1, $2, $3, $4, $5, $6)",
        workspace.uuid(),
        target.uuid(),
        edit.ordinal,
        edit.text,
        edit.actor,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// In the order of the messages.
pub async fn pending(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<Vec<Edit>> {
    Ok(sqlx::query_as!(
        Edit,
        "select ordinal, text, actor from edits where workspace_id = $1 and target_id = $2 order by ordinal",
        workspace.uuid(),
        target.uuid()
    )
    .fetch_all(db)
    .await?)
}

pub async fn any_of_post(db: &mut PgConnection, workspace: WorkspaceId, post: PostId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from edits e join targets t using (workspace_id, target_id)
                          where e.workspace_id = $1 and t.post_id = $2) as "any!""#,
        workspace.uuid(),
        post.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// The network has the text.
pub async fn apply(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    edit: &Edit,
    remote: &Value,
) -> Result<()> {
    sqlx::query!(
        "update segments set text = $4, sketch = null, remote = $5 where workspace_id = $1 and target_id = $2 and ordinal = $3",
        workspace.uuid(),
        target.uuid(),
        edit.ordinal,
        edit.text,
        remote
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "delete from edits where workspace_id = $1 and target_id = $2 and ordinal = $3",
        workspace.uuid(),
        target.uuid(),
        edit.ordinal
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Nothing more is to be changed on this target.
pub async fn give_up(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<()> {
    sqlx::query!("delete from edits where workspace_id = $1 and target_id = $2", workspace.uuid(), target.uuid())
        .execute(db)
        .await?;
    Ok(())
}
