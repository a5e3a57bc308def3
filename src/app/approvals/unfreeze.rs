//! End the time in which everything needs approval.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        approvals,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    model::roles::Permission,
    store::approvals as stored,
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalUnfreeze {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalsUnfrozen {
    pub message: String,
}

impl UseCase for ApprovalUnfreeze {
    type Input = Self;
    type Output = ApprovalsUnfrozen;
    type Form = Locally;
    const NAME: &'static str = "approval_unfreeze";
    const NEEDS: Permission = Permission::ManageApprovals;
    const EFFECT: Effect = Effect::Write;
    const DECIDES: bool = true;
}

impl Local for ApprovalUnfreeze {
    async fn run(scope: &mut Scope<'_>, _: Self) -> Result<ApprovalsUnfrozen> {
        let by = scope.ctx.member().ok_or_else(|| Error::internal("only a person ends it"))?;
        if stored::end_freezes(scope.tx, scope.ctx.workspace, by, scope.now).await? == 0 {
            return Err(Error::conflict("not_frozen", "Nothing requires approval for everything at present.")
                .next("Use approval_policies to see what does need approval."));
        }
        approvals::refresh(scope, None).await?;
        scope.changed("approval_freeze", scope.ctx.workspace, json!({ "ended": true }));
        Ok(ApprovalsUnfrozen {
            message: "Only the policies ask for approval now. What waited only for this goes out at its time.".into(),
        })
    }
}
