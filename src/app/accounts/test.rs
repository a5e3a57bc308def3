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
    clock::Timestamp,
    error::Result,
    ids::AccountId,
    model::{accounts::AccountStatus, networks::NetworkId, roles::Permission, times},
    store::accounts::{self, Account},
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
    /// Token, rate limit, permission to post, settings.
    pub checks: Vec<Check>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Check {
    pub what: Checked,
    pub result: CheckResult,
    /// What was seen.
    pub seen: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Checked {
    Token,
    RateLimit,
    Posting,
    Settings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum CheckResult {
    Ok,
    Fail,
    /// Could not be found out now.
    Unknown,
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
    /// The sealed tokens that were used; `None` where there were none.
    used: Option<Vec<u8>>,
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
        let signed_in = match tokens::ready(app, ctx.workspace, id).await? {
            Ok(signed_in) => signed_in,
            Err(failure) => return Ok(Outcome { id, used: None, result: Err(failure) }),
        };
        let network = app.networks.get(signed_in.network);
        let first = network.check(&signed_in.account).await;
        let (used, result) = match tokens::again(app, ctx.workspace, &signed_in, &first).await? {
            None => (Some(signed_in.sealed), first),
            Some(Ok(renewed)) => (Some(renewed.sealed), network.check(&renewed.account).await),
            Some(Err(failure)) => (None, Err(failure)),
        };
        Ok(Outcome { id, used, result })
    }

    async fn finish(scope: &mut Scope<'_>, outcome: Outcome) -> Result<AccountTested> {
        let workspace = scope.ctx.workspace;
        if let Err(failure) = &outcome.result
            && refused(failure)
        {
            let used = outcome.used.as_deref();
            tokens::lose(scope.app, scope.tx, workspace, outcome.id, used, &failure.message, scope.now).await?;
        }
        let account = known(scope, outcome.id).await?;
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
            Err(failure) if refused(failure) && account.status == AccountStatus::Disconnected => (
                account.status,
                false,
                Vec::new(),
                format!("@{} has to be connected again with account_connect: {}.", account.handle, failure.message),
            ),
            Err(failure) if refused(failure) => (
                account.status,
                false,
                Vec::new(),
                format!("@{} was connected anew while it was tested; test again.", account.handle),
            ),
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
        let checks = checks(&account, &outcome.result, scope.now, &scope.entered.time_zone);
        let handle = outcome.result.map_or(account.handle, |health| health.handle);
        let network = account.network;
        Ok(AccountTested { message, account_id: outcome.id, network, handle, works, status, checks, notes })
    }
}

/// The tokens are not taken.
fn refused(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::NeedsReconnect | FailureKind::TokenExpired)
}

fn checks(account: &Account, asked: &std::result::Result<Health, Failure>, now: Timestamp, zone: &str) -> Vec<Check> {
    let check = |what, (result, seen)| Check { what, result, seen };
    let limited = match asked {
        Err(Failure { kind: FailureKind::RateLimited { until }, .. }) => Some(*until),
        _ => account.waits_until(now).map(Some),
    };
    let title = account.network.title();
    vec![
        check(
            Checked::Token,
            match asked {
                Ok(_) => (CheckResult::Ok, format!("{title} takes the token")),
                Err(failure) if refused(failure) => (CheckResult::Fail, failure.message.clone()),
                Err(failure) => (CheckResult::Unknown, failure.message.clone()),
            },
        ),
        check(
            Checked::RateLimit,
            match limited {
                Some(Some(until)) => {
                    (CheckResult::Fail, format!("{title} asks to wait until {}", times::spoken(until, zone)))
                }
                Some(None) => (CheckResult::Fail, format!("{title} asks to wait")),
                None if asked.is_ok() => (CheckResult::Ok, format!("{title} does not ask to wait")),
                None => (CheckResult::Unknown, "the network did not get that far".into()),
            },
        ),
        check(
            Checked::Posting,
            match asked {
                Ok(Health { may_post: Some(true), .. }) => (CheckResult::Ok, "posts are allowed".into()),
                Ok(Health { may_post: Some(false), notes, .. }) => (CheckResult::Fail, notes.join("; ")),
                Ok(_) => (CheckResult::Unknown, format!("{title} says so only when a post is sent")),
                Err(_) => (CheckResult::Unknown, "the network did not get that far".into()),
            },
        ),
        check(Checked::Settings, settings(account, asked)),
    ]
}

/// What AllIN keeps of the account, against what can be known.
fn settings(account: &Account, asked: &std::result::Result<Health, Failure>) -> (CheckResult, String) {
    if let Some(zone) = account.time_zone.as_deref().filter(|zone| times::zone(zone).is_err()) {
        return (CheckResult::Fail, format!("its time zone {zone} is not known any more"));
    }
    match asked {
        Ok(health) if health.handle != account.handle => {
            (CheckResult::Fail, format!("it is called @{} now; connect it again to renew the name", health.handle))
        }
        Ok(_) => (CheckResult::Ok, "name and time zone are right".into()),
        Err(_) => (CheckResult::Unknown, "the network did not tell the account's name".into()),
    }
}
