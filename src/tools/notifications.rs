//! Notifications as tools.

use std::fmt::Write as _;

use crate::{
    app::notifications::{
        choose::{NotificationChoices, NotificationChoose},
        list::{NotificationList, Notifications},
        mark_read::{NotificationMarkRead, NotificationsRead},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<NotificationList>(Face {
            name: "notification_list",
            toolset: Some(Toolset::Team),
            title: "List notifications",
            description: "Lists what you have been told, newest first: posts that failed or wait for a person, accounts to \
                connect again, mentions, comments, tasks, each with its cause and the next step. Only unread ones unless all is true. \
                workspace_overview shows the newest three. Mark them with notification_mark_read once they are dealt with.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<NotificationMarkRead>(Face {
            name: "notification_mark_read",
            toolset: Some(Toolset::Team),
            title: "Mark notifications as read",
            description: "Marks notifications of yours as read, by the ids of notification_list, or all of them when no ids \
                are given. Nothing else changes: a held post stays held.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
    ]
}

impl Spoken for NotificationList {
    fn say(found: &Notifications) -> String {
        let mut text = format!("{} unread\n", found.unread);
        for one in &found.notifications {
            _ = writeln!(
                text,
                "{}  {}{}: {}\n  {}\n  Next: {}",
                one.id,
                one.at_local,
                if one.read { ", read" } else { "" },
                one.title,
                one.cause,
                one.next_step
            );
            if let Some(problem) = &one.mail_problem {
                _ = writeln!(text, "  Not mailed: {problem}");
            }
        }
        if let Some(cursor) = &found.next_cursor {
            _ = writeln!(text, "More: cursor {cursor}");
        }
        text
    }
}

impl Spoken for NotificationMarkRead {
    fn say(done: &NotificationsRead) -> String {
        format!("{} marked as read; {} unread.", done.marked, done.unread)
    }
}

/// For the command line: no tool, because a person decides it.
impl Spoken for NotificationChoose {
    fn say(choices: &NotificationChoices) -> String {
        let mut text = match (&choices.address, choices.server) {
            (Some(address), true) => format!("Mail goes to {address}.\n"),
            (Some(address), false) => {
                format!("Mail goes to {address}, once ALLIN_SMTP_URL and ALLIN_MAIL_FROM are set.\n")
            }
            (None, _) => "No address is known: an Admin sets one with `allin member email`.\n".to_owned(),
        };
        for choice in &choices.kinds {
            let ways = match (choice.app, choice.mail) {
                (true, true) => "in the list, and by mail",
                (true, false) => "in the list",
                (false, true) => "by mail only",
                (false, false) => "not told",
            };
            _ = writeln!(text, "{:<18} {ways}", choice.kind.as_str());
        }
        text
    }
}
