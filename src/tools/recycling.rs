//! Recycling as tools.

use std::fmt::Write as _;

use crate::{
    app::recycling::{
        RecyclingView,
        get::{Recycling, RecyclingGet},
        mark::{PostEvergreen, PostMarked},
        set::{RecyclingChanged, RecyclingSet},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<RecyclingGet>(Face {
            name: "recycling_get",
            toolset: Some(Toolset::Schedule),
            title: "Show recycling",
            description: "Shows for each account whether evergreen posts go out again by themselves, by which rule, which copy is \
                planned, which post would be next and when, and why the others are not. Nothing is changed. Set the rule with \
                recycling_set, mark posts with post_evergreen, take a planned copy back with post_cancel.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<RecyclingSet>(Face {
            name: "recycling_set",
            toolset: Some(Toolset::Schedule),
            title: "Set recycling",
            description: "Turns recycling of evergreen posts on or off for an account, or changes its rule: how old a post must \
                be, how long the same words rest, how many a week at most, and among how many of the best. While it is on, one \
                copy at a time is scheduled at the account's next good time. The answer shows what comes next.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<PostEvergreen>(Face {
            name: "post_evergreen",
            toolset: Some(Toolset::Schedule),
            title: "Mark a post as evergreen",
            description: "Says whether a post may go out again: its words are as good in a few months. It does so only on \
                accounts where recycling is on (recycling_set), once it is public there and has figures.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
    ]
}

impl Spoken for RecyclingGet {
    fn say(recycling: &Recycling) -> String {
        if recycling.accounts.is_empty() {
            return "No account has a rule for recycling: set one with recycling_set.".into();
        }
        recycling.accounts.iter().map(account).collect()
    }
}

impl Spoken for RecyclingSet {
    fn say(changed: &RecyclingChanged) -> String {
        format!("{}\n{}", changed.message, account(&changed.recycling))
    }
}

impl Spoken for PostEvergreen {
    fn say(marked: &PostMarked) -> String {
        format!("{} ({})", marked.message, marked.post_id)
    }
}

fn account(view: &RecyclingView) -> String {
    let rule = &view.rule;
    let mut text = format!(
        "{}: {}; posts older than {} days, the same words not within {} days, at most {} a week, of the best {}\n",
        view.account,
        if rule.enabled { "on" } else { "off" },
        rule.min_age_days,
        rule.window_days,
        rule.per_week,
        rule.candidates
    );
    if let Some(blocked) = &view.blocked {
        _ = writeln!(text, "  Blocked: {blocked}");
    }
    if let Some(upcoming) = &view.upcoming {
        _ = writeln!(
            text,
            "  Planned [{}]: {} at {}, a copy of {}",
            upcoming.status, upcoming.post_id, upcoming.at_local, upcoming.recycled_from
        );
    }
    if let Some(next) = &view.next {
        _ = writeln!(text, "  Next: {} at {} ({})", next.excerpt, next.at_local, next.post_id);
    }
    for post in &view.evergreen {
        let engagement =
            post.engagement.map_or("not measured".to_owned(), |engagement| format!("engagement {engagement}"));
        let verdict = serde_json::to_value(post.verdict).ok();
        let verdict = verdict.as_ref().and_then(|verdict| verdict.as_str()).unwrap_or_default().replace('_', " ");
        _ = writeln!(text, "  {}  {}  {}  [{}]", post.post_id, post.excerpt, engagement, verdict);
    }
    text
}
