//! Who is in the workspace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId},
    model::roles::{Permission, Role},
    store::{
        members,
        workspaces::{self, Member},
    },
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
    /// `network/handle` of the accounts that were granted; missing for who uses all accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Vec<String>>,
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
        let granted = members::grants(scope.tx, scope.ctx.workspace).await?;
        let present = all.into_iter().filter(|member| member.removed_at.is_none());
        Ok(Members { members: present.map(|member| view(member, &granted)).collect() })
    }
}

/// `granted`: who may use which account.
pub fn view(member: Member, granted: &[(MemberId, AccountId, String)]) -> MemberView {
    let own = granted.iter().filter(|(to, ..)| *to == member.member_id).map(|(.., name)| name.clone());
    MemberView {
        id: member.member_id,
        accounts: (!member.role.uses_all_accounts()).then(|| own.collect()),
        name: member.display_name,
        role: member.role,
        joined_at: member.created_at,
    }
}
