//! Publish now, and wait for the outcome.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        App, approvals,
        confirm::Question,
        ctx::Ctx,
        pauses,
        posts::{
            content, lock, moved, save,
            schedule::{sendable, set_time},
            stand_for,
            view::{self, PostChanged},
            waiting,
        },
        publishing::presence,
        queue,
        receipts::note_asked,
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{AccountId, PostId},
    model::{
        pauses::reason,
        roles::Permission,
        states::{TargetEvent, TargetState},
        times,
        turns::Priority,
    },
    store::{
        db::Entrance,
        dispatch, posts,
        targets::{self, Target},
    },
};

/// How long the answer waits for the network.
const WAIT: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostPublish {
    pub post_id: PostId,
    /// Only these accounts of the post. Default: all where it is not out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_ids: Vec<AccountId>,
    /// Emergency, for managers: past queue, caps and distances, before everything else. Why; it is kept in the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500))]
    pub emergency_reason: Option<String>,
}

impl UseCase for PostPublish {
    type Input = Self;
    type Output = PostChanged;
    type Form = Remotely;
    const NAME: &'static str = "post_publish";
    const NEEDS: Permission = Permission::PublishPosts;
    const EFFECT: Effect = Effect::Public;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let (post, mut all) = lock(scope, input.post_id).await?;
        let chosen = waiting(&mut all, &input.account_ids)?;
        let accounts: Vec<_> = chosen.iter().map(|target| target.account_id).collect();
        // Nobody is asked to agree to what is refused afterwards.
        content::may_use(scope, &accounts).await?;
        let emergency = emergency(scope, input)?;
        pauses::must_be_open(scope, post.post_id, &accounts).await?;
        approvals::must_stand(scope, post.post_id).await?;
        let handles: Vec<_> = chosen.iter().map(|target| format!("@{} ({})", target.handle, target.network)).collect();
        let states: Vec<_> = chosen.iter().map(|target| target.state.as_str()).collect();
        let why = emergency.map(|reason| format!(" Emergency: {reason}.")).unwrap_or_default();
        Ok(Some(Question {
            text: format!("Publish “{}” now on {}? It will be public at once.{why}", post.excerpt, handles.join(", ")),
            version: format!("{}/{}/{}", post.version, handles.join(","), states.join(",")),
        }))
    }
}

/// The reason, if it is an emergency. Neither a pause nor an approval is passed by: whoever is in a hurry ends the pause
/// or approves first, and both are on record.
fn emergency(scope: &Scope<'_>, input: &PostPublish) -> Result<Option<String>> {
    let Some(text) = &input.emergency_reason else { return Ok(None) };
    if !scope.role().has(Permission::PublishEmergencies) {
        return Err(Error::forbidden("role_too_low", "Emergency publishing takes the role manager or higher.")
            .next("Leave emergency_reason out, or ask a manager."));
    }
    reason("emergency_reason", text).map(Some)
}

impl Remote for PostPublish {
    type Plan = PostId;
    type Outcome = PostId;

    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<PostId> {
        let (post, mut all) = lock(scope, input.post_id).await?;
        let emergency = emergency(scope, &input)?;
        let mut chosen = waiting(&mut all, &input.account_ids)?;
        let accounts: Vec<_> = chosen.iter().map(|target| target.account_id).collect();
        pauses::must_be_open(scope, post.post_id, &accounts).await?;
        approvals::must_stand(scope, post.post_id).await?;
        sendable(scope, &chosen).await?;
        let queues = queue::lock(scope, &accounts).await?;
        stand_for(scope, &post).await?;
        for target in &mut chosen {
            let zone = queue::zone_of(scope, target.account_id).await?;
            let moment = times::at_instant(scope.now, &zone)?;
            if let (None, Some(rules)) = (&emergency, queues.get(&target.account_id)) {
                let account = (target.account_id, target.handle.as_str());
                let judged = queue::judge(scope, account, rules, &moment, Some(target.target_id)).await;
                judged.map_err(|error| match error.code() {
                    "queue_forbids" => error
                        .next("Schedule it at the `next free slot`; in an emergency a manager gives emergency_reason."),
                    _ => error,
                })?;
            }
            target.state = target.state.apply(TargetEvent::Schedule, &format!("@{}", target.handle))?;
            targets::forget_stamp(scope.tx, scope.ctx.workspace, target.target_id).await?;
            set_time(target, &moment);
            let (id, account) = (target.target_id, target.account_id);
            dispatch::put_as(scope.tx, scope.ctx.workspace, id, account, scope.now, Priority::AtOnce).await?;
        }
        let change = moved(&chosen);
        let set: Vec<_> = chosen.iter().map(|target| target.target_id).collect();
        save(scope, post.post_id, &all).await?;
        note_asked(scope, set).await?;
        scope.changed("post", post.post_id, change);
        if let Some(reason) = emergency {
            let reason = scope.committed(reason.as_str()).await?;
            scope.changed("post", post.post_id, json!({ "emergency": reason }));
        }
        Ok(post.post_id)
    }

    /// Waits until nothing of the post is under way, or long enough. The publisher does the work; should this process
    /// die, the post is due and goes out all the same.
    async fn call(app: &App, ctx: &Ctx, post: PostId) -> Result<PostId> {
        let mut changes = app.changes();
        app.due.notify_one();
        let settled = async {
            loop {
                let (mut tx, _) = app.db.tenant(ctx.workspace, Entrance::System, app.now()).await?;
                let targets = targets::of_post(&mut tx, ctx.workspace, post).await?;
                tx.finish_read();
                // What is tried again soon is worth waiting for; what waits for minutes is not.
                let soon = app.now().plus_secs(10);
                let under_way = |target: &Target| {
                    matches!(target.state, TargetState::Scheduled | TargetState::Publishing | TargetState::Unknown)
                        && (target.error.is_none() || target.next_step_at.is_some_and(|at| at <= soon))
                };
                if !targets.iter().any(under_way) {
                    return Ok::<_, Error>(());
                }
                // Another process may publish it: look again now and then even when nothing is heard.
                _ = tokio::time::timeout(Duration::from_millis(250), changes.recv()).await;
            }
        };
        match tokio::time::timeout(WAIT, settled).await {
            Ok(done) => done?,
            Err(_) => tracing::info!(%post, "the outcome of publishing is still open"),
        }
        Ok(post)
    }

    async fn finish(scope: &mut Scope<'_>, id: PostId) -> Result<PostChanged> {
        let post = view::load(scope, id).await?;
        let mut said = Vec::new();
        let mut warnings = Vec::new();
        for target in &post.targets {
            let link = target.segments.iter().find_map(|segment| segment.url.as_deref());
            said.push(match (target.status, link) {
                (TargetState::Published, Some(link)) => format!("Published on @{}: {link}", target.handle),
                (state, _) => format!("@{} ({}): {}", target.handle, target.network, state.as_str()),
            });
            if let Some(problem) = &target.problem {
                warnings.push(format!("@{}: {} {}", target.handle, problem.message, problem.next_step));
            }
        }
        if posts::get(scope.tx, scope.ctx.workspace, id).await?.is_some_and(|post| post.status.as_str() == "scheduled")
        {
            warnings.extend(presence::warning(scope.tx, scope.now).await?);
        }
        Ok(PostChanged { message: format!("{}.", said.join("; ")), post, warnings })
    }
}
