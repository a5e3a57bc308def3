//! An account's queue: its weekly times, its rules, and what is free next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        posts::content,
        queue::{QueueView, view},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::AccountId,
    model::roles::Permission,
    store::{accounts, queue},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueGet {
    /// From account_list. Default: every account that has a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// How many free times to show. Default: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 50))]
    pub free: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Queues {
    pub queues: Vec<QueueView>,
}

impl UseCase for QueueGet {
    type Input = Self;
    type Output = Queues;
    type Form = Locally;
    const NAME: &'static str = "queue_get";
    const NEEDS: Permission = Permission::ReadQueue;
    const EFFECT: Effect = Effect::Read;
}

impl Local for QueueGet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Queues> {
        let most = input.free.unwrap_or(5);
        if most > 50 {
            return Err(Error::invalid("free_out_of_range", "At most 50 free times are shown.")
                .field("free", "between 0 and 50"));
        }
        let wanted = match input.account_id {
            Some(id) => content::known_accounts(scope, &[id]).await?,
            None => accounts::list(scope.tx, scope.ctx.workspace, None).await?,
        };
        let mut queues = Vec::new();
        for account in wanted {
            let rules = queue::get(scope.tx, scope.ctx.workspace, account.account_id).await?;
            if rules.is_none() && input.account_id.is_none() {
                continue;
            }
            let most = usize::try_from(most).map_err(Error::internal)?;
            queues.push(view(scope, &account, rules.unwrap_or_default(), most).await?);
        }
        Ok(Queues { queues })
    }
}
