//! Pause: close the gate, then wait until nothing behind it can still be started, and name what was under way.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        App,
        ctx::Ctx,
        pauses::{self, PauseView},
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, AttemptId, CampaignId, PostId},
    model::{
        pauses::{PauseScope, reason},
        roles::Permission,
        times,
    },
    store::{
        db::Entrance,
        pauses::{self as stored, UnderWay},
    },
};

/// Stops the whole workspace unless an account, a campaign or a tag is named.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishingPause {
    /// Why; everybody who schedules is shown it.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PublishingPaused {
    /// What was done, for a person.
    pub message: String,
    pub pause: PauseView,
    /// Posts that wait behind the pause; what comes due is held.
    pub scheduled: i64,
    /// What the networks had been asked for before: it may be public. Nothing else is sent any more.
    pub under_way: Vec<BegunBefore>,
}

/// A message whose call had begun, or may have, when the pause did.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct BegunBefore {
    pub post_id: PostId,
    pub attempt_id: AttemptId,
    pub excerpt: String,
    /// `network/handle`.
    pub account: String,
    pub since: Timestamp,
    /// The same, local.
    pub since_local: String,
    pub outcome: BegunOutcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum BegunOutcome {
    Published,
    NotPublished,
    /// Not known yet; it is looked up by itself.
    Open,
}

impl UseCase for PublishingPause {
    type Input = Self;
    type Output = PublishingPaused;
    type Form = Remotely;
    const NAME: &'static str = "publishing_pause";
    const NEEDS: Permission = Permission::PausePublishing;
    const EFFECT: Effect = Effect::Write;
}

pub struct Plan {
    scope: PauseScope,
    pub(in crate::app) begun: Vec<UnderWay>,
    fresh: bool,
}

impl Remote for PublishingPause {
    type Plan = Plan;
    type Outcome = Plan;

    /// With its commit the gate is closed: the database refuses to arm anything in the scope.
    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<Plan> {
        let wanted = PauseScope::chosen(input.account_id, input.campaign_id, input.tag.as_deref())?;
        let reason = reason("reason", &input.reason)?;
        pauses::find(scope, &wanted).await?;
        let (workspace, actor) = (scope.ctx.workspace, scope.ctx.actor.key());
        let id = scope.new_id();
        let fresh = stored::insert(scope.tx, workspace, id, &wanted, &reason, &actor, scope.now).await?;
        // Read after the gate is closed: whoever armed before has committed, and nobody arms from now on.
        let begun = stored::under_way(scope.tx, workspace, &wanted).await?;
        let why = scope.committed(reason.as_str()).await?;
        let tag = scope.committed(wanted.tag()).await?;
        let how = json!({
            "paused": true, "account": input.account_id, "campaign": input.campaign_id, "tag": tag,
            "reason": why, "under_way": begun.len(),
        });
        scope.changed("publishing", workspace, how);
        Ok(Plan { scope: wanted, begun, fresh })
    }

    async fn call(app: &App, ctx: &Ctx, mut plan: Plan) -> Result<Plan> {
        wait(app, ctx, &mut plan.begun).await?;
        Ok(plan)
    }

    async fn finish(scope: &mut Scope<'_>, plan: Plan) -> Result<PublishingPaused> {
        let workspace = scope.ctx.workspace;
        let zone = scope.entered.time_zone.clone();
        let pause = pauses::find(scope, &plan.scope).await?.ok_or_else(|| {
            Error::conflict("pause_ended", "Somebody ended the pause while it was waiting for what was under way.")
                .next("See workspace_overview, then pause again if it is still needed.")
        })?;
        let scheduled = stored::scheduled(scope.tx, workspace, &plan.scope).await?;
        let ids: Vec<_> = plan.begun.iter().map(|begun| begun.attempt_id).collect();
        let states = stored::states(scope.tx, workspace, &ids).await?;
        let under_way: Vec<_> = plan
            .begun
            .into_iter()
            .map(|begun| {
                let state = states.iter().find(|(id, _)| *id == begun.attempt_id).map(|(_, state)| state.as_str());
                view(begun, state, &zone)
            })
            .collect();
        let pause = pauses::view(&pause, &zone);
        scope.changed("publishing", workspace, json!({ "closed": true, "under_way": under_way.len() }));
        Ok(PublishingPaused { message: said(&pause, plan.fresh, &under_way), pause, scheduled, under_way })
    }
}

/// Until every attempt has an outcome or its call can no longer be started. No attempt was armed after the gate was
/// closed, so the time that a call may take to start, counted from here, is enough whatever other clocks say.
async fn wait(app: &App, ctx: &Ctx, begun: &mut [UnderWay]) -> Result<()> {
    let send = app.settings.send;
    let at_most = Duration::from_millis(u64::try_from(send.start_within + send.margin).unwrap_or(0));
    let until = tokio::time::Instant::now() + at_most;
    let mut changes = app.changes();
    loop {
        let now = app.now();
        let can_start =
            |begun: &&UnderWay| begun.state == "armed" && begun.send_deadline.plus_millis(send.margin) > now;
        let open: Vec<_> = begun.iter().filter(can_start).map(|begun| begun.attempt_id).collect();
        if open.is_empty() || tokio::time::Instant::now() >= until {
            return Ok(());
        }
        // Another process may be at it: look again now and then even when nothing is heard.
        _ = tokio::time::timeout(Duration::from_millis(50), changes.recv()).await;
        let (mut tx, _) = app.db.tenant(ctx.workspace, Entrance::System, app.now()).await?;
        let states = stored::states(&mut tx, ctx.workspace, &open).await?;
        tx.finish_read();
        for (id, state) in states {
            if let Some(begun) = begun.iter_mut().find(|begun| begun.attempt_id == id) {
                begun.state = state;
            }
        }
    }
}

pub(in crate::app) fn view(begun: UnderWay, state: Option<&str>, zone: &str) -> BegunBefore {
    let outcome = match state.unwrap_or(&begun.state) {
        "published" => BegunOutcome::Published,
        "rejected" | "absent" => BegunOutcome::NotPublished,
        _ => BegunOutcome::Open,
    };
    BegunBefore {
        post_id: begun.post_id,
        attempt_id: begun.attempt_id,
        excerpt: begun.excerpt,
        account: format!("{}/{}", begun.network, begun.handle),
        since: begun.armed_at,
        since_local: times::spoken(begun.armed_at, zone),
        outcome,
    }
}

fn said(pause: &PauseView, fresh: bool, under_way: &[BegunBefore]) -> String {
    let begun = match fresh {
        true => format!("Publishing of {} is paused", pause.what),
        false => {
            format!("Publishing of {} was paused already, since {} ({})", pause.what, pause.since_local, pause.reason)
        }
    };
    let count = |outcome| under_way.iter().filter(|begun| begun.outcome == outcome).count();
    let (published, open) = (count(BegunOutcome::Published), count(BegunOutcome::Open));
    match under_way.len() {
        0 => format!("{begun}: nothing is sent, nothing was under way, and what comes due is held for review."),
        all => format!(
            "{begun}: nothing more is sent, and what comes due is held for review. {all} under way before that: \
             {published} published, {} not published, {open} not known yet.",
            all - published - open
        ),
    }
}
