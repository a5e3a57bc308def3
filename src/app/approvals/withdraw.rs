//! Take a request for approval back. The post is not sent without one, if it needs one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        approvals::known,
        posts,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::ApprovalId,
    model::{approvals::RequestState, roles::Permission},
    store::approvals::requests,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalWithdraw {
    pub approval_id: ApprovalId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalWithdrawn {
    pub message: String,
}

impl UseCase for ApprovalWithdraw {
    type Input = Self;
    type Output = ApprovalWithdrawn;
    type Form = Locally;
    const NAME: &'static str = "approval_withdraw";
    const NEEDS: Permission = Permission::RequestApproval;
    const EFFECT: Effect = Effect::Write;
}

impl Local for ApprovalWithdraw {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ApprovalWithdrawn> {
        let request = known(scope, input.approval_id).await?;
        posts::lock(scope, request.post_id).await?;
        let request = known(scope, input.approval_id).await?;
        if request.state != RequestState::Open {
            let state = request.state.as_str().replace('_', " ");
            return Err(Error::conflict("approval_over", format!("This request is over: {state}.")));
        }
        let workspace = scope.ctx.workspace;
        requests::end(scope.tx, workspace, request.request_id, RequestState::Withdrawn, scope.now).await?;
        requests::derive_reviews(scope.tx, workspace, Some(request.post_id), scope.now).await?;
        scope.changed("approval", request.request_id, json!({ "state": RequestState::Withdrawn }));
        Ok(ApprovalWithdrawn {
            message: "Nobody is asked any more. Without approval the post is held when it comes due.".into(),
        })
    }
}
