//! Ask the network whether an account still works.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        App,
        accounts::known,
        ctx::Ctx,
        posts::content::may_use,
        publishing::tokens,
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    clients::networks::{Failure, FailureKind, Health},
    error::Result,
    ids::AccountId,
    model::{accounts::AccountStatus, networks::NetworkId, roles::Permission},
    store::accounts,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountTest {
    pub account_id: AccountId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AccountTested {
    /// What was found, for a person.
    pub message: String,
    pub account_id: AccountId,
    pub network: NetworkId,
    /// The name as the network has it now.
    pub handle: String,
    pub works: bool,
    pub status: AccountStatus,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl UseCase for AccountTest {
    type Input = Self;
    type Output = AccountTested;
    type Form = Remotely;
    const NAME: &'static str = "account_test";
    const NEEDS: Permission = Permission::TestAccounts;
    const EFFECT: Effect = Effect::Write;
}

pub struct Outcome {
    id: AccountId,
    result: std::result::Result<Health, Failure>,
}

impl Remote for AccountTest {
    type Plan = AccountId;
    type Outcome = Outcome;

    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<AccountId> {
        known(scope, input.account_id).await?;
        may_use(scope, &[input.account_id]).await?;
        Ok(input.account_id)
    }

    async fn call(app: &App, ctx: &Ctx, id: AccountId) -> Result<Outcome> {
        let result = match tokens::ready(app, ctx.workspace, id).await? {
            Ok((network, account)) => app.networks.get(network).check(&account).await,
            Err(failure) => Err(failure),
        };
        Ok(Outcome { id, result })
    }

    async fn finish(scope: &mut Scope<'_>, outcome: Outcome) -> Result<AccountTested> {
        let account = known(scope, outcome.id).await?;
        let workspace = scope.ctx.workspace;
        let (status, works, notes, message) = match &outcome.result {
            Ok(health) => {
                accounts::set_status(scope.tx, workspace, outcome.id, AccountStatus::Connected, None, scope.now)
                    .await?;
                (
                    AccountStatus::Connected,
                    true,
                    health.notes.clone(),
                    format!("@{} on {} works.", health.handle, account.network.title()),
                )
            }
            Err(failure) if matches!(failure.kind, FailureKind::NeedsReconnect | FailureKind::TokenExpired) => {
                tokens::lose(scope.app, scope.tx, workspace, outcome.id, None, &failure.message, scope.now).await?;
                (
                    AccountStatus::Disconnected,
                    false,
                    Vec::new(),
                    format!("@{} has to be connected again with account_connect: {}.", account.handle, failure.message),
                )
            }
            Err(failure) => (
                account.status,
                false,
                Vec::new(),
                format!(
                    "{} did not confirm @{}: {}. This is likely to pass; test again later.",
                    account.network.title(),
                    account.handle,
                    failure.message
                ),
            ),
        };
        scope.changed("account", outcome.id, json!({ "works": works, "status": status }));
        let handle = outcome.result.map_or(account.handle, |health| health.handle);
        Ok(AccountTested { message, account_id: outcome.id, network: account.network, handle, works, status, notes })
    }
}
