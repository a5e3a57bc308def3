//! Change how an account is used: how late its posts may go out, and the zone of its local times.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        accounts::known,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::AccountId,
    model::{roles::Permission, times},
    store::accounts,
};

/// A week, as the CHECK constraint has it.
const TOLERANCE_MINUTES_MAX: i32 = 7 * 24 * 60;

/// What is left out stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    pub account_id: AccountId,
    /// How late a post may still go out when nothing was running at its time; later it is held. 0 to 10080.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10080))]
    pub tolerance_minutes: Option<i32>,
    /// IANA zone of local times; empty text: the workspace's. Posts that are scheduled already keep their instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AccountChanged {
    /// What holds now, for a person.
    pub message: String,
    pub account_id: AccountId,
    pub tolerance_minutes: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

impl UseCase for AccountChange {
    type Input = Self;
    type Output = AccountChanged;
    type Form = Locally;
    const NAME: &'static str = "account_change";
    const NEEDS: Permission = Permission::TuneAccounts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for AccountChange {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<AccountChanged> {
        let account = known(scope, input.account_id).await?;
        let minutes = input.tolerance_minutes.unwrap_or(account.tolerance_secs / 60);
        if !(0..=TOLERANCE_MINUTES_MAX).contains(&minutes) {
            return Err(Error::invalid("tolerance_out_of_range", "The tolerance is 0 minutes to a week.")
                .field("tolerance_minutes", format!("between 0 and {TOLERANCE_MINUTES_MAX}")));
        }
        let seconds = if input.tolerance_minutes.is_some() { minutes * 60 } else { account.tolerance_secs };
        let time_zone = match input.time_zone {
            None => account.time_zone,
            Some(zone) if zone.trim().is_empty() => None,
            Some(zone) => {
                times::zone(&zone)?;
                Some(zone)
            }
        };
        accounts::tune(scope.tx, scope.ctx.workspace, input.account_id, seconds, time_zone.as_deref(), scope.now)
            .await?;
        scope.changed("account", input.account_id, json!({ "tolerance_secs": seconds, "time_zone": time_zone }));
        let zone = time_zone.as_deref().unwrap_or(&scope.entered.time_zone);
        Ok(AccountChanged {
            message: format!(
                "Posts on @{} may go out up to {minutes} minutes late, later they are held; local times are in {zone}.",
                account.handle
            ),
            account_id: input.account_id,
            tolerance_minutes: minutes,
            time_zone,
        })
    }
}
