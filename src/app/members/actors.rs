//! Who did something, in words: the member, and the connection or key that it came through.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::Scope,
    error::Result,
    ids::{ApiKeyId, MemberId},
    model::prose,
    store::workspaces::{self, Member},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Who {
    pub name: String,
    /// Missing when the program did it by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// Through which connection or key; missing when the member did it in person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

/// Everybody who is or was in the workspace.
pub(crate) struct Everybody(Vec<Member>);

impl Everybody {
    pub async fn load(scope: &mut Scope<'_>) -> Result<Self> {
        Ok(Self(workspaces::members(scope.tx, scope.ctx.workspace).await?))
    }

    pub fn all(&self) -> &[Member] {
        &self.0
    }

    pub fn find(&self, id: MemberId) -> Option<&Member> {
        self.0.iter().find(|member| member.member_id == id)
    }

    /// A name for an actor as it is kept in versions and in the audit log.
    pub fn who(&self, actor: &str) -> Who {
        let (member, via) = actor.split_once('/').map_or((actor, None), |(member, via)| (member, Some(via)));
        let via = via.map(said);
        match member.parse::<MemberId>() {
            Ok(id) => {
                let name = self.find(id).map_or_else(|| id.to_string(), |member| prose::line(&member.display_name));
                Who { name, member_id: Some(id), via }
            }
            Err(_) => Who { name: "AllIN".into(), member_id: None, via },
        }
    }
}

/// The name of a connection is its client's own; keys have names that Admins see only.
fn said(via: &str) -> String {
    match via.parse::<ApiKeyId>() {
        Ok(_) => "an API key".into(),
        Err(_) => prose::line(via),
    }
}

impl Who {
    /// `Anna through claude-desktop`.
    pub fn said(&self) -> String {
        match &self.via {
            Some(via) => format!("{} through {via}", self.name),
            None => self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::roles::Role;

    #[test]
    fn actors_are_told_apart() {
        let id = |number| MemberId(uuid::Uuid::from_u128(number));
        let anna = Member {
            member_id: id(1),
            person_id: uuid::Uuid::nil().into(),
            display_name: "Anna\u{202e}".into(),
            role: Role::Admin,
            created_at: "2026-12-01T08:00:00Z".parse().unwrap(),
            removed_at: None,
        };
        let all = Everybody(vec![anna]);
        let key = ApiKeyId(uuid::Uuid::nil());
        for (actor, said) in [
            (id(1).to_string(), "Anna".to_owned()),
            (format!("{}/claude/desk\u{1b}top", id(1)), "Anna through claude/desktop".into()),
            (format!("{}/{key}", id(1)), "Anna through an API key".into()),
            ("system/recycling".into(), "AllIN through recycling".into()),
            (id(2).to_string(), id(2).to_string()),
        ] {
            assert_eq!(all.who(&actor).said(), said);
        }
    }
}
