//! Posts as tools.

use std::fmt::Write as _;

use crate::{
    app::posts::{
        cancel::PostCancel,
        create::PostCreate,
        delete::{PostDelete, PostDeleted},
        edit::PostEdit,
        get::{PostFound, PostGet},
        preview::{PostPreview, PostPreviewed, Preview},
        publish::PostPublish,
        query::{PostPage, PostQuery},
        schedule::PostSchedule,
        update::PostUpdate,
        view::{PostChanged, PostView},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand, tool},
};

#[expect(clippy::too_many_lines, reason = "one list of texts")]
pub fn tools() -> Vec<ToolSpec> {
    vec![
        tool::<PostCreate>(Face {
            name: "post_create",
            toolset: Some(Toolset::Posts),
            title: "Draft a post",
            description: "Saves a draft for one or more accounts; nothing is published. One segment is a post, several make a \
                thread. Links, @mentions and #tags in the text become clickable where the network supports it. Use variants \
                to say it differently on single accounts. The answer lists what a network would object to. Then schedule it \
                with post_schedule or publish it with post_publish. The same draft again within 10 minutes returns the first.",
            idempotent: false,
            open_world: false,
            asks: false,
        }),
        tool::<PostUpdate>(Face {
            name: "post_update",
            toolset: Some(Toolset::Posts),
            title: "Change a post",
            description: "Changes the text, images, accounts or title of a post that is not public yet. Lists replace what was \
                there. A scheduled post keeps its time. Pass the version you read to refuse overwriting somebody else's \
                change. What is public is changed with post_edit (toolset posts) where the network allows it.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        tool::<PostPreview>(Face {
            name: "post_preview",
            toolset: Some(Toolset::Posts),
            title: "Preview a post",
            description: "Shows a stored post as each of its networks will get it: the exact text, its length as the network \
                counts it, media, problems, near repeats of recent posts. Or checks texts that are not stored for any \
                network, also ones that cannot be connected yet, and suggests a split into a thread. Changes nothing.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        tool::<PostSchedule>(Face {
            name: "post_schedule",
            toolset: Some(Toolset::Schedule),
            title: "Schedule a post",
            description: "Sets when a post goes out, or moves it. Times without offset are local to the account or workspace; \
                the answer repeats the local time. Refused when the time is over or a network would not take the post. A \
                warning says when nothing is sure to be running at that time.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        tool::<PostPublish>(Face {
            name: "post_publish",
            toolset: Some(Toolset::Posts),
            title: "Publish a post now",
            description: "Makes a draft or scheduled post public at once, after the person has agreed, and waits up to 20 \
                seconds for the links. To publish later use post_schedule. A pause is not passed by. Should the outcome still be open, post_get tells it.",
            idempotent: false,
            open_world: true,
            asks: true,
        }),
        tool::<PostCancel>(Face {
            name: "post_cancel",
            toolset: Some(Toolset::Schedule),
            title: "Cancel a scheduled post",
            description: "Takes a post back before it goes out, on all its accounts or on some; it is kept and can be scheduled \
                again. What is public already stays: use post_delete for that.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<PostEdit>(Face {
            name: "post_edit",
            toolset: Some(Toolset::Posts),
            title: "Change a public post",
            description: "Changes the text of a post that is public, after the person has agreed, on networks that allow it \
                (can_edit in network_rules). One text for each message; images stay. Earlier versions are kept. Elsewhere the \
                answer says what is possible instead. Drafts and scheduled posts: post_update.",
            idempotent: true,
            open_world: true,
            asks: true,
        }),
        tool::<PostDelete>(Face {
            name: "post_delete",
            toolset: Some(Toolset::Posts),
            title: "Delete a post",
            description: "Deletes a post for good, also on the networks where it is public, after the person has agreed. Likes \
                and replies there are lost. To only stop a scheduled post use post_cancel.",
            idempotent: true,
            open_world: true,
            asks: true,
        }),
        tool::<PostGet>(Face {
            name: "post_get",
            toolset: Some(Toolset::Posts),
            title: "Read a post",
            description: "Shows one post: its text, and for each account its status, due time, link once published, or what went \
                wrong and what to do; once public, its newest figures with their age.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        tool::<PostQuery>(Face {
            name: "post_query",
            toolset: Some(Toolset::Posts),
            title: "Find posts",
            description: "Lists posts, newest first, optionally only those of a status, account, network or span of time, or with \
                words in their text. Returns one line a post; post_get has the details. Pass next_cursor as cursor for more.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
    ]
}

pub(super) fn changed(changed: &PostChanged) -> String {
    let mut text = format!("{} ({})", changed.message, changed.post.id);
    for warning in &changed.warnings {
        _ = write!(text, "\nNote: {warning}");
    }
    text
}

macro_rules! say_changed {
    ($($use_case:ty),*) => {$(
        impl Spoken for $use_case {
            fn say(output: &PostChanged) -> String {
                changed(output)
            }
        }
    )*};
}
say_changed!(PostCreate, PostUpdate, PostEdit, PostSchedule, PostPublish, PostCancel);

impl Spoken for PostDelete {
    fn say(deleted: &PostDeleted) -> String {
        let mut text = deleted.message.clone();
        for warning in &deleted.warnings {
            _ = write!(text, "\nNote: {warning}");
        }
        text
    }
}

impl Spoken for PostGet {
    fn say(found: &PostFound) -> String {
        let mut text = post(&found.post);
        for figures in &found.figures {
            _ = writeln!(text, "Figures on {}", figures.say());
        }
        if found.evergreen {
            text.push_str("Evergreen: it may go out again where recycling is on.\n");
        }
        if let Some(original) = found.recycled_from {
            _ = writeln!(text, "A copy of {original}.");
        }
        text
    }
}

impl Spoken for PostQuery {
    fn say(page: &PostPage) -> String {
        if page.posts.is_empty() {
            return "No post fits.".into();
        }
        let mut text = String::with_capacity(page.posts.len() * 140);
        for line in &page.posts {
            let title = line.title.as_deref().unwrap_or(&line.excerpt);
            let when = line.at_local.as_deref().unwrap_or("no time");
            _ = writeln!(text, "{}  {}  [{}]  {}  {}", line.id, when, line.status, line.accounts.join(" "), title);
        }
        _ = write!(text, "Times: {}.", page.time_zone);
        if let Some(cursor) = &page.next_cursor {
            _ = write!(text, " More with cursor {cursor}");
        }
        text
    }
}

impl Spoken for PostPreview {
    fn say(shown: &PostPreviewed) -> String {
        shown.previews.iter().map(preview).collect()
    }
}

fn preview(shown: &Preview) -> String {
    let mut text = match &shown.handle {
        Some(handle) => format!("@{handle} on {}\n", shown.network),
        None if shown.connectable => format!("{}\n", shown.network),
        None => format!("{} (cannot be connected yet)\n", shown.network),
    };
    for (number, segment) in (1..).zip(&shown.segments) {
        _ = write!(text, "Message {number}: {} of {}", segment.length, segment.limit);
        if let Some(limit) = segment.limit_bytes {
            _ = write!(text, ", {} of {limit} bytes", segment.bytes);
        }
        text.push('\n');
        for line in segment.text.lines() {
            _ = writeln!(text, "  | {line}");
        }
        for media in &segment.media {
            _ = writeln!(text, "  | [{} {} × {}: {}]", media.mime, media.width, media.height, media.alt_text);
        }
    }
    for problem in &shown.problems {
        _ = writeln!(text, "Refused: {}: {}", problem.field, problem.message);
    }
    for warning in &shown.warnings {
        _ = writeln!(text, "Note: {warning}");
    }
    for (number, message) in (1..).zip(&shown.suggested_split) {
        _ = writeln!(text, "Suggested message {number}:");
        for line in message.lines() {
            _ = writeln!(text, "  | {line}");
        }
    }
    text
}

fn post(post: &PostView) -> String {
    let mut text = format!("{} [{}] version {} by {}\n", post.id, post.status.as_str(), post.version, post.author);
    if let Some(title) = &post.title {
        _ = writeln!(text, "{title}");
    }
    for line in post.segments.iter().flat_map(|message| message.text.lines()) {
        _ = writeln!(text, "  | {line}");
    }
    for target in &post.targets {
        _ = write!(text, "@{} on {}: {}", target.handle, target.network, target.status.as_str());
        if let Some(due) = &target.due_local {
            _ = write!(text, ", due {due}");
        }
        text.push('\n');
        for segment in &target.segments {
            for line in segment.message.text.lines() {
                _ = writeln!(text, "  | {line}");
            }
            if !segment.message.media.is_empty() {
                _ = writeln!(text, "  | [{} image(s)]", segment.message.media.len());
            }
            if let Some(url) = &segment.url {
                _ = writeln!(text, "  {url}");
            }
        }
        if let Some(problem) = &target.problem {
            _ = writeln!(text, "  {} {}", problem.message, problem.next_step);
        }
    }
    text
}
