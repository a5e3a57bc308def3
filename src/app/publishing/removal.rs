//! Removing published messages from a network. Deleting twice is harmless, so this may simply be repeated.

use sqlx::PgConnection;

use crate::{
    app::{
        App,
        posts::derive,
        publishing::tokens::{self, SignedIn},
    },
    clients::networks::{Failure, FailureKind, Remote},
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, PostId, TargetId, WorkspaceId},
    store::{
        db::Entrance,
        dispatch::{self, Claimed},
        posts,
        targets::{self, Segment, Target, TargetError},
    },
};

/// What is to be removed from one account.
pub struct Removal {
    workspace: WorkspaceId,
    target: TargetId,
    post: PostId,
    account: AccountId,
    handle: String,
    remotes: Vec<Remote>,
}

/// How it went.
pub struct Removed {
    pub handle: String,
    pub result: std::result::Result<(), Failure>,
    target: TargetId,
    post: PostId,
    account: AccountId,
}

/// `None` when nothing of the target is public.
pub fn plan(workspace: WorkspaceId, target: &Target, segments: &[Segment]) -> Result<Option<Removal>> {
    let remotes: Vec<Remote> = segments
        .iter()
        .filter_map(|segment| segment.remote.clone())
        .map(|remote| serde_json::from_value(remote).map_err(Error::internal))
        .collect::<Result<_>>()?;
    Ok((!remotes.is_empty()).then(|| Removal {
        workspace,
        target: target.target_id,
        post: target.post_id,
        account: target.account_id,
        handle: target.handle.clone(),
        remotes,
    }))
}

/// Asks the networks, last message of a thread first.
pub async fn carry_out(app: &App, removals: Vec<Removal>) -> Vec<Removed> {
    let mut done = Vec::with_capacity(removals.len());
    for removal in removals {
        let result = remove(app, &removal).await;
        done.push(Removed {
            handle: removal.handle,
            result,
            target: removal.target,
            post: removal.post,
            account: removal.account,
        });
    }
    done
}

async fn remove(app: &App, removal: &Removal) -> std::result::Result<(), Failure> {
    let trouble = |error: Error| Failure { kind: FailureKind::Transient, message: error.to_string() };
    let signed_in = tokens::ready(app, removal.workspace, removal.account).await.map_err(trouble)??;
    let first = delete_all(app, removal, &signed_in).await;
    match tokens::again(app, removal.workspace, &signed_in, &first).await.map_err(trouble)? {
        Some(renewed) => delete_all(app, removal, &renewed?).await,
        None => first,
    }
}

async fn delete_all(app: &App, removal: &Removal, signed_in: &SignedIn) -> std::result::Result<(), Failure> {
    let network = app.networks.get(signed_in.network);
    for remote in removal.remotes.iter().rev() {
        network.delete(&signed_in.account, remote).await?;
    }
    Ok(())
}

/// Writes down how a removal went; what failed is queued again.
pub async fn settle(db: &mut PgConnection, workspace: WorkspaceId, removed: &Removed, now: Timestamp) -> Result<()> {
    let all = targets::of_post(db, workspace, removed.post).await?;
    let Some(mut target) = all.into_iter().find(|target| target.target_id == removed.target) else { return Ok(()) };
    match &removed.result {
        Ok(()) => {
            target.removed_at = Some(now);
            target.error = None;
            dispatch::remove(db, workspace, removed.target).await?;
        }
        Err(failure) => {
            let at = now.plus_secs(60 << target.tries.clamp(0, 6));
            target.tries += 1;
            target.error = Some(TargetError {
                code: "removal_failed".into(),
                message: format!("It could not be removed from the network: {}", failure.message),
                next_step: "It is tried again by itself; you can also delete it on the network's own site.".into(),
            });
            dispatch::put(db, workspace, removed.target, removed.account, at).await?;
        }
    }
    targets::save(db, workspace, &target, now).await
}

/// A removal that another process began.
pub async fn resume(app: &App, claim: &Claimed, target: &Target) -> Result<()> {
    let workspace = claim.workspace;
    let slot = app.engine.slot().await?;
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let segments = targets::segments(&mut tx, workspace, &[target.target_id]).await?;
    let planned = plan(workspace, target, &segments)?;
    tx.finish_read();
    drop(slot);
    let done = carry_out(app, planned.into_iter().collect()).await;
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    posts::lock(&mut tx, workspace, target.post_id).await?;
    for removed in &done {
        settle(&mut tx, workspace, removed, now).await?;
    }
    let left = targets::of_post(&mut tx, workspace, target.post_id).await?;
    derive(&mut tx, workspace, target.post_id, &left, now).await?;
    if left.iter().all(|target| target.removal_requested_at.is_some() == target.removed_at.is_some()) {
        posts::mark_deleted(&mut tx, workspace, target.post_id, now).await?;
    }
    tx.commit().await?;
    app.announce(workspace);
    Ok(())
}
