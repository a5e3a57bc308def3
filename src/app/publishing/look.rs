//! Reads the world and decides what is to be done with a claimed target. What is ready to be sent is only read here, since
//! arming looks again under lock; whatever else is due is written down at once.

use std::time::Duration;

use crate::{
    app::{
        App,
        publishing::{
            doubt,
            engine::Engine,
            holds::reason_to_hold,
            settle::{self, Reason},
            together::{Busy, Desk, Step},
            world::{self, Place, World},
        },
    },
    clock::Timestamp,
    error::Result,
    ids::{TargetId, WorkspaceId},
    model::states::{TargetEvent, TargetState},
    store::{
        attempts::{self, Attempt},
        db::{Entrance, Tx},
        dispatch::{self, Claimed},
        ledger::{self, Sender},
        targets::{Segment, Target},
    },
};

/// What to do with a target, as the database has it now.
pub enum Work {
    /// Nothing: it is done, gone, put off, or not ours any more.
    None,
    Remove(Box<Target>),
    /// It is public, and its text is to change.
    Edit(Box<Target>),
    /// An earlier attempt's outcome is open.
    LookUp(Box<(Target, Attempt)>),
    Send(Box<Message>),
}

/// The next message of a target, with all of its thread.
pub struct Message {
    pub target: Target,
    pub segments: Vec<Segment>,
    pub ordinal: i32,
    pub sender: Sender,
}

/// What the world says of a target.
enum Decision {
    Gone,
    Remove,
    Edit,
    Open(Attempt),
    /// Somebody unknown may have sent it: that is found out first.
    Doubt,
    Complete,
    Hold(Reason),
    Wait(Timestamp),
    Send,
}

pub struct Look(pub Claimed);

impl Step for Look {
    type Done = Work;
    const COLLECT: Duration = Duration::ZERO;

    fn desk(engine: &Engine) -> &Desk<Self> {
        &engine.looks
    }

    fn workspace(&self) -> WorkspaceId {
        self.0.workspace
    }

    async fn run(app: &App, workspace: WorkspaceId, steps: &[Self], busy: Busy) -> Result<Vec<Option<Work>>> {
        let claims: Vec<&Claimed> = steps.iter().map(|step| &step.0).collect();
        let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
        let posts = world::posts_of(&mut tx, workspace, &claims).await?;
        let targets: Vec<TargetId> = claims.iter().map(|claim| claim.target).collect();
        let world = World::load(app, &mut tx, workspace, posts.into_values(), &targets).await?;
        tx.finish_read();
        let mut works: Vec<Option<Work>> = claims.iter().map(|claim| to_send(app, &world, claim)).collect();
        let rest: Vec<(usize, &Claimed)> =
            claims.into_iter().enumerate().filter(|(at, _)| works.get(*at).is_some_and(Option::is_none)).collect();
        if rest.is_empty() {
            return Ok(works);
        }
        for (at, work) in write_down(app, workspace, &rest, busy).await? {
            if let Some(place) = works.get_mut(at) {
                *place = Some(work);
            }
        }
        Ok(works)
    }
}

/// The message to send, when that is what is to be done.
fn to_send(app: &App, world: &World, claim: &Claimed) -> Option<Work> {
    let place = world.place(claim.target)?;
    match decide(world, Some(&place), claim, app.now()) {
        Decision::Send => Some(Work::Send(Box::new(message(&place)?))),
        _ => None,
    }
}

fn message(place: &Place<'_>) -> Option<Message> {
    let ordinal = place.next()?.ordinal;
    let (target, segments) = (place.target.clone(), place.segments.to_vec());
    Some(Message { target, segments, ordinal, sender: place.sender.clone() })
}

fn decide(world: &World, place: Option<&Place<'_>>, claim: &Claimed, now: Timestamp) -> Decision {
    let Some(place) = place else { return Decision::Gone };
    let target = place.target;
    if target.removal_requested_at.is_some() && target.removed_at.is_none() {
        return Decision::Remove;
    }
    if target.state == TargetState::Published && place.edited {
        return Decision::Edit;
    }
    if place.post.deleted_at.is_some()
        || !matches!(target.state, TargetState::Scheduled | TargetState::Publishing | TargetState::Unknown)
    {
        return Decision::Gone;
    }
    if let Some(open) = place.open {
        return Decision::Open(open.clone());
    }
    if place.next().is_none() {
        return Decision::Complete;
    }
    if target.doubted {
        return Decision::Doubt;
    }
    if let Some(reason) = reason_to_hold(world, place, claim, now) {
        return Decision::Hold(reason);
    }
    match place.sender.account.waits_until(now) {
        Some(until) => Decision::Wait(until),
        None => Decision::Send,
    }
}

/// Decides again under lock, and writes the decisions down in one transaction. What is busy is left out.
async fn write_down(
    app: &App,
    workspace: WorkspaceId,
    rest: &[(usize, &Claimed)],
    busy: Busy,
) -> Result<Vec<(usize, Work)>> {
    let now = app.now();
    let claims: Vec<&Claimed> = rest.iter().map(|(_, claim)| *claim).collect();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    // The order of locks is the same everywhere: posts, then their places in the queue.
    let posts = world::posts_of(&mut tx, workspace, &claims).await?;
    let ids: Vec<_> = posts.values().map(|post| post.uuid()).collect();
    let locked = ledger::lock_posts(&mut tx, workspace, &ids, busy == Busy::Wait).await?;
    let mine: Vec<(usize, &Claimed)> = rest
        .iter()
        .copied()
        .filter(|(_, claim)| posts.get(&claim.target).is_none_or(|post| locked.contains(post)))
        .collect();
    let claims: Vec<&Claimed> = mine.iter().map(|(_, claim)| *claim).collect();
    let held = dispatch::renew_all(&mut tx, workspace, &claims, now.plus_millis(app.settings.send.lease)).await?;
    let targets: Vec<TargetId> = held.iter().map(|held| held.0).collect();
    let world = World::load(app, &mut tx, workspace, locked, &targets).await?;
    let mut works = Vec::with_capacity(mine.len());
    for (at, claim) in mine {
        let work =
            if held.contains(&claim.held()) { write(app, &mut tx, &world, claim, now).await? } else { Work::None };
        works.push((at, work));
    }
    tx.commit().await?;
    app.announce(workspace);
    Ok(works)
}

async fn write(app: &App, tx: &mut Tx, world: &World, claim: &Claimed, now: Timestamp) -> Result<Work> {
    let place = world.place(claim.target);
    let decision = decide(world, place.as_ref(), claim, now);
    let Some(place) = place else {
        dispatch::remove(tx, claim.workspace, claim.target).await?;
        return Ok(Work::None);
    };
    let mut target = place.target.clone();
    match decision {
        Decision::Gone => dispatch::remove(tx, claim.workspace, claim.target).await?,
        Decision::Remove => return Ok(Work::Remove(Box::new(target))),
        Decision::Edit => return Ok(Work::Edit(Box::new(target))),
        Decision::Open(attempt) => return open_attempt(app, tx, claim, target, attempt, now).await,
        Decision::Doubt => {
            if let Some(attempt) = doubt::write_down(app, tx, claim.workspace, &target, place.segments, now).await? {
                return open_attempt(app, tx, claim, target, attempt, now).await;
            }
        }
        Decision::Complete => settle::complete(app, tx, claim, &mut target, now).await?,
        Decision::Hold(reason) => settle::hold(app, tx, claim, &mut target, &reason, now).await?,
        Decision::Wait(until) => {
            // Waiting as the network asked does not make the post late.
            target.next_step_at = Some(until);
            settle::write(tx, claim.workspace, &target, now).await?;
            dispatch::release(tx, claim, until).await?;
        }
        Decision::Send => return Ok(message(&place).map_or(Work::None, |message| Work::Send(Box::new(message)))),
    }
    Ok(Work::None)
}

/// An attempt without an outcome: nobody knows. It is looked up once every answer that was under way has come or
/// timed out.
async fn open_attempt(
    app: &App,
    tx: &mut Tx,
    claim: &Claimed,
    mut target: Target,
    attempt: Attempt,
    now: Timestamp,
) -> Result<Work> {
    if attempt.state == "armed" {
        let evidence = "the program ended before the network's answer was written down";
        attempts::finish(tx, claim.workspace, attempt.attempt_id, "unknown", Some(evidence), now).await?;
    }
    if let Some(state) = target.state.after(TargetEvent::LoseTrack) {
        target.state = state;
        settle::write(tx, claim.workspace, &target, now).await?;
    }
    // Whoever armed it may be alive and calling, and the clock may have jumped over its deadline.
    let found = if attempt.state == "armed" { now.plus_millis(app.settings.send.attempt()) } else { now };
    let settled_at = quiet_from(app, &attempt).max(found);
    if now < settled_at {
        dispatch::release(tx, claim, settled_at).await?;
        return Ok(Work::None);
    }
    Ok(Work::LookUp(Box::new((target, attempt))))
}

/// From when on no answer to this attempt can be under way any more.
pub fn quiet_from(app: &App, attempt: &Attempt) -> Timestamp {
    attempt.send_deadline.plus_millis(app.settings.send.answer_within + app.settings.send.margin)
}
