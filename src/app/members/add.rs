//! Add a member by name, for whom the Admin answers. Who is to prove something with a passphrase is invited instead.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        members::{
            list::{self, MemberView},
            not_above,
        },
        plans,
        use_case::{Effect, Local, Locally, Scope, UseCase},
        workspaces::create::check_name,
    },
    error::Result,
    ids::{MemberId, PersonId},
    model::{
        plans::Limit,
        roles::{Permission, Role},
    },
    store::workspaces::{self, Member},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberAdd {
    pub name: String,
    pub role: Role,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MemberAdded {
    pub message: String,
    pub member: MemberView,
}

impl UseCase for MemberAdd {
    type Input = Self;
    type Output = MemberAdded;
    type Form = Locally;
    const NAME: &'static str = "member_add";
    const NEEDS: Permission = Permission::ManageMembers;
    const EFFECT: Effect = Effect::Write;
}

impl Local for MemberAdd {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<MemberAdded> {
        check_name("name", &input.name)?;
        not_above(scope, input.role)?;
        plans::room(scope, Limit::Users).await?;
        let member = Member {
            member_id: scope.new_id::<MemberId>(),
            person_id: scope.new_id::<PersonId>(),
            display_name: input.name.trim().to_owned(),
            role: input.role,
            created_at: scope.now,
            removed_at: None,
        };
        workspaces::insert_person(scope.tx, member.person_id, &member.display_name, scope.now).await?;
        workspaces::insert_member(scope.tx, scope.ctx.workspace, &member).await?;
        scope.changed("member", member.member_id, json!({ "role": input.role }));
        let message = format!(
            "{name} is {} now. Make a key for them with `allin key create --member {id}`. They have no passphrase yet, which \
             deciding on approvals takes: `allin member invite --again {id}` makes a link to set one.",
            member.role.as_str(),
            name = member.display_name,
            id = member.member_id
        );
        Ok(MemberAdded { message, member: list::view(member, &[]) })
    }
}
