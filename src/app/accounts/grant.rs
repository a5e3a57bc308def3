//! Let a member use an account, or no longer: then what the member has scheduled there waits for somebody who may.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        accounts::known,
        members::{known as known_member, stop::hold_scheduled},
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
        let mut held = 0;
        if input.granted {
            accounts::grant(scope.tx, workspace, input.account_id, input.member_id, scope.now).await?;
        } else {
            accounts::revoke(scope.tx, workspace, input.account_id, input.member_id).await?;
            if !member.role.uses_all_accounts() {
                held = hold_scheduled(scope, &member, &[input.account_id]).await?;
            }
        }
        scope.changed(
            "account_grant",
            input.account_id,
            json!({ "member": input.member_id, "granted": input.granted, "held": held }),
        );
        let verb = if input.granted { "may use" } else { "may no longer use" };
        let stopped = match held {
            0 => String::new(),
            1 => " 1 post that they had scheduled there is held: `allin held list`.".to_owned(),
            held => format!(" {held} posts that they had scheduled there are held: `allin held list`."),
        };
        Ok(Granted { message: format!("{} {verb} @{}.{stopped}", member.display_name, account.handle) })
    }
}
