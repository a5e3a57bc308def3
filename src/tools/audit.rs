//! The audit log as a tool.

use std::fmt::Write as _;

use crate::{
    app::audit::query::{AuditPage, AuditQuery},
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![on_demand::<AuditQuery>(Face {
        name: "audit_query",
        toolset: Some(Toolset::Admin),
        title: "Read the audit log",
        description: "Shows who did what and when, newest first: every change, every refusal and every publication, with the \
            ids of what was changed. Narrow it by actor, use case, outcome, object id and time. Texts of posts are not in it.",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for AuditQuery {
    fn say(page: &AuditPage) -> String {
        if page.entries.is_empty() {
            return "Nothing in the log fits.".into();
        }
        let mut text = String::new();
        for entry in &page.entries {
            _ = writeln!(
                text,
                "{}  {} {} by {} ({}): {}",
                entry.at_local, entry.use_case, entry.outcome, entry.actor, entry.origin, entry.changes
            );
        }
        if let Some(cursor) = &page.next_cursor {
            _ = writeln!(text, "More: cursor {cursor}");
        }
        text
    }
}
