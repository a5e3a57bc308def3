//! The campaign and the tags of a post: what people sort by. Nothing of it is sent to a network.

use serde_json::json;

use crate::{
    app::{approvals, campaigns, use_case::Scope},
    error::{Error, Result},
    ids::{CampaignId, PostId},
    model::tags,
    store::{
        self,
        posts::{self, Post},
    },
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
    keep_guarded(scope, post, &tags).await?;
    posts::set_labels(scope.tx, scope.ctx.workspace, post.post_id, campaign, &tags, scope.now).await?;
    scope.changed("post", post.post_id, json!({ "campaign": campaign, "tags": tags.len() }));
    approvals::refresh(scope, Some(post.post_id)).await?;
    Ok(true)
}

/// A tag for which somebody must approve is not taken off: that would be the way past them.
async fn keep_guarded(scope: &mut Scope<'_>, post: &Post, tags: &[String]) -> Result<()> {
    let gone: Vec<&String> = post.tags.iter().filter(|tag| !tags.contains(tag)).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let policies = store::approvals::policies(scope.tx, scope.ctx.workspace).await?;
    let guarding = policies.iter().find(|policy| policy.tags.iter().flatten().any(|tag| gone.contains(&tag)));
    match guarding {
        None => Ok(()),
        Some(policy) => Err(Error::conflict(
            "tag_guarded",
            format!("Posts with this tag need approval (“{}”), so it stays.", policy.name),
        )
        .next("Leave the tag, or write a new post.")
        .field("tags", format!("keeps {}", gone.iter().map(|tag| tag.as_str()).collect::<Vec<_>>().join(", ")))),
    }
}
