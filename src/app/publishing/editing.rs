//! Changing the text of public messages. The same text may be set twice, so this may simply be repeated; what a lost
//! answer left open is read back.

use sqlx::PgConnection;

use crate::{
    app::{
        App,
        posts::{derive, edit::keep_version},
        publishing::{outgoing, tokens},
    },
    clients::networks::{Failure, FailureKind, NetworkAccount, Outcome, Outgoing, Remote, Sighting},
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, PostId, TargetId, WorkspaceId},
    model::networks::NetworkId,
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
}

/// How it went.
pub struct Edited {
    pub handle: String,
    pub result: std::result::Result<(), Failure>,
    target: TargetId,
    post: PostId,
    account: AccountId,
    done: Vec<(Edit, Remote)>,
}

/// `None` when nothing is to be changed.
pub async fn plan(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: &Target,
    now: Timestamp,
) -> Result<Option<Editing>> {
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
        done,
    }
}

async fn change(app: &App, editing: &Editing, done: &mut Vec<(Edit, Remote)>) -> std::result::Result<(), Failure> {
    let trouble = |error: Error| Failure { kind: FailureKind::Transient, message: error.to_string() };
    let (network, account) = tokens::ready(app, editing.workspace, editing.account).await.map_err(trouble)??;
    for (edit, remote, outgoing) in &editing.messages {
        let now = one(app, network, &account, remote, outgoing).await?;
        done.push((edit.clone(), now));
    }
    Ok(())
}

async fn one(
    app: &App,
    network: NetworkId,
    account: &NetworkAccount,
    remote: &Remote,
    outgoing: &Outgoing,
) -> std::result::Result<Remote, Failure> {
    let network = app.networks.get(network);
    let passing = |message: String| Failure { kind: FailureKind::Transient, message };
    let evidence = match network.edit(account, remote, outgoing).await {
        Outcome::Published { remote, .. } => return Ok(remote),
        Outcome::Rejected(failure) => return Err(failure),
        Outcome::Accepted { .. } => "accepted, but not public yet".to_owned(),
        Outcome::Unknown { evidence } => evidence,
    };
    // Nobody knows whether it arrived: what stands there now does.
    match network.find(account, outgoing, &remote.id).await {
        Ok(Sighting::There(remote)) => Ok(remote),
        Ok(Sighting::NotThere { .. } | Sighting::CannotTell) => Err(passing(evidence)),
        Err(failure) => Err(passing(format!("{evidence}; {}", failure.message))),
    }
}

/// Writes down how it went. What may still succeed is queued again.
pub async fn settle(db: &mut PgConnection, workspace: WorkspaceId, edited: &Edited, now: Timestamp) -> Result<()> {
    let all = targets::of_post(db, workspace, edited.post).await?;
    let Some(mut target) = all.into_iter().find(|target| target.target_id == edited.target) else { return Ok(()) };
    for (edit, remote) in &edited.done {
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
    let planned = plan(&mut tx, workspace, target, app.now()).await?;
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
