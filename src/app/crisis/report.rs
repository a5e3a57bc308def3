//! The report of a crisis: everything that is known of it, for whoever has to answer for it. Kept in the audit log as read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        approvals::view::Names,
        crisis::{
            IncidentView, known,
            published::{self, Publication, decider},
            situation::{Stopped, under_way},
            timeline::{self, Event},
            view,
        },
        members::actors::Everybody,
        pauses::start::BegunBefore,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::Result,
    ids::{IncidentId, PostId},
    model::{roles::Permission, times},
    store::{
        accounts,
        crisis::{
            self, Incident,
            facts::{self, Happened},
        },
        held::{self, Filter},
        workspaces,
    },
};

/// Held posts that a report lists.
const HELD_MOST: i64 = 500;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisReport {
    /// Left out: the crisis that lasts, or the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident_id: Option<IncidentId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct IncidentReport {
    pub incident: IncidentView,
    pub workspace: String,
    pub made_at: Timestamp,
    /// The same, local.
    pub made_local: String,
    pub made_by: String,
    /// What is stopped as the report is made.
    pub paused: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_until: Option<Timestamp>,
    /// Everything that was published since, newest first, with where it stands now.
    pub published: Vec<Publication>,
    /// What the networks had been asked for when publishing was stopped.
    pub under_way: Vec<BegunBefore>,
    /// What is held now.
    pub held: Vec<HeldLine>,
    /// Decisions on posts since the crisis began.
    pub decisions: Vec<DecisionLine>,
    pub revoked: Vec<RevokedLine>,
    pub notes: Vec<NoteLine>,
    /// Who did what since the time that the crisis looks back to, oldest first.
    pub timeline: Vec<Event>,
    /// Lists that hold less than there is; empty when the report is whole.
    pub shortened: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct HeldLine {
    pub post_id: PostId,
    pub excerpt: String,
    /// `network/handle`.
    pub account: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// The same, local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_local: Option<String>,
    /// Why.
    pub code: String,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct DecisionLine {
    pub at: Timestamp,
    /// The same, local.
    pub at_local: String,
    pub by: String,
    /// approve, request_changes or reject.
    pub verdict: String,
    pub post_id: PostId,
    pub excerpt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RevokedLine {
    pub at: Timestamp,
    /// The same, local.
    pub at_local: String,
    pub by: String,
    /// Keys with whose they were, accounts, members whose sessions ended.
    pub what: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NoteLine {
    pub at: Timestamp,
    /// The same, local.
    pub at_local: String,
    pub by: String,
    pub text: String,
}

impl UseCase for CrisisReport {
    type Input = Self;
    type Output = IncidentReport;
    type Form = Locally;
    const NAME: &'static str = "crisis_report";
    const NEEDS: Permission = Permission::ReadCrisis;
    const EFFECT: Effect = Effect::Read;
    const LOGGED: bool = true;
}

impl Local for CrisisReport {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<IncidentReport> {
        let workspace = scope.ctx.workspace;
        let incident = known(scope, input.incident_id).await?;
        let zone = scope.entered.time_zone.clone();
        let everybody = Everybody::load(scope).await?;
        let end = incident.ended_at.unwrap_or(scope.now);
        let (published, more) = published::since(scope, incident.since, incident.ended_at, None).await?;
        let (entries, timeline, complete) = timeline::read(scope, incident.since, end, &everybody).await?;
        let held = held_lines(scope, &zone).await?;
        let mut shortened = Vec::new();
        if more {
            shortened.push(format!("published: the newest {} only", published.len()));
        }
        if held.len() >= usize::try_from(HELD_MOST).unwrap_or(usize::MAX) {
            shortened.push("held: `allin held list` has the rest".to_owned());
        }
        if !complete {
            let from = timeline.last().map_or(incident.since, |event| event.at);
            shortened.push(format!("timeline: `allin audit export --since {from}` has the rest"));
        }
        let Stopped { paused, approval_until } = Stopped::load(scope).await?;
        let own = workspaces::get(scope.tx, workspace).await?;
        let report = IncidentReport {
            incident: view(&incident, &everybody, &zone),
            workspace: own.map(|own| own.name).unwrap_or_default(),
            made_at: scope.now,
            made_local: times::spoken(scope.now, &zone),
            made_by: everybody.who(&scope.ctx.actor.key()).said(),
            paused,
            approval_until,
            published,
            under_way: under_way(scope, &incident).await?,
            held,
            decisions: decisions(scope, &incident, end, &zone).await?,
            revoked: revoked(scope, &entries, &everybody, &zone).await?,
            notes: notes(scope, &incident, &everybody, &zone).await?,
            timeline,
            shortened,
        };
        scope.changed("incident", incident.incident_id, json!({ "report": true }));
        Ok(report)
    }
}

async fn held_lines(scope: &mut Scope<'_>, zone: &str) -> Result<Vec<HeldLine>> {
    let rows = held::list(scope.tx, scope.ctx.workspace, &Filter::default(), HELD_MOST).await?;
    let line = |row: held::Held| HeldLine {
        post_id: row.post_id,
        excerpt: row.excerpt,
        account: format!("{}/{}", row.network, row.handle),
        due_at: row.due_at,
        due_local: row.due_at.map(|at| times::spoken(at, zone)),
        code: row.code,
        message: row.message,
    };
    Ok(rows.into_iter().map(line).collect())
}

async fn decisions(
    scope: &mut Scope<'_>,
    incident: &Incident,
    end: Timestamp,
    zone: &str,
) -> Result<Vec<DecisionLine>> {
    let names = Names::load(scope).await?;
    let rows = facts::decided(scope.tx, scope.ctx.workspace, None, Some(incident.started_at), Some(end)).await?;
    let mut lines: Vec<DecisionLine> = Vec::new();
    for row in rows {
        let by = decider(&row, &names);
        // One decision on several steps is told once.
        if lines.last().is_some_and(|last| last.by == by && last.at == row.decided_at && last.post_id == row.post_id) {
            continue;
        }
        lines.push(DecisionLine {
            at: row.decided_at,
            at_local: times::spoken(row.decided_at, zone),
            by,
            verdict: row.verdict,
            post_id: row.post_id,
            excerpt: row.excerpt,
            comment: row.comment,
        });
    }
    Ok(lines)
}

async fn revoked(
    scope: &mut Scope<'_>,
    entries: &[Happened],
    everybody: &Everybody,
    zone: &str,
) -> Result<Vec<RevokedLine>> {
    let workspace = scope.ctx.workspace;
    let keys = workspaces::keys(scope.tx, workspace).await?;
    let all = accounts::list(scope.tx, workspace, None).await?;
    let named = |what: &str, id: &str| match what {
        "api_key" => {
            let key = keys.iter().find(|key| key.api_key_id.to_string() == id);
            let whose = key.map(|key| everybody.who(&key.member_id.to_string()).name).unwrap_or_default();
            Some(format!("the API key {id} of {whose}"))
        }
        "account" => {
            let account = all.iter().find(|account| account.account_id.to_string() == id);
            Some(account.map_or_else(|| id.to_owned(), |one| format!("the token of {}/{}", one.network, one.handle)))
        }
        "sessions" => Some(format!("the sessions of {}", everybody.who(id).name)),
        _ => None,
    };
    let done = entries.iter().filter(|one| one.use_case == "crisis_revoke" && one.outcome == "done");
    let line = |one: &Happened| RevokedLine {
        at: one.at,
        at_local: times::spoken(one.at, zone),
        by: everybody.who(&one.actor).said(),
        what: changed(one).filter_map(|(what, id)| named(&what, &id)).collect(),
    };
    Ok(done.map(line).collect())
}

/// All that an entry changed; an event names a few.
fn changed(one: &Happened) -> impl Iterator<Item = (String, String)> {
    let text = |change: &serde_json::Value, key| change.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    one.changes.as_array().into_iter().flatten().filter_map(move |change| text(change, "what").zip(text(change, "id")))
}

async fn notes(scope: &mut Scope<'_>, incident: &Incident, everybody: &Everybody, zone: &str) -> Result<Vec<NoteLine>> {
    let rows = crisis::notes(scope.tx, scope.ctx.workspace, incident.incident_id).await?;
    let line = |row: crisis::Note| NoteLine {
        at: row.created_at,
        at_local: times::spoken(row.created_at, zone),
        by: everybody.who(&row.actor).said(),
        text: row.text,
    };
    Ok(rows.into_iter().map(line).collect())
}
