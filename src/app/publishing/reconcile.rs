//! Looks up what became of an attempt whose outcome is not known. Never publishes.

use sqlx::PgConnection;

use crate::{
    app::{
        App,
        publishing::{
            look::quiet_from,
            outgoing,
            public::{self, Public},
            settle, tokens,
        },
    },
    clients::networks::{Reconciled, Search},
    error::{Error, Result},
    ids::WorkspaceId,
    store::{
        attempts::{self, Attempt},
        db::Entrance,
        dispatch::{self, Claimed},
        ledger, posts,
        targets::{self, Segment, Target},
    },
};

/// `true`: it is known now; go on with the target.
pub async fn look_up(app: &App, claim: &Claimed, seen: &Target, attempt: &Attempt) -> Result<bool> {
    let workspace = claim.workspace;
    let found = ask(app, claim, seen, attempt).await?;
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

async fn ask(app: &App, claim: &Claimed, target: &Target, attempt: &Attempt) -> Result<Reconciled> {
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
    let (network, account) = match tokens::ready_with(app, workspace, &sender).await? {
        Ok(ready) => ready,
        Err(failure) => return Ok(Reconciled::Undecidable { evidence: failure.message }),
    };
    let (Some(segment), Some(search)) = (segment, search) else {
        return Ok(Reconciled::Undecidable { evidence: "the message was changed meanwhile".into() });
    };
    let media = outgoing::media_apart(app, workspace, segment, false).await?;
    let outgoing = outgoing::build(&segments, segment, media, attempt.armed_at)?;
    let within = std::time::Duration::from_millis(u64::try_from(app.settings.send.answer_within).unwrap_or(30_000));
    Ok(tokio::time::timeout(within, app.networks.get(network).reconcile(&account, &outgoing, &search))
        .await
        .unwrap_or_else(|_| Reconciled::Undecidable {
            evidence: "the network did not answer when asked whether it is there".into(),
        }))
}
