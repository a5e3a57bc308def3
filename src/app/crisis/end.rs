//! Say that a crisis is over. The pause and the approval of everything have an end of their own: they stay, and the answer
//! says how to end them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        crisis::{
            News, announce,
            situation::{Situation, count, situation},
            taken,
        },
        members::actors::Everybody,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::IncidentId,
    model::{accounts::AccountStatus, crisis::Standing, roles::Permission},
    store::{accounts, crisis},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisEnd {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CrisisEnded {
    pub message: String,
    pub incident_id: IncidentId,
    /// What is not as it was before, and how to change that.
    pub left: Vec<String>,
}

impl UseCase for CrisisEnd {
    type Input = Self;
    type Output = CrisisEnded;
    type Form = Locally;
    const NAME: &'static str = "crisis_end";
    const NEEDS: Permission = Permission::EndCrisis;
    const EFFECT: Effect = Effect::Write;
}

impl Local for CrisisEnd {
    async fn run(scope: &mut Scope<'_>, _: Self) -> Result<CrisisEnded> {
        let workspace = scope.ctx.workspace;
        let by = scope.ctx.member().ok_or_else(|| Error::internal("only a person ends a crisis"))?;
        let incident = taken(scope).await?;
        let now = situation(scope, &incident).await?;
        crisis::end(scope.tx, workspace, incident.incident_id, by, scope.now).await?;
        scope.changed("incident", incident.incident_id, json!({ "ended": true }));
        let all = accounts::list(scope.tx, workspace, None).await?;
        let lost = all.iter().filter(|account| account.status == AccountStatus::Disconnected).count();
        let everybody = Everybody::load(scope).await?;
        let who = everybody.who(&by.to_string());
        let news = News {
            code: "crisis_ended",
            title: format!("The crisis is over: {}", incident.reason),
            cause: format!("{} ended it.", who.said()),
            next_step: "Publishing goes on when the pause is ended; what came due meanwhile is held (held_list).",
        };
        announce(scope, &everybody, &who, news).await?;
        let id = incident.incident_id;
        Ok(CrisisEnded {
            message: format!("The crisis is over. Its report: `allin crisis report {id}`."),
            incident_id: id,
            left: left(&now, lost),
        })
    }
}

fn left(now: &Situation, disconnected: usize) -> Vec<String> {
    let mut left = Vec::new();
    if now.paused {
        left.push(format!(
            "Publishing is still paused, with {} scheduled: `allin resume` lets it go on.",
            now.scheduled
        ));
    }
    if let Some(until) = &now.approval_until_local {
        left.push(format!(
            "Everything still needs a Manager's approval, until {until}: `allin approval unfreeze` ends that."
        ));
    }
    if now.held > 0 {
        left.push(format!("{} held: `allin held list` shows them, `allin held release` lets them go.", now.held));
    }
    let open = count(&now.published, Standing::BeingRemoved);
    if open > 0 {
        left.push(format!("{open} still being removed; it is tried again by itself."));
    }
    let by_hand = count(&now.published, Standing::ByHand);
    if by_hand > 0 {
        left.push(format!("{by_hand} still public that only a person can delete, at their links."));
    }
    if disconnected > 0 {
        left.push(format!("{disconnected} account(s) disconnected: `allin account connect` connects them again."));
    }
    left
}
