//! Writes attempts down before their calls. From the commit on, a crash leaves an unknown outcome and not a second call.

use std::{collections::HashMap, time::Duration};

use serde_json::Value;

use crate::{
    app::{
        App,
        publishing::{
            engine::Engine,
            settle::{self, Reason},
            together::{Busy, Desk, Step},
            world::{Place, World},
        },
    },
    clock::Timestamp,
    error::Result,
    ids::{AttemptId, PostId, TargetId, WorkspaceId},
    model::{
        posts::fingerprint,
        states::{TargetEvent, TargetState},
    },
    store::{
        attempts::{self, NewAttempt},
        db::{Entrance, Tx},
        dispatch::{self, Claimed, Held},
        ledger::{self, Stamping},
        targets::Segment,
    },
};

/// A message that is ready to be sent.
pub struct Arm {
    pub claim: Claimed,
    pub post: PostId,
    /// As it was prepared; should it have been changed since, it is not armed.
    pub segment: Segment,
    /// What preparing returned, when it was prepared just now.
    pub prepared: Option<Value>,
}

pub enum Armed {
    /// The call may be made.
    Ready(Attempted),
    /// Not ours any more, or not to be sent any more: look again.
    No,
}

/// An attempt that was armed.
#[derive(Debug, Clone, Copy)]
pub struct Attempted {
    pub attempt_id: AttemptId,
    pub ordinal: i32,
    pub post_id: PostId,
    /// The creation time that the network will show.
    pub stamped_at: Timestamp,
    /// On the clock that counts suspension: the call must not be started later.
    pub start_before_boot_millis: u64,
    /// From when on its outcome may be looked up.
    pub quiet_from: Timestamp,
}

impl Step for Arm {
    type Done = Armed;
    const COLLECT: Duration = Duration::from_millis(3);

    fn desk(engine: &Engine) -> &Desk<Self> {
        &engine.arms
    }

    fn workspace(&self) -> WorkspaceId {
        self.claim.workspace
    }

    async fn run(app: &App, workspace: WorkspaceId, steps: &[Self], busy: Busy) -> Result<Vec<Option<Armed>>> {
        let now = app.now();
        // Taken before anything is written, so that the deadline on this clock is the earlier one.
        let boot_millis = app.clock.boot_millis();
        let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
        let posts: Vec<_> = steps.iter().map(|step| step.post.uuid()).collect();
        let locked = ledger::lock_posts(&mut tx, workspace, &posts, busy == Busy::Wait).await?;
        let mine: Vec<&Self> = steps.iter().filter(|step| locked.contains(&step.post)).collect();
        let claims: Vec<&Claimed> = mine.iter().map(|step| &step.claim).collect();
        let held = dispatch::renew_all(&mut tx, workspace, &claims, now.plus_millis(app.settings.send.lease)).await?;
        let targets: Vec<TargetId> = held.iter().map(|held| held.0).collect();
        let mut world = World::load(app, &mut tx, workspace, locked.iter().copied(), &targets).await?;
        let mut ready = Vec::new();
        for step in mine.iter().filter(|step| held.contains(&step.claim.held())) {
            match world.place(step.claim.target) {
                Some(place) if step.may_be_sent(&place, now) && world.is_genuine(&place) => ready.push(*step),
                // Cancelled, moved or rewritten since we looked: look again.
                Some(place) => put_back(&mut tx, &step.claim, place.target.due_at.unwrap_or(now)).await?,
                None => {}
            }
        }
        let armed = match arm(app, &mut tx, &mut world, ready, now, boot_millis).await? {
            Ok(armed) => armed,
            Err(_) if steps.len() > 1 => return Ok(steps.iter().map(|_| None).collect()),
            Err(reason) => {
                drop(tx);
                if let Some(step) = steps.first() {
                    tracing::warn!(target = %step.claim.target, reason, "the database refused to arm an attempt");
                    refused(app, step, &reason).await?;
                }
                return Ok(vec![Some(Armed::No)]);
            }
        };
        tx.commit().await?;
        Ok(steps
            .iter()
            .map(|step| match armed.get(&step.claim.held()) {
                Some(attempted) => Some(Armed::Ready(*attempted)),
                // A post that is gone is not busy.
                None if busy == Busy::Skip && !locked.contains(&step.post) => None,
                None => Some(Armed::No),
            })
            .collect())
    }
}

impl Arm {
    /// Still due, with nothing under way, and the very message that was prepared.
    fn may_be_sent(&self, place: &Place<'_>, now: Timestamp) -> bool {
        let unchanged = place.next().is_some_and(|present| {
            present.ordinal == self.segment.ordinal
                && present.send_key == self.segment.send_key
                && present.message == self.segment.message
        });
        unchanged
            && place.open.is_none()
            && !place.target.doubted
            && place.target.state.after(TargetEvent::Arm).is_some()
            && place.target.due_at.is_some_and(|due| due <= now)
    }
}

/// The database's own check said no: something changed between our look and the arming.
async fn refused(app: &App, step: &Arm, reason: &str) -> Result<()> {
    let (now, workspace, claim) = (app.now(), step.claim.workspace, &step.claim);
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    ledger::lock_posts(&mut tx, workspace, &[step.post.uuid()], true).await?;
    if !dispatch::renew(&mut tx, claim, now).await? {
        return Ok(());
    }
    let world = World::load(app, &mut tx, workspace, [step.post], &[claim.target]).await?;
    let Some(place) = world.place(claim.target) else { return Ok(()) };
    if !matches!(place.target.state, TargetState::Scheduled | TargetState::Publishing) {
        return Ok(());
    }
    let reason = match (world.paused(&place), reason.ends_with("paused")) {
        (Some(paused), _) => paused,
        // Resumed meanwhile; whoever resumed has been told what the pause holds, and this is not among it.
        (None, true) => {
            put_back(&mut tx, claim, now).await?;
            return tx.commit().await;
        }
        (None, false) => {
            Reason::new("not_allowed", format!("It came due, but {reason}."), "Clear that up, then schedule it again.")
        }
    };
    settle::hold(app, &mut tx, claim, &mut place.target.clone(), &reason, now).await?;
    tx.commit().await?;
    app.announce(workspace);
    Ok(())
}

async fn put_back(tx: &mut Tx, claim: &Claimed, due_at: Timestamp) -> Result<()> {
    dispatch::release(tx, claim, due_at).await.map(drop)
}

/// Writes the attempts. The inner error is the database's own refusal; then the transaction is of no further use.
async fn arm(
    app: &App,
    tx: &mut Tx,
    world: &mut World,
    mut ready: Vec<&Arm>,
    now: Timestamp,
    boot_millis: u64,
) -> Result<std::result::Result<HashMap<Held, Attempted>, String>> {
    if ready.is_empty() {
        return Ok(Ok(HashMap::new()));
    }
    let workspace = world.workspace;
    let send = app.settings.send;
    let send_deadline = now.plus_millis(send.start_within);
    // The database locks each attempt's account: always in the same order.
    ready.sort_by_key(|step| (step.claim.account, step.claim.target));
    let targets: Vec<TargetId> = ready.iter().map(|step| step.claim.target).collect();
    for target in &targets {
        world.change(*target, |target| target.state = TargetState::Publishing);
    }
    world.save(tx, &targets, now).await?;
    let messages: Vec<Stamping> = ready
        .iter()
        .filter_map(|step| {
            let shown = settle::shown_time(world.place(step.claim.target)?.target, step.segment.ordinal, now);
            Some((step.claim.target, step.segment.ordinal, shown, step.prepared.clone()))
        })
        .collect();
    let stamps: HashMap<TargetId, Timestamp> = ledger::stamp(tx, workspace, &messages).await?.into_iter().collect();
    let attempts: Vec<NewAttempt> = ready
        .iter()
        .map(|step| NewAttempt {
            attempt_id: AttemptId(app.ids.next(now)),
            target_id: step.claim.target,
            ordinal: step.segment.ordinal,
            fingerprint: fingerprint(&step.segment.message),
            fence: step.claim.fence,
            armed_at: now,
            send_deadline,
        })
        .collect();
    if let Err(reason) = attempts::arm(tx, workspace, &attempts).await? {
        return Ok(Err(reason));
    }
    let attempted = |step: &&Arm, attempt: &NewAttempt| Attempted {
        attempt_id: attempt.attempt_id,
        ordinal: attempt.ordinal,
        post_id: step.post,
        stamped_at: stamps.get(&attempt.target_id).copied().unwrap_or(now),
        start_before_boot_millis: boot_millis.saturating_add(u64::try_from(send.start_within).unwrap_or(0)),
        quiet_from: send_deadline.plus_millis(send.answer_within + send.margin),
    };
    Ok(Ok(ready.iter().zip(&attempts).map(|(step, attempt)| (step.claim.held(), attempted(step, attempt))).collect()))
}
