//! The workspace's plan and what is in use of it, beside what the other plans allow.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        plans::{Usage, usage},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::Result,
    ids::PackId,
    model::{
        plans::{Feature, Limit, PACKS, Plan, month},
        roles::Permission,
    },
    store::plans::{self, Pack},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanGet {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PlanStanding {
    pub plan: Plan,
    /// Missing: nobody set a plan, so there are no limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_at: Option<Timestamp>,
    /// The month that credits are counted in, in UTC.
    pub month: String,
    pub usage: Vec<Usage>,
    /// Of the credits in use: set aside for work under way.
    pub credits_set_aside: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packs: Vec<PackView>,
    /// What each plan allows, from least to most.
    pub plans: Vec<PlanView>,
    /// Sizes of packs that can be added.
    pub pack_sizes: Vec<u32>,
}

/// Credits beyond the plan's, in every month from the first to the last.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PackView {
    pub id: PackId,
    pub credits: i32,
    pub first_month: String,
    /// Missing: until it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_month: Option<String>,
}

/// A missing number is without limit.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PlanView {
    pub plan: Plan,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<u32>,
    /// What it is sold with; nothing is refused for lack of one.
    pub features: Vec<Feature>,
}

impl UseCase for PlanGet {
    type Input = Self;
    type Output = PlanStanding;
    type Form = Locally;
    const NAME: &'static str = "plan_get";
    const NEEDS: Permission = Permission::ReadPlan;
    const EFFECT: Effect = Effect::Read;
}

impl Local for PlanGet {
    async fn run(scope: &mut Scope<'_>, _: Self) -> Result<PlanStanding> {
        standing(scope).await
    }
}

/// As it is now.
pub(super) async fn standing(scope: &mut Scope<'_>) -> Result<PlanStanding> {
    let month = month(scope.now);
    let found = plans::standing(scope.tx, scope.ctx.workspace, &month).await?;
    let packs = plans::packs(scope.tx, scope.ctx.workspace, &month).await?;
    Ok(PlanStanding {
        plan: found.plan.unwrap_or(Plan::Enterprise),
        set_at: found.set_at,
        month,
        usage: Limit::ALL.map(|what| usage(&found, what)).to_vec(),
        credits_set_aside: found.held,
        packs: packs.into_iter().map(pack).collect(),
        plans: Plan::ALL.map(plan).to_vec(),
        pack_sizes: PACKS.to_vec(),
    })
}

pub(super) fn pack(pack: Pack) -> PackView {
    PackView { id: pack.pack_id, credits: pack.credits, first_month: pack.first_month, last_month: pack.last_month }
}

fn plan(plan: Plan) -> PlanView {
    PlanView {
        plan,
        users: plan.number(Limit::Users),
        accounts: plan.number(Limit::Accounts),
        credits: plan.number(Limit::Credits),
        features: Feature::ALL.into_iter().filter(|feature| feature.from_plan() <= plan).collect(),
    }
}
