//! Versions of posts as tools.

use std::fmt::Write as _;

use crate::{
    app::posts::{
        diff::{PostDiff, PostDiffed},
        history::{PostHistory, PostVersions},
        restore::PostRestore,
        view::PostChanged,
    },
    tools::{
        posts::changed,
        registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
    },
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<PostHistory>(Face {
            name: "post_history",
            toolset: Some(Toolset::Team),
            title: "Versions of a post",
            description: "Lists the versions of a post, newest first: who changed it, when, through what, and what is \
                different from the version before. For the author, and from Publisher on. post_diff shows the words, \
                post_restore brings a version back.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<PostDiff>(Face {
            name: "post_diff",
            toolset: Some(Toolset::Team),
            title: "Compare versions of a post",
            description: "Shows what is different between two versions of a post: title, accounts, and for each message on each \
                account the words that went and came, as marked text, as unified lines and as runs. Without versions: what \
                the last change did.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<PostRestore>(Face {
            name: "post_restore",
            toolset: Some(Toolset::Team),
            title: "Bring back a version",
            description: "Makes an earlier version of a post the present one: words, images, accounts and title. It is a change \
                like post_update, allowed where that is: it becomes a new version, is checked against the networks' rules, \
                and an approval of other words is void.",
            idempotent: false,
            open_world: false,
            asks: false,
        }),
    ]
}

impl Spoken for PostHistory {
    fn say(found: &PostVersions) -> String {
        let mut text = format!("{} is at version {}.\n", found.post_id, found.version);
        for one in &found.versions {
            _ = write!(text, "{}  {}  {}", one.version, one.at_local, one.by.said());
            match (one.changes.is_empty(), one.same_as) {
                (_, Some(same)) => _ = write!(text, ": as version {same}"),
                (false, None) => _ = write!(text, ": {}", one.changes.join("; ")),
                (true, None) => _ = write!(text, ": “{}”", one.excerpt),
            }
            text.push('\n');
        }
        if let Some(before) = found.next_before {
            _ = writeln!(text, "More: before {before}");
        }
        text
    }
}

impl Spoken for PostDiff {
    fn say(found: &PostDiffed) -> String {
        let head = format!("Version {} to {} of {}", found.from, found.to, found.post_id);
        match found.changes.is_empty() && found.marked.is_empty() {
            true => format!("{head}: nothing is different."),
            false => format!("{head}: {}\n{}", found.changes.join("; "), found.marked),
        }
    }
}

impl Spoken for PostRestore {
    fn say(output: &PostChanged) -> String {
        changed(output)
    }
}
