//! What waits for approval: all that one may see, or what waits for oneself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        approvals::{
            get,
            view::{self, ApprovalView, Names},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::PostId,
    model::{approvals::RequestState, roles::Permission},
    store::approvals::requests,
};

/// Most requests in one answer.
const MOST: i64 = 50;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalList {
    /// Of one post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    /// Default: open ones; with post_id: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<RequestState>,
    /// Only those that wait for the caller's decision.
    #[serde(default)]
    pub mine: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Approvals {
    /// Newest first, at most 50.
    pub approvals: Vec<ApprovalView>,
}

impl UseCase for ApprovalList {
    type Input = Self;
    type Output = Approvals;
    type Form = Locally;
    const NAME: &'static str = "approval_list";
    const NEEDS: Permission = Permission::ReadApprovals;
    const EFFECT: Effect = Effect::Read;
}

impl Local for ApprovalList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Approvals> {
        let state = input.state.or(input.post_id.is_none().then_some(RequestState::Open));
        let found = requests::list(scope.tx, scope.ctx.workspace, input.post_id, state, MOST).await?;
        let names = Names::load(scope).await?;
        let mut approvals = Vec::new();
        for request in found {
            let wanted = match input.mine {
                true => request.state == RequestState::Open && get::is_asked(scope, &request).await?,
                false => get::may_see(scope, &request).await?,
            };
            if wanted {
                approvals.push(view::load(scope, request, &names).await?);
            }
        }
        Ok(Approvals { approvals })
    }
}
