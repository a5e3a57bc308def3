//! End an approval policy. What waited only for it needs no approval any more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        approvals,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{MemberId, PolicyId},
    model::roles::Permission,
    store::approvals as stored,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPolicyEnd {
    pub policy_id: PolicyId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalPolicyEnded {
    pub message: String,
}

impl UseCase for ApprovalPolicyEnd {
    type Input = Self;
    type Output = ApprovalPolicyEnded;
    type Form = Locally;
    const NAME: &'static str = "approval_policy_end";
    const NEEDS: Permission = Permission::ManageApprovals;
    const EFFECT: Effect = Effect::Destructive;
    const DECIDES: bool = true;
}

impl Local for ApprovalPolicyEnd {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ApprovalPolicyEnded> {
        let by = scope.ctx.member().ok_or_else(|| Error::internal("a policy is a person's"))?;
        end(scope, input.policy_id, by).await?;
        approvals::refresh(scope, None).await?;
        let message = "The policy holds no more. What waited only for it goes out at its time.";
        Ok(ApprovalPolicyEnded { message: message.into() })
    }
}

pub(super) async fn end(scope: &mut Scope<'_>, policy: PolicyId, by: MemberId) -> Result<()> {
    if !stored::end_policy(scope.tx, scope.ctx.workspace, policy, by, scope.now).await? {
        return Err(Error::not_found(
            "policy_not_found",
            format!("There is no policy {policy} in force in this workspace."),
        )
        .next("Use approval_policies to see them."));
    }
    scope.changed("approval_policy", policy, json!({ "ended": true }));
    Ok(())
}
