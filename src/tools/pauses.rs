//! Pausing and resuming as tools.

use std::fmt::Write as _;

use crate::{
    app::pauses::{
        resume::{PublishingResume, PublishingResumed},
        start::{BegunOutcome, PublishingPause, PublishingPaused},
    },
    tools::held::moved,
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand, tool},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        tool::<PublishingPause>(Face {
            name: "publishing_pause",
            toolset: Some(Toolset::Schedule),
            title: "Pause publishing",
            description: "Stops all publishing at once, or that of an account, a campaign or a tag. Always safe: nothing is lost, \
                what comes due is held. The answer names what was already under way. publishing_resume ends it.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<PublishingResume>(Face {
            name: "publishing_resume",
            toolset: Some(Toolset::Schedule),
            title: "Resume publishing",
            description: "Ends a pause of the workspace, or of the named account, campaign or tag, after the person has agreed. Posts \
                that came due meanwhile stay held, unless `held` says what becomes of them: ask the person. Later posts go out at \
                their times.",
            idempotent: true,
            open_world: false,
            asks: true,
        }),
    ]
}

impl Spoken for PublishingPause {
    fn say(paused: &PublishingPaused) -> String {
        let mut text = paused.message.clone();
        if paused.scheduled > 0 {
            _ = write!(text, "\n{} scheduled behind the pause.", paused.scheduled);
        }
        for begun in &paused.under_way {
            let outcome = match begun.outcome {
                BegunOutcome::Published => "published",
                BegunOutcome::NotPublished => "not published",
                BegunOutcome::Open => "may be public; it is looked up by itself",
            };
            let (account, since, post) = (&begun.account, &begun.since_local, begun.post_id);
            _ = write!(text, "\nUnder way since {since}: {} on {account} ({post}): {outcome}", begun.excerpt);
        }
        text
    }
}

impl Spoken for PublishingResume {
    fn say(resumed: &PublishingResumed) -> String {
        let mut text = resumed.message.clone();
        text.push_str(&moved(&resumed.held));
        for warning in &resumed.warnings {
            _ = write!(text, "\nNote: {warning}");
        }
        text
    }
}
