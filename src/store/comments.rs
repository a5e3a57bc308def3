//! What is said about posts. A comment's words can be taken away, its place stays.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{CommentId, MemberId, PostId, WorkspaceId},
};

#[derive(Debug, Clone)]
pub struct Comment {
    pub comment_id: CommentId,
    pub post_id: PostId,
    pub member_id: MemberId,
    pub member_name: String,
    pub actor: String,
    pub reply_to: Option<CommentId>,
    pub post_version: i32,
    /// `None` once it is deleted.
    pub text: Option<String>,
    pub mentioned: Vec<Uuid>,
    pub created_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
    pub deleted_by: Option<MemberId>,
}

pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, new: &Comment) -> Result<()> {
    sqlx::query!(
        "insert into post_comments (workspace_id, comment_id, post_id, member_id, actor, reply_to, post_version, text, mentioned,
                                    created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        workspace.uuid(),
        new.comment_id.uuid(),
        new.post_id.uuid(),
        new.member_id.uuid(),
        new.actor,
        new.reply_to.map(CommentId::uuid),
        new.post_version,
        new.text,
        &new.mentioned,
        new.created_at
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: CommentId) -> Result<Option<Comment>> {
    Ok(sqlx::query_as!(
        Comment,
        r#"select c.comment_id as "comment_id: _", c.post_id as "post_id: _", c.member_id as "member_id: _",
                  m.display_name as member_name, c.actor, c.reply_to as "reply_to: _", c.post_version, c.text, c.mentioned,
                  c.created_at, c.deleted_at, c.deleted_by as "deleted_by: _"
           from post_comments c join members m using (workspace_id, member_id)
           where c.workspace_id = $1 and c.comment_id = $2"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// Of one post, newest first, those before `before`; with `thread` only that comment and its replies.
pub async fn list(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    thread: Option<CommentId>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Comment>> {
    Ok(sqlx::query_as!(
        Comment,
        r#"select c.comment_id as "comment_id: _", c.post_id as "post_id: _", c.member_id as "member_id: _",
                  m.display_name as member_name, c.actor, c.reply_to as "reply_to: _", c.post_version, c.text, c.mentioned,
                  c.created_at, c.deleted_at, c.deleted_by as "deleted_by: _"
           from post_comments c join members m using (workspace_id, member_id)
           where c.workspace_id = $1 and c.post_id = $2 and ($3::uuid is null or c.comment_id = $3 or c.reply_to = $3)
             and ($4::uuid is null or c.comment_id < $4)
           order by c.comment_id desc limit $5"#,
        workspace.uuid(),
        post.uuid(),
        thread.map(CommentId::uuid),
        before,
        limit
    )
    .fetch_all(db)
    .await?)
}

/// Those whose words are still there.
pub async fn count(db: &mut PgConnection, workspace: WorkspaceId, post: PostId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from post_comments where workspace_id = $1 and post_id = $2 and deleted_at is null"#,
        workspace.uuid(),
        post.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// Who wrote in a thread.
pub async fn writers(db: &mut PgConnection, workspace: WorkspaceId, thread: CommentId) -> Result<Vec<MemberId>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct member_id as "member_id: MemberId" from post_comments
           where workspace_id = $1 and (comment_id = $2 or reply_to = $2)"#,
        workspace.uuid(),
        thread.uuid()
    )
    .fetch_all(db)
    .await?)
}

/// Takes the words away. `false`: somebody else has done it.
pub async fn delete(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: CommentId,
    by: Option<MemberId>,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "update post_comments set text = null, mentioned = '{}', deleted_at = $4, deleted_by = $3
         where workspace_id = $1 and comment_id = $2 and deleted_at is null",
        workspace.uuid(),
        id.uuid(),
        by.map(MemberId::uuid),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
