//! After a restore nobody knows what was published since the backup. Publishing starts paused, whatever was scheduled is
//! looked up on its network before it could be sent again, and what came due meanwhile is held.

use serde_json::{Value, json};

use crate::{
    app::{
        App,
        ctx::{Actor, Ctx, Origin},
        gate::record,
        posts::derive,
        publishing::settle::shown_time,
    },
    clock::Timestamp,
    error::Result,
    ids::{AttemptId, PostId, TargetId, WorkspaceId},
    model::{pauses::PauseScope, posts::fingerprint, states::TargetState},
    store::{
        attempts::{self, NewAttempt},
        db::{Entrance, Tx},
        dispatch, installation, pauses, posts,
        targets::{self, TargetError},
    },
};

/// Compares the database's identity with the one it was last used under.
pub async fn check(app: &App) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let identity = json!(installation::cluster_identity(&mut tx).await?);
    let known = installation::get_or_put(&mut tx, "cluster", &identity).await?;
    tx.commit().await?;
    if known == identity {
        return Ok(());
    }
    tracing::warn!("this database was restored or moved: publishing starts paused");
    hold_everything(app).await?;
    let mut tx = app.db.begin().await?;
    installation::put(&mut tx, "cluster", &identity).await?;
    tx.commit().await
}

/// What a restore writes in place of the identity, so that the next start notices.
pub fn unknown_identity() -> Value {
    Value::Null
}

async fn hold_everything(app: &App) -> Result<()> {
    let mut after = None;
    loop {
        let mut tx = app.db.begin().await?;
        let page = installation::workspaces(&mut tx, after, 100).await?;
        tx.finish_read();
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        for workspace in page {
            hold_workspace(app, workspace).await?;
        }
    }
}

fn actor() -> Actor {
    Actor::System { job: "Restore" }
}

async fn hold_workspace(app: &App, workspace: WorkspaceId) -> Result<()> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let reason = "The database was restored from a backup. Check what was held, then resume with `allin resume`.";
    // In place of a pause that the backup held: whoever ends this one is to know of the restore.
    pauses::delete(&mut tx, workspace, &PauseScope::Workspace).await?;
    let id = app.ids.next(now);
    pauses::insert(&mut tx, workspace, id, &PauseScope::Workspace, reason, &actor().key(), now).await?;
    // Ended here: what follows locks posts, and whoever arms an attempt locks the post before the workspace.
    tx.commit().await?;
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let scheduled = targets::due::scheduled(&mut tx, workspace).await?;
    for (post, target) in &scheduled {
        doubt_target(app, &mut tx, workspace, *post, *target, now).await?;
    }
    let change = json!([{ "what": "workspace", "id": workspace, "how": { "restored": true, "paused": true, "in_doubt": scheduled.len() } }]);
    let ctx = Ctx { workspace, actor: actor(), origin: Origin::Job, request: app.new_request() };
    record(app, &ctx, &mut tx, now, "workspace_restore", "done", &change).await?;
    tx.commit().await
}

/// It may have been sent, early or on time, since the backup: it is looked up before it is sent. Held when it was due.
async fn doubt_target(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    post: PostId,
    id: TargetId,
    now: Timestamp,
) -> Result<()> {
    posts::lock(tx, workspace, post).await?;
    let mut all = targets::of_post(tx, workspace, post).await?;
    let Some(target) = all.iter_mut().find(|target| target.target_id == id) else { return Ok(()) };
    // No call of this installation is under way: it can be looked up at once.
    let long_ago = now.plus_millis(-(app.settings.send.answer_within + app.settings.send.margin));
    for segment in targets::segments(tx, workspace, &[id]).await?.iter().filter(|segment| segment.remote.is_none()) {
        targets::stamp(tx, workspace, id, segment.ordinal, shown_time(target, segment.ordinal, now)).await?;
        let attempt = NewAttempt {
            attempt_id: AttemptId(app.ids.next(now)),
            target_id: id,
            ordinal: segment.ordinal,
            fingerprint: fingerprint(&segment.message),
            fence: 0,
            armed_at: long_ago,
            send_deadline: long_ago,
        };
        attempts::insert_unknown(tx, workspace, &attempt, "restored from a backup; it may have been sent since")
            .await?;
    }
    if target.due_at.is_some_and(|due| due > now) {
        return Ok(());
    }
    target.state = TargetState::Held;
    target.next_step_at = None;
    target.error = Some(TargetError {
        code: "restored".into(),
        message: "It came due between the backup and the restore; it may be public already.".into(),
        next_step: "Schedule it again: it is looked up first and sent only if it is not there.".into(),
    });
    targets::save(tx, workspace, target, now).await?;
    dispatch::remove(tx, workspace, id).await?;
    derive(tx, workspace, post, &all, now).await
}
