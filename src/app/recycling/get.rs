//! What recycling would do next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        accounts::known,
        recycling::{RecyclingView, view},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::AccountId,
    model::roles::Permission,
    store::{accounts, recycling},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecyclingGet {
    /// Default: every account that has a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Recycling {
    pub accounts: Vec<RecyclingView>,
}

impl UseCase for RecyclingGet {
    type Input = Self;
    type Output = Recycling;
    type Form = Locally;
    const NAME: &'static str = "recycling_get";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Read;
}

impl Local for RecyclingGet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Recycling> {
        let wanted = match input.account_id {
            Some(id) => vec![known(scope, id).await?],
            None => accounts::list(scope.tx, scope.ctx.workspace, None).await?,
        };
        let mut views = Vec::new();
        for account in wanted {
            let rule = recycling::rule(scope.tx, scope.ctx.workspace, account.account_id).await?;
            if rule.is_some() || input.account_id.is_some() {
                views.push(view(scope, &account).await?);
            }
        }
        Ok(Recycling { accounts: views })
    }
}
