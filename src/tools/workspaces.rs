//! The workspace as a tool.

use std::fmt::Write as _;

use crate::{
    app::workspaces::overview::{Overview, WorkspaceOverview},
    tools::registry::{Face, Spoken, ToolSpec, tool},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![tool::<WorkspaceOverview>(Face {
        name: "workspace_overview",
        toolset: None,
        title: "Workspace overview",
        description: "Start here. Shows the workspace with its time zone and present local time, your role, the connected \
            social accounts with their ids, how many posts are in each status, the next posts to go out, your unread \
            notifications, and whatever deserves attention (publishing paused, posts held or failed, nothing running that \
            would publish).",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for WorkspaceOverview {
    fn say(overview: &Overview) -> String {
        let workspace = &overview.workspace;
        let mut text = format!(
            "{} · {} · you are {} ({})\n",
            workspace.name,
            workspace.local_time,
            overview.you.name,
            overview.you.role.as_str()
        );
        if overview.accounts.is_empty() {
            text.push_str("No account is connected yet: use account_connect.\n");
        }
        for account in &overview.accounts {
            _ = writeln!(
                text,
                "@{} on {}: {} ({})",
                account.handle,
                account.network,
                account.status.as_str(),
                account.id
            );
        }
        let counts: Vec<_> = overview.posts.iter().map(|count| format!("{} {}", count.count, count.status)).collect();
        _ = writeln!(text, "Posts: {}", if counts.is_empty() { "none yet".to_owned() } else { counts.join(", ") });
        for next in &overview.next {
            _ = writeln!(text, "Next: {} on {}: {} ({})", next.at_local, next.account, next.excerpt, next.post_id);
        }
        for figures in &overview.figures {
            _ = writeln!(text, "Last 30 days on {}", super::metrics::account(figures));
        }
        if let Some(unread) = &overview.notifications {
            _ = writeln!(text, "{} unread notifications, the newest:", unread.count);
            for one in &unread.newest {
                _ = writeln!(text, "  {}: {}. Next: {}", one.at_local, one.title, one.next_step);
            }
        }
        for warning in &overview.warnings {
            _ = writeln!(text, "Note: {warning}");
        }
        text
    }
}
