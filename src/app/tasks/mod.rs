//! Tasks: what members are to do, for a post, a campaign, or by itself. A task of a post is seen by those who see the post;
//! one without is seen from Contributor on, and by whoever it was given to.

pub mod create;
pub mod list;
pub mod remind;
pub mod update;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        members::known,
        notifications::tell::{Word, tell},
        posts::sees,
        use_case::Scope,
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{CampaignId, MemberId, PostId, TaskId},
    model::{notifications::NotificationKind, prose, roles::Role, tasks::TaskState, times},
    store::{
        posts,
        tasks::{self, Filter, Task},
    },
};

/// How long before its due time a task is due soon, in seconds.
const SOON_SECS: i64 = 24 * 3600;
/// How far ahead a task may be due, in seconds: ten years.
const FAR_SECS: i64 = 10 * 366 * 24 * 3600;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TaskView {
    pub id: TaskId,
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    pub state: TaskState,
    /// Grows with every change.
    pub version: i32,
    /// Who made it.
    pub creator: String,
    /// Who is to do it; missing when nobody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<MemberId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// The same, local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_local: Option<String>,
    /// Open after its due time.
    pub overdue: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    /// Title or beginning of the post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    pub created_at: Timestamp,
    /// When it was done or dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

/// What a call that changes a task answers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TaskChanged {
    pub message: String,
    pub task: TaskView,
}

fn view(task: Task, zone: &str, now: Timestamp) -> TaskView {
    TaskView {
        id: task.task_id,
        title: task.title,
        note: task.note,
        state: task.state,
        version: task.version,
        creator: prose::line(&task.creator_name),
        assignee: task.assignee_name.as_deref().map(prose::line),
        assignee_id: task.assignee_id,
        due_at: task.due_at,
        due_local: task.due_at.map(|due| times::spoken(due, zone)),
        overdue: task.state == TaskState::Open && task.due_at.is_some_and(|due| due < now),
        post_id: task.post_id,
        post: task.post_name.as_deref().map(prose::line),
        campaign_id: task.campaign_id,
        campaign: task.campaign_name,
        created_at: task.created_at,
        closed_at: task.closed_at,
    }
}

/// What the caller sees of tasks.
fn own_view(scope: &Scope<'_>) -> Filter {
    Filter {
        seen_by: scope.ctx.member().filter(|_| !scope.role().sees_all_drafts()),
        own_only: scope.role() < Role::Contributor,
        ..Filter::default()
    }
}

/// A task that the caller sees.
async fn seen(scope: &mut Scope<'_>, id: TaskId) -> Result<Task> {
    let filter = Filter { task: Some(id), ..own_view(scope) };
    let found = tasks::list(scope.tx, scope.ctx.workspace, &filter, 1).await?.pop();
    found.ok_or_else(|| {
        Error::not_found("task_not_found", "There is no such task in this workspace.")
            .next("Use task_list to see the tasks.")
    })
}

fn check_title(title: &str) -> Result<String> {
    let title = prose::line(title);
    if title.chars().count() <= 200 && prose::says_something(&title) {
        return Ok(title);
    }
    Err(Error::invalid("task_title_invalid", "That is no title for a task.").field("title", "1 to 200 characters"))
}

fn check_note(note: &str) -> Result<String> {
    let note = prose::lines(note).text;
    if note.chars().count() <= 5000 {
        return Ok(note);
    }
    Err(Error::invalid("task_note_invalid", "The note is too long.").field("note", "at most 5000 characters"))
}

/// When a task is due. A day without a time means its end.
fn check_due(scope: &Scope<'_>, due: &str) -> Result<Timestamp> {
    let zone = &scope.entered.time_zone;
    let moment = times::read(due, zone, scope.now)
        .or_else(|error| times::read(&format!("{due} 23:59"), zone, scope.now).map_err(|_| error))?;
    if moment.instant <= scope.now {
        return Err(Error::invalid("due_in_past", format!("{} is past.", times::spoken(moment.instant, zone)))
            .next("Give a later time.")
            .field("due", "must be in the future"));
    }
    if moment.instant > scope.now.plus_secs(FAR_SECS) {
        return Err(
            Error::invalid("due_too_far", "That is more than ten years ahead.").field("due", "within ten years")
        );
    }
    Ok(moment.instant)
}

/// The name of a member who is to do a task; they must see what it is about. The caller holds the members.
async fn check_assignee(scope: &mut Scope<'_>, id: MemberId, post: Option<PostId>) -> Result<String> {
    let member = known(scope, id).await?;
    let name = prose::line(&member.display_name);
    let Some(post) = post else { return Ok(name) };
    let post = posts::get(scope.tx, scope.ctx.workspace, post).await?;
    if post.is_some_and(|post| sees(&post, member.role, Some(id))) {
        return Ok(name);
    }
    Err(Error::conflict("assignee_cannot_see_post", format!("{name} does not see this post."))
        .next("Choose a Publisher or higher, or the post's author; below Publisher a member sees what is published or theirs.")
        .field("assignee_id", "must see the post"))
}

/// That the task was noted as told, when it is due within a day: whoever gets it is told the due time now.
fn soon_told(scope: &Scope<'_>, due: Option<Timestamp>) -> Option<Timestamp> {
    due.filter(|due| *due <= scope.now.plus_secs(SOON_SECS)).map(|_| scope.now)
}

/// Tells whoever was given the task, unless they did it themselves.
async fn tell_assignee(scope: &mut Scope<'_>, task: &TaskView) -> Result<()> {
    let to = task.assignee_id.filter(|id| Some(*id) != scope.ctx.member());
    let giver = prose::line(&scope.entered.member_name);
    let word = Word {
        kind: NotificationKind::Task,
        to: to.into_iter().collect(),
        post: task.post_id,
        code: "task_assigned",
        title: format!("{giver} gave you a task: {}", task.title),
        cause: match (&task.due_local, &task.post) {
            (Some(due), Some(post)) => format!("It is due {due}, and is about “{post}”."),
            (Some(due), None) => format!("It is due {due}."),
            (None, Some(post)) => format!("It is about “{post}”."),
            (None, None) => "It has no due time.".into(),
        },
        next_step: step(task.id),
    };
    tell(scope.app, scope.tx, scope.ctx.workspace, &[word], scope.now).await
}

fn step(task: TaskId) -> String {
    format!("When it is done: task_update with task_id {task} and state done, or `allin task done {task}`.")
}
