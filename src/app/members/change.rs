//! Change a member's role, or remove the member. What a removed member had begun stops: every job enters the
//! workspace anew and finds the member gone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        members::{keeps_an_admin, known},
        tasks::remind,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::MemberId,
    model::roles::{Permission, Role},
    store::workspaces,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    pub member_id: MemberId,
    /// The new role; left out: the member is removed.
    #[serde(default)]
    pub role: Option<Role>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MemberChanged {
    pub message: String,
}

impl UseCase for MemberChange {
    type Input = Self;
    type Output = MemberChanged;
    type Form = Locally;
    const NAME: &'static str = "member_change";
    const NEEDS: Permission = Permission::ManageMembers;
    const EFFECT: Effect = Effect::Destructive;
}

impl Local for MemberChange {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<MemberChanged> {
        let workspace = scope.ctx.workspace;
        workspaces::lock_members(scope.tx, workspace).await?;
        let member = known(scope, input.member_id).await?;
        if input.role != Some(Role::Admin) {
            keeps_an_admin(scope, input.member_id).await?;
        }
        let message = match input.role {
            Some(role) => {
                workspaces::set_role(scope.tx, workspace, input.member_id, role).await?;
                format!("{} is {} now.", member.display_name, role.as_str())
            }
            None => {
                workspaces::remove_member(scope.tx, workspace, input.member_id, scope.now).await?;
                let left = remind::leave(scope, input.member_id, &member.display_name).await?;
                let tasks =
                    if left > 0 { format!(" {left} open task(s) of theirs have nobody now.") } else { String::new() };
                format!("{} is removed; their keys and connections work no more.{tasks}", member.display_name)
            }
        };
        scope.changed("member", input.member_id, json!({ "role": input.role }));
        Ok(MemberChanged { message })
    }
}
