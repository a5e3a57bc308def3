//! Who must approve what, as it is now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        approvals::view::Names,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::Result,
    ids::{AccountId, PolicyId},
    model::{
        approvals::{ContentKind, StepSpec},
        roles::Permission,
    },
    store::approvals::{self, PolicyRow, Step},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPolicies {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Policies {
    pub policies: Vec<PolicyView>,
    /// While there are any, everything needs a Manager's approval.
    pub freezes: Vec<FreezeView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PolicyView {
    pub id: PolicyId,
    pub name: String,
    /// For which posts, in words.
    pub applies_to: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_ids: Vec<AccountId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<ContentKind>,
    pub steps: Vec<StepSpec>,
    /// Each step in words.
    pub asked: Vec<String>,
    pub window_minutes: i32,
    pub own_allowed: bool,
    pub since: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct FreezeView {
    pub reason: String,
    pub by: String,
    pub since: Timestamp,
    pub until: Timestamp,
}

impl UseCase for ApprovalPolicies {
    type Input = Self;
    type Output = Policies;
    type Form = Locally;
    const NAME: &'static str = "approval_policies";
    const NEEDS: Permission = Permission::ReadMembers;
    const EFFECT: Effect = Effect::Read;
}

impl Local for ApprovalPolicies {
    async fn run(scope: &mut Scope<'_>, _: Self) -> Result<Policies> {
        let workspace = scope.ctx.workspace;
        let names = Names::load(scope).await?;
        let steps = approvals::steps(scope.tx, workspace).await?;
        let all = approvals::policies(scope.tx, workspace).await?;
        let policies = all.into_iter().map(|policy| view(policy, &steps, &names)).collect::<Result<_>>()?;
        let freezes = approvals::freezes(scope.tx, workspace, scope.now).await?;
        let freezes = freezes.into_iter().map(|freeze| FreezeView {
            reason: freeze.reason,
            by: names.actor(&freeze.started_by),
            since: freeze.started_at,
            until: freeze.until,
        });
        Ok(Policies { policies, freezes: freezes.collect() })
    }
}

fn view(policy: PolicyRow, steps: &[Step], names: &Names) -> Result<PolicyView> {
    let own: Vec<&Step> = steps.iter().filter(|step| step.policy_id == policy.policy_id.uuid()).collect();
    let contents: Vec<ContentKind> =
        policy.contents.iter().flatten().map(|kind| kind.parse()).collect::<Result<_>>()?;
    let tags = policy.tags.unwrap_or_default();
    let account_ids: Vec<AccountId> = policy.account_ids.into_iter().flatten().map(AccountId).collect();
    let mut applies: Vec<String> = Vec::new();
    if !account_ids.is_empty() {
        applies.push(format!("to {} account(s)", account_ids.len()));
    }
    if !tags.is_empty() {
        applies.push(format!("tagged {}", tags.join(" or ")));
    }
    if !contents.is_empty() {
        applies.push(format!("with {}", contents.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ")));
    }
    Ok(PolicyView {
        id: policy.policy_id,
        name: policy.name,
        applies_to: if applies.is_empty() { "every post".into() } else { format!("posts {}", applies.join(", ")) },
        account_ids,
        tags,
        contents,
        asked: own.iter().map(|step| names.asked(step)).collect(),
        steps: own.into_iter().map(spec).collect(),
        window_minutes: policy.window_minutes,
        own_allowed: policy.own_allowed,
        since: policy.created_at,
    })
}

fn spec(step: &Step) -> StepSpec {
    StepSpec {
        role: step.role,
        member_ids: step.member_ids.clone(),
        reviewer_ids: step.reviewer_ids.clone(),
        need: step.need,
        deadline_hours: step.deadline_hours.and_then(|hours| u32::try_from(hours).ok()),
        escalate_to: step.escalate_to,
    }
}
