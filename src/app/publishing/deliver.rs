//! Takes one claimed target as far as it can be taken: looks up what an earlier attempt became, holds what must not go
//! out, sends message after message, and writes down each outcome before the next step. The steps that need the database
//! are taken together with other deliveries'.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    app::{
        App,
        publishing::{
            arm::{Arm, Armed, Attempted},
            editing,
            look::{Look, Message, Work},
            outgoing, reconcile,
            record::{Came, Record},
            removal,
            together::take,
            tokens,
        },
    },
    clients::networks::{Failure, FailureKind, NetworkAccount, Outcome, Outgoing, SendBy},
    error::{Error, Result},
    ids::PostId,
    model::networks::NetworkId,
    store::{
        db::Entrance,
        dispatch::{self, Claimed},
        servers,
    },
};

/// See the module text. An error leaves the claim to its lease: the next worker starts from what is written.
pub async fn deliver(app: &Arc<App>, claim: Claimed) -> Result<()> {
    go_through(app, &claim).await?;
    if claim.trial {
        // Whatever was learnt of its server is written down; where nothing was, another may try.
        let mut tx = app.db.begin().await?;
        servers::untried(&mut tx, &claim.server).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn go_through(app: &Arc<App>, claim: &Claimed) -> Result<()> {
    // A thread has at most as many messages as networks allow; the bound only ends a defect of ours.
    for _ in 0..200 {
        match take(app, Look(claim.clone())).await? {
            Work::None => return Ok(()),
            Work::Remove(target) => return removal::resume(app, claim, &target).await,
            Work::Edit(target) => return editing::resume(app, claim, &target).await,
            Work::LookUp(found) => {
                let (target, attempt) = *found;
                if !reconcile::look_up(app, claim, &target, &attempt).await? {
                    return Ok(());
                }
            }
            Work::Send(message) => {
                if !send(app, claim, *message).await? {
                    return Ok(());
                }
            }
        }
    }
    Err(Error::internal(format!("target {} does not come to an end", claim.target)))
}

/// Sends one message. `true`: go on with the next.
async fn send(app: &Arc<App>, claim: &Claimed, message: Message) -> Result<bool> {
    let post = message.target.post_id;
    let record = |used, came| write_down(app, claim, post, used, came);
    let began = Instant::now();
    let tokens::SignedIn { network, account, sealed, .. } =
        match tokens::ready_with(app, claim.workspace, &message.sender).await? {
            Ok(ready) => ready,
            Err(failure) => return record(message.sender.sealed.clone(), Came::NotSent(failure)).await,
        };
    let Some(segment) = message.segments.iter().find(|segment| segment.ordinal == message.ordinal) else {
        return Err(Error::internal("the next message is not in its thread"));
    };
    let media = outgoing::media_apart(app, claim.workspace, segment, segment.prepared.is_none()).await?;
    let mut outgoing = outgoing::build(&message.segments, segment, media, app.now())?;
    let prepared = match &segment.prepared {
        Some(_) => None,
        None => match prepare(app, network, &account, &outgoing).await {
            Ok(prepared) => Some(prepared),
            Err(failure) => return record(Some(sealed), Came::NotSent(failure)).await,
        },
    };
    if let Some(prepared) = &prepared {
        outgoing.prepared = prepared.clone();
    }
    // Before arming: what is armed is called at once.
    let line = app.engine.line(&claim.server).await?;
    if !still_ours(app, claim, began).await? {
        return Ok(false);
    }
    let arm = Arm { claim: claim.clone(), post, segment: segment.clone(), prepared };
    let Armed::Ready(attempted) = take(app, arm).await? else { return Ok(false) };
    outgoing.created_at = attempted.stamped_at;
    let came = call(app, network, &account, &outgoing, attempted).await;
    drop(line);
    record(Some(sealed), came).await
}

/// A token that was waited for, an upload and a busy server may have taken most of the lease: it is prolonged before anything
/// is armed, so that slow is not the same as lost.
async fn still_ours(app: &App, claim: &Claimed, began: Instant) -> Result<bool> {
    let lease = app.settings.send.lease;
    if began.elapsed() < millis(lease / 3) {
        return Ok(true);
    }
    let now = app.now();
    let (mut tx, _) = app.db.tenant(claim.workspace, Entrance::System, now).await?;
    let ours = dispatch::renew(&mut tx, claim, now.plus_millis(lease)).await?;
    tx.commit().await?;
    Ok(ours)
}

/// What is known is not given up because the database is away for a moment: it is told again for as long as the claim
/// lasts. Later, others look.
async fn write_down(app: &Arc<App>, claim: &Claimed, post: PostId, used: Option<Vec<u8>>, came: Came) -> Result<bool> {
    let until = Instant::now() + millis(app.settings.send.lease);
    let mut pause = Duration::from_millis(100);
    loop {
        match take(app, Record { claim: claim.clone(), post, used: used.clone(), came: came.clone() }).await {
            Err(error) if Instant::now() + pause < until => {
                tracing::warn!(target = %claim.target, error = error.chain(), "an outcome is written down again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            done => return done,
        }
    }
}

fn millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// Uploads and look-ups; kept with the attempt, so that another one need not repeat them. Shows nothing to anybody, so it may
/// take its time, but not longer than the lease.
async fn prepare(
    app: &App,
    network: NetworkId,
    account: &NetworkAccount,
    outgoing: &Outgoing,
) -> std::result::Result<Value, Failure> {
    let within = millis(app.settings.send.lease * 4 / 5);
    tokio::time::timeout(within, app.networks.get(network).prepare(account, outgoing)).await.unwrap_or_else(|_| {
        let message = "preparing (uploading images, looking up mentions) took too long".to_owned();
        // Images may be many and the way to the server slow: it may work for everybody else.
        Err(Failure { kind: FailureKind::Delayed, message })
    })
}

/// The one visible call, if there is still time for it when its first byte is about to leave.
async fn call(
    app: &App,
    network: NetworkId,
    account: &NetworkAccount,
    outgoing: &Outgoing,
    attempted: Attempted,
) -> Came {
    let send_by = SendBy::new(Arc::clone(&app.clock), attempted.start_before_boot_millis);
    let within = millis(app.settings.send.answer_within);
    let outcome =
        match tokio::time::timeout(within, app.networks.get(network).publish(account, outgoing, &send_by)).await {
            Ok(Outcome::Accepted { handle }) => wait_for(app, network, account, handle, within).await,
            Ok(outcome) => outcome,
            Err(_) => Outcome::Unknown { evidence: format!("no answer within {} ms", within.as_millis()) },
        };
    match outcome {
        Outcome::Rejected(failure) if send_by.withheld() => Came::Late(attempted, failure),
        outcome => Came::Answered(attempted, outcome),
    }
}

async fn wait_for(app: &App, network: NetworkId, account: &NetworkAccount, handle: Value, within: Duration) -> Outcome {
    match tokio::time::timeout(within, app.networks.get(network).poll(account, &handle)).await {
        Ok(Outcome::Accepted { .. }) | Err(_) => Outcome::Unknown { evidence: "accepted, but not public yet".into() },
        Ok(outcome) => outcome,
    }
}
