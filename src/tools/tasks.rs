//! Tasks as tools.

use std::fmt::Write as _;

use crate::{
    app::tasks::{
        TaskChanged, TaskView,
        create::TaskCreate,
        list::{TaskList, Tasks},
        update::TaskUpdate,
    },
    model::{prose::shown, tasks::TaskState},
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<TaskCreate>(Face {
            name: "task_create",
            toolset: Some(Toolset::Team),
            title: "Make a task",
            description: "Makes a task, by itself or about a post or campaign, for a member or for nobody yet. Who gets it is \
                told at once, a day before it is due, and once when it is overdue. A task about a post is seen by those who \
                see the post. The same task again within 10 minutes returns the first.",
            idempotent: false,
            open_world: false,
            asks: false,
        }),
        on_demand::<TaskUpdate>(Face {
            name: "task_update",
            toolset: Some(Toolset::Team),
            title: "Change a task",
            description: "Changes a task: state done, dropped or open again, title, note, due time, who has it. For who made it, \
                who has it, and Managers. A task that nobody has can be taken: assignee_id with your own id.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<TaskList>(Face {
            name: "task_list",
            toolset: Some(Toolset::Team),
            title: "List tasks",
            description: "Lists tasks by due time, open ones unless a state is given: your own, a member's, those of a post or \
                a campaign, or what is overdue.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
    ]
}

fn line(task: &TaskView) -> String {
    let mut text = format!("{}  {}", task.id, shown(&task.title));
    if task.state != TaskState::Open {
        _ = write!(text, "  [{}]", task.state.as_str());
    }
    _ = write!(text, "  {}", task.assignee.as_deref().unwrap_or("nobody's"));
    if let Some(due) = &task.due_local {
        _ = write!(text, ", {}due {due}", if task.overdue { "OVERDUE, was " } else { "" });
    }
    if let (Some(name), Some(id)) = (&task.post, task.post_id) {
        _ = write!(text, ", about “{name}” ({id})");
    }
    if let Some(name) = &task.campaign {
        _ = write!(text, ", in the campaign “{name}”");
    }
    if !task.note.is_empty() {
        _ = write!(text, "\n  {}", shown(&task.note).replace('\n', "\n  "));
    }
    text
}

fn changed(changed: &TaskChanged) -> String {
    format!("{}\n{}", changed.message, line(&changed.task))
}

impl Spoken for TaskCreate {
    fn say(output: &TaskChanged) -> String {
        changed(output)
    }
}

impl Spoken for TaskUpdate {
    fn say(output: &TaskChanged) -> String {
        changed(output)
    }
}

impl Spoken for TaskList {
    fn say(found: &Tasks) -> String {
        if found.tasks.is_empty() {
            return "There is no such task.".into();
        }
        let mut text = found.tasks.iter().map(line).collect::<Vec<_>>().join("\n");
        if let Some(cursor) = &found.next_cursor {
            _ = write!(text, "\nMore: cursor {cursor}");
        }
        text
    }
}
