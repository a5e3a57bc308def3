//! Make a task, for oneself, for somebody else, or for whoever takes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        campaigns::no_such_campaign,
        posts,
        tasks::{TaskChanged, check_assignee, check_due, check_note, check_title, soon_told, tell_assignee, view},
        use_case::{Effect, Local, Locally, Repeat, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{CampaignId, MemberId, PostId, TaskId},
    model::{roles::Permission, tasks::TaskState},
    store::{
        campaigns,
        tasks::{self, Filter, Task},
        workspaces,
    },
};

/// Open tasks in a workspace.
const OPEN_MOST: i64 = 5000;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskCreate {
    /// What is to be done, on one line.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5000))]
    pub note: Option<String>,
    /// Who is to do it, from member_list; left out: nobody yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<MemberId>,
    /// A day, or a time as post_schedule takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// The post it is about: only who sees that sees the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
}

impl UseCase for TaskCreate {
    type Input = Self;
    type Output = TaskChanged;
    type Form = Locally;
    const NAME: &'static str = "task_create";
    const NEEDS: Permission = Permission::MakeTasks;
    const EFFECT: Effect = Effect::Write;
    const REPEAT: Repeat = Repeat::SameWithinTenMinutes;
}

impl Local for TaskCreate {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<TaskChanged> {
        let workspace = scope.ctx.workspace;
        let creator = scope.ctx.member().ok_or_else(|| Error::invalid("no_member", "Only members make tasks."))?;
        let (title, note) = (check_title(&input.title)?, check_note(input.note.as_deref().unwrap_or_default())?);
        let due = input.due.as_deref().map(|due| check_due(scope, due)).transpose()?;
        if let Some(post) = input.post_id {
            posts::seen(scope, post).await?;
        }
        if let Some(campaign) = input.campaign_id {
            campaigns::get(scope.tx, workspace, campaign).await?.ok_or_else(no_such_campaign)?;
        }
        if let Some(assignee) = input.assignee_id {
            workspaces::hold_members(scope.tx, workspace).await?;
            check_assignee(scope, assignee, input.post_id).await?;
        }
        if tasks::open(scope.tx, workspace).await? >= OPEN_MOST {
            return Err(Error::limit("too_many_tasks", format!("There are {OPEN_MOST} open tasks already."))
                .next("Set done or drop what is over with task_update."));
        }
        let id: TaskId = scope.new_id();
        let task = Task {
            task_id: id,
            title,
            note,
            state: TaskState::Open,
            creator_id: creator,
            creator_name: String::new(),
            assignee_id: input.assignee_id,
            assignee_name: None,
            post_id: input.post_id,
            post_name: None,
            campaign_id: input.campaign_id,
            campaign_name: None,
            due_at: due,
            soon_told_at: soon_told(scope, due),
            overdue_told_at: None,
            version: 1,
            created_at: scope.now,
            closed_at: None,
        };
        tasks::insert(scope.tx, workspace, &task).await?;
        let how = json!({ "created": true, "assignee": input.assignee_id, "post": input.post_id, "due_at": due });
        scope.changed("task", id, how);
        // With the names of what it is about.
        let filter = Filter { task: Some(id), ..Filter::default() };
        let task = tasks::list(scope.tx, workspace, &filter, 1).await?.pop().unwrap_or(task);
        let task = view(task, &scope.entered.time_zone, scope.now);
        tell_assignee(scope, &task).await?;
        let message = match (&task.assignee, &task.due_local) {
            (Some(name), Some(due)) => format!("Task for {name}, due {due}."),
            (Some(name), None) => format!("Task for {name}."),
            (None, Some(due)) => format!("Task made; it is nobody's yet, and due {due}."),
            (None, None) => "Task made; it is nobody's yet.".into(),
        };
        Ok(TaskChanged { message, task })
    }
}
