//! Set a workspace's plan: the operator's decision, not a member's. A plan below what is in use takes nothing away; only
//! more is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        plans::get::{self, PlanStanding},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    model::{plans::Plan, roles::Permission},
    store::plans,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanSet {
    pub plan: Plan,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PlanChanged {
    pub message: String,
    pub standing: PlanStanding,
}

impl UseCase for PlanSet {
    type Input = Self;
    type Output = PlanChanged;
    type Form = Locally;
    const NAME: &'static str = "plan_set";
    const NEEDS: Permission = Permission::SetPlan;
    const EFFECT: Effect = Effect::Write;
}

impl Local for PlanSet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PlanChanged> {
        let workspace = scope.ctx.workspace;
        super::must_exist(scope).await?;
        plans::lock(scope.tx, workspace).await?;
        plans::set(scope.tx, workspace, input.plan, scope.now).await?;
        scope.changed("plan", workspace, json!({ "plan": input.plan }));
        let standing = get::standing(scope).await?;
        let over: Vec<String> = standing
            .usage
            .iter()
            .filter_map(|usage| {
                let limit = usage.limit.filter(|limit| usage.used > *limit)?;
                Some(format!("{} of {limit} {}", usage.used, usage.what.as_str()))
            })
            .collect();
        let mut message = format!("The plan is {} now.", input.plan.title());
        if !over.is_empty() {
            message.push_str(&format!(" In use are {}: all of it stays, and more is refused.", over.join(", ")));
        }
        Ok(PlanChanged { message, standing })
    }
}
