//! Begin a crisis, or join the one that lasts: close the gate, require approval for everything, list what was published.
//! The incident and the closed gate are one step, all else a second; beginning again completes what is missing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::{
        App,
        approvals::freeze,
        crisis::{
            News, announce, none_lasts,
            situation::{Situation, situation},
        },
        ctx::Ctx,
        members::actors::Everybody,
        pauses::start::PublishingPause,
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result, Retry},
    model::{pauses::reason, roles::Permission, times},
    store::{
        approvals::{self, Freeze},
        crisis::{self, Incident, Note},
    },
};

/// A day.
const LOOK_BACK_SECS: i64 = 24 * 3600;
/// How long everything needs approval: a week.
const HOURS: u32 = 7 * 24;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisStart {
    /// What happened; everybody concerned is shown it.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
    /// List what was published from this local time or instant on. Default: the last 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CrisisStarted {
    /// What was done, for a person.
    pub message: String,
    /// A crisis lasted already, and this call joined it.
    pub joined: bool,
    pub situation: Situation,
}

impl UseCase for CrisisStart {
    type Input = Self;
    type Output = CrisisStarted;
    type Form = Remotely;
    const NAME: &'static str = "crisis_start";
    const NEEDS: Permission = Permission::LeadCrisis;
    const EFFECT: Effect = Effect::Write;
}

type Pause = <PublishingPause as Remote>::Plan;

pub struct Plan {
    incident: Incident,
    pause: Pause,
    joined: bool,
}

impl Remote for CrisisStart {
    type Plan = Plan;
    type Outcome = Plan;

    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<Plan> {
        let workspace = scope.ctx.workspace;
        let reason = reason("reason", &input.reason)?;
        let since = since(scope, input.since.as_deref())?;
        let new = Incident {
            incident_id: scope.new_id(),
            reason: reason.clone(),
            since,
            started_by: scope.ctx.actor.key(),
            started_at: scope.now,
            told_at: None,
            ended_by: None,
            ended_at: None,
        };
        let joined = !crisis::insert(scope.tx, workspace, &new).await?;
        let incident = crisis::take(scope.tx, workspace, Some(since)).await?.ok_or_else(|| {
            Error::conflict("crisis_ended", "The crisis that lasted was ended at this moment.")
                .next("Begin it again if it is still needed.")
                .retry(Retry::Safe)
        })?;
        if joined && reason != incident.reason {
            let actor = scope.ctx.actor.key();
            let note = Note { note_id: scope.new_id(), text: reason.clone(), actor, created_at: scope.now };
            crisis::add_note(scope.tx, workspace, incident.incident_id, &note).await?;
        }
        let why = scope.committed(reason.as_str()).await?;
        let how = json!({ "reason": why, "since": incident.since, "joined": joined });
        scope.changed("incident", incident.incident_id, how);
        let everything =
            PublishingPause { reason: incident.reason.clone(), account_id: None, campaign_id: None, tag: None };
        let pause = PublishingPause::begin(scope, everything).await?;
        let begun: Vec<Uuid> = pause.begun.iter().map(|begun| begun.attempt_id.uuid()).collect();
        crisis::add_attempts(scope.tx, workspace, incident.incident_id, &begun).await?;
        Ok(Plan { incident, pause, joined })
    }

    async fn call(app: &App, ctx: &Ctx, plan: Plan) -> Result<Plan> {
        Ok(Plan { pause: PublishingPause::call(app, ctx, plan.pause).await?, ..plan })
    }

    async fn finish(scope: &mut Scope<'_>, plan: Plan) -> Result<CrisisStarted> {
        let workspace = scope.ctx.workspace;
        // Whoever began at the same moment waits here, and finds what is done.
        let incident = crisis::take(scope.tx, workspace, None).await?;
        let incident = incident.filter(|now| now.incident_id == plan.incident.incident_id).ok_or_else(none_lasts)?;
        let frozen = freeze(scope, &incident).await?;
        let closed = match PublishingPause::finish(scope, plan.pause).await {
            Ok(paused) => paused.message,
            // What else there is to do is done all the same.
            Err(error) if error.code() == "pause_ended" => error.message().to_owned(),
            Err(error) => return Err(error),
        };
        if incident.told_at.is_none() {
            tell_all(scope, &incident).await?;
            crisis::set_told(scope.tx, workspace, incident.incident_id, scope.now).await?;
        }
        let situation = situation(scope, &incident).await?;
        let message = said(plan.joined, &closed, frozen, &situation);
        Ok(CrisisStarted { message, joined: plan.joined, situation })
    }
}

fn since(scope: &Scope<'_>, text: Option<&str>) -> Result<Timestamp> {
    let Some(text) = text else { return Ok(scope.now.plus_secs(-LOOK_BACK_SECS)) };
    let since = times::parse(text, &scope.entered.time_zone)?.instant;
    if since > scope.now {
        return Err(Error::invalid("since_in_the_future", "That time is still to come.")
            .next("Give the time from which on posts are in question, or leave it out to mean the last 24 hours.")
            .field("since", "not after the present time"));
    }
    Ok(since)
}

/// Unless this crisis did it already, or it lasts as long anyway. Returns whether it was begun now.
async fn freeze(scope: &mut Scope<'_>, incident: &Incident) -> Result<bool> {
    let wanted = scope.now.plus_secs(i64::from(HOURS) * 3600);
    let enough = |freeze: &Freeze| freeze.started_at >= incident.started_at || freeze.until >= wanted;
    if approvals::freezes(scope.tx, scope.ctx.workspace, scope.now).await?.iter().any(enough) {
        return Ok(false);
    }
    freeze::begin(scope, incident.reason.clone(), Some(HOURS)).await.map(|_| true)
}

async fn tell_all(scope: &mut Scope<'_>, incident: &Incident) -> Result<()> {
    let everybody = Everybody::load(scope).await?;
    let by = everybody.who(&incident.started_by);
    let news = News {
        code: "crisis_started",
        title: format!("Publishing is stopped: {}", incident.reason),
        cause: format!("{} began a crisis: nothing is sent, and everything needs a Manager's approval.", by.said()),
        next_step: "Publish nothing past AllIN. Managers see what was published with crisis_status or `allin crisis status`.",
    };
    // Whoever joins may be the one who completes it.
    announce(scope, &everybody, &by, news).await
}

fn said(joined: bool, closed: &str, frozen: bool, now: &Situation) -> String {
    let begun = match joined {
        true => {
            format!("This joined the crisis that lasts since {} ({}).", now.incident.started_local, now.incident.reason)
        }
        false => "A crisis has begun.".to_owned(),
    };
    let approval = match (&now.approval_until_local, frozen) {
        (Some(until), true) => format!("Until {until}, every post needs a Manager's approval."),
        (Some(until), false) => format!("Every post needed a Manager's approval already, until {until}."),
        (None, _) => String::new(),
    };
    let published = match (now.published.len(), now.more_published) {
        (0, _) => format!("Nothing was published since {}.", now.incident.since_local),
        (count, more) => {
            let more = if more { " or more" } else { "" };
            format!("{count}{more} published since {}.", now.incident.since_local)
        }
    };
    format!("{begun} {closed} {approval} {published}")
}
