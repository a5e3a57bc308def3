//! Change a post that is not out yet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        approvals, pauses,
        posts::{
            content, create, derive, labels, lock, repeats,
            view::{self, PostChanged},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{AccountId, PostId},
    model::{
        networks::NetworkId,
        posts::{Content, Message, Variant, excerpt},
        roles::Permission,
        states::TargetState,
    },
    store::{
        attempts, dispatch,
        posts::{self, Post},
        targets,
    },
};

/// What is left out stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostUpdate {
    pub post_id: PostId,
    /// The version that was read; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// All messages, in place of the present ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Message>>,
    /// All accounts, in place of the present ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_ids: Option<Vec<AccountId>>,
    /// All variants, in place of the present ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<Vec<Variant>>,
    /// Internal name; empty text removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// From campaign_list; empty text takes the post out of its campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<String>,
    /// All tags, in place of the present ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub tags: Option<Vec<String>>,
}

impl UseCase for PostUpdate {
    type Input = Self;
    type Output = PostChanged;
    type Form = Locally;
    const NAME: &'static str = "post_update";
    const NEEDS: Permission = Permission::WriteDrafts;
    const EFFECT: Effect = Effect::Write;
}

impl PostUpdate {
    fn keeps_content(&self) -> bool {
        self.segments.is_none() && self.account_ids.is_none() && self.variants.is_none() && self.title.is_none()
    }
}

/// A pause may hang on the label of what is scheduled.
fn may_relabel(scope: &Scope<'_>, present: &[targets::Target]) -> bool {
    let waits = |target: &targets::Target| matches!(target.state, TargetState::Scheduled | TargetState::Held);
    scope.role().has(Permission::SchedulePosts) || !present.iter().any(waits)
}

/// Puts other labels in place and tells which pauses stop the post now or no longer; `None`: none were given.
async fn relabel(
    scope: &mut Scope<'_>,
    post: &Post,
    present: &[targets::Target],
    input: &PostUpdate,
) -> Result<Option<Vec<String>>> {
    if (input.campaign_id.is_some() || input.tags.is_some()) && !may_relabel(scope, present) {
        return Err(scheduled_post());
    }
    let waiting = present.iter().filter(|target| target.state == TargetState::Scheduled);
    let waiting: Vec<_> = waiting.map(|target| target.account_id).collect();
    let stopped = pauses::stopping(scope, post.post_id, &waiting).await?;
    if !labels::change(scope, post, input.campaign_id.as_deref(), input.tags.as_deref()).await? {
        return Ok(None);
    }
    pauses::relabelled(scope, post.post_id, &waiting, &stopped).await.map(Some)
}

impl Local for PostUpdate {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostChanged> {
        let (post, present) = lock(scope, input.post_id).await?;
        if input.version.is_some_and(|version| version != post.version) {
            return Err(Error::conflict(
                "version_conflict",
                format!("The post is at version {} by now.", post.version),
            )
            .next("Read it with post_get, then decide again."));
        }
        let relabelled = relabel(scope, &post, &present, &input).await?;
        if let (Some(warnings), true) = (&relabelled, input.keeps_content()) {
            // What is not published anywhere may change at any time.
            let post = view::load(scope, post.post_id).await?;
            return Ok(PostChanged { message: "Saved campaign and tags.".into(), post, warnings: warnings.clone() });
        }
        if let Some(target) = present.iter().find(|target| !target.state.is_editable()) {
            return Err(Error::conflict(
                "state_forbids",
                format!("The post is {} on @{}.", target.state.as_str(), target.handle),
            )
            .next(match target.state {
                TargetState::Published => format!(
                    "Where its network allows it, post_edit changes what is public; {} of its accounts do.",
                    editable(scope, &present)
                ),
                state => format!("Allowed now: {}.", state.allowed()),
            }));
        }
        for target in &present {
            if attempts::any_open(scope.tx, scope.ctx.workspace, target.target_id).await? {
                return Err(outcome_open(&target.handle));
            }
        }
        let kept = posts::version(scope.tx, scope.ctx.workspace, post.post_id, post.version).await?;
        let kept: Content = serde_json::from_value(kept).map_err(Error::internal)?;
        let title = input.title.or(kept.title).filter(|title| !title.trim().is_empty());
        create::check_title(title.as_deref())?;
        let segments = input.segments.unwrap_or(kept.segments);
        let account_ids = input.account_ids.unwrap_or(kept.account_ids);
        let variants = input.variants.unwrap_or_else(|| {
            kept.variants.into_iter().filter(|variant| account_ids.contains(&variant.account_id)).collect()
        });
        let content = content::resolve(scope, &account_ids, &segments, &variants).await?;
        let scheduled = present.iter().any(|target| target.state == TargetState::Scheduled);
        if scheduled {
            must_be_sendable(scope, post.post_id, &content).await?;
        }
        for gone in present.iter().filter(|target| !account_ids.contains(&target.account_id)) {
            if attempts::any(scope.tx, scope.ctx.workspace, gone.target_id).await? {
                return Err(Error::conflict(
                    "account_has_history",
                    format!("Something was sent to @{} already.", gone.handle),
                )
                .next("Keep the account in account_ids; use post_cancel to leave it out."));
            }
            if gone.state != TargetState::Draft {
                content::may_use(scope, &[gone.account_id]).await?;
            }
            dispatch::remove(scope.tx, scope.ctx.workspace, gone.target_id).await?;
            targets::delete(scope.tx, scope.ctx.workspace, gone.target_id).await?;
        }
        for part in &content {
            match present.iter().find(|target| target.account_id == part.account.account_id) {
                None => create::add_target(scope, post.post_id, part).await?,
                Some(target) => rewrite(scope, target, &part.messages).await?,
            }
        }
        let first = segments.first().map(|message| excerpt(&message.text)).unwrap_or_default();
        let hash = create::hash(&content);
        let version = posts::update_content(
            scope.tx,
            scope.ctx.workspace,
            post.post_id,
            title.as_deref(),
            &hash,
            &first,
            scope.now,
        )
        .await?;
        create::keep_version(scope, post.post_id, version, &segments, &variants, title.as_deref(), &account_ids)
            .await?;
        let now_targets = targets::of_post(scope.tx, scope.ctx.workspace, post.post_id).await?;
        derive(scope.tx, scope.ctx.workspace, post.post_id, &now_targets, scope.now).await?;
        approvals::refresh(scope, Some(post.post_id)).await?;
        scope.changed("post", post.post_id, json!({ "version": version, "accounts": account_ids }));
        let view = view::load(scope, post.post_id).await?;
        let message = format!("Saved as version {version}.");
        let mut warnings = relabelled.unwrap_or_default();
        warnings.extend(approvals::warning(scope, post.post_id).await?);
        warnings.extend(create::warnings(&content));
        warnings.extend(repeats::warnings(scope, &content, Some(post.post_id)).await?);
        for part in content
            .iter()
            .filter(|part| scheduled && !present.iter().any(|target| target.account_id == part.account.account_id))
        {
            warnings.push(format!("@{} is new and has no time yet: set it with post_schedule.", part.account.handle));
        }
        Ok(PostChanged { message, post: view, warnings })
    }
}

/// How many of the accounts are on networks where a public post can be changed.
fn editable(scope: &Scope<'_>, targets: &[targets::Target]) -> usize {
    let networks = targets.iter().filter_map(|target| target.network.parse::<NetworkId>().ok());
    networks.filter(|network| scope.app.networks.get(*network).capabilities().can_edit).count()
}

/// Other words would get another key on the network, and the first ones could not be found again.
pub(super) fn outcome_open(handle: &str) -> Error {
    Error::conflict("outcome_open", format!("It is not known whether an earlier call made the post public on @{handle}."))
        .next("Settle that with held_resolve, or schedule the post again as it is: it is looked up first and sent only if it is not there.")
}

fn scheduled_post() -> Error {
    Error::forbidden("scheduled_post", "The post is scheduled: changing it takes the role publisher.")
        .next("Ask a publisher to take it back with post_cancel first.")
}

/// A scheduled post must stay fit to be sent, and only who may schedule may change it.
async fn must_be_sendable(scope: &mut Scope<'_>, post: PostId, content: &[content::ForAccount]) -> Result<()> {
    if !scope.role().has(Permission::SchedulePosts) {
        return Err(scheduled_post());
    }
    let ids: Vec<_> = content.iter().map(|part| part.account.account_id).collect();
    content::may_use(scope, &ids).await?;
    let mut problems: Vec<_> = content.iter().flat_map(|part| part.problems.clone()).collect();
    let wanted: Vec<_> = content.iter().map(|part| (&part.account, part.messages.as_slice())).collect();
    problems.extend(repeats::find(scope, &wanted, Some(post)).await?.problems);
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::invalid("post_unsendable", "The post is scheduled, and like this it could not be sent.")
        .fields(problems))
}

/// Puts the messages in place, unless part of the thread is public already.
async fn rewrite(scope: &mut Scope<'_>, target: &targets::Target, messages: &[Message]) -> Result<()> {
    let present = targets::segments(scope.tx, scope.ctx.workspace, &[target.target_id]).await?;
    if present.iter().map(|segment| &segment.message).eq(messages) {
        return Ok(());
    }
    if attempts::any(scope.tx, scope.ctx.workspace, target.target_id).await?
        && present.iter().any(|segment| segment.remote.is_some())
    {
        return Err(Error::conflict(
            "thread_partly_public",
            format!("Part of the thread is public on @{}.", target.handle),
        )
        .next("Schedule it again to send the rest, or make a new post."));
    }
    create::write_segments(scope, target.target_id, messages).await
}
