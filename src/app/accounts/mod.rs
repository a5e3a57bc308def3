//! Accounts on networks: connecting, testing, granting.

pub mod change;
pub mod connect;
pub mod finish_connect;
pub mod grant;
pub mod list;
pub mod remove;
pub mod test;

use crate::{
    app::use_case::Scope,
    error::{Error, Result},
    ids::AccountId,
    store::accounts::{self, Account},
};

pub(crate) async fn known(scope: &mut Scope<'_>, id: AccountId) -> Result<Account> {
    accounts::get(scope.tx, scope.ctx.workspace, id).await?.ok_or_else(|| {
        Error::not_found("account_not_found", format!("There is no account {id} in this workspace."))
            .next("Use account_list to see the accounts.")
    })
}
