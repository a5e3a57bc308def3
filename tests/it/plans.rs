//! Plans and credits: what is refused, and that nobody overspends however many ask at once.

mod credits;
mod limits;

use allin::{
    app::{
        ctx::{Actor, Ctx, Origin},
        plans::{
            get::{PlanGet, PlanStanding},
            set::{PlanChanged, PlanSet},
        },
    },
    error::Result,
    model::plans::{Limit, Plan},
};

use crate::support::{TestApp, people::Team};

/// Whoever runs AllIN, at its command line.
pub fn operator(app: &TestApp, team: &Team) -> Ctx {
    Ctx {
        workspace: team.workspace,
        actor: Actor::System { job: "operator" },
        origin: Origin::CommandLine,
        request: app.new_request(),
    }
}

/// Asks again while a slow machine has no connection left: nothing happened then.
async fn patiently<T, F: Future<Output = Result<T>>>(call: impl Fn() -> F) -> Result<T> {
    loop {
        match call().await {
            Err(error) if error.code() == "database_busy" => {}
            answer => return answer,
        }
    }
}

async fn set(app: &TestApp, team: &Team, plan: Plan) -> PlanChanged {
    app.call_once::<PlanSet>(&operator(app, team), PlanSet { plan }).await.unwrap()
}

async fn standing(app: &TestApp, team: &Team) -> PlanStanding {
    app.call_once::<PlanGet>(&team.connection(app), PlanGet {}).await.unwrap()
}

/// What is in use, and the limit.
async fn used(app: &TestApp, team: &Team, what: Limit) -> (i64, Option<i64>) {
    let found = standing(app, team).await;
    let usage = found.usage.into_iter().find(|usage| usage.what == what).unwrap();
    (usage.used, usage.limit)
}
