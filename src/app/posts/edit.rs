//! Change the text of a post that is public, on the networks that allow it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    app::{
        App, approvals,
        confirm::Question,
        ctx::Ctx,
        pauses,
        posts::{
            choose, content, lock, save,
            view::{self, PostChanged},
        },
        publishing::editing::{self, Edited, Editing},
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, PostId, WorkspaceId},
    model::{
        networks::NetworkId,
        posts::{Message, Variant, content_hash, excerpt},
        roles::Permission,
        states::{Review, TargetState},
    },
    store::{
        dispatch,
        edits::{self, Edit},
        posts::{self, Post},
        targets::{self, Target},
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostEdit {
    pub post_id: PostId,
    /// The new texts, one for each message of the thread; images stay.
    #[schemars(length(min = 1, max = 50))]
    pub texts: Vec<String>,
    /// Only these accounts of the post. Default: all where it is public and can be changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_ids: Vec<AccountId>,
    /// The version that was read; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
}

impl UseCase for PostEdit {
    type Input = Self;
    type Output = PostChanged;
    type Form = Remotely;
    const NAME: &'static str = "post_edit";
    const NEEDS: Permission = Permission::PublishPosts;
    const EFFECT: Effect = Effect::Public;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let (post, all) = lock(scope, input.post_id).await?;
        let chosen = editable(scope, &post, &all, input).await?;
        let names: Vec<_> = chosen.iter().map(|target| format!("@{} ({})", target.handle, target.network)).collect();
        let first = input.texts.first().map(|text| excerpt(text)).unwrap_or_default();
        Ok(Some(Question {
            text: format!(
                "Change the public post “{}” to “{first}” on {}? Whoever saw the first text may have answered it.",
                post.excerpt,
                names.join(", ")
            ),
            version: format!("{}/{}", post.version, names.join(",")),
        }))
    }
}

/// The targets whose text is to change. Refuses with what is possible instead.
async fn editable(scope: &mut Scope<'_>, post: &Post, all: &[Target], input: &PostEdit) -> Result<Vec<Target>> {
    if input.version.is_some_and(|version| version != post.version) {
        return Err(Error::conflict("version_conflict", format!("The post is at version {} by now.", post.version))
            .next("Read it with post_get, then decide again."));
    }
    if post.review != Review::NotNeeded || approvals::is_demanded(scope, post.post_id).await? {
        return Err(Error::conflict(
            "approval_is_for_the_text",
            "Somebody has to approve this post, and did so for its present text.",
        )
        .next("Write a new post and have it approved; post_delete removes this one."));
    }
    let mut all = all.to_vec();
    let mut chosen: Vec<Target> =
        choose(&mut all, &input.account_ids)?.into_iter().map(|target| target.clone()).collect();
    if input.account_ids.is_empty() {
        chosen.retain(|target| target.state == TargetState::Published && target.removal_requested_at.is_none());
    }
    if let Some(target) =
        chosen.iter().find(|target| target.state != TargetState::Published || target.removal_requested_at.is_some())
    {
        return Err(Error::conflict(
            "state_forbids",
            format!("The post is {} on @{}.", target.state.as_str(), target.handle),
        )
        .next(match target.state {
            state if state.is_editable() => "Change what is not public with post_update.".to_owned(),
            state => format!("Allowed now: {}.", state.allowed()),
        }));
    }
    let Some(first) = chosen.first().cloned() else {
        return Err(
            Error::conflict("not_public", "The post is not public anywhere.").next("Change it with post_update.")
        );
    };
    let can_edit = |target: &Target| {
        let network: Result<NetworkId> = target.network.parse();
        network.map(|network| scope.app.networks.get(network).capabilities().can_edit).unwrap_or(false)
    };
    let fixed: Vec<&Target> = chosen.iter().filter(|target| !can_edit(target)).collect();
    if !fixed.is_empty() && (!input.account_ids.is_empty() || fixed.len() == chosen.len()) {
        return Err(cannot_edit(fixed.first().map_or(first.network.as_str(), |target| target.network.as_str())));
    }
    chosen.retain(|target| can_edit(target));
    let ids: Vec<_> = chosen.iter().map(|target| target.account_id).collect();
    content::may_use(scope, &ids).await?;
    pauses::must_be_open(scope, post.post_id, &ids).await?;
    Ok(chosen)
}

/// What is possible where a public post stays as it is.
pub(super) fn cannot_edit(network: &str) -> Error {
    Error::conflict("network_cannot_edit", format!("Posts on {network} stay as they were published."))
        .next("Delete it with post_delete and write a new one; likes and replies are lost with it.")
}

pub struct Plan {
    post: PostId,
    editing: Vec<Editing>,
}

pub struct Outcome {
    post: PostId,
    edited: Vec<Edited>,
}

impl Remote for PostEdit {
    type Plan = Plan;
    type Outcome = Outcome;

    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<Plan> {
        let (post, mut all) = lock(scope, input.post_id).await?;
        let chosen = editable(scope, &post, &all, &input).await?;
        let workspace = scope.ctx.workspace;
        if edits::any_of_post(scope.tx, workspace, post.post_id).await? {
            return Err(Error::conflict("edit_under_way", "An earlier change is still on its way to the network.")
                .next("See post_get; repeat this once it has arrived.")
                .retry(crate::error::Retry::After { seconds: 60 }));
        }
        let mut changed = 0;
        for target in all.iter_mut().filter(|target| chosen.iter().any(|chosen| chosen.target_id == target.target_id)) {
            let wanted = wanted(scope, target, &input.texts).await?;
            changed += wanted.len();
            for edit in &wanted {
                edits::insert(scope.tx, workspace, target.target_id, edit, scope.now).await?;
            }
            target.tries = 0;
            // Should this process die, the publisher finishes it.
            let at = scope.now.plus_secs(60).max(scope.now.plus_millis(scope.app.settings.send.lease));
            dispatch::put(scope.tx, workspace, target.target_id, target.account_id, at).await?;
        }
        if changed == 0 {
            return Err(
                Error::invalid("nothing_changed", "The post says that already.").field("texts", "as it is public")
            );
        }
        save(scope, post.post_id, &all).await?;
        let mut planned = Vec::new();
        for target in &chosen {
            planned.extend(editing::plan(scope.app, scope.tx, workspace, target, scope.now).await?);
        }
        scope.changed("post", post.post_id, json!({ "edit": "requested", "messages": changed }));
        Ok(Plan { post: post.post_id, editing: planned })
    }

    async fn call(app: &App, _: &Ctx, plan: Plan) -> Result<Outcome> {
        let mut edited = Vec::with_capacity(plan.editing.len());
        for editing in plan.editing {
            edited.push(editing::carry_out(app, editing).await);
        }
        Ok(Outcome { post: plan.post, edited })
    }

    async fn finish(scope: &mut Scope<'_>, outcome: Outcome) -> Result<PostChanged> {
        posts::lock(scope.tx, scope.ctx.workspace, outcome.post).await?;
        let (mut said, mut warnings) = (Vec::new(), Vec::new());
        for edited in &outcome.edited {
            editing::settle(scope.tx, scope.ctx.workspace, edited, scope.now).await?;
            match &edited.result {
                Ok(()) => said.push(format!("@{}", edited.handle)),
                Err(failure) => warnings.push(format!("@{}: {}", edited.handle, failure.message)),
            }
        }
        scope.changed("post", outcome.post, json!({ "edited": said.len(), "open": warnings.len() }));
        let post = view::load(scope, outcome.post).await?;
        let message = match said.is_empty() {
            false => format!("Changed on {}, as version {}.", said.join(", "), post.version),
            true => "Not changed yet; post_get tells how it stands.".to_owned(),
        };
        Ok(PostChanged { message, post, warnings })
    }
}

/// The messages of a target whose text differs. Refuses texts that its network would not take.
async fn wanted(scope: &mut Scope<'_>, target: &Target, texts: &[String]) -> Result<Vec<Edit>> {
    let segments = targets::segments(scope.tx, scope.ctx.workspace, &[target.target_id]).await?;
    if segments.len() != texts.len() {
        return Err(Error::invalid(
            "messages_differ",
            format!("The post on @{} has {} messages, not {}.", target.handle, segments.len(), texts.len()),
        )
        .next("Give one text for each message; a published thread keeps its number of messages.")
        .field("texts", format!("{} texts", segments.len())));
    }
    let messages: Vec<Message> = segments
        .iter()
        .zip(texts)
        .map(|(segment, text)| Message { text: text.clone(), ..segment.message.clone() })
        .collect();
    let problems = content::recheck(scope, target.network.parse()?, &messages).await?;
    if !problems.is_empty() {
        return Err(Error::invalid("post_unsendable", "The network would refuse this text.")
            .next("Correct the texts; network_rules tells the limits.")
            .fields(problems));
    }
    let actor = scope.ctx.actor.key();
    Ok(segments
        .iter()
        .zip(texts)
        .filter(|(segment, text)| segment.message.text != **text)
        .map(|(segment, text)| Edit { ordinal: segment.ordinal, text: text.clone(), actor: actor.clone() })
        .collect())
}

/// Keeps what the post says now as its next version.
pub(crate) async fn keep_version(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    actor: &str,
    now: Timestamp,
) -> Result<()> {
    let Some(post) = posts::get(db, workspace, id).await? else { return Ok(()) };
    let all = targets::of_post(db, workspace, id).await?;
    let ids: Vec<_> = all.iter().map(|target| target.target_id).collect();
    let mut said: BTreeMap<AccountId, Vec<Message>> = BTreeMap::new();
    for segment in targets::segments(db, workspace, &ids).await? {
        if let Some(target) = all.iter().find(|target| target.target_id == segment.target_id) {
            said.entry(target.account_id).or_default().push(segment.message);
        }
    }
    let mut kept = posts::version(db, workspace, id, post.version).await?;
    let base: Vec<Message> = said.values().next().cloned().unwrap_or_default();
    let variants: Vec<Variant> = said
        .iter()
        .filter(|(_, messages)| **messages != base)
        .map(|(account, messages)| Variant { account_id: *account, segments: messages.clone() })
        .collect();
    if let Some(kept) = kept.as_object_mut() {
        kept.insert("segments".into(), json!(base));
        kept.insert("variants".into(), json!(variants));
    }
    let hash = content_hash(said.iter().map(|(account, messages)| (*account, messages.as_slice())));
    let first = base.first().map(|message| excerpt(&message.text)).unwrap_or_default();
    let version = posts::update_content(db, workspace, id, post.title.as_deref(), &hash, &first, now).await?;
    posts::insert_version(db, workspace, id, version, &kept, actor, now).await
}
