//! End a pause. What came due meanwhile stays held unless the person chooses what becomes of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        confirm::Question,
        pauses,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{AccountId, CampaignId},
    model::{pauses::PauseScope, roles::Permission},
    store::pauses as stored,
};

/// Ends the pause of the whole workspace unless an account, a campaign or a tag is named.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishingResume {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PublishingResumed {
    /// What was done, for a person.
    pub message: String,
    /// Other pauses that last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl UseCase for PublishingResume {
    type Input = Self;
    type Output = PublishingResumed;
    type Form = Locally;
    const NAME: &'static str = "publishing_resume";
    const NEEDS: Permission = Permission::PausePublishing;
    const EFFECT: Effect = Effect::Public;

    /// Stopping is always safe; going on is asked.
    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let wanted = PauseScope::chosen(input.account_id, input.campaign_id, input.tag.as_deref())?;
        let pause = pauses::find(scope, &wanted).await?.ok_or_else(not_paused)?;
        Ok(Some(Question {
            text: format!(
                "Resume publishing of {}, paused because: {}? What came due during the pause stays held until somebody \
                 schedules it again.",
                pauses::what(&pause),
                pause.reason
            ),
            version: pause.since.to_string(),
        }))
    }
}

fn not_paused() -> Error {
    Error::conflict("not_paused", "That is not paused.")
        .next("workspace_overview lists the pauses; name the account, campaign or tag of one of them.")
}

impl Local for PublishingResume {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PublishingResumed> {
        let wanted = PauseScope::chosen(input.account_id, input.campaign_id, input.tag.as_deref())?;
        let pause = pauses::find(scope, &wanted).await?.ok_or_else(not_paused)?;
        let workspace = scope.ctx.workspace;
        stored::delete(scope.tx, workspace, &wanted).await?;
        let how = json!({
            "paused": false, "account": input.account_id, "campaign": input.campaign_id, "tag": wanted.tag(),
        });
        scope.changed("publishing", workspace, how);
        let left = stored::list(scope.tx, workspace).await?;
        Ok(PublishingResumed {
            message: format!(
                "Publishing of {} goes on. What was held stays held until it is scheduled again.",
                pauses::what(&pause)
            ),
            warnings: left
                .iter()
                .map(|pause| format!("Still paused: {} ({}).", pauses::what(pause), pause.reason))
                .collect(),
        })
    }
}
