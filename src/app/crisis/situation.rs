//! How a crisis stands: what is stopped, what was published since, what is held, and what to do next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        crisis::{
            IncidentView,
            published::{self, Publication},
            view,
        },
        members::actors::Everybody,
        pauses::start::{self, BegunBefore},
        use_case::Scope,
    },
    clock::Timestamp,
    error::Result,
    model::{crisis::Standing, pauses::PauseScope, times},
    store::{
        approvals,
        crisis::{self, Incident},
        held::{self, Filter},
        pauses,
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Situation {
    pub incident: IncidentView,
    /// Nothing is sent.
    pub paused: bool,
    /// Until then everything needs a Manager's approval; missing when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_until: Option<Timestamp>,
    /// The same, local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_until_local: Option<String>,
    /// What was published since, newest first; what was deleted again, too.
    pub published: Vec<Publication>,
    /// There is more than the list shows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_published: bool,
    /// What the networks had been asked for when publishing was stopped, and what became of it.
    pub under_way: Vec<BegunBefore>,
    /// Scheduled, behind the pause.
    pub scheduled: i64,
    /// Posts that wait for a person; 500 stands for more.
    pub held: usize,
    /// What deserves doing now.
    pub next_steps: Vec<String>,
}

/// What is stopped at present.
pub(super) struct Stopped {
    pub paused: bool,
    pub approval_until: Option<Timestamp>,
}

impl Stopped {
    pub async fn load(scope: &mut Scope<'_>) -> Result<Self> {
        let workspace = scope.ctx.workspace;
        let pauses = pauses::list(scope.tx, workspace).await?;
        let freezes = approvals::freezes(scope.tx, workspace, scope.now).await?;
        Ok(Self {
            paused: pauses.iter().any(|pause| pause.scope == PauseScope::Workspace),
            approval_until: freezes.iter().map(|freeze| freeze.until).max(),
        })
    }
}

pub(super) async fn situation(scope: &mut Scope<'_>, incident: &Incident) -> Result<Situation> {
    let workspace = scope.ctx.workspace;
    let zone = scope.entered.time_zone.clone();
    let Stopped { paused, approval_until } = Stopped::load(scope).await?;
    let (published, more_published) = published::since(scope, incident.since, incident.ended_at, None).await?;
    let under_way = under_way(scope, incident).await?;
    let scheduled = pauses::scheduled(scope.tx, workspace, &PauseScope::Workspace).await?;
    let held = held::list(scope.tx, workspace, &Filter::default(), 500).await?.len();
    let everybody = Everybody::load(scope).await?;
    Ok(Situation {
        incident: view(incident, &everybody, &zone),
        next_steps: next_steps(paused && approval_until.is_some(), &published),
        paused,
        approval_until,
        approval_until_local: approval_until.map(|at| times::spoken(at, &zone)),
        published,
        more_published,
        under_way,
        scheduled,
        held,
    })
}

/// What had begun when the gate was closed, as it stands now.
pub(super) async fn under_way(scope: &mut Scope<'_>, incident: &Incident) -> Result<Vec<BegunBefore>> {
    let begun = crisis::attempts(scope.tx, scope.ctx.workspace, incident.incident_id).await?;
    let zone = &scope.entered.time_zone;
    Ok(begun.into_iter().map(|begun| start::view(begun, None, zone)).collect())
}

pub(super) fn count(published: &[Publication], standing: Standing) -> usize {
    published.iter().filter(|one| one.standing == standing).count()
}

fn next_steps(stopped: bool, published: &[Publication]) -> Vec<String> {
    let mut steps = Vec::new();
    if !stopped {
        steps.push(
            "Not everything is stopped: crisis_start (`allin crisis start`) again completes what is missing."
                .to_owned(),
        );
    }
    match count(published, Standing::Public) {
        0 => {}
        public => steps.push(format!(
            "Delete what should not be public: crisis_delete, `allin crisis delete POST` or `--all-since`; {public} can be."
        )),
    }
    if count(published, Standing::BeingRemoved) > 0 {
        steps.push("Deletions are under way; the accounts' tokens are needed for them.".into());
    }
    if count(published, Standing::ByHand) > 0 {
        steps.push("Some can only be deleted by hand, at their links.".into());
    }
    steps.push(
        "After deleting, an Admin can revoke keys, tokens and sessions: `allin crisis revoke`. Write down what you find: \
         `allin crisis note TEXT`. When it is over: `allin crisis end`, then `allin crisis report`."
            .into(),
    );
    steps
}
