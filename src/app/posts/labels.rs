//! The campaign and the tags of a post: what people sort by. Nothing of it is sent to a network.

use serde_json::json;

use crate::{
    app::{campaigns, use_case::Scope},
    error::Result,
    ids::{CampaignId, PostId},
    model::tags,
    store::posts::{self, Post},
};

/// The labels of a new post.
pub(super) async fn put(
    scope: &mut Scope<'_>,
    post: PostId,
    campaign: Option<CampaignId>,
    tags: &[String],
) -> Result<()> {
    if campaign.is_none() && tags.is_empty() {
        return Ok(());
    }
    if let Some(id) = campaign {
        campaigns::open(scope, id).await?;
    }
    let tags = tags::parse_all(tags)?;
    posts::set_labels(scope.tx, scope.ctx.workspace, post, campaign, &tags, scope.now).await
}

/// Other labels for a post; what is `None` stays. Tells whether any were given.
pub(super) async fn change(
    scope: &mut Scope<'_>,
    post: &Post,
    campaign: Option<&str>,
    tags: Option<&[String]>,
) -> Result<bool> {
    if campaign.is_none() && tags.is_none() {
        return Ok(false);
    }
    let campaign = match campaign.map(str::trim) {
        None => post.campaign_id,
        Some("") => None,
        Some(text) => {
            let id = text.parse()?;
            campaigns::open(scope, id).await?;
            Some(id)
        }
    };
    let tags = tags.map_or_else(|| Ok(post.tags.clone()), tags::parse_all)?;
    posts::set_labels(scope.tx, scope.ctx.workspace, post.post_id, campaign, &tags, scope.now).await?;
    scope.changed("post", post.post_id, json!({ "campaign": campaign, "tags": tags.len() }));
    Ok(true)
}
