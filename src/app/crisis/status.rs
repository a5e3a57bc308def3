//! How the crisis stands that lasts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        crisis::situation::{Situation, situation},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    model::roles::Permission,
    store::crisis,
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisStatus {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CrisisStands {
    /// For a person.
    pub message: String,
    /// Missing when no crisis lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub situation: Option<Situation>,
}

impl UseCase for CrisisStatus {
    type Input = Self;
    type Output = CrisisStands;
    type Form = Locally;
    const NAME: &'static str = "crisis_status";
    const NEEDS: Permission = Permission::ReadCrisis;
    const EFFECT: Effect = Effect::Read;
}

impl Local for CrisisStatus {
    async fn run(scope: &mut Scope<'_>, _: Self) -> Result<CrisisStands> {
        let Some(incident) = crisis::lasting(scope.tx, scope.ctx.workspace).await? else {
            return Ok(CrisisStands { message: "No crisis lasts.".into(), situation: None });
        };
        let now = situation(scope, &incident).await?;
        let message = format!(
            "A crisis lasts since {}, begun by {}: {}",
            now.incident.started_local, now.incident.started_by, now.incident.reason
        );
        Ok(CrisisStands { message, situation: Some(now) })
    }
}
