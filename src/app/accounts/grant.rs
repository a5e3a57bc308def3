//! Let a member use an account, or no longer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        accounts::known,
        members::known as known_member,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::{AccountId, MemberId},
    model::roles::Permission,
    store::accounts,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountGrant {
    pub account_id: AccountId,
    pub member_id: MemberId,
    /// `false` takes the grant back.
    pub granted: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Granted {
    pub message: String,
}

impl UseCase for AccountGrant {
    type Input = Self;
    type Output = Granted;
    type Form = Locally;
    const NAME: &'static str = "account_grant";
    const NEEDS: Permission = Permission::GrantAccounts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for AccountGrant {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Granted> {
        let account = known(scope, input.account_id).await?;
        let member = known_member(scope, input.member_id).await?;
        let workspace = scope.ctx.workspace;
        if input.granted {
            accounts::grant(scope.tx, workspace, input.account_id, input.member_id, scope.now).await?;
        } else {
            accounts::revoke(scope.tx, workspace, input.account_id, input.member_id).await?;
        }
        scope.changed(
            "account_grant",
            input.account_id,
            json!({ "member": input.member_id, "granted": input.granted }),
        );
        let verb = if input.granted { "may use" } else { "may no longer use" };
        Ok(Granted { message: format!("{} {verb} @{}.", member.display_name, account.handle) })
    }
}
