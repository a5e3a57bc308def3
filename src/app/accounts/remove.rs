//! Disconnect an account: its token is forgotten here, its history stays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        accounts::known,
        confirm::Question,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::AccountId,
    model::roles::Permission,
    store::accounts,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRemove {
    pub account_id: AccountId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AccountRemoved {
    pub message: String,
}

impl UseCase for AccountRemove {
    type Input = Self;
    type Output = AccountRemoved;
    type Form = Locally;
    const NAME: &'static str = "account_remove";
    const NEEDS: Permission = Permission::RemoveAccounts;
    const EFFECT: Effect = Effect::Destructive;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let account = known(scope, input.account_id).await?;
        Ok(Some(Question {
            text: format!(
                "Disconnect @{} ({})? Posts scheduled on it will be held.",
                account.handle,
                account.network.title()
            ),
            version: account.status.as_str().to_owned(),
        }))
    }
}

impl Local for AccountRemove {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<AccountRemoved> {
        let account = known(scope, input.account_id).await?;
        accounts::disconnect(
            scope.tx,
            scope.ctx.workspace,
            input.account_id,
            None,
            "disconnected by a member",
            scope.now,
        )
        .await?;
        scope.changed("account", input.account_id, json!({ "disconnected": true }));
        Ok(AccountRemoved { message: format!("@{} is disconnected; its token is forgotten.", account.handle) })
    }
}
