//! The team as a tool.

use std::fmt::Write as _;

use crate::{
    app::members::list::{MemberList, Members},
    tools::registry::{Face, Spoken, ToolSpec, Toolset, tool},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![tool::<MemberList>(Face {
        name: "member_list",
        toolset: Some(Toolset::Team),
        title: "List members",
        description: "Lists the people of the workspace with their roles: viewer, contributor, publisher, manager, admin, \
            each with the rights of those before it. Members are added and changed by a person with `allin member`.",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for MemberList {
    fn say(found: &Members) -> String {
        let mut text = String::new();
        for member in &found.members {
            _ = writeln!(text, "{}  {}: {}", member.id, member.name, member.role.as_str());
        }
        text
    }
}
