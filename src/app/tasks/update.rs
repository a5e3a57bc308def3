//! Change a task, hand it on, or say how it stands. Who made it, who has it, and Managers may; whoever finds it with nobody
//! may take it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        tasks::{
            TaskChanged, check_assignee, check_due, check_note, check_title, seen, soon_told, tell_assignee, view,
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{MemberId, TaskId},
    model::{
        roles::{Permission, Role},
        tasks::TaskState,
    },
    store::{
        tasks::{self, Task},
        workspaces,
    },
};

/// What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskUpdate {
    pub task_id: TaskId,
    /// The version that was read; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5000))]
    pub note: Option<String>,
    /// Who is to do it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<MemberId>,
    /// True: nobody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unassign: Option<bool>,
    /// A day, or a time as post_schedule takes it; empty text takes the due time away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TaskState>,
}

impl TaskUpdate {
    pub fn of(task_id: TaskId) -> Self {
        Self {
            task_id,
            version: None,
            title: None,
            note: None,
            assignee_id: None,
            unassign: None,
            due: None,
            state: None,
        }
    }
}

impl UseCase for TaskUpdate {
    type Input = Self;
    type Output = TaskChanged;
    type Form = Locally;
    const NAME: &'static str = "task_update";
    const NEEDS: Permission = Permission::WorkOnTasks;
    const EFFECT: Effect = Effect::Write;
}

impl Local for TaskUpdate {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<TaskChanged> {
        let workspace = scope.ctx.workspace;
        workspaces::hold_members(scope.tx, workspace).await?;
        tasks::lock(scope.tx, workspace, input.task_id).await?;
        let mut task = seen(scope, input.task_id).await?;
        may_change(scope, &task, &input)?;
        if input.version.is_some_and(|version| version != task.version) {
            return Err(Error::conflict(
                "version_conflict",
                format!("The task is at version {} by now.", task.version),
            )
            .next("Read it with task_list, then decide again."));
        }
        let before = task.assignee_id;
        if let Some(title) = &input.title {
            task.title = check_title(title)?;
        }
        if let Some(note) = &input.note {
            task.note = check_note(note)?;
        }
        match (input.assignee_id, input.unassign.unwrap_or(false)) {
            (Some(_), true) => {
                return Err(Error::invalid("assignee_and_unassign", "Name an assignee, or set unassign, not both.")
                    .field("unassign", "leave it out when assignee_id is given"));
            }
            (Some(id), false) => {
                check_assignee(scope, id, task.post_id).await?;
                task.assignee_id = Some(id);
            }
            (None, true) => task.assignee_id = None,
            (None, false) => {}
        }
        if let Some(due) = &input.due {
            let due = Some(due.as_str()).filter(|due| !due.trim().is_empty());
            task.due_at = due.map(|due| check_due(scope, due)).transpose()?;
            // What was told was about another time.
            (task.soon_told_at, task.overdue_told_at) = (soon_told(scope, task.due_at), None);
        }
        if let Some(state) = input.state.filter(|state| *state != task.state) {
            task.state = state;
            task.closed_at = (state != TaskState::Open).then_some(scope.now);
        }
        tasks::update(scope.tx, workspace, &task, scope.now).await?;
        let how = json!({ "state": task.state, "assignee": task.assignee_id, "due_at": task.due_at });
        scope.changed("task", task.task_id, how);
        let task = view(seen_after(scope, task).await?, &scope.entered.time_zone, scope.now);
        if task.assignee_id != before && task.state == TaskState::Open {
            tell_assignee(scope, &task).await?;
        }
        let message = match task.state {
            TaskState::Open => "Saved.".to_owned(),
            TaskState::Done => format!("Done: {}.", task.title),
            TaskState::Dropped => format!("Dropped: {}.", task.title),
        };
        Ok(TaskChanged { message, task })
    }
}

fn may_change(scope: &Scope<'_>, task: &Task, input: &TaskUpdate) -> Result<()> {
    let own = scope.ctx.member();
    let theirs = own == Some(task.creator_id) || task.assignee_id.is_some() && task.assignee_id == own;
    let takes = task.assignee_id.is_none()
        && scope.role() >= Role::Contributor
        && input.assignee_id == own
        && *input == (TaskUpdate { version: input.version, assignee_id: own, ..TaskUpdate::of(input.task_id) });
    if theirs || takes || scope.role() >= Role::Manager {
        return Ok(());
    }
    Err(Error::forbidden("task_not_yours", "A task is changed by who made it, who has it, or a Manager.")
        .next("Ask one of them. A task that nobody has can be taken: assignee_id with your own id, and nothing else."))
}

/// The task with the names of what it says now. Whoever hands it on may not see it any more.
async fn seen_after(scope: &mut Scope<'_>, task: Task) -> Result<Task> {
    let filter = tasks::Filter { task: Some(task.task_id), ..tasks::Filter::default() };
    Ok(tasks::list(scope.tx, scope.ctx.workspace, &filter, 1).await?.pop().unwrap_or(task))
}
