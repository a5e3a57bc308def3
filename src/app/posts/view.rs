//! A post as callers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    app::{posts::seen, use_case::Scope},
    clients::networks::Remote,
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, CampaignId, PostId, TargetId},
    model::{
        posts::Message,
        states::{PostStatus, Review, TargetState},
        times,
    },
    store::{
        posts,
        targets::{self, Segment, Target},
    },
};

/// A post with everything that will or did go out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PostView {
    pub id: PostId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub status: PostStatus,
    pub review: Review,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Grows with every change of content.
    pub version: i32,
    /// Display name of the member who made it.
    pub author: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The messages of a draft that has no account yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Message>,
    /// One per account.
    pub targets: Vec<TargetView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CampaignName {
    pub id: CampaignId,
    pub name: String,
}

/// The post on one account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TargetView {
    pub id: TargetId,
    pub account_id: AccountId,
    pub network: String,
    pub handle: String,
    pub status: TargetState,
    /// When it is to go out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// The same in words, in the zone it was scheduled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_local: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// When it was removed from the network again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
    /// Why it is not out, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// The messages in order.
    pub segments: Vec<SegmentView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Problem {
    pub code: String,
    pub message: String,
    pub next_step: String,
    /// When it is tried again by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SegmentView {
    #[serde(flatten)]
    pub message: Message,
    /// The network's id, once it is public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// Where a person can open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The creation time that the network shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
}

/// Reads a post that the caller may see.
pub async fn load(scope: &mut Scope<'_>, id: PostId) -> Result<PostView> {
    let workspace = scope.ctx.workspace;
    let post = seen(scope, id).await?;
    let found = targets::of_post(scope.tx, workspace, id).await?;
    let unaddressed = match found.is_empty() {
        true => posts::version(scope.tx, workspace, id, post.version).await?.get_mut("segments").map(Value::take),
        false => None,
    };
    let ids: Vec<_> = found.iter().map(|target| target.target_id).collect();
    let mut segments = targets::segments(scope.tx, workspace, &ids).await?;
    let mut views = Vec::with_capacity(found.len());
    for target in found {
        let own: Vec<Segment> = segments.extract_if(.., |segment| segment.target_id == target.target_id).collect();
        views.push(target_view(target, own)?);
    }
    Ok(PostView {
        id: post.post_id,
        title: post.title,
        status: post.status,
        review: post.review,
        campaign: post.campaign_id.zip(post.campaign_name).map(|(id, name)| CampaignName { id, name }),
        tags: post.tags,
        version: post.version,
        author: post.author_name,
        created_at: post.created_at,
        updated_at: post.updated_at,
        segments: unaddressed.map(serde_json::from_value).transpose().map_err(Error::internal)?.unwrap_or_default(),
        targets: views,
    })
}

fn target_view(target: Target, segments: Vec<Segment>) -> Result<TargetView> {
    let zone = target.due_zone.as_deref().unwrap_or("UTC");
    let waiting = matches!(target.state, TargetState::Scheduled | TargetState::Unknown | TargetState::Publishing);
    Ok(TargetView {
        id: target.target_id,
        account_id: target.account_id,
        network: target.network,
        handle: target.handle,
        status: target.state,
        due_at: target.due_at,
        due_local: target.due_at.map(|due| times::spoken(due, zone)),
        published_at: target.published_at,
        removed_at: target.removed_at,
        problem: target.error.map(|error| Problem {
            code: error.code,
            message: error.message,
            next_step: error.next_step,
            retry_at: target.next_step_at.filter(|_| waiting),
        }),
        segments: segments.into_iter().map(segment_view).collect::<Result<_>>()?,
    })
}

fn segment_view(segment: Segment) -> Result<SegmentView> {
    let remote: Option<Remote> = segment.remote.map(serde_json::from_value).transpose().map_err(Error::internal)?;
    let (remote_id, url) = remote.map(|remote| (remote.id, remote.url)).unzip();
    Ok(SegmentView {
        message: segment.message,
        remote_id,
        url: url.flatten(),
        created_at: segment.stamped_at,
        published_at: segment.published_at,
    })
}

/// What a call that changes a post answers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PostChanged {
    /// What was done, for a person.
    pub message: String,
    pub post: PostView,
    /// What would go wrong or deserves a look; empty when nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
