//! The campaigns of a workspace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        campaigns::{self, CampaignView},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    model::roles::Permission,
    store,
};

/// Most campaigns in one answer.
const MOST: i64 = 200;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignList {
    /// Archived ones, too.
    #[serde(default)]
    pub archived: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Campaigns {
    /// By name.
    pub campaigns: Vec<CampaignView>,
    /// There are more than 200.
    pub truncated: bool,
}

impl UseCase for CampaignList {
    type Input = Self;
    type Output = Campaigns;
    type Form = Locally;
    const NAME: &'static str = "campaign_list";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for CampaignList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Campaigns> {
        let workspace = scope.ctx.workspace;
        let mut found = store::campaigns::list(scope.tx, workspace, input.archived, MOST + 1).await?;
        let most = usize::try_from(MOST).unwrap_or(usize::MAX);
        let truncated = found.len() > most;
        found.truncate(most);
        let ids: Vec<_> = found.iter().map(|campaign| campaign.campaign_id).collect();
        let only = scope.ctx.member().filter(|_| !scope.role().sees_all_drafts());
        let counts = store::campaigns::state_counts(scope.tx, workspace, &ids, only).await?;
        let campaigns = found.into_iter().map(|campaign| campaigns::view(campaign, &counts)).collect();
        Ok(Campaigns { campaigns, truncated })
    }
}
