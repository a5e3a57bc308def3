//! Plans: what a workspace may use, what is in use, and the refusal of more. Credits are set aside before work begins
//! (`credits`); users and accounts are counted when one is added (`room`).

pub mod add_pack;
pub mod credits;
pub mod end_pack;
pub mod get;
pub mod set;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::Scope,
    clock::Timestamp,
    error::{Actor, Error, PLAN_LIMIT, Result},
    ids::WorkspaceId,
    model::plans::{Limit, Plan, month},
    store::{
        db::Tx,
        plans::{self, Standing},
        workspaces,
    },
};

/// One number of the plan, and what is in use of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Usage {
    pub what: Limit,
    /// Of credits, what is set aside for work under way counts.
    pub used: i64,
    /// Missing: without limit. Of credits, with packs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
}

pub(super) fn usage(standing: &Standing, what: Limit) -> Usage {
    let number = standing.plan.unwrap_or(Plan::Enterprise).number(what).map(i64::from);
    let (used, more) = match what {
        Limit::Users => (standing.users, 0),
        Limit::Accounts => (standing.accounts, 0),
        Limit::Credits => (standing.used + standing.held, standing.packs),
    };
    Usage { what, used, limit: number.map(|number| number + more) }
}

/// The operator names a workspace by its id, which may be wrong.
pub(super) async fn must_exist(scope: &mut Scope<'_>) -> Result<()> {
    match workspaces::get(scope.tx, scope.ctx.workspace).await? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("workspace_not_found", "There is no such workspace.")
            .next("`allin workspace list` shows those that you are in.")),
    }
}

/// Room for one more, until the transaction ends.
pub(crate) async fn room(scope: &mut Scope<'_>, what: Limit) -> Result<()> {
    room_in(scope.tx, scope.ctx.workspace, scope.now, what).await
}

/// [`room`] for who joins, and is nobody in the workspace yet.
pub(crate) async fn room_in(tx: &mut Tx, workspace: WorkspaceId, now: Timestamp, what: Limit) -> Result<()> {
    plans::lock(tx, workspace).await?;
    let month = month(now);
    let standing = plans::standing(tx, workspace, &month).await?;
    let present = usage(&standing, what);
    match present.limit {
        Some(limit) if present.used >= limit => Err(refusal(&standing, what, 1, &month)),
        _ => Ok(()),
    }
}

/// Says which limit it is, what is used of it, which plan lifts it, and what else helps.
pub(super) fn refusal(standing: &Standing, what: Limit, wanted: i64, month: &str) -> Error {
    let plan = standing.plan.unwrap_or(Plan::Enterprise);
    let present = usage(standing, what);
    let (used, limit) = (present.used, present.limit.unwrap_or(i64::MAX));
    let lifting = plan.lifted_by(what, used + wanted - standing.packs * i64::from(what == Limit::Credits));
    let allows = match lifting.number(what) {
        Some(number) => format!("allows {number}"),
        None => "has no limit".to_owned(),
    };
    let (message, otherwise) = match what {
        Limit::Users => (
            format!("The {} plan allows {limit} {}; {used} in use.", plan.title(), counted(limit, "user")),
            "remove a member who is not needed".to_owned(),
        ),
        Limit::Accounts => (
            format!("The {} plan allows {limit} connected {}; {used} in use.", plan.title(), counted(limit, "account")),
            "disconnect an account that is not needed".to_owned(),
        ),
        Limit::Credits => (
            format!(
                "The {} plan and its packs allow {limit} credits in {month} (UTC); {used} are used or set aside, and this takes {wanted}.",
                plan.title()
            ),
            "add a pack with `allin plan add-pack`, or wait for the next month".to_owned(),
        ),
    };
    Error::limit(PLAN_LIMIT, message)
        .next(format!(
            "The {} plan {allows}: whoever runs AllIN sets it with `allin plan set {}`. Or {otherwise}.",
            lifting.title(),
            lifting.as_str()
        ))
        .who(Actor::Operator)
        .field(what.as_str(), format!("{used} of {limit} used; the plan {} {allows}", lifting.as_str()))
}

fn counted(number: i64, noun: &str) -> String {
    if number == 1 { noun.to_owned() } else { format!("{noun}s") }
}

/// One line when four fifths of something are used. That a plan for one has its one user is no news.
pub(crate) async fn warning(scope: &mut Scope<'_>) -> Result<Option<String>> {
    let standing = plans::standing(scope.tx, scope.ctx.workspace, &month(scope.now)).await?;
    let Some(plan) = standing.plan else { return Ok(None) };
    let near: Vec<String> = Limit::ALL
        .into_iter()
        .map(|what| usage(&standing, what))
        .filter_map(|usage| usage.limit.map(|limit| (usage, limit)))
        .filter(|(usage, limit)| *limit > 1 && usage.used * 5 >= limit * 4)
        .map(|(usage, limit)| {
            let suffix = if usage.what == Limit::Credits { " of this month" } else { "" };
            format!("{} of {limit} {}{suffix}", usage.used, usage.what.as_str())
        })
        .collect();
    Ok((!near.is_empty())
        .then(|| format!("Of the {} plan, {} are in use; plan_get tells more.", plan.title(), near.join(", "))))
}
