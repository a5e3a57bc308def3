//! The team as tools: who is there, who did what, and who is invited. Changes are made by a person at the command line.

use std::fmt::Write as _;

use crate::{
    app::members::{
        activity::{Activity, MemberActivity},
        invitations::{Invitations, MemberInvitations},
        list::{MemberList, Members},
    },
    model::notifications::MailState,
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand, tool},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        tool::<MemberList>(Face {
            name: "member_list",
            toolset: Some(Toolset::Team),
            title: "List members",
            description: "Lists the people of the workspace with their roles: viewer, contributor, publisher, manager, admin, \
                each with the rights of those before it. Members are added and changed by a person with `allin member`.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<MemberActivity>(Face {
            name: "member_activity",
            toolset: Some(Toolset::Team),
            title: "What a member did",
            description: "Shows what a member did, newest first, with how much on each day: in person, through connections and \
                by keys, also what was refused. Without a member_id: what you did. What others did takes a Manager.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<MemberInvitations>(Face {
            name: "member_invitations",
            toolset: Some(Toolset::Team),
            title: "List invitations",
            description: "Lists who is invited to the workspace, as what, until when, and whether the mail with the link was \
                sent. The links themselves are shown nowhere. A person invites with `allin member invite`.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
    ]
}

impl Spoken for MemberActivity {
    fn say(found: &Activity) -> String {
        let left = if found.removed { " (no longer here)" } else { "" };
        let days: Vec<_> =
            found.days.iter().filter(|day| day.count > 0).map(|day| format!("{} {}", day.day, day.count)).collect();
        let days = if days.is_empty() { "nothing".to_owned() } else { days.join(", ") };
        let mut text = format!("{}{left}; in {} days: {days}\n", found.name, found.days.len());
        for entry in &found.entries {
            _ = write!(text, "{}  {}", entry.at_local, entry.text);
            if let Some(via) = &entry.via {
                _ = write!(text, ", through {via}");
            }
            let ids: Vec<_> = entry.about.iter().map(|one| one.id.as_str()).collect();
            _ = writeln!(text, "{}", if ids.is_empty() { String::new() } else { format!("  {}", ids.join(" ")) });
        }
        if let Some(cursor) = &found.next_cursor {
            _ = writeln!(text, "More: cursor {cursor}");
        }
        text
    }
}

impl Spoken for MemberList {
    fn say(found: &Members) -> String {
        let mut text = String::new();
        for member in &found.members {
            _ = write!(text, "{}  {}: {}", member.id, member.name, member.role.as_str());
            match member.accounts.as_deref() {
                None => {}
                Some([]) => text.push_str(", no account granted"),
                Some(accounts) => _ = write!(text, ", on {}", accounts.join(", ")),
            }
            text.push('\n');
        }
        text
    }
}

impl Spoken for MemberInvitations {
    fn say(found: &Invitations) -> String {
        if found.invitations.is_empty() {
            return "Nobody is invited.".into();
        }
        let mut text = String::new();
        for one in &found.invitations {
            let what = if one.again { "a new passphrase" } else { one.role.as_str() };
            _ = write!(text, "{}  {}: {what}, {}, until {}", one.id, one.name, one.status.as_str(), one.expires_at);
            match (&one.email, one.mail) {
                (Some(email), Some(MailState::Sent)) => _ = write!(text, ", mailed to {email}"),
                (Some(email), Some(MailState::Waiting)) => _ = write!(text, ", waits to be mailed to {email}"),
                (Some(email), Some(MailState::GivenUp)) => {
                    let why = one.mail_problem.as_deref().unwrap_or("no reason is known");
                    _ = write!(text, ", not mailed to {email}: {why}");
                }
                _ => {}
            }
            text.push('\n');
        }
        text
    }
}
