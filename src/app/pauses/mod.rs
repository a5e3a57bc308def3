//! Pauses: stop what is to go out in a workspace, on an account, in a campaign or under a tag, and let it go on.

pub mod resume;
pub mod start;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    app::{accounts::known, use_case::Scope},
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, CampaignId, PostId, WorkspaceId},
    model::{pauses::PauseScope, times},
    store::pauses::{self, Pause},
};

/// A pause as callers see it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PauseView {
    /// What is paused, in words.
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    pub reason: String,
    pub since: Timestamp,
    /// The same, local.
    pub since_local: String,
}

pub(crate) fn view(pause: &Pause, zone: &str) -> PauseView {
    PauseView {
        what: what(pause),
        account_id: pause.scope.account(),
        campaign_id: pause.scope.campaign(),
        tag: pause.scope.tag().map(str::to_owned),
        reason: pause.reason.clone(),
        since: pause.since,
        since_local: times::spoken(pause.since, zone),
    }
}

/// `the account sandbox/bakery`, `everything`.
pub(crate) fn what(pause: &Pause) -> String {
    let name = pause.name.as_deref().unwrap_or_default();
    match pause.scope {
        PauseScope::Workspace => "everything".into(),
        PauseScope::Account(_) => format!("the account {name}"),
        PauseScope::Campaign(_) => format!("the campaign “{name}”"),
        PauseScope::Tag(_) => format!("the tag #{name}"),
    }
}

/// The pauses that stop this post on this account.
pub(crate) async fn touching(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    account: AccountId,
) -> Result<Vec<Pause>> {
    let mut all = pauses::list(db, workspace).await?;
    if all.is_empty() {
        return Ok(all);
    }
    let (campaign, tags) = pauses::subject(db, workspace, post).await?;
    all.retain(|pause| pause.scope.covers(account, campaign, &tags));
    Ok(all)
}

/// The pauses that stop this post on any of these accounts.
pub(crate) async fn stopping(scope: &mut Scope<'_>, post: PostId, accounts: &[AccountId]) -> Result<Vec<Pause>> {
    let mut all: Vec<Pause> = Vec::new();
    for account in accounts {
        let found = touching(scope.tx, scope.ctx.workspace, post, *account).await?;
        all.extend(found.into_iter().filter(|pause| !all.contains(pause)).collect::<Vec<_>>());
    }
    Ok(all)
}

/// What whoever schedules is told: one sentence for each pause that stops the post somewhere.
pub(crate) async fn warnings(scope: &mut Scope<'_>, post: PostId, accounts: &[AccountId]) -> Result<Vec<String>> {
    let mut said: Vec<_> = stopping(scope, post, accounts).await?.iter().map(told).collect();
    said.sort();
    Ok(said)
}

fn told(pause: &Pause) -> String {
    format!("Publishing of {} is paused ({}): what comes due is held for review.", what(pause), pause.reason)
}

/// What whoever changes the labels of a scheduled post is told. `before`: the pauses that stopped it until then.
pub(crate) async fn relabelled(
    scope: &mut Scope<'_>,
    post: PostId,
    accounts: &[AccountId],
    before: &[Pause],
) -> Result<Vec<String>> {
    let now = stopping(scope, post, accounts).await?;
    let so = if now.is_empty() { ": it goes out at its time." } else { "." };
    let over = before.iter().filter(|pause| !now.contains(pause));
    let over = over.map(|pause| format!("The pause of {} ({}) stops it no longer{so}", what(pause), pause.reason));
    Ok(over.chain(now.iter().map(told)).collect())
}

/// Refuses what would be sent now in spite of a pause.
pub(crate) async fn must_be_open(scope: &mut Scope<'_>, post: PostId, accounts: &[AccountId]) -> Result<()> {
    for account in accounts {
        if let Some(pause) = touching(scope.tx, scope.ctx.workspace, post, *account).await?.first() {
            return Err(Error::conflict(
                "publishing_paused",
                format!("Publishing of {} is paused ({}).", what(pause), pause.reason),
            )
            .next("A manager ends the pause first, with publishing_resume or `allin resume`; then repeat this."));
        }
    }
    Ok(())
}

/// The pause of exactly this scope, if there is one. Refuses a scope that is not in the workspace.
async fn find(scope: &mut Scope<'_>, wanted: &PauseScope) -> Result<Option<Pause>> {
    match wanted {
        PauseScope::Account(id) => {
            known(scope, *id).await?;
        }
        PauseScope::Campaign(id) => {
            if pauses::campaign(scope.tx, scope.ctx.workspace, *id).await?.is_none() {
                return Err(Error::not_found(
                    "campaign_not_found",
                    format!("There is no campaign {id} in this workspace."),
                ));
            }
        }
        PauseScope::Workspace | PauseScope::Tag(_) => {}
    }
    let all = pauses::list(scope.tx, scope.ctx.workspace).await?;
    Ok(all.into_iter().find(|pause| pause.scope == *wanted))
}
