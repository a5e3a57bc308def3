//! Looks up what became of an attempt whose outcome is not known. Never publishes.

use std::time::Duration;

use sqlx::PgConnection;

use crate::{
    app::{
        App,
        publishing::{
            look::quiet_from,
            outgoing,
            public::{self, Public},
            settle,
            tokens::{self, SignedIn},
        },
    },
    clients::networks::{Failure, FailureKind, Outgoing, Reconciled, Search},
    error::{Error, Result},
    ids::WorkspaceId,
    store::{
        attempts::{self, Attempt},
        db::Entrance,
        dispatch::{self, Claimed},
        ledger::{self, Sender},
        posts,
        targets::{self, Segment, Target},
    },
};

/// `true`: it is known now; go on with the target.
pub async fn look_up(app: &App, claim: &Claimed, seen: &Target, attempt: &Attempt) -> Result<bool> {
    let workspace = claim.workspace;
    let found = look(app, claim, seen, attempt).await?;
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    posts::lock(&mut tx, workspace, seen.post_id).await?;
    if !dispatch::renew(&mut tx, claim, now.plus_millis(app.settings.send.lease)).await? {
        return Ok(false);
    }
    let all = targets::of_post(&mut tx, workspace, seen.post_id).await?;
    let Some(mut target) = all.into_iter().find(|target| target.target_id == claim.target) else { return Ok(false) };
    let go_on = match found {
        Reconciled::Found(remote) => {
            if !attempts::finish(
                &mut tx,
                workspace,
                attempt.attempt_id,
                "published",
                Some("found by looking it up"),
                now,
            )
            .await?
            {
                return Ok(false);
            }
            let public = Public { claim, post: target.post_id, ordinal: attempt.ordinal, remote: &remote };
            public::publish(app, &mut tx, &[public], now).await?;
            true
        }
        Reconciled::ProvenAbsent => {
            if !attempts::finish(&mut tx, workspace, attempt.attempt_id, "absent", Some("looked up and not there"), now)
                .await?
            {
                return Ok(false);
            }
            settle::absent(app, &mut tx, claim, &mut target, now).await?;
            false
        }
        Reconciled::Undecidable { evidence } => {
            settle::still_unknown(app, &mut tx, claim, &mut target, &evidence, now).await?;
            false
        }
        Reconciled::Unknowable { evidence } => {
            // Asking again would tell nothing new.
            target.tries = settle::TRIES_MAX;
            settle::still_unknown(app, &mut tx, claim, &mut target, &evidence, now).await?;
            false
        }
    };
    tx.commit().await?;
    app.announce(workspace);
    Ok(go_on)
}

/// What a look-up of this attempt has to know of its surroundings.
pub async fn search(
    app: &App,
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: &Target,
    segment: &Segment,
    attempt: &Attempt,
) -> Result<Search> {
    let others = attempts::alike(db, workspace, target.account_id, target.target_id, segment).await?;
    Ok(Search { quiet_from: quiet_from(app, attempt), others })
}

async fn look(app: &App, claim: &Claimed, target: &Target, attempt: &Attempt) -> Result<Reconciled> {
    let workspace = claim.workspace;
    let slot = app.engine.slot().await?;
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let segments = targets::segments(&mut tx, workspace, &[target.target_id]).await?;
    let sender = ledger::senders(&mut tx, workspace, &[target.account_id.uuid()]).await?.pop();
    let segment = segments.iter().find(|segment| segment.ordinal == attempt.ordinal);
    let search = match segment {
        Some(segment) => Some(search(app, &mut tx, workspace, target, segment, attempt).await?),
        None => None,
    };
    tx.finish_read();
    drop(slot);
    let sender = sender.ok_or_else(|| Error::internal("a target without an account"))?;
    let (Some(segment), Some(search)) = (segment, search) else {
        return Ok(Reconciled::Undecidable { evidence: "the message was changed meanwhile".into() });
    };
    let media = outgoing::media_apart(app, workspace, segment, false).await?;
    let outgoing = outgoing::build(&segments, segment, media, attempt.armed_at)?;
    ask(app, workspace, &sender, &outgoing, &search).await
}

/// Asks the network; what keeps it from being asked leaves the question open.
pub async fn ask(
    app: &App,
    workspace: WorkspaceId,
    sender: &Sender,
    outgoing: &Outgoing,
    search: &Search,
) -> Result<Reconciled> {
    let answer = match tokens::ready_to_look(app, workspace, sender).await? {
        Ok(signed_in) => {
            let first = once(app, &signed_in, outgoing, search).await;
            match tokens::again(app, workspace, &signed_in, &first).await? {
                None => first,
                Some(Ok(renewed)) => once(app, &renewed, outgoing, search).await,
                Some(Err(failure)) => Err(failure),
            }
        }
        Err(failure) => Err(failure),
    };
    Ok(answer.unwrap_or_else(|failure| Reconciled::Undecidable { evidence: failure.message }))
}

async fn once(
    app: &App,
    signed_in: &SignedIn,
    outgoing: &Outgoing,
    search: &Search,
) -> std::result::Result<Reconciled, Failure> {
    let within = Duration::from_millis(u64::try_from(app.settings.send.answer_within).unwrap_or(30_000));
    let network = app.networks.get(signed_in.network);
    tokio::time::timeout(within, network.reconcile(&signed_in.account, outgoing, search)).await.unwrap_or_else(|_| {
        let message = "the network did not answer when asked whether it is there".into();
        Err(Failure { kind: FailureKind::Transient, message })
    })
}
