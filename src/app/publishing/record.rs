//! Writes down what came of deliveries, many in one transaction. What was published takes a few statements in all; whatever
//! else came is rare, and decided target by target in `settle`.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use serde_json::json;

use crate::{
    app::{
        App,
        gate::record as audit_record,
        publishing::{
            arm::Attempted,
            engine::Engine,
            public::{Public, publish},
            settle,
            together::{Busy, Desk, Step},
        },
    },
    clients::networks::{Failure, FailureKind, Outcome},
    clock::Timestamp,
    error::Result,
    ids::{AccountId, AttemptId, PostId, WorkspaceId},
    model::states::{TargetEvent, TargetState},
    store::{
        accounts, attempts,
        attempts::End,
        db::{Entrance, Tx},
        dispatch::{self, Claimed, Held},
        ledger, servers, targets,
    },
};

/// What came of a delivery.
pub struct Record {
    pub claim: Claimed,
    pub post: PostId,
    /// The sealed tokens that were used; `None` where there were none.
    pub used: Option<Vec<u8>>,
    pub came: Came,
}

#[derive(Clone)]
pub enum Came {
    /// Nothing was armed: the account or the preparation failed.
    NotSent(Failure),
    /// Armed, and too late to be called.
    Late(Attempted, Failure),
    Answered(Attempted, Outcome),
}

impl Step for Record {
    /// The message is public: go on with the next.
    type Done = bool;
    const COLLECT: Duration = Duration::from_millis(3);

    fn desk(engine: &Engine) -> &Desk<Self> {
        &engine.records
    }

    fn workspace(&self) -> WorkspaceId {
        self.claim.workspace
    }

    async fn run(app: &App, workspace: WorkspaceId, steps: &[Self], busy: Busy) -> Result<Vec<Option<bool>>> {
        let now = app.now();
        let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
        let posts: Vec<_> = steps.iter().map(|step| step.post.uuid()).collect();
        let locked = ledger::lock_posts(&mut tx, workspace, &posts, busy == Busy::Wait).await?;
        let mut mine: Vec<&Self> = steps.iter().filter(|step| locked.contains(&step.post)).collect();
        // Accounts are locked in the same order by every batch.
        mine.sort_by_key(|step| (step.claim.account, step.claim.target));
        let counts = counting(app, &mut tx, workspace, &mine, now).await?;
        let public: Vec<Public<'_>> =
            mine.iter().filter(|step| counts.contains(&step.claim.held())).filter_map(|step| step.public()).collect();
        publish(app, &mut tx, &public, now).await?;
        for step in mine.iter().filter(|step| counts.contains(&step.claim.held())) {
            step.settle(app, &mut tx, now).await?;
        }
        judge_servers(app, &mut tx, &mine, now).await?;
        tx.commit().await?;
        app.announce(workspace);
        Ok(steps
            .iter()
            .map(|step| match busy {
                Busy::Skip if !locked.contains(&step.post) => None,
                _ => Some(counts.contains(&step.claim.held()) && step.public().is_some()),
            })
            .collect())
    }
}

/// Ends the attempts; returns the claims whose result counts. Where somebody looked the attempt up meanwhile and wrote
/// its result, or the claim was lost before anything was armed, ours does not.
async fn counting(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    steps: &[&Record],
    now: Timestamp,
) -> Result<HashSet<Held>> {
    let ends: Vec<End<'_>> = steps.iter().filter_map(|step| step.end()).collect();
    let ended: HashSet<AttemptId> = match ends.is_empty() {
        true => HashSet::new(),
        false => attempts::finish_all(tx, workspace, &ends, now).await?,
    };
    let unsent: Vec<&Claimed> =
        steps.iter().filter(|step| matches!(step.came, Came::NotSent(_))).map(|step| &step.claim).collect();
    let mut counts = match unsent.is_empty() {
        true => HashSet::new(),
        false => dispatch::renew_all(tx, workspace, &unsent, now.plus_millis(app.settings.send.lease)).await?,
    };
    for late in
        steps.iter().filter(|step| step.end().is_some_and(|end| end.1 == "published" && !ended.contains(&end.0)))
    {
        late.tell_late(app, tx, now).await?;
    }
    let ended = steps.iter().filter(|step| step.end().is_some_and(|end| ended.contains(&end.0)));
    counts.extend(ended.map(|step| step.claim.held()));
    Ok(counts)
}

impl Record {
    fn end(&self) -> Option<End<'_>> {
        match &self.came {
            Came::NotSent(_) => None,
            Came::Late(attempted, failure) => Some((attempted.attempt_id, "rejected", Some(failure.message.as_str()))),
            Came::Answered(attempted, outcome) => Some(match outcome {
                Outcome::Published { .. } => (attempted.attempt_id, "published", None),
                Outcome::Rejected(failure) => (attempted.attempt_id, "rejected", Some(failure.message.as_str())),
                Outcome::Unknown { evidence } => (attempted.attempt_id, "unknown", Some(evidence.as_str())),
                Outcome::Accepted { .. } => (attempted.attempt_id, "unknown", Some("accepted, but not public yet")),
            }),
        }
    }

    fn public(&self) -> Option<Public<'_>> {
        match &self.came {
            Came::Answered(attempted, Outcome::Published { remote, .. }) => {
                Some(Public { claim: &self.claim, post: self.post, ordinal: attempted.ordinal, remote })
            }
            _ => None,
        }
    }

    /// Everything but a success, and what a success says about the next one.
    async fn settle(&self, app: &App, tx: &mut Tx, now: Timestamp) -> Result<()> {
        let (workspace, claim) = (self.claim.workspace, &self.claim);
        let failure = match &self.came {
            Came::Answered(_, Outcome::Published { rest_until, .. }) => {
                if let Some(until) = rest_until {
                    accounts::set_not_before(tx, workspace, claim.account, *until, now).await?;
                }
                return Ok(());
            }
            Came::NotSent(failure) | Came::Late(_, failure) | Came::Answered(_, Outcome::Rejected(failure)) => {
                Some(failure)
            }
            Came::Answered(..) => None,
        };
        let all = targets::of_post(tx, workspace, self.post).await?;
        let Some(mut target) = all.into_iter().find(|target| target.target_id == claim.target) else { return Ok(()) };
        if !matches!(target.state, TargetState::Scheduled | TargetState::Publishing | TargetState::Unknown) {
            // Held, cancelled or settled since the call: the attempt has its end, and nothing follows from it.
            return Ok(());
        }
        match (failure, &self.came) {
            (Some(failure), _) => settle::refuse(app, tx, claim, &mut target, failure, self.used.as_deref(), now).await,
            (None, Came::Answered(attempted, _)) => {
                if let Some(next) = target.state.after(TargetEvent::LoseTrack) {
                    target.state = next;
                }
                let at = attempted.quiet_from.max(now);
                target.next_step_at = Some(at);
                settle::write(tx, workspace, &target, now).await?;
                dispatch::release(tx, claim, at).await.map(drop)
            }
            (None, _) => Ok(()),
        }
    }

    /// A call succeeded whose outcome somebody has settled meanwhile. When it was taken to be absent, it is there all the same
    /// and may have been sent again: that is not to be hidden.
    async fn tell_late(&self, app: &App, tx: &mut Tx, now: Timestamp) -> Result<()> {
        let Came::Answered(attempted, Outcome::Published { remote, .. }) = &self.came else { return Ok(()) };
        let workspace = self.claim.workspace;
        if attempts::state(tx, workspace, attempted.attempt_id).await?.as_deref() != Some("absent") {
            return Ok(());
        }
        tracing::error!(target = %self.claim.target, remote = remote.id, "public, although it was settled as absent");
        let change = json!([{ "what": "segment", "id": self.claim.target,
                              "how": { "ordinal": attempted.ordinal, "published_though_absent": remote.id } }]);
        audit_record(app, &settle::system(app, workspace), tx, now, "segment_publish_late", "done", &change).await
    }

    fn limited_until(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.came {
            Came::Answered(_, Outcome::Rejected(failure)) | Came::NotSent(failure) => match failure.kind {
                FailureKind::RateLimited { until } => Some(settle::until(until, now)),
                _ => None,
            },
            _ => None,
        }
    }

    /// `Ok`: the server works. `Err`: it does not, and how that showed. `None`: nothing was learnt of it.
    fn verdict(&self) -> Option<std::result::Result<(), &str>> {
        let transient = |failure: &Failure| failure.kind == FailureKind::Transient;
        match &self.came {
            Came::Late(..) => None,
            Came::NotSent(failure) => transient(failure).then_some(Err(failure.message.as_str())),
            Came::Answered(_, Outcome::Rejected(failure)) if transient(failure) => Some(Err(failure.message.as_str())),
            Came::Answered(_, Outcome::Unknown { evidence }) => Some(Err(evidence.as_str())),
            Came::Answered(..) => Some(Ok(())),
        }
    }
}

/// Tells every process which servers work and which do not. Last in its transaction: these rows belong to all workspaces.
async fn judge_servers(app: &App, tx: &mut Tx, steps: &[&Record], now: Timestamp) -> Result<()> {
    let Some(workspace) = steps.first().map(|step| step.claim.workspace) else { return Ok(()) };
    #[derive(Default)]
    struct Learnt<'a> {
        worked: bool,
        failed: Vec<(AccountId, PostId, &'a str)>,
        limited_until: Option<Timestamp>,
    }
    let mut learnt: BTreeMap<&str, Learnt<'_>> = BTreeMap::new();
    for step in steps {
        let of_server = learnt.entry(&*step.claim.server).or_default();
        match step.verdict() {
            Some(Ok(())) => of_server.worked = true,
            Some(Err(what)) => of_server.failed.push((step.claim.account, step.post, what)),
            None => {}
        }
        of_server.limited_until = of_server.limited_until.max(step.limited_until(now));
    }
    for (server, learnt) in learnt {
        if learnt.worked {
            servers::worked(tx, server, now).await?;
        } else if !learnt.failed.is_empty() {
            let salt = i64::try_from(app.ids.next(now).as_u128() & 0xffff).unwrap_or(0);
            servers::failed(tx, server, workspace, &learnt.failed, salt, now).await?;
        }
        if let Some(until) = learnt.limited_until {
            servers::limited(tx, server, until, now).await?;
        }
    }
    Ok(())
}
