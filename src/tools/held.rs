//! Held posts as tools.

use std::fmt::Write as _;

use crate::{
    app::{
        held::{
            Moved,
            list::{HeldList, HeldPage},
            release::{HeldRelease, HeldReleased},
            resolve::HeldResolve,
        },
        posts::view::PostChanged,
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<HeldList>(Face {
            name: "held_list",
            toolset: Some(Toolset::Schedule),
            title: "List held posts",
            description: "Lists posts that wait for a person, by account and time, with why and what to do: due during a pause, \
                missed by more than the account's tolerance, an unknown outcome with its evidence, and so on. Then use \
                held_release, or held_resolve for an unknown outcome.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<HeldRelease>(Face {
            name: "held_release",
            toolset: Some(Toolset::Schedule),
            title: "Release held posts",
            description: "Lets held posts go after the person has agreed: at new times apart from each other (new_times), now \
                (publish_now), or not at all (drop). Without filters it means all that is held. What a pause or a refusal still \
                stops stays held, and the answer says why.",
            idempotent: false,
            open_world: true,
            asks: true,
        }),
        on_demand::<HeldResolve>(Face {
            name: "held_resolve",
            toolset: Some(Toolset::Schedule),
            title: "Settle an unknown outcome",
            description: "For a held post whose call has an unknown outcome (open_attempt in held_list): look_again asks the network \
                once more; published with a link and not_published are the person's word, given only once the person has agreed. \
                Nothing is sent by this.",
            idempotent: true,
            open_world: true,
            asks: true,
        }),
    ]
}

impl Spoken for HeldList {
    fn say(page: &HeldPage) -> String {
        if page.held.is_empty() {
            return "Nothing is held.".into();
        }
        let mut text = String::new();
        for line in &page.held {
            let due = line.due_local.as_deref().unwrap_or("no time");
            _ = writeln!(text, "{}  {due}  {}  [{}]  {}", line.post_id, line.account, line.reason, line.excerpt);
            _ = writeln!(text, "  {} {}", line.message, line.next_step);
            if line.reason == "missed" {
                _ = writeln!(text, "  Tolerance of the account: {} minutes.", line.tolerance_minutes);
            }
            if let Some(open) = &line.open_attempt {
                let (id, since, evidence) = (open.attempt_id, &open.since_local, &open.evidence);
                _ = writeln!(text, "  Open: {id}, message {}, {since}: {evidence}", open.message);
            }
        }
        if let Some(cursor) = &page.next_cursor {
            _ = write!(text, "More with cursor {cursor}");
        }
        text
    }
}

impl Spoken for HeldRelease {
    fn say(released: &HeldReleased) -> String {
        let mut text = released.message.clone();
        text.push_str(&moved(&released.posts));
        for warning in &released.warnings {
            _ = write!(text, "\nNote: {warning}");
        }
        text
    }
}

impl Spoken for HeldResolve {
    fn say(changed: &PostChanged) -> String {
        format!("{} ({})", changed.message, changed.post.id)
    }
}

/// A line for each post that was held.
pub(super) fn moved(posts: &[Moved]) -> String {
    let mut text = String::new();
    for line in posts {
        let (post, account, excerpt) = (line.post_id, &line.account, &line.excerpt);
        _ = match (&line.still_held, &line.at_local) {
            (Some(why), _) => write!(text, "\nHeld: {excerpt} on {account} ({post}): {why}"),
            (None, Some(at)) => write!(text, "\n{at}: {excerpt} on {account} ({post})"),
            (None, None) => write!(text, "\nDropped: {excerpt} on {account} ({post})"),
        };
    }
    text
}
