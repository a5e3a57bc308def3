//! Draft a post.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        posts::{
            content::{self, ForAccount},
            derive, labels, repeats,
            view::{self, PostChanged},
        },
        use_case::{Effect, Local, Locally, Repeat, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{AccountId, CampaignId, PostId, TargetId},
    model::{
        posts::{Message, Variant, content_hash, excerpt},
        roles::Permission,
    },
    store::{posts, targets},
};

/// The draft.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostCreate {
    /// The messages; more than one makes a thread.
    #[schemars(length(min = 1, max = 50))]
    pub segments: Vec<Message>,
    /// Accounts it is to go to, from account_list.
    #[serde(default)]
    pub account_ids: Vec<AccountId>,
    /// Other messages for single accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// Internal name; not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub title: Option<String>,
    /// From campaign_list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    /// Words to find it by; not published.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub tags: Vec<String>,
}

impl UseCase for PostCreate {
    type Input = Self;
    type Output = PostChanged;
    type Form = Locally;
    const NAME: &'static str = "post_create";
    const NEEDS: Permission = Permission::WriteDrafts;
    const EFFECT: Effect = Effect::Write;
    const REPEAT: Repeat = Repeat::SameWithinTenMinutes;
}

impl Local for PostCreate {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostChanged> {
        check_title(input.title.as_deref())?;
        let author_id = scope.ctx.member().ok_or_else(|| Error::internal("a post needs an author"))?;
        let content = content::resolve(scope, &input.account_ids, &input.segments, &input.variants).await?;
        let post_id: PostId = scope.new_id();
        let first = input.segments.first().map(|message| excerpt(&message.text)).unwrap_or_default();
        let new = posts::NewPost {
            post_id,
            title: input.title.as_deref(),
            content_hash: hash(&content),
            author_id,
            excerpt: &first,
            now: scope.now,
        };
        posts::insert(scope.tx, scope.ctx.workspace, &new).await?;
        labels::put(scope, post_id, input.campaign_id, &input.tags).await?;
        for part in &content {
            add_target(scope, post_id, part).await?;
        }
        // Kept apart from the targets so that a draft without accounts has its messages too.
        keep_version(scope, post_id, 1, &input.segments, &input.variants, input.title.as_deref(), &input.account_ids)
            .await?;
        let targets = targets::of_post(scope.tx, scope.ctx.workspace, post_id).await?;
        derive(scope.tx, scope.ctx.workspace, post_id, &targets, scope.now).await?;
        scope.changed("post", post_id, json!({ "version": 1, "accounts": input.account_ids }));
        let post = view::load(scope, post_id).await?;
        let handles: Vec<_> = content.iter().map(|part| format!("@{}", part.account.handle)).collect();
        let message = if handles.is_empty() {
            "Draft saved; it has no account to go to yet.".to_owned()
        } else {
            format!("Draft saved for {}.", handles.join(", "))
        };
        let mut warnings = warnings(&content);
        warnings.extend(repeats::warnings(scope, &content, Some(post_id)).await?);
        Ok(PostChanged { message, post, warnings })
    }
}

pub(crate) fn check_title(title: Option<&str>) -> Result<()> {
    match title {
        Some(title) if title.chars().count() > 200 || title.contains('\0') => {
            Err(Error::invalid("title_invalid", "The title is longer than 200 characters or contains a NUL character.")
                .field("title", "at most 200 characters"))
        }
        _ => Ok(()),
    }
}

pub(super) fn hash(content: &[ForAccount]) -> [u8; 32] {
    content_hash(content.iter().map(|part| (part.account.account_id, part.messages.as_slice())))
}

pub(super) fn warnings(content: &[ForAccount]) -> Vec<String> {
    let mut all: Vec<_> = content
        .iter()
        .flat_map(|part| &part.problems)
        .map(|issue| format!("{}: {}", issue.field, issue.message))
        .collect();
    all.dedup();
    all
}

pub(super) async fn add_target(scope: &mut Scope<'_>, post: PostId, part: &ForAccount) -> Result<()> {
    let target: TargetId = scope.new_id();
    targets::insert(scope.tx, scope.ctx.workspace, target, post, part.account.account_id, scope.now).await?;
    write_segments(scope, target, &part.messages).await
}

pub(super) async fn write_segments(scope: &mut Scope<'_>, target: TargetId, messages: &[Message]) -> Result<()> {
    let keys: Vec<_> = messages.iter().map(|_| scope.app.ids.next(scope.now)).collect();
    targets::replace_segments(scope.tx, scope.ctx.workspace, target, messages, &keys).await
}

pub(super) async fn keep_version(
    scope: &mut Scope<'_>,
    post: PostId,
    version: i32,
    segments: &[Message],
    variants: &[Variant],
    title: Option<&str>,
    account_ids: &[AccountId],
) -> Result<()> {
    let content = json!({ "title": title, "segments": segments, "variants": variants, "account_ids": account_ids });
    posts::insert_version(scope.tx, scope.ctx.workspace, post, version, &content, &scope.ctx.actor.key(), scope.now)
        .await
}
