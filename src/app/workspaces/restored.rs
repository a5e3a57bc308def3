//! After a restore nobody knows what was published since the backup. Publishing starts paused, whatever is not known to be
//! public is looked up on its network before it could be sent, and what came due meanwhile is held.

use serde_json::{Value, json};

use crate::{
    app::{
        App,
        audit::heads::note_restored,
        ctx::{Actor, Ctx, Origin},
        gate::record,
        notifications::note::{Notice, note},
        posts::derive,
        publishing::{doubt, presence::BACKGROUND},
    },
    clock::Timestamp,
    error::Result,
    ids::{PostId, TargetId, WorkspaceId},
    model::{notifications::NotificationKind, pauses::PauseScope, states::TargetState},
    store::{
        db::{Entrance, Tx},
        dispatch, installation,
        invitations::{self, Which},
        mail, pauses, posts, recycling,
        targets::{self, TargetError},
        tokens,
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
    // A background service belongs to the machine that it was installed on.
    installation::put(&mut tx, BACKGROUND, &Value::Null).await?;
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
    // What the backup had not mailed yet may have been mailed since.
    mail::give_up_before(&mut tx, workspace, now, "the database was restored from a backup").await?;
    // Links that were used or revoked since would work again.
    for id in invitations::revoke(&mut tx, workspace, Which::All, now).await? {
        tokens::drop_of(&mut tx, workspace, id.uuid()).await?;
    }
    let in_doubt = targets::due::doubt_all(&mut tx, workspace, now).await?;
    for (post, target) in targets::due::in_play(&mut tx, workspace).await? {
        doubt_target(app, &mut tx, workspace, post, target, now).await?;
    }
    // What was recycled since the backup is forgotten here: the next copy could repeat it within its window.
    let stopped = recycling::stop_all(&mut tx, workspace, now).await?;
    let how = json!({ "restored": true, "paused": true, "in_doubt": in_doubt, "recycling_stopped": stopped });
    let change = json!([{ "what": "workspace", "id": workspace, "how": how }]);
    let ctx = Ctx { workspace, actor: actor(), origin: Origin::Job, request: app.new_request() };
    record(app, &ctx, &mut tx, now, "workspace_restore", "done", &change).await?;
    tx.commit().await?;
    note_restored(app, workspace).await
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
    let segments = targets::segments(tx, workspace, &[id]).await?;
    doubt::write_down(app, tx, workspace, target, &segments, now).await?;
    if target.state != TargetState::Scheduled || target.due_at.is_some_and(|due| due > now) {
        return Ok(());
    }
    target.state = TargetState::Held;
    target.next_step_at = None;
    let why = TargetError {
        code: "restored".into(),
        message: "It came due between the backup and the restore; it may be public already.".into(),
        next_step: "Schedule it again: it is looked up first and sent only if it is not there.".into(),
    };
    target.error = Some(why.clone());
    targets::save(tx, workspace, target, now).await?;
    dispatch::remove(tx, workspace, id).await?;
    let notice = Notice::of_target(NotificationKind::PostHeld, target, &why);
    note(app, tx, workspace, &[notice], now).await?;
    derive(tx, workspace, post, &all, now).await
}
