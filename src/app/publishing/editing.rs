//! Changing the text of public messages. The same text may be set twice, so this may simply be repeated; what a lost
//! answer left open is read back.

use std::{sync::Arc, time::Duration};

use sqlx::PgConnection;

use crate::{
    app::{
        App,
        posts::{derive, edit::keep_version},
        publishing::{
            outgoing,
            tokens::{self, SignedIn},
        },
    },
    clients::networks::{Failure, FailureKind, Outcome, Outgoing, Remote, SendBy, Sighting},
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, PostId, TargetId, WorkspaceId},
    store::{
        db::Entrance,
        dispatch::{self, Claimed},
        edits::{self, Edit},
        posts,
        targets::{self, Target, TargetError},
    },
};

/// Tries before a person has to look.
const TRIES_MAX: i32 = 6;

/// What is to be changed on one account.
pub struct Editing {
    workspace: WorkspaceId,
    target: TargetId,
    post: PostId,
    account: AccountId,
    handle: String,
    messages: Vec<(Edit, Remote, Outgoing)>,
    /// On the clock that counts suspension: no text may begin to be sent later. After the lease somebody else sends it, and
    /// then the next text may follow, which this one must not come after.
    start_before_boot_millis: u64,
}

/// How it went.
pub struct Edited {
    pub handle: String,
    pub result: std::result::Result<(), Failure>,
    target: TargetId,
    post: PostId,
    account: AccountId,
    wanted: Vec<Edit>,
    done: Vec<(Edit, Remote)>,
}

/// `None` when nothing is to be changed.
pub async fn plan(
    app: &App,
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: &Target,
    now: Timestamp,
) -> Result<Option<Editing>> {
    let send = app.settings.send;
    let within = u64::try_from(send.lease - send.answer_within - send.margin).unwrap_or(0);
    let start_before_boot_millis = app.clock.boot_millis().saturating_add(within);
    let wanted = edits::pending(db, workspace, target.target_id).await?;
    let segments = targets::segments(db, workspace, &[target.target_id]).await?;
    let mut messages = Vec::with_capacity(wanted.len());
    for edit in wanted {
        let segment = segments.iter().find(|segment| segment.ordinal == edit.ordinal);
        let Some((segment, remote)) = segment.and_then(|segment| Some((segment, segment.remote.clone()?))) else {
            continue;
        };
        let remote = serde_json::from_value(remote).map_err(Error::internal)?;
        let media = outgoing::media(db, workspace, segment, false).await?;
        let outgoing = outgoing::build(&segments, segment, media, now)?;
        let outgoing = Outgoing { text: edit.text.clone(), ..outgoing };
        messages.push((edit, remote, outgoing));
    }
    Ok((!messages.is_empty()).then(|| Editing {
        workspace,
        target: target.target_id,
        post: target.post_id,
        account: target.account_id,
        handle: target.handle.clone(),
        messages,
        start_before_boot_millis,
    }))
}

/// Asks the network, first message of a thread first.
pub async fn carry_out(app: &App, editing: Editing) -> Edited {
    let mut done = Vec::new();
    let result = change(app, &editing, &mut done).await;
    Edited {
        handle: editing.handle,
        result,
        target: editing.target,
        post: editing.post,
        account: editing.account,
        wanted: editing.messages.into_iter().map(|(edit, ..)| edit).collect(),
        done,
    }
}

async fn change(app: &App, editing: &Editing, done: &mut Vec<(Edit, Remote)>) -> std::result::Result<(), Failure> {
    let trouble = |error: Error| Failure { kind: FailureKind::Transient, message: error.to_string() };
    let signed_in = tokens::ready(app, editing.workspace, editing.account).await.map_err(trouble)??;
    let first = change_rest(app, editing, &signed_in, done).await;
    match tokens::again(app, editing.workspace, &signed_in, &first).await.map_err(trouble)? {
        Some(renewed) => change_rest(app, editing, &renewed?, done).await,
        None => first,
    }
}

/// What is not `done` yet.
async fn change_rest(
    app: &App,
    editing: &Editing,
    signed_in: &SignedIn,
    done: &mut Vec<(Edit, Remote)>,
) -> std::result::Result<(), Failure> {
    for (edit, remote, outgoing) in editing.messages.iter().skip(done.len()) {
        let send_by = SendBy::new(Arc::clone(&app.clock), editing.start_before_boot_millis);
        let now = one(app, signed_in, remote, outgoing, &send_by).await?;
        done.push((edit.clone(), now));
    }
    Ok(())
}

async fn one(
    app: &App,
    signed_in: &SignedIn,
    remote: &Remote,
    outgoing: &Outgoing,
    send_by: &SendBy,
) -> std::result::Result<Remote, Failure> {
    let (network, account) = (app.networks.get(signed_in.network), &signed_in.account);
    let passing = |message: String| Failure { kind: FailureKind::Transient, message };
    let within = Duration::from_millis(u64::try_from(app.settings.send.answer_within).unwrap_or(30_000));
    let evidence = match tokio::time::timeout(within, network.edit(account, remote, outgoing, send_by)).await {
        Ok(Outcome::Published { remote, .. }) => return Ok(remote),
        Ok(Outcome::Rejected(failure)) => return Err(failure),
        Ok(Outcome::Accepted { .. }) => "accepted, but not public yet".to_owned(),
        Ok(Outcome::Unknown { evidence }) => evidence,
        Err(_) => format!("no answer within {} ms", within.as_millis()),
    };
    // Nobody knows whether it arrived: what stands there now does.
    match network.find(account, outgoing, &remote.id).await {
        Ok(Sighting::There(remote)) => Ok(remote),
        Ok(Sighting::NotThere { .. } | Sighting::CannotTell) => Err(passing(evidence)),
        Err(failure) => Err(passing(format!("{evidence}; {}", failure.message))),
    }
}

/// Writes down how it went. What may still succeed is queued again. Texts that somebody else settled meanwhile are theirs: the
/// post may say something newer by now.
pub async fn settle(db: &mut PgConnection, workspace: WorkspaceId, edited: &Edited, now: Timestamp) -> Result<()> {
    let all = targets::of_post(db, workspace, edited.post).await?;
    let Some(mut target) = all.into_iter().find(|target| target.target_id == edited.target) else { return Ok(()) };
    let open = edits::pending(db, workspace, edited.target).await?;
    let is_open = |edit: &Edit| open.iter().any(|open| open.ordinal == edit.ordinal && open.text == edit.text);
    if !edited.wanted.iter().any(is_open) {
        return Ok(());
    }
    for (edit, remote) in edited.done.iter().filter(|(edit, _)| is_open(edit)) {
        let remote = serde_json::to_value(remote).map_err(Error::internal)?;
        edits::apply(db, workspace, edited.target, edit, &remote).await?;
    }
    if let Some((edit, _)) = edited.done.first() {
        keep_version(db, workspace, edited.post, &edit.actor, now).await?;
    }
    let error = |code: &str, message: String, next_step: &str| TargetError {
        code: code.into(),
        message,
        next_step: next_step.into(),
    };
    match &edited.result {
        Ok(()) => {
            target.error = None;
            dispatch::remove(db, workspace, edited.target).await?;
        }
        Err(failure)
            if target.tries < TRIES_MAX
                && matches!(
                    failure.kind,
                    FailureKind::Transient | FailureKind::Delayed | FailureKind::RateLimited { .. }
                ) =>
        {
            let at = now.plus_secs(60 << target.tries.clamp(0, 6));
            target.tries += 1;
            let message = format!("The new text is not on the network yet: {}.", failure.message);
            target.error = Some(error("edit_pending", message, "Nothing to do: it is tried again by itself."));
            dispatch::put(db, workspace, edited.target, edited.account, at).await?;
        }
        Err(failure) => {
            edits::give_up(db, workspace, edited.target).await?;
            let message = format!("The text could not be changed: {}.", failure.message);
            let step =
                "Look on the network what stands there; then change it again, or delete the post and write a new one.";
            target.error = Some(error("edit_failed", message, step));
            dispatch::remove(db, workspace, edited.target).await?;
        }
    }
    targets::save(db, workspace, &target, now).await
}

/// A change that another process began.
pub async fn resume(app: &App, claim: &Claimed, target: &Target) -> Result<()> {
    let workspace = claim.workspace;
    let slot = app.engine.slot().await?;
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let planned = plan(app, &mut tx, workspace, target, app.now()).await?;
    tx.finish_read();
    drop(slot);
    let edited = match planned {
        Some(planned) => Some(carry_out(app, planned).await),
        None => None,
    };
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    posts::lock(&mut tx, workspace, target.post_id).await?;
    match &edited {
        Some(edited) => settle(&mut tx, workspace, edited, now).await?,
        None => dispatch::remove(&mut tx, workspace, claim.target).await?,
    }
    let all = targets::of_post(&mut tx, workspace, target.post_id).await?;
    derive(&mut tx, workspace, target.post_id, &all, now).await?;
    tx.commit().await?;
    app.announce(workspace);
    Ok(())
}
