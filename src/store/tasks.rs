//! Tasks: what somebody is to do, about a post, a campaign, or by itself. Reminders are in `tasks/reminders.rs`.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{CampaignId, MemberId, PostId, TaskId, WorkspaceId},
    model::tasks::TaskState,
};

mod reminders;

pub use reminders::{Due, DueTask, due, leave};

#[derive(Debug, Clone)]
pub struct Task {
    pub task_id: TaskId,
    pub title: String,
    pub note: String,
    pub state: TaskState,
    pub creator_id: MemberId,
    pub creator_name: String,
    pub assignee_id: Option<MemberId>,
    pub assignee_name: Option<String>,
    pub post_id: Option<PostId>,
    /// Title or beginning of the post.
    pub post_name: Option<String>,
    pub campaign_id: Option<CampaignId>,
    pub campaign_name: Option<String>,
    pub due_at: Option<Timestamp>,
    pub soon_told_at: Option<Timestamp>,
    pub overdue_told_at: Option<Timestamp>,
    pub version: i32,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

struct Row {
    task_id: TaskId,
    title: String,
    note: String,
    state: String,
    creator_id: MemberId,
    creator_name: String,
    assignee_id: Option<MemberId>,
    assignee_name: Option<String>,
    post_id: Option<PostId>,
    post_name: Option<String>,
    campaign_id: Option<CampaignId>,
    campaign_name: Option<String>,
    due_at: Option<Timestamp>,
    soon_told_at: Option<Timestamp>,
    overdue_told_at: Option<Timestamp>,
    version: i32,
    created_at: Timestamp,
    closed_at: Option<Timestamp>,
}

impl Row {
    fn read(self) -> Result<Task> {
        Ok(Task {
            task_id: self.task_id,
            title: self.title,
            note: self.note,
            state: self.state.parse()?,
            creator_id: self.creator_id,
            creator_name: self.creator_name,
            assignee_id: self.assignee_id,
            assignee_name: self.assignee_name,
            post_id: self.post_id,
            post_name: self.post_name,
            campaign_id: self.campaign_id,
            campaign_name: self.campaign_name,
            due_at: self.due_at,
            soon_told_at: self.soon_told_at,
            overdue_told_at: self.overdue_told_at,
            version: self.version,
            created_at: self.created_at,
            closed_at: self.closed_at,
        })
    }
}

pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, new: &Task) -> Result<()> {
    sqlx::query!(
        "insert into tasks (workspace_id, task_id, title, note, state, creator_id, assignee_id, post_id, campaign_id, due_at,
                            soon_told_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        workspace.uuid(),
        new.task_id.uuid(),
        new.title,
        new.note,
        new.state.as_str(),
        new.creator_id.uuid(),
        new.assignee_id.map(MemberId::uuid),
        new.post_id.map(PostId::uuid),
        new.campaign_id.map(CampaignId::uuid),
        new.due_at,
        new.soon_told_at,
        new.created_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes what can change, and raises the version.
pub async fn update(db: &mut PgConnection, workspace: WorkspaceId, task: &Task, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "update tasks set title = $3, note = $4, state = $5, assignee_id = $6, due_at = $7, soon_told_at = $8,
                overdue_told_at = $9, closed_at = $10, version = version + 1, updated_at = $11
         where workspace_id = $1 and task_id = $2",
        workspace.uuid(),
        task.task_id.uuid(),
        task.title,
        task.note,
        task.state.as_str(),
        task.assignee_id.map(MemberId::uuid),
        task.due_at,
        task.soon_told_at,
        task.overdue_told_at,
        task.closed_at,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Holds the task until the transaction ends.
pub async fn lock(db: &mut PgConnection, workspace: WorkspaceId, id: TaskId) -> Result<()> {
    sqlx::query!(
        "select 1 as one from tasks where workspace_id = $1 and task_id = $2 for update",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(())
}

/// How many are open.
pub async fn open(db: &mut PgConnection, workspace: WorkspaceId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from tasks where workspace_id = $1 and state = 'open'"#,
        workspace.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// What narrows a list; what is left out means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub task: Option<TaskId>,
    pub state: Option<TaskState>,
    pub assignee: Option<MemberId>,
    pub post: Option<PostId>,
    pub campaign: Option<CampaignId>,
    /// Open and due before this instant.
    pub due_before: Option<Timestamp>,
    /// Only what this member sees: of posts, those that are published or theirs.
    pub seen_by: Option<MemberId>,
    /// Without a post, only what was given to the member.
    pub own_only: bool,
    /// From this due time and id on, not included.
    pub after: Option<(Timestamp, Uuid)>,
}

/// Those without a due time come last, as if it were this.
pub fn never() -> Timestamp {
    Timestamp::from_micros(FAR_MICROS).unwrap_or(Timestamp::new(jiff::Timestamp::MAX))
}

/// The year 9000.
const FAR_MICROS: i64 = 221_845_392_000_000_000;

/// By due time. Tasks of deleted posts are in no list.
pub async fn list(db: &mut PgConnection, workspace: WorkspaceId, filter: &Filter, limit: i64) -> Result<Vec<Task>> {
    let (after_due, after_id) = filter.after.unzip();
    sqlx::query_as!(
        Row,
        r#"select t.task_id as "task_id: _", t.title, t.note, t.state, t.creator_id as "creator_id: _",
                  c.display_name as creator_name, t.assignee_id as "assignee_id: _", a.display_name as "assignee_name?",
                  t.post_id as "post_id: _", coalesce(p.title, p.excerpt) as post_name, t.campaign_id as "campaign_id: _",
                  g.name as "campaign_name?", t.due_at, t.soon_told_at, t.overdue_told_at, t.version, t.created_at, t.closed_at
           from tasks t
           join members c on c.workspace_id = t.workspace_id and c.member_id = t.creator_id
           left join members a on a.workspace_id = t.workspace_id and a.member_id = t.assignee_id
           left join posts p on p.workspace_id = t.workspace_id and p.post_id = t.post_id
           left join campaigns g on g.workspace_id = t.workspace_id and g.campaign_id = t.campaign_id
           where t.workspace_id = $1 and p.deleted_at is null
             and ($2::uuid is null or t.task_id = $2) and ($3::text is null or t.state = $3)
             and ($4::uuid is null or t.assignee_id = $4) and ($5::uuid is null or t.post_id = $5)
             and ($6::uuid is null or t.campaign_id = $6)
             and ($7::timestamptz is null or (t.state = 'open' and t.due_at < $7))
             and ($8::uuid is null
                  or (t.post_id is null and (not $9 or t.assignee_id = $8))
                  or (t.post_id is not null and (p.author_id = $8 or p.status in ('published', 'partly_published'))))
             and ($10::timestamptz is null or (coalesce(t.due_at, $13), t.task_id) > ($10, $11::uuid))
           order by coalesce(t.due_at, $13), t.task_id limit $12"#,
        workspace.uuid(),
        filter.task.map(TaskId::uuid),
        filter.state.map(TaskState::as_str),
        filter.assignee.map(MemberId::uuid),
        filter.post.map(PostId::uuid),
        filter.campaign.map(CampaignId::uuid),
        filter.due_before,
        filter.seen_by.map(MemberId::uuid),
        filter.own_only,
        after_due,
        after_id,
        limit,
        never()
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}
