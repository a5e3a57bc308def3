//! Approvals as tools. Deciding is none of them: a person does that on a page or at the command line.

use std::fmt::Write as _;

use secrecy::ExposeSecret as _;

use crate::{
    app::approvals::{
        freeze::{ApprovalFreeze, ApprovalsFrozen},
        get::{ApprovalGet, ApprovalShown},
        list::{ApprovalList, Approvals},
        page::{ApprovalPage, ApprovalPageMade},
        policies::{ApprovalPolicies, Policies},
        request::{ApprovalRequest, ApprovalRequested},
        view::ApprovalView,
        withdraw::{ApprovalWithdraw, ApprovalWithdrawn},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

const TEAM: Option<Toolset> = Some(Toolset::Team);

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<ApprovalList>(Face {
            name: "approval_list",
            toolset: TEAM,
            title: "List approvals",
            description: "Lists requests for approval with who is asked and what was decided: open ones, those of a post, or \
                only those that wait for you. A post that needs approval and has none is held when it comes due.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<ApprovalGet>(Face {
            name: "approval_get",
            toolset: TEAM,
            title: "Show an approval",
            description: "Shows one request: the post on each account exactly as it would be sent, who is asked in which step, \
                and what people decided with their comments. Use it before changing a post for which changes were asked.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<ApprovalRequest>(Face {
            name: "approval_request",
            toolset: TEAM,
            title: "Ask for approval",
            description: "Asks people to approve what a post says now. Scheduling asks by itself; use this for a draft that is \
                to be published at once, or to ask again. Any change of text, media or accounts afterwards needs another \
                approval; moving it within the window does not.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<ApprovalWithdraw>(Face {
            name: "approval_withdraw",
            toolset: TEAM,
            title: "Withdraw a request",
            description: "Takes a request for approval back: nobody is asked any more. A post that needs approval is not sent \
                without it.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        ToolSpec {
            shows_page: true,
            ..on_demand::<ApprovalPage>(Face {
                name: "approval_page",
                toolset: TEAM,
                title: "Decide on a request",
                description: "Shows the person the page on which to approve, ask for changes or reject, with their passphrase. You \
                cannot decide for them, and are not told the address. Afterwards approval_get tells what was decided.",
                idempotent: true,
                open_world: false,
                asks: false,
            })
        },
        on_demand::<ApprovalPolicies>(Face {
            name: "approval_policies",
            toolset: TEAM,
            title: "List approval policies",
            description: "Lists which posts need whose approval, and whether everything needs it for a while. Managers set \
                policies at the command line: `allin approval policy set`.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<ApprovalFreeze>(Face {
            name: "approval_freeze",
            toolset: TEAM,
            title: "Require approval for everything",
            description: "From now on every post needs a Manager's approval before it is sent, scheduled ones too, for a week \
                or the given hours. Use it when something went wrong. Only a person can end it early.",
            idempotent: false,
            open_world: false,
            asks: false,
        }),
    ]
}

fn line(text: &mut String, approval: &ApprovalView) {
    let state = approval.state.as_str().replace('_', " ");
    _ = write!(
        text,
        "{} {state}: “{}” ({}, version {})",
        approval.id, approval.excerpt, approval.post_id, approval.version
    );
    for step in &approval.steps {
        let mark = match (step.passed, step.open) {
            (true, _) => "passed",
            (false, true) => "asked now",
            (false, false) => "later",
        };
        _ = write!(text, "\n  {} {}: {} ({mark})", step.policy, step.step, step.asked);
    }
    for decision in &approval.decisions {
        _ = write!(text, "\n  {} by {}", decision.verdict.as_str().replace('_', " "), decision.by);
        if let Some(comment) = &decision.comment {
            _ = write!(text, ": {comment}");
        }
    }
    text.push('\n');
}

impl Spoken for ApprovalList {
    fn say(found: &Approvals) -> String {
        if found.approvals.is_empty() {
            return "Nothing waits for approval.".into();
        }
        let mut text = String::new();
        for approval in &found.approvals {
            line(&mut text, approval);
        }
        text
    }
}

impl Spoken for ApprovalGet {
    fn say(found: &ApprovalShown) -> String {
        let mut text = String::new();
        line(&mut text, &found.approval);
        _ = writeln!(text, "  counts from {} to {}", found.approval.not_before, found.approval.not_after);
        for preview in &found.previews {
            _ = writeln!(text, "@{} on {}:", preview.handle.as_deref().unwrap_or("?"), preview.network.as_str());
            for segment in &preview.segments {
                _ = writeln!(text, "{}", segment.text);
            }
        }
        text
    }
}

impl Spoken for ApprovalRequest {
    fn say(made: &ApprovalRequested) -> String {
        format!("{} ({})", made.message, made.approval.id)
    }
}

impl Spoken for ApprovalWithdraw {
    fn say(done: &ApprovalWithdrawn) -> String {
        done.message.clone()
    }
}

impl Spoken for ApprovalPage {
    fn say(made: &ApprovalPageMade) -> String {
        made.message.clone()
    }

    fn page(made: &mut ApprovalPageMade) -> Option<String> {
        made.url.take().map(|url| url.expose_secret().to_owned())
    }
}

impl Spoken for ApprovalPolicies {
    fn say(found: &Policies) -> String {
        let mut text = String::new();
        for freeze in &found.freezes {
            _ = writeln!(
                text,
                "Everything needs a Manager's approval until {}: {} ({})",
                freeze.until, freeze.reason, freeze.by
            );
        }
        for policy in &found.policies {
            _ = writeln!(
                text,
                "{} “{}”: {}; {}",
                policy.id,
                policy.name,
                policy.applies_to,
                policy.asked.join(", then ")
            );
        }
        if text.is_empty() {
            text.push_str("No post needs approval. Managers set policies with `allin approval policy set`.");
        }
        text
    }
}

impl Spoken for ApprovalFreeze {
    fn say(frozen: &ApprovalsFrozen) -> String {
        frozen.message.clone()
    }
}
