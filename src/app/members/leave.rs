//! Leave the workspace. Nobody is kept, but the last Admin: somebody has to be able to administer it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        confirm::Question,
        members::{
            admins, keeps_an_admin, own,
            stop::{self, Stopped},
        },
        notifications::tell::{News, tell_members},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::MemberId,
    model::roles::Permission,
    store::workspaces,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberLeave {
    /// Who goes on with the own posts, series and recycling.
    #[serde(default)]
    pub hand_over_to: Option<MemberId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MemberLeft {
    pub message: String,
    pub stopped: Stopped,
}

impl UseCase for MemberLeave {
    type Input = Self;
    type Output = MemberLeft;
    type Form = Locally;
    const NAME: &'static str = "member_leave";
    const NEEDS: Permission = Permission::LeaveWorkspace;
    const EFFECT: Effect = Effect::Destructive;

    async fn question(scope: &mut Scope<'_>, _: &Self) -> Result<Option<Question>> {
        let member = own(scope).await?;
        keeps_an_admin(scope, member.member_id).await?;
        let workspace = super::invite::workspace_name(scope).await?;
        Ok(Some(Question {
            text: format!("Leave the workspace {workspace}? Your keys stop working; coming back takes an invitation."),
            version: member.role.as_str().to_owned(),
        }))
    }
}

impl Local for MemberLeave {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<MemberLeft> {
        workspaces::lock_members(scope.tx, scope.ctx.workspace).await?;
        let member = own(scope).await?;
        keeps_an_admin(scope, member.member_id).await?;
        let stopped = stop::remove(scope, &member, input.hand_over_to).await?;
        let said = stopped.say(member.member_id);
        let news = News {
            code: "member_left",
            title: &format!("{} has left", member.display_name),
            cause: &format!("They were {}.{said}", member.role.as_str()),
            next_step: "Nothing has to be done, unless something was left behind.",
        };
        let admins = admins(scope).await?;
        tell_members(scope, &admins, news).await?;
        Ok(MemberLeft { message: format!("You have left.{said}"), stopped })
    }
}
