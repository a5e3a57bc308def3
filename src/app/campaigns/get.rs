//! One campaign with its posts: what became of each on each account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        campaigns::{self, CampaignView},
        posts::view::{self, Problem},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::{AccountId, CampaignId, PostId},
    model::{
        roles::Permission,
        states::{PostStatus, TargetState},
    },
    store,
};

/// Most posts in one answer.
const MOST: i64 = 100;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignGet {
    pub campaign_id: CampaignId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CampaignFound {
    pub campaign: CampaignView,
    /// In the order of their times.
    pub posts: Vec<CampaignPost>,
    /// There are more than 100: post_query with the campaign's id lists them all.
    pub truncated: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CampaignPost {
    pub id: PostId,
    /// Title, or the beginning of the text.
    pub excerpt: String,
    pub status: PostStatus,
    pub targets: Vec<CampaignTarget>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CampaignTarget {
    pub account_id: AccountId,
    /// `network/handle`.
    pub account: String,
    pub status: TargetState,
    /// When it is to go out, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_local: Option<String>,
    /// Where a person can open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Why it is not out, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl UseCase for CampaignGet {
    type Input = Self;
    type Output = CampaignFound;
    type Form = Locally;
    const NAME: &'static str = "campaign_get";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for CampaignGet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<CampaignFound> {
        let campaign = campaigns::load(scope, input.campaign_id).await?;
        let only = scope.ctx.member().filter(|_| !scope.role().sees_all_drafts());
        let workspace = scope.ctx.workspace;
        let mut found = store::campaigns::posts(scope.tx, workspace, input.campaign_id, only, MOST + 1).await?;
        let most = usize::try_from(MOST).unwrap_or(usize::MAX);
        let truncated = found.len() > most;
        found.truncate(most);
        let mut posts = Vec::with_capacity(found.len());
        for post in found {
            let targets = view::load(scope, post.post_id).await?.targets.into_iter().map(target).collect();
            posts.push(CampaignPost { id: post.post_id, excerpt: post.excerpt, status: post.status, targets });
        }
        Ok(CampaignFound { campaign, posts, truncated })
    }
}

fn target(target: view::TargetView) -> CampaignTarget {
    CampaignTarget {
        account_id: target.account_id,
        account: format!("{}/{}", target.network, target.handle),
        status: target.status,
        due_local: target.due_local,
        url: target.segments.into_iter().find_map(|segment| segment.url),
        problem: target.problem,
    }
}
