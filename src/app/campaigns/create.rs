//! Make a campaign.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        campaigns::{self, CampaignChanged, check_description, check_name, name_taken},
        posts,
        use_case::{Effect, Local, Locally, Repeat, Scope, UseCase},
    },
    error::Result,
    ids::{CampaignId, PostId},
    model::roles::Permission,
    store::{
        self,
        campaigns::{Campaign, insert},
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignCreate {
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// What it is for; not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5000))]
    pub description: Option<String>,
    /// Posts to put into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub post_ids: Vec<PostId>,
}

impl UseCase for CampaignCreate {
    type Input = Self;
    type Output = CampaignChanged;
    type Form = Locally;
    const NAME: &'static str = "campaign_create";
    const NEEDS: Permission = Permission::ManageCampaigns;
    const EFFECT: Effect = Effect::Write;
    const REPEAT: Repeat = Repeat::SameWithinTenMinutes;
}

impl Local for CampaignCreate {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<CampaignChanged> {
        let description = check_description(input.description.as_deref().unwrap_or_default())?;
        let id = make(scope, &input.name, description).await?;
        let mut moved = 0;
        for post in &input.post_ids {
            let (post, _) = posts::lock(scope, *post).await?;
            moved += usize::from(post.campaign_id.is_some());
            store::posts::set_labels(scope.tx, scope.ctx.workspace, post.post_id, Some(id), &post.tags, scope.now)
                .await?;
        }
        scope.changed("campaign", id, json!({ "created": true, "posts": input.post_ids }));
        let campaign = campaigns::load(scope, id).await?;
        let message = match input.post_ids.len() {
            0 => format!("Made the campaign “{}”; it has no posts yet.", campaign.name),
            count => format!("Made the campaign “{}” with {count} post(s).", campaign.name),
        };
        let warnings = (moved > 0).then(|| format!("{moved} post(s) were in another campaign before."));
        Ok(CampaignChanged { message, campaign, warnings: warnings.into_iter().collect() })
    }
}

/// A new campaign without posts.
pub(crate) async fn make(scope: &mut Scope<'_>, name: &str, description: String) -> Result<CampaignId> {
    let campaign = Campaign {
        campaign_id: scope.new_id(),
        name: check_name(name)?,
        description,
        created_at: scope.now,
        updated_at: scope.now,
        archived_at: None,
    };
    if !insert(scope.tx, scope.ctx.workspace, &campaign).await? {
        return Err(name_taken(&campaign.name));
    }
    Ok(campaign.campaign_id)
}
