//! A crisis as tools: begin it, see how it stands, delete. Notes, revoking, ending and the report are a person's, at the
//! command line.

mod report;

use std::fmt::Write as _;

use crate::{
    app::{
        crisis::{
            delete::{CrisisDelete, CrisisDeleted},
            end::{CrisisEnd, CrisisEnded},
            published::Publication,
            revoke::{CrisisRevoke, CrisisRevoked},
            situation::Situation,
            start::{CrisisStart, CrisisStarted},
            status::{CrisisStands, CrisisStatus},
        },
        pauses::start::{BegunBefore, BegunOutcome},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<CrisisStart>(Face {
            name: "crisis_start",
            toolset: Some(Toolset::Team),
            title: "Begin a crisis",
            description: "When something wrong went out or an account is not in safe hands: stops all publishing at once, \
                requires a Manager's approval for everything, tells the team, and lists what was published in the last 24 \
                hours (or since a time) with who asked, who approved and the links. Always safe: it only makes stricter. \
                Again: joins the crisis that lasts and completes what is missing. Then ask the person what to delete.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<CrisisStatus>(Face {
            name: "crisis_status",
            toolset: Some(Toolset::Team),
            title: "Show the crisis",
            description: "Shows the crisis that lasts: what is stopped, what was published since and where it stands now, what \
                was under way, what is held, and what to do next.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<CrisisDelete>(Face {
            name: "crisis_delete",
            toolset: Some(Toolset::Team),
            title: "Delete in a crisis",
            description: "Deletes posts that the crisis lists from their networks, after the person has agreed: those named, or \
                all of them (all_since). Says for each where a network cannot, and what to do by hand. Do it before access \
                is revoked (`allin crisis revoke`): deleting takes the accounts' tokens.",
            idempotent: true,
            open_world: true,
            asks: true,
        }),
    ]
}

/// Of everything that was published, by place.
fn published(text: &mut String, published: &[Publication]) {
    for one in published {
        let by = one.asked_by.as_deref().unwrap_or("unknown");
        _ = write!(
            text,
            "\n{} “{}” on {}, {}: {}; asked by {by}, written by {}",
            one.post_id,
            one.excerpt,
            one.account,
            one.published_local,
            one.standing.words(),
            one.written_by
        );
        match one.approved_by.as_slice() {
            [] => text.push_str(", approved by nobody"),
            names => _ = write!(text, ", approved by {}", names.join(", ")),
        }
        for link in &one.links {
            _ = write!(text, "\n  {link}");
        }
        if let Some(problem) = &one.problem {
            _ = write!(text, "\n  {problem}");
        }
    }
}

const fn outcome(begun: &BegunBefore) -> &'static str {
    match begun.outcome {
        BegunOutcome::Published => "published",
        BegunOutcome::NotPublished => "not published",
        BegunOutcome::Open => "may be public; it is looked up by itself",
    }
}

fn situation(text: &mut String, now: &Situation) {
    let approval = now.approval_until_local.as_deref();
    let approval =
        approval.map_or_else(|| "not required".to_owned(), |until| format!("required for everything until {until}"));
    let paused = if now.paused { "paused" } else { "NOT paused" };
    _ = write!(
        text,
        "\nPublishing is {paused}, {} scheduled, {} held; approval is {approval}.",
        now.scheduled, now.held
    );
    for begun in &now.under_way {
        let (account, since, post) = (&begun.account, &begun.since_local, begun.post_id);
        _ = write!(
            text,
            "\nUnder way when it began: “{}” on {account} ({post}), since {since}: {}",
            begun.excerpt,
            outcome(begun)
        );
    }
    _ = write!(text, "\nPublished since {}:", now.incident.since_local);
    if now.published.is_empty() {
        text.push_str(" nothing.");
    }
    published(text, &now.published);
    if now.more_published {
        text.push_str("\nThere is more than this list shows.");
    }
    for step in &now.next_steps {
        _ = write!(text, "\nNext: {step}");
    }
}

impl Spoken for CrisisStart {
    fn say(started: &CrisisStarted) -> String {
        let mut text = started.message.clone();
        situation(&mut text, &started.situation);
        text
    }
}

impl Spoken for CrisisStatus {
    fn say(stands: &CrisisStands) -> String {
        let mut text = stands.message.clone();
        if let Some(now) = &stands.situation {
            situation(&mut text, now);
        }
        text
    }
}

impl Spoken for CrisisDelete {
    fn say(deleted: &CrisisDeleted) -> String {
        let mut text = deleted.message.clone();
        published(&mut text, &deleted.posts);
        for one in &deleted.not_begun {
            _ = write!(text, "\n{}: {} {}", one.post_id, one.message, one.next_step);
        }
        if deleted.more {
            text.push_str("\nThere is more to delete: call it again.");
        }
        text
    }
}

impl Spoken for CrisisRevoke {
    fn say(revoked: &CrisisRevoked) -> String {
        let mut text = revoked.message.clone();
        for left in &revoked.left {
            _ = write!(text, "\n{left}");
        }
        text
    }
}

impl Spoken for CrisisEnd {
    fn say(ended: &CrisisEnded) -> String {
        let mut text = ended.message.clone();
        for left in &ended.left {
            _ = write!(text, "\n{left}");
        }
        text
    }
}
