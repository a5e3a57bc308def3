//! The plan as a tool. Setting it is none: whoever runs AllIN decides it.

use std::fmt::Write as _;

use crate::{
    app::plans::get::{PlanGet, PlanStanding},
    model::plans::Limit,
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![on_demand::<PlanGet>(Face {
        name: "plan_get",
        toolset: Some(Toolset::Admin),
        title: "Show plan and usage",
        description: "Shows the workspace's plan with what is in use of its users, connected accounts and credits of the \
            month, the packs of credits, and what the other plans allow. Use it when a call is refused with plan_limit. \
            Whoever runs AllIN sets plan and packs with `allin plan`; no tool does.",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for PlanGet {
    fn say(found: &PlanStanding) -> String {
        let mut text = match found.set_at {
            Some(_) => format!("Plan: {}\n", found.plan.title()),
            None => format!("Plan: {}; nobody set one, so there are no limits.\n", found.plan.title()),
        };
        for usage in &found.usage {
            let limit = usage.limit.map_or_else(|| "without limit".to_owned(), |limit| format!("of {limit}"));
            _ = write!(text, "{}: {} {limit}", usage.what.as_str(), usage.used);
            if usage.what == Limit::Credits {
                _ = write!(text, " in {} (UTC), {} of them set aside", found.month, found.credits_set_aside);
            }
            text.push('\n');
        }
        for pack in &found.packs {
            let until = pack.last_month.as_ref().map_or_else(String::new, |last| format!(" to {last}"));
            _ = writeln!(text, "Pack: {} credits a month from {}{until} ({})", pack.credits, pack.first_month, pack.id);
        }
        for plan in &found.plans {
            let numbers = [("users", plan.users), ("accounts", plan.accounts), ("credits a month", plan.credits)];
            let numbers = numbers.map(|(what, number)| {
                number.map_or_else(|| format!("any {what}"), |number| format!("{what} {number}"))
            });
            _ = writeln!(text, "{}: {}", plan.plan.title(), numbers.join(", "));
        }
        text
    }
}
