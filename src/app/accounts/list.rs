//! The connected accounts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    error::Result,
    ids::AccountId,
    model::{accounts::AccountStatus, networks::NetworkId, roles::Permission},
    store::accounts::{self, Account},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountList {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Accounts {
    pub accounts: Vec<AccountView>,
}

/// An account as callers see it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AccountView {
    pub id: AccountId,
    pub network: NetworkId,
    pub handle: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    pub status: AccountStatus,
    /// Why it is not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Zone of local times for this account; missing: the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How late a post may go out before it is held.
    pub tolerance_minutes: i32,
    /// Whether the caller may schedule and publish on it.
    pub may_publish: bool,
}

impl UseCase for AccountList {
    type Input = Self;
    type Output = Accounts;
    type Form = Locally;
    const NAME: &'static str = "account_list";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for AccountList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Accounts> {
        let mut found = accounts::list(scope.tx, scope.ctx.workspace, None).await?;
        found.retain(|account| input.network.is_none_or(|network| network == account.network));
        let ids: Vec<_> = found.iter().map(|account| account.account_id).collect();
        let role = scope.role();
        let usable = match scope.ctx.member() {
            Some(member) if !role.uses_all_accounts() => {
                accounts::granted(scope.tx, scope.ctx.workspace, member, &ids).await?
            }
            _ => ids,
        };
        let publishes = role.has(Permission::PublishPosts);
        let accounts = found
            .into_iter()
            .map(|account| {
                let may_publish = publishes && usable.contains(&account.account_id);
                view(account, may_publish)
            })
            .collect();
        Ok(Accounts { accounts })
    }
}

pub fn view(account: Account, may_publish: bool) -> AccountView {
    AccountView {
        id: account.account_id,
        network: account.network,
        handle: account.handle,
        display_name: account.display_name,
        status: account.status,
        status_reason: account.status_reason,
        time_zone: account.time_zone,
        tolerance_minutes: account.tolerance_secs / 60,
        may_publish,
    }
}
