//! Takes one claimed target as far as it can be taken: looks up what an earlier attempt became, holds what must not go
//! out, sends message after message, and writes down each outcome before the next step.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::{
    app::{
        App,
        publishing::{
            editing,
            outgoing::Thread,
            reconcile, removal,
            settle::{self, Attempted},
            tokens,
        },
    },
    clients::networks::{Failure, FailureKind, NetworkAccount, Outcome, Outgoing, SendBy},
    clock::Timestamp,
    error::{Error, Result},
    ids::AttemptId,
    model::{
        accounts::AccountStatus,
        networks::NetworkId,
        posts::fingerprint,
        states::{TargetEvent, TargetState},
    },
    store::{
        accounts,
        attempts::{self, Attempt, NewAttempt},
        db::{Entrance, Tx},
        dispatch::{self, Claimed},
        edits, posts,
        targets::{self, Segment, Target},
    },
};

/// What to do with a target, as the database has it now.
enum Work {
    /// Nothing: it is done, gone, or not ours any more.
    None,
    Remove(Box<Target>),
    /// It is public, and its text is to change.
    Edit(Box<Target>),
    /// An earlier attempt's outcome is open.
    LookUp(Box<(Target, Attempt)>),
    Send(Box<(Target, Segment)>),
}

/// See the module text. An error leaves the claim to its lease: the next worker starts from what is written.
pub async fn deliver(app: &App, claim: Claimed) -> Result<()> {
    // A thread has at most as many messages as networks allow; the bound only ends a defect of ours.
    for _ in 0..200 {
        match look(app, &claim).await? {
            Work::None => return Ok(()),
            Work::Remove(target) => return removal::resume(app, &claim, &target).await,
            Work::Edit(target) => return editing::resume(app, &claim, &target).await,
            Work::LookUp(found) => {
                let (target, attempt) = *found;
                if !reconcile::look_up(app, &claim, &target, &attempt).await? {
                    return Ok(());
                }
            }
            Work::Send(found) => {
                let (target, segment) = *found;
                if !send(app, &claim, &target, &segment).await? {
                    return Ok(());
                }
            }
        }
    }
    Err(Error::internal(format!("target {} does not come to an end", claim.target)))
}

/// Reads the world and decides. Whatever must not go out is put on hold here.
async fn look(app: &App, claim: &Claimed) -> Result<Work> {
    let now = app.now();
    let workspace = claim.workspace;
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let Some(post_id) = targets::post_of(&mut tx, workspace, claim.target).await? else {
        return finished(tx, claim).await;
    };
    // The order of locks is the same everywhere: the post, then its place in the queue.
    let post = posts::lock(&mut tx, workspace, post_id).await?;
    if !dispatch::renew(&mut tx, claim, now.plus_millis(app.settings.send.lease)).await? {
        return Ok(Work::None);
    }
    let all = targets::of_post(&mut tx, workspace, post_id).await?;
    let (Some(post), Some(mut target)) = (post, all.into_iter().find(|target| target.target_id == claim.target)) else {
        return finished(tx, claim).await;
    };
    if target.removal_requested_at.is_some() && target.removed_at.is_none() {
        tx.commit().await?;
        return Ok(Work::Remove(Box::new(target)));
    }
    if target.state == TargetState::Published && !edits::pending(&mut tx, workspace, target.target_id).await?.is_empty()
    {
        tx.commit().await?;
        return Ok(Work::Edit(Box::new(target)));
    }
    if post.deleted_at.is_some()
        || !matches!(target.state, TargetState::Scheduled | TargetState::Publishing | TargetState::Unknown)
    {
        return finished(tx, claim).await;
    }
    let attempts = attempts::of_target(&mut tx, workspace, target.target_id).await?;
    if let Some(open) = attempts.into_iter().find(|attempt| matches!(attempt.state.as_str(), "armed" | "unknown")) {
        return open_attempt(app, tx, claim, target, open, now).await;
    }
    let segments = targets::segments(&mut tx, workspace, &[target.target_id]).await?;
    let Some(segment) = (Thread { target: &target, segments: &segments }).next().cloned() else {
        settle::complete(&mut tx, claim, &mut target, now).await?;
        tx.commit().await?;
        app.announce(workspace);
        return Ok(Work::None);
    };
    if let Some(reason) = reason_to_hold(&mut tx, claim, &post, &target, now).await? {
        settle::hold(&mut tx, claim, &mut target, &reason, now).await?;
        tx.commit().await?;
        app.announce(workspace);
        return Ok(Work::None);
    }
    let account = accounts::get(&mut tx, workspace, target.account_id).await?;
    if let Some(wait) = account.and_then(|account| account.not_before).filter(|until| *until > now) {
        // Waiting as the network asked does not make the post late.
        target.next_step_at = Some(wait);
        settle::write(&mut tx, workspace, &target, now).await?;
        dispatch::release(&mut tx, claim, wait).await?;
        tx.commit().await?;
        return Ok(Work::None);
    }
    tx.commit().await?;
    Ok(Work::Send(Box::new((target, segment))))
}

async fn finished(mut tx: Tx, claim: &Claimed) -> Result<Work> {
    dispatch::remove(&mut tx, claim.workspace, claim.target).await?;
    tx.commit().await?;
    Ok(Work::None)
}

/// An attempt without an outcome: nobody knows. It is looked up once every answer that was under way has come or
/// timed out.
async fn open_attempt(
    app: &App,
    mut tx: Tx,
    claim: &Claimed,
    mut target: Target,
    attempt: Attempt,
    now: Timestamp,
) -> Result<Work> {
    if attempt.state == "armed" {
        let evidence = "the program ended before the network's answer was written down";
        attempts::finish(&mut tx, claim.workspace, attempt.attempt_id, "unknown", Some(evidence), now).await?;
    }
    if let Some(state) = target.state.after(TargetEvent::LoseTrack) {
        target.state = state;
        settle::write(&mut tx, claim.workspace, &target, now).await?;
    }
    // Whoever armed it may be alive and calling, and the clock may have jumped over its deadline.
    let found = if attempt.state == "armed" { now.plus_millis(app.settings.send.attempt()) } else { now };
    let settled_at = quiet_from(app, &attempt).max(found);
    if now < settled_at {
        dispatch::release(&mut tx, claim, settled_at).await?;
        tx.commit().await?;
        return Ok(Work::None);
    }
    tx.commit().await?;
    Ok(Work::LookUp(Box::new((target, attempt))))
}

/// From when on no answer to this attempt can be under way any more.
pub fn quiet_from(app: &App, attempt: &Attempt) -> Timestamp {
    attempt.send_deadline.plus_millis(app.settings.send.answer_within + app.settings.send.margin)
}

async fn reason_to_hold(
    tx: &mut Tx,
    claim: &Claimed,
    post: &posts::Post,
    target: &Target,
    now: Timestamp,
) -> Result<Option<settle::Reason>> {
    let account = accounts::get(tx, claim.workspace, target.account_id).await?;
    let account = account.ok_or_else(|| Error::internal("a target without account"))?;
    if let Some(reason) = settle::paused(tx, claim.workspace, target).await? {
        return Ok(Some(reason));
    }
    if !post.review.allows_sending() {
        return Ok(Some(settle::Reason::new(
            "not_approved",
            "It came due without the approval that it needs.",
            "Have it approved, then schedule it again.",
        )));
    }
    if post.author_removed {
        return Ok(Some(settle::Reason::new(
            "author_removed",
            format!("{} is no longer in the workspace.", post.author_name),
            "Whoever stands for it now schedules it again or deletes it.",
        )));
    }
    if account.status == AccountStatus::Disconnected {
        return Ok(Some(settle::Reason::new(
            "account_disconnected",
            format!("@{} is disconnected.", account.handle),
            "Connect the account again with account_connect, then schedule the post again.",
        )));
    }
    let late = target.next_step_at.or(target.due_at).map_or(0, |due| now.millis_since(due) / 1000);
    if target.state == TargetState::Scheduled && late > i64::from(account.tolerance_secs) {
        return Ok(Some(settle::Reason::new(
            "missed",
            format!(
                "Nothing was running at its time; {} minutes later is more than the account's tolerance.",
                late / 60
            ),
            "Give it a new time, publish it now or drop it (held_release). Its account's tolerance can be changed.",
        )));
    }
    Ok(None)
}

/// Sends one message. `true`: go on with the next.
async fn send(app: &App, claim: &Claimed, target: &Target, segment: &Segment) -> Result<bool> {
    let (network, account) = match tokens::ready(app, claim.workspace, target.account_id).await? {
        Ok(ready) => ready,
        Err(failure) => return settle::not_sent(app, claim, target, &failure).await.map(|()| false),
    };
    let outgoing = match prepared(app, claim, target, segment, network, &account).await? {
        Ok(outgoing) => outgoing,
        Err(failure) => return settle::not_sent(app, claim, target, &failure).await.map(|()| false),
    };
    let Some(armed) = arm(app, claim, target, segment).await? else { return Ok(false) };
    let outgoing = Outgoing { created_at: armed.stamped_at, ..outgoing };
    let outcome = call(app, network, &account, &outgoing, armed.start_before_boot_millis).await;
    settle::record(app, claim, &armed.attempted, outcome).await
}

/// Uploads and look-ups, kept so that another attempt need not repeat them.
async fn prepared(
    app: &App,
    claim: &Claimed,
    target: &Target,
    segment: &Segment,
    network: NetworkId,
    account: &NetworkAccount,
) -> Result<std::result::Result<Outgoing, Failure>> {
    let workspace = claim.workspace;
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let segments = targets::segments(&mut tx, workspace, &[target.target_id]).await?;
    let thread = Thread { target, segments: &segments };
    let with_media = segment.prepared.is_none();
    let mut outgoing = thread.outgoing(&mut tx, workspace, segment, now, with_media).await?;
    tx.finish_read();
    if segment.prepared.is_some() {
        return Ok(Ok(outgoing));
    }
    let prepared =
        tokio::time::timeout(prepare_within(app), app.networks.get(network).prepare(account, &outgoing)).await;
    let prepared = match prepared {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(failure)) => return Ok(Err(failure)),
        Err(_) => {
            let message = "preparing (uploading images, looking up mentions) took too long".to_owned();
            return Ok(Err(Failure { kind: FailureKind::Transient, message }));
        }
    };
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    posts::lock(&mut tx, workspace, target.post_id).await?;
    if dispatch::renew(&mut tx, claim, app.now().plus_millis(app.settings.send.lease)).await? {
        targets::set_prepared(&mut tx, workspace, target.target_id, segment.ordinal, Some(&prepared)).await?;
    }
    tx.commit().await?;
    outgoing.prepared = prepared;
    Ok(Ok(outgoing))
}

/// Preparing shows nothing to anybody, so it may take its time, but not longer than the lease.
fn prepare_within(app: &App) -> Duration {
    Duration::from_millis(u64::try_from(app.settings.send.lease).unwrap_or(60_000) * 4 / 5)
}

struct Armed {
    attempted: Attempted,
    stamped_at: Timestamp,
    start_before_boot_millis: u64,
}

/// Writes the attempt down. From its commit on, a crash leaves an unknown outcome and not a second call.
async fn arm(app: &App, claim: &Claimed, seen: &Target, segment: &Segment) -> Result<Option<Armed>> {
    let now = app.now();
    let boot_millis = app.clock.boot_millis();
    let send = app.settings.send;
    let workspace = claim.workspace;
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let post = posts::lock(&mut tx, workspace, seen.post_id).await?;
    if !dispatch::renew(&mut tx, claim, now.plus_millis(send.lease)).await? {
        return Ok(None);
    }
    let all = targets::of_post(&mut tx, workspace, seen.post_id).await?;
    let target = all.into_iter().find(|target| target.target_id == claim.target);
    let (Some(_), Some(mut target)) = (post, target) else { return Ok(None) };
    let segments = targets::segments(&mut tx, workspace, &[claim.target]).await?;
    let thread = Thread { target: &target, segments: &segments };
    let unchanged = thread.next().is_some_and(|present| {
        present.ordinal == segment.ordinal && present.send_key == segment.send_key && present.message == segment.message
    });
    let (Some(state), true) =
        (target.state.after(TargetEvent::Arm), unchanged && target.due_at.is_some_and(|due| due <= now))
    else {
        // Cancelled, moved or rewritten since we looked: look again.
        dispatch::release(&mut tx, claim, target.due_at.unwrap_or(now)).await?;
        tx.commit().await?;
        return Ok(None);
    };
    target.state = state;
    settle::write(&mut tx, workspace, &target, now).await?;
    let shown = settle::shown_time(&target, segment.ordinal, now);
    let stamped_at = targets::stamp(&mut tx, workspace, claim.target, segment.ordinal, shown).await?;
    let attempt_id: AttemptId = app.ids.next(now).into();
    let attempt = NewAttempt {
        attempt_id,
        target_id: claim.target,
        ordinal: segment.ordinal,
        fingerprint: &fingerprint(&segment.message),
        fence: claim.fence,
        armed_at: now,
        send_deadline: now.plus_millis(send.start_within),
    };
    if let Err(reason) = attempts::arm(&mut tx, workspace, &attempt).await? {
        drop(tx);
        tracing::warn!(target = %claim.target, reason, "the database refused to arm an attempt");
        settle::refused_by_database(app, claim, &reason).await?;
        return Ok(None);
    }
    tx.commit().await?;
    let attempted = Attempted {
        attempt_id,
        ordinal: segment.ordinal,
        post_id: seen.post_id,
        quiet_from: attempt.send_deadline.plus_millis(send.answer_within + send.margin),
    };
    Ok(Some(Armed {
        attempted,
        stamped_at,
        start_before_boot_millis: boot_millis + u64::try_from(send.start_within).unwrap_or(0),
    }))
}

/// The one visible call, if there is still time for it when its first byte is about to leave.
async fn call(
    app: &App,
    network: NetworkId,
    account: &NetworkAccount,
    outgoing: &Outgoing,
    start_before: u64,
) -> Outcome {
    let send_by = SendBy::new(Arc::clone(&app.clock), start_before);
    let within = Duration::from_millis(u64::try_from(app.settings.send.answer_within).unwrap_or(30_000));
    match tokio::time::timeout(within, app.networks.get(network).publish(account, outgoing, &send_by)).await {
        Ok(Outcome::Accepted { handle }) => wait_for(app, network, account, handle, within).await,
        Ok(outcome) => outcome,
        Err(_) => Outcome::Unknown { evidence: format!("no answer within {} ms", within.as_millis()) },
    }
}

async fn wait_for(app: &App, network: NetworkId, account: &NetworkAccount, handle: Value, within: Duration) -> Outcome {
    match tokio::time::timeout(within, app.networks.get(network).poll(account, &handle)).await {
        Ok(Outcome::Accepted { .. }) | Err(_) => Outcome::Unknown { evidence: "accepted, but not public yet".into() },
        Ok(outcome) => outcome,
    }
}
