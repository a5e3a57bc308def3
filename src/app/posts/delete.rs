//! Delete a post: here, and on the networks where it is public.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        App,
        confirm::Question,
        ctx::Ctx,
        posts::{content, create::PostCreate, derive, lock, update::outcome_open},
        publishing::removal::{self, Removal, Removed},
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    error::{Error, Result},
    ids::PostId,
    model::{
        roles::Permission,
        states::{TargetEvent, TargetState},
    },
    store::{
        attempts, dispatch, idempotency, posts,
        targets::{self, Target},
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostDelete {
    pub post_id: PostId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PostDeleted {
    /// What was done, for a person.
    pub message: String,
    pub post_id: PostId,
    /// Whether the post is gone everywhere.
    pub deleted: bool,
    /// Where it could not be removed yet, and why; it is tried again by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl UseCase for PostDelete {
    type Input = Self;
    type Output = PostDeleted;
    type Form = Remotely;
    const NAME: &'static str = "post_delete";
    const NEEDS: Permission = Permission::DeletePosts;
    const EFFECT: Effect = Effect::Destructive;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let (post, all) = lock(scope, input.post_id).await?;
        // Nobody is asked to agree to what is refused afterwards.
        may_delete(scope, &all).await?;
        let public: Vec<_> = all
            .iter()
            .filter(|target| target.published_at.is_some() && target.removed_at.is_none())
            .map(|target| format!("@{} ({})", target.handle, target.network))
            .collect();
        let text = if public.is_empty() {
            format!("Delete the post “{}”? It is not public anywhere.", post.excerpt)
        } else {
            format!(
                "Delete the post “{}”, also on {}? Likes and replies there are lost.",
                post.excerpt,
                public.join(", ")
            )
        };
        Ok(Some(Question { text, version: format!("{}/{}/{}", post.version, post.status.as_str(), public.join(",")) }))
    }
}

/// A draft is its author's; what was scheduled or published takes more.
async fn may_delete(scope: &mut Scope<'_>, all: &[Target]) -> Result<()> {
    if all.iter().all(|target| target.state == TargetState::Draft) {
        return Ok(());
    }
    if !scope.role().has(Permission::SchedulePosts) {
        return Err(Error::forbidden(
            "role_too_low",
            "Deleting a post that was scheduled or published takes the role publisher.",
        ));
    }
    let ids: Vec<_> = all.iter().map(|target| target.account_id).collect();
    content::may_use(scope, &ids).await
}

pub struct Plan {
    post: PostId,
    removals: Vec<Removal>,
}

pub struct Outcome {
    post: PostId,
    removed: Vec<Removed>,
}

impl Remote for PostDelete {
    type Plan = Plan;
    type Outcome = Outcome;

    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<Plan> {
        let (post, mut all) = lock(scope, input.post_id).await?;
        let workspace = scope.ctx.workspace;
        if let Some(target) =
            all.iter().find(|target| matches!(target.state, TargetState::Publishing | TargetState::Unknown))
        {
            return Err(Error::conflict(
                "state_forbids",
                match target.state {
                    TargetState::Unknown => {
                        format!(
                            "What became of the post on @{} is not known yet; it is being looked up.",
                            target.handle
                        )
                    }
                    _ => format!("The post is being published on @{} at this moment.", target.handle),
                },
            )
            .next("Wait for its outcome (post_get), then delete it.")
            .retry(crate::error::Retry::After { seconds: 30 }));
        }
        for target in &all {
            if attempts::any_open(scope.tx, workspace, target.target_id).await? {
                return Err(outcome_open(&target.handle));
            }
        }
        may_delete(scope, &all).await?;
        let mut removals = Vec::new();
        for target in &mut all {
            let segments = targets::segments(scope.tx, workspace, &[target.target_id]).await?;
            if segments.iter().any(|segment| segment.remote.is_some()) && target.removed_at.is_none() {
                target.removal_requested_at = Some(scope.now);
                // Should this process die, the publisher finishes it.
                dispatch::put(scope.tx, workspace, target.target_id, target.account_id, scope.now.plus_secs(60))
                    .await?;
                removals.extend(removal::plan(workspace, target, &segments)?);
            } else {
                dispatch::remove(scope.tx, workspace, target.target_id).await?;
            }
            if let Some(state) = target.state.after(TargetEvent::Cancel) {
                target.state = state;
            }
        }
        super::save(scope, post.post_id, &all).await?;
        scope.changed("post", post.post_id, json!({ "deletion": "requested", "public_on": removals.len() }));
        Ok(Plan { post: post.post_id, removals })
    }

    async fn call(app: &App, _: &Ctx, plan: Plan) -> Result<Outcome> {
        Ok(Outcome { post: plan.post, removed: removal::carry_out(app, plan.removals).await })
    }

    async fn finish(scope: &mut Scope<'_>, outcome: Outcome) -> Result<PostDeleted> {
        let workspace = scope.ctx.workspace;
        posts::lock(scope.tx, workspace, outcome.post).await?;
        let mut warnings = Vec::new();
        for removed in &outcome.removed {
            if let Err(failure) = &removed.result {
                warnings.push(format!("@{}: {}", removed.handle, failure.message));
            }
            removal::settle(scope.tx, workspace, removed, scope.now).await?;
        }
        let left = targets::of_post(scope.tx, workspace, outcome.post).await?;
        derive(scope.tx, workspace, outcome.post, &left, scope.now).await?;
        let deleted = left.iter().all(|target| target.removal_requested_at.is_none() || target.removed_at.is_some());
        if deleted {
            posts::mark_deleted(scope.tx, workspace, outcome.post, scope.now).await?;
            let id = outcome.post.to_string();
            idempotency::forget_created(scope.tx, workspace, PostCreate::NAME, "post", &id).await?;
        }
        scope.changed("post", outcome.post, json!({ "deleted": deleted }));
        let message = match (deleted, outcome.removed.len()) {
            (true, 0) => "Deleted; it was not public anywhere.".to_owned(),
            (true, _) => "Deleted here and on the networks where it was public.".to_owned(),
            (false, _) => "Not removed everywhere yet; it is tried again by itself.".to_owned(),
        };
        Ok(PostDeleted { message, post_id: outcome.post, deleted, warnings })
    }
}
