//! Rename or describe a campaign, put it away, or take it out again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        campaigns::{self, CampaignChanged, check_description, check_name, name_taken, no_such_campaign},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::CampaignId,
    model::roles::Permission,
    store,
};

/// What is left out stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignChange {
    pub campaign_id: CampaignId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True puts it away: it takes no more posts. Its posts go out all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

impl UseCase for CampaignChange {
    type Input = Self;
    type Output = CampaignChanged;
    type Form = Locally;
    const NAME: &'static str = "campaign_change";
    const NEEDS: Permission = Permission::ManageCampaigns;
    const EFFECT: Effect = Effect::Write;
}

impl Local for CampaignChange {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<CampaignChanged> {
        let workspace = scope.ctx.workspace;
        let found = store::campaigns::lock(scope.tx, workspace, input.campaign_id).await?;
        let mut campaign = found.ok_or_else(no_such_campaign)?;
        if let Some(name) = &input.name {
            campaign.name = check_name(name)?;
            if store::campaigns::is_taken(scope.tx, workspace, &campaign.name, campaign.campaign_id).await? {
                return Err(name_taken(&campaign.name));
            }
        }
        if let Some(description) = &input.description {
            campaign.description = check_description(description)?;
        }
        match input.archived {
            None => {}
            Some(false) => campaign.archived_at = None,
            Some(true) => campaign.archived_at = campaign.archived_at.or(Some(scope.now)),
        }
        store::campaigns::update(scope.tx, workspace, &campaign, scope.now).await?;
        scope.changed("campaign", campaign.campaign_id, json!({ "archived": campaign.archived_at.is_some() }));
        let campaign = campaigns::load(scope, campaign.campaign_id).await?;
        let message = match campaign.archived_at {
            Some(_) => format!("The campaign “{}” is archived.", campaign.name),
            None => format!("Saved the campaign “{}”.", campaign.name),
        };
        let waiting: i64 =
            campaign.targets.iter().filter(|tally| tally.status.as_str() == "scheduled").map(|tally| tally.count).sum();
        let warnings = (campaign.archived_at.is_some() && waiting > 0).then(|| {
            format!("{waiting} of its posts are scheduled and go out all the same: post_cancel takes them back.")
        });
        Ok(CampaignChanged { message, campaign, warnings: warnings.into_iter().collect() })
    }
}
