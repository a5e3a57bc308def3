//! One request with everything that a decision needs: the exact bytes on every account, and who is asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        approvals::{
            known,
            view::{self, ApprovalView, Names},
        },
        ctx::Actor,
        posts::{
            diff::{self, PostDiffed},
            preview::{self, Preview},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::ApprovalId,
    model::{approvals::RequestState, roles::Permission, states::TargetState, times},
    store::{
        approvals::{
            self,
            decisions::{self, Seat},
            links,
            requests::{self, Request},
        },
        posts, targets,
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalGet {
    pub approval_id: ApprovalId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalShown {
    pub approval: ApprovalView,
    /// The post on each account as it would be sent now.
    pub previews: Vec<Preview>,
    /// What changed since it was approved last, or since the version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<PostDiffed>,
    /// When it goes out, where a time is set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<PlannedView>,
    /// Of the workspace.
    pub time_zone: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PlannedView {
    /// `@handle on network`.
    pub account: String,
    pub at: Timestamp,
    /// The same, local to the account.
    pub at_local: String,
}

impl UseCase for ApprovalGet {
    type Input = Self;
    type Output = ApprovalShown;
    type Form = Locally;
    const NAME: &'static str = "approval_get";
    const NEEDS: Permission = Permission::ReadApprovals;
    const EFFECT: Effect = Effect::Read;
}

impl Local for ApprovalGet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ApprovalShown> {
        let request = known(scope, input.approval_id).await?;
        if !may_see(scope, &request).await? {
            return Err(unseen(input.approval_id));
        }
        let (post, version) = (request.post_id, request.version);
        // Who is outside sees what was sent to them: no earlier drafts, no notes that name other posts, and not what
        // members wrote to the author.
        let outside = matches!(scope.ctx.actor, Actor::Reviewer { .. });
        let since = if outside { None } else { version_before(scope, &request).await? };
        let names = Names::load(scope).await?;
        let mut approval = view::load(scope, request, &names).await?;
        for decision in approval.decisions.iter_mut().filter(|_| outside) {
            decision.comment = None;
        }
        let mut previews = preview::on_accounts(scope, post, None).await?;
        for preview in previews.iter_mut().filter(|_| outside) {
            preview.warnings.clear();
            preview.problems.clear();
        }
        let changes = match since {
            Some(since) => Some(diff::between(scope, post, since, version).await?),
            None => None,
        };
        let planned = targets::of_post(scope.tx, scope.ctx.workspace, post).await?.into_iter().filter_map(|target| {
            let at = target.due_at.filter(|_| target.state == TargetState::Scheduled)?;
            let zone = target.due_zone.as_deref().unwrap_or(&scope.entered.time_zone);
            let at_local = times::spoken(at, zone);
            Some(PlannedView { account: format!("@{} on {}", target.handle, target.network), at, at_local })
        });
        let planned = planned.collect();
        Ok(ApprovalShown { approval, previews, changes, planned, time_zone: scope.entered.time_zone.clone() })
    }
}

/// The version that was approved before this one, else the one before it.
async fn version_before(scope: &mut Scope<'_>, request: &Request) -> Result<Option<i32>> {
    let approved = Some(RequestState::Approved);
    let earlier = requests::list(scope.tx, scope.ctx.workspace, Some(request.post_id), approved, 50).await?;
    let earlier = earlier.iter().map(|one| one.version).filter(|version| *version < request.version).max();
    Ok(earlier.or(Some(request.version - 1)).filter(|version| *version > 0))
}

/// As if there were none.
pub(super) fn unseen(id: ApprovalId) -> Error {
    Error::not_found("approval_not_found", format!("There is no request for approval {id} in this workspace."))
        .next("Use approval_list to see what waits for approval.")
}

/// Those who see all drafts, the author, and whoever is asked; a reviewer what the link is for.
pub(super) async fn may_see(scope: &mut Scope<'_>, request: &Request) -> Result<bool> {
    if let Actor::Reviewer { link, .. } = scope.ctx.actor {
        let link = links::get(scope.tx, scope.ctx.workspace, link).await?;
        return Ok(link.is_some_and(|link| link.request_id == request.request_id));
    }
    if scope.role().sees_all_drafts() {
        return Ok(true);
    }
    let post = posts::get(scope.tx, scope.ctx.workspace, request.post_id).await?;
    if post.is_some_and(|post| Some(post.author_id) == scope.ctx.member()) {
        return Ok(true);
    }
    is_asked(scope, request).await
}

/// Whether it is the caller's turn.
pub(super) async fn is_asked(scope: &mut Scope<'_>, request: &Request) -> Result<bool> {
    let (workspace, now) = (scope.ctx.workspace, scope.now);
    let Some(member) = scope.ctx.member() else { return Ok(false) };
    let handed = decisions::delegations(scope.tx, workspace, request.request_id).await?;
    let demands = approvals::demands(scope.tx, workspace, request.post_id, now, request.window()).await?;
    for step in demands.iter().filter(|step| !step.passed) {
        let place = (step.policy_id, step.ordinal);
        let from = handed
            .iter()
            .filter(|handed| (handed.policy_id, handed.ordinal) == place && handed.to_member == member)
            .map(|handed| Some(handed.from_member));
        for from in std::iter::once(None).chain(from) {
            let barred = decisions::barred(
                scope.tx,
                workspace,
                request.request_id,
                place,
                Seat { member, on_behalf_of: from },
                true,
                now,
            );
            if barred.await?.is_none() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
