//! Hand a step to another member: a named member their own, an Admin anybody's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        approvals::known,
        members,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{ApprovalId, MemberId},
    model::{
        approvals::RequestState,
        roles::{Permission, Role},
    },
    store::approvals::{
        self,
        decisions::{self, Delegation},
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalDelegate {
    pub approval_id: ApprovalId,
    pub to: MemberId,
    /// Whose steps. Default: the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<MemberId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalDelegated {
    pub message: String,
}

impl UseCase for ApprovalDelegate {
    type Input = Self;
    type Output = ApprovalDelegated;
    type Form = Locally;
    const NAME: &'static str = "approval_delegate";
    const NEEDS: Permission = Permission::Decide;
    const EFFECT: Effect = Effect::Write;
    const DECIDES: bool = true;
}

impl Local for ApprovalDelegate {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ApprovalDelegated> {
        let workspace = scope.ctx.workspace;
        let by = scope.ctx.member().ok_or_else(|| {
            Error::forbidden("reviewer_only_reviews", "A reviewer decides or does not; the step cannot be handed on.")
        })?;
        let from = input.from.unwrap_or(by);
        if from != by && scope.role() != Role::Admin {
            return Err(Error::forbidden("role_too_low", "Only an Admin hands on the steps of others.")
                .next("Ask the member, or an Admin."));
        }
        let request = known(scope, input.approval_id).await?;
        if request.state != RequestState::Open {
            return Err(Error::conflict("approval_over", "This request is over."));
        }
        let to = members::known(scope, input.to).await?;
        if to.member_id == from {
            return Err(Error::invalid("delegate_is_same", "That is the same member.").field("to", "is `from`"));
        }
        let demands = approvals::demands(scope.tx, workspace, request.post_id, scope.now, request.window()).await?;
        let named: Vec<_> = demands.iter().filter(|step| !step.passed && step.member_ids.contains(&from)).collect();
        if named.is_empty() {
            return Err(Error::conflict("not_named", "No open step names this member.")
                .next("Steps for a role need no delegation: anybody with the role decides."));
        }
        let mut handed = 0;
        for step in named {
            let delegation = Delegation {
                policy_id: step.policy_id,
                ordinal: step.ordinal,
                from_member: from,
                to_member: to.member_id,
            };
            handed += usize::from(
                decisions::delegate(scope.tx, workspace, request.request_id, &delegation, by, scope.now).await?,
            );
        }
        if handed == 0 {
            return Err(Error::conflict("delegated_already", "These steps were handed on already.")
                .next("Look at the request: it says who is asked."));
        }
        scope.changed("approval", request.request_id, json!({ "delegated_from": from, "to": to.member_id }));
        Ok(ApprovalDelegated { message: format!("{} decides in their place.", to.display_name) })
    }
}
