//! Tells of tasks that are due soon or overdue, each once, and of those that a removed member leaves behind.

use super::{SOON_SECS, step};
use crate::{
    app::{
        App,
        notifications::tell::{Word, tell},
        posts::sees,
        use_case::Scope,
    },
    clock::Timestamp,
    error::Result,
    ids::{MemberId, WorkspaceId},
    model::{notifications::NotificationKind, prose, times},
    store::{
        db::{Entrance, Tx},
        installation, posts,
        posts::Post,
        tasks::{self, Due, DueTask},
        workspaces::{self, Member},
    },
};

/// Tasks that one transaction tells of.
const AT_ONCE: i64 = 200;

/// In every workspace, one short transaction each. Returns of how many tasks was told.
pub async fn due(app: &App) -> Result<usize> {
    let (mut after, mut told) = (None, 0);
    loop {
        let mut tx = app.db.begin().await?;
        let page = installation::workspaces(&mut tx, after, 100).await?;
        tx.finish_read();
        let Some(last) = page.last() else { return Ok(told) };
        after = Some(*last);
        for workspace in page {
            told += in_workspace(app, workspace).await?;
        }
    }
}

async fn in_workspace(app: &App, workspace: WorkspaceId) -> Result<usize> {
    let now = app.now();
    let (mut tx, entered) = app.db.tenant(workspace, Entrance::System, now).await?;
    // What is overdue is not told as due soon besides.
    let over = tasks::due(&mut tx, workspace, Due::Over, now, now, AT_ONCE).await?;
    let soon = tasks::due(&mut tx, workspace, Due::Soon, now.plus_secs(SOON_SECS), now, AT_ONCE).await?;
    if over.is_empty() && soon.is_empty() {
        tx.finish_read();
        return Ok(0);
    }
    let world = World::load(&mut tx, workspace, over.iter().chain(&soon)).await?;
    let zone = &entered.time_zone;
    let words: Vec<_> = over
        .iter()
        .map(|task| (task, "task_overdue", "is overdue"))
        .chain(soon.iter().map(|task| (task, "task_due_soon", "is due soon")))
        .filter_map(|(task, code, what)| {
            let to = task.assignee_id.unwrap_or(task.creator_id);
            world.sees(to, task).then(|| word(task, to, code, what, zone))
        })
        .collect();
    tell(app, &mut tx, workspace, &words, now).await?;
    tx.commit().await?;
    Ok(words.len())
}

fn word(task: &DueTask, to: MemberId, code: &'static str, what: &str, zone: &str) -> Word {
    let due = task.due_at.map_or_else(String::new, |due| times::spoken(due, zone));
    Word {
        kind: NotificationKind::Task,
        to: vec![to],
        post: task.post_id,
        code,
        title: format!("A task of yours {what}: {}", task.title),
        cause: match task.assignee_id {
            Some(_) => format!("It is due {due}."),
            None => format!("It is due {due}, and nobody has it; you made it."),
        },
        next_step: step(task.task_id),
    }
}

/// A removed member's open tasks are nobody's from now on. Returns how many, and tells who made them.
pub(crate) async fn leave(scope: &mut Scope<'_>, member: MemberId, name: &str) -> Result<usize> {
    let (workspace, now): (_, Timestamp) = (scope.ctx.workspace, scope.now);
    let left = tasks::leave(scope.tx, workspace, member, now).await?;
    if left.is_empty() {
        return Ok(0);
    }
    let world = World::load(scope.tx, workspace, left.iter()).await?;
    let own = scope.ctx.member();
    let words: Vec<_> = left
        .iter()
        .filter(|task| Some(task.creator_id) != own && world.sees(task.creator_id, task))
        .map(|task| Word {
            kind: NotificationKind::Task,
            to: vec![task.creator_id],
            post: task.post_id,
            code: "task_unassigned",
            title: format!("A task that you made is nobody's any more: {}", task.title),
            cause: format!("{} had it, and has left the workspace.", prose::line(name)),
            next_step: format!("Give it to somebody: task_update with task_id {} and assignee_id.", task.task_id),
        })
        .collect();
    tell(scope.app, scope.tx, workspace, &words, now).await?;
    Ok(left.len())
}

/// Who is there, and what the tasks are about.
struct World {
    members: Vec<Member>,
    posts: Vec<Post>,
}

impl World {
    async fn load(tx: &mut Tx, workspace: WorkspaceId, of: impl Iterator<Item = &DueTask>) -> Result<Self> {
        let ids: Vec<_> = of.filter_map(|task| task.post_id.map(|id| id.uuid())).collect();
        let posts = if ids.is_empty() { Vec::new() } else { posts::get_all(tx, workspace, &ids).await? };
        Ok(Self { members: workspaces::members(tx, workspace).await?, posts })
    }

    /// Whether a member is there and sees what the task is about.
    fn sees(&self, id: MemberId, task: &DueTask) -> bool {
        let member = self.members.iter().find(|member| member.member_id == id && member.removed_at.is_none());
        let post = task.post_id.map(|post| self.posts.iter().find(|found| found.post_id == post));
        member.is_some_and(|member| match post {
            None => true,
            Some(post) => post.is_some_and(|post| sees(post, member.role, Some(id))),
        })
    }
}
