//! Change a member's role, or remove the member. What a removed member had begun stops, or another goes on with it: every
//! job enters the workspace anew and finds the member gone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        members::{
            keeps_an_admin, known, not_above,
            stop::{self, Stopped},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::MemberId,
    model::roles::{Permission, Role},
    store::workspaces::{self, Member},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    pub member_id: MemberId,
    /// The new role; left out: the member is removed.
    #[serde(default)]
    pub role: Option<Role>,
    /// Who goes on with the posts, series and recycling of a member who is removed.
    #[serde(default)]
    pub hand_over_to: Option<MemberId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MemberChanged {
    pub message: String,
    /// What stopped with a member who was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
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
        workspaces::lock_members(scope.tx, scope.ctx.workspace).await?;
        let member = known(scope, input.member_id).await?;
        if input.role != Some(Role::Admin) {
            keeps_an_admin(scope, input.member_id).await?;
        }
        match input.role {
            Some(_) if input.hand_over_to.is_some() => {
                Err(Error::invalid("hand_over_unused", "A member who stays keeps the own posts.")
                    .next("Use `allin member hand-over FROM TO` to give them to another member.")
                    .field("hand_over_to", "only for who is removed"))
            }
            Some(role) => change(scope, &member, role).await,
            None => {
                let stopped = stop::remove(scope, &member, input.hand_over_to).await?;
                let said = stopped.say(member.member_id);
                let message =
                    format!("{} is removed; their keys and connections work no more.{said}", member.display_name);
                Ok(MemberChanged { message, stopped: Some(stopped) })
            }
        }
    }
}

async fn change(scope: &mut Scope<'_>, member: &Member, role: Role) -> Result<MemberChanged> {
    not_above(scope, role)?;
    workspaces::set_role(scope.tx, scope.ctx.workspace, member.member_id, role).await?;
    let (revoked, held) = stop::narrowed(scope, member, role).await?;
    scope.changed("member", member.member_id, json!({ "role": role, "invitations_revoked": revoked, "held": held }));
    let mut message = format!("{} is {} now.", member.display_name, role.as_str());
    if revoked > 0 {
        message.push_str(&format!(" {revoked} of their invitations are revoked."));
    }
    if held > 0 {
        message.push_str(&format!(
            " {held} of their scheduled posts are held, on accounts that take a grant now: `allin held list`."
        ));
    }
    Ok(MemberChanged { message, stopped: None })
}
