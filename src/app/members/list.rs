//! Who is in the workspace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    clock::Timestamp,
    error::Result,
    ids::MemberId,
    model::roles::{Permission, Role},
    store::workspaces::{self, Member},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberList {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Members {
    pub members: Vec<MemberView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MemberView {
    pub id: MemberId,
    pub name: String,
    pub role: Role,
    pub joined_at: Timestamp,
}

impl UseCase for MemberList {
    type Input = Self;
    type Output = Members;
    type Form = Locally;
    const NAME: &'static str = "member_list";
    const NEEDS: Permission = Permission::ReadMembers;
    const EFFECT: Effect = Effect::Read;
}

impl Local for MemberList {
    async fn run(scope: &mut Scope<'_>, _: Self) -> Result<Members> {
        let all = workspaces::members(scope.tx, scope.ctx.workspace).await?;
        Ok(Members { members: all.into_iter().filter(|member| member.removed_at.is_none()).map(view).collect() })
    }
}

pub fn view(member: Member) -> MemberView {
    MemberView { id: member.member_id, name: member.display_name, role: member.role, joined_at: member.created_at }
}
