//! Which tasks somebody has to be told of, each once; and whose tasks have nobody any more.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{MemberId, PostId, TaskId, WorkspaceId},
};

/// What is to be told of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Soon,
    Over,
}

#[derive(Debug, Clone)]
pub struct DueTask {
    pub task_id: TaskId,
    pub title: String,
    pub creator_id: MemberId,
    pub assignee_id: Option<MemberId>,
    pub post_id: Option<PostId>,
    pub due_at: Option<Timestamp>,
}

/// Open tasks that are due before `before` and of which this was not told yet; it is noted with them as told. Another
/// process that looks at the same time gets others.
pub async fn due(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    what: Due,
    before: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<DueTask>> {
    Ok(sqlx::query_as!(
        DueTask,
        r#"update tasks t
           set soon_told_at = coalesce(t.soon_told_at, $3),
               overdue_told_at = case when $4 then $3 else t.overdue_told_at end
           from (select task_id from tasks
                 where workspace_id = $1 and state = 'open' and due_at is not null and due_at <= $2
                   and overdue_told_at is null and ($4 or soon_told_at is null)
                 order by due_at limit $5 for update skip locked) n
           where t.workspace_id = $1 and t.task_id = n.task_id
           returning t.task_id as "task_id: _", t.title, t.creator_id as "creator_id: _", t.assignee_id as "assignee_id: _",
                     t.post_id as "post_id: _", t.due_at"#,
        workspace.uuid(),
        before,
        now,
        what == Due::Over,
        limit
    )
    .fetch_all(db)
    .await?)
}

/// Takes a member's open tasks from them.
pub async fn leave(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    now: Timestamp,
) -> Result<Vec<DueTask>> {
    Ok(sqlx::query_as!(
        DueTask,
        r#"update tasks set assignee_id = null, version = version + 1, updated_at = $3
           where workspace_id = $1 and assignee_id = $2 and state = 'open'
           returning task_id as "task_id: _", title, creator_id as "creator_id: _", assignee_id as "assignee_id: _",
                     post_id as "post_id: _", due_at"#,
        workspace.uuid(),
        member.uuid(),
        now
    )
    .fetch_all(db)
    .await?)
}
