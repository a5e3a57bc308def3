//! A crisis: everything is stopped at once, what was published is looked at and deleted, ways in are closed, and what
//! happened is written down. Each part is a durable step; beginning again completes what is missing.

pub mod delete;
pub mod end;
pub mod note;
pub mod published;
pub mod report;
pub mod revoke;
pub mod situation;
pub mod start;
pub mod status;
pub mod timeline;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        members::actors::{Everybody, Who},
        notifications::tell::{Word, tell},
        use_case::Scope,
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{IncidentId, MemberId},
    model::{notifications::NotificationKind, roles::Role, times},
    store::crisis::{self, Incident},
};

/// A crisis as callers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct IncidentView {
    pub id: IncidentId,
    pub reason: String,
    /// What was published from then on is looked at.
    pub since: Timestamp,
    /// The same, local.
    pub since_local: String,
    pub started_by: String,
    pub started_at: Timestamp,
    /// The same, local.
    pub started_local: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The same, local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_local: Option<String>,
}

fn view(incident: &Incident, everybody: &Everybody, zone: &str) -> IncidentView {
    IncidentView {
        id: incident.incident_id,
        reason: incident.reason.clone(),
        since: incident.since,
        since_local: times::spoken(incident.since, zone),
        started_by: everybody.who(&incident.started_by).said(),
        started_at: incident.started_at,
        started_local: times::spoken(incident.started_at, zone),
        ended_by: incident.ended_by.map(|member| everybody.who(&member.to_string()).said()),
        ended_at: incident.ended_at,
        ended_local: incident.ended_at.map(|at| times::spoken(at, zone)),
    }
}

fn none_lasts() -> Error {
    Error::conflict("no_crisis", "No crisis lasts in this workspace.")
        .next("Begin one with crisis_start or `allin crisis start REASON`.")
}

/// The one that lasts; nobody else works on it until the transaction ends.
async fn taken(scope: &mut Scope<'_>) -> Result<Incident> {
    crisis::take(scope.tx, scope.ctx.workspace, None).await?.ok_or_else(none_lasts)
}

/// The one that is named, or else the one that lasts, or the last.
async fn known(scope: &mut Scope<'_>, id: Option<IncidentId>) -> Result<Incident> {
    let found = crisis::get(scope.tx, scope.ctx.workspace, id).await?;
    found.ok_or_else(|| match id {
        Some(id) => Error::not_found("incident_not_found", format!("There is no crisis {id} in this workspace."))
            .next("Leave the id out to mean the one that lasts, or the last."),
        None => Error::conflict("no_crisis", "There has been no crisis in this workspace.")
            .next("Begin one with crisis_start or `allin crisis start REASON`."),
    })
}

/// What is told about a crisis, each a sentence.
struct News {
    code: &'static str,
    title: String,
    cause: String,
    next_step: &'static str,
}

/// Tells every Contributor and above, but not the person who did it. Whom a program acts for is told.
async fn announce(scope: &mut Scope<'_>, everybody: &Everybody, by: &Who, news: News) -> Result<()> {
    let did_it = by.member_id.filter(|_| by.via.is_none());
    let present =
        everybody.all().iter().filter(|member| member.removed_at.is_none() && member.role >= Role::Contributor);
    let to: Vec<MemberId> = present.map(|member| member.member_id).filter(|id| Some(*id) != did_it).collect();
    let word = Word {
        kind: NotificationKind::Crisis,
        to,
        post: None,
        code: news.code,
        title: news.title,
        cause: news.cause,
        next_step: news.next_step.to_owned(),
    };
    tell(scope.app, scope.tx, scope.ctx.workspace, &[word], scope.now).await
}
