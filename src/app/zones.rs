//! New zone data: what is scheduled by a local time keeps that time, so its instant may move. Moved posts are noted, in
//! the audit log and on the post, because somebody may have meant the instant.

use serde_json::{Value, json};

use crate::{
    app::{
        App,
        ctx::{Actor, Ctx, Origin},
        gate::record,
        posts::save,
        use_case::Scope,
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{PostId, WorkspaceId},
    model::{
        states::TargetState,
        times::{self, Moment},
    },
    store::{
        db::Entrance,
        dispatch, installation, posts,
        targets::{self, Target, TargetError},
    },
};

/// The note on a target that moved.
pub const MOVED: &str = "time_moved";
/// Posts in one transaction.
const BATCH: i64 = 50;

/// Recomputes in every workspace what was computed with older zone data than this program's. Returns how many targets
/// moved.
pub async fn follow(app: &App) -> Result<usize> {
    let mut after = None;
    let mut moved = 0;
    loop {
        let mut tx = app.db.begin().await?;
        let page = installation::workspaces(&mut tx, after, 100).await?;
        tx.finish_read();
        let Some(last) = page.last() else { return Ok(moved) };
        after = Some(*last);
        for workspace in page {
            while let Some(count) = follow_some(app, workspace).await? {
                moved += count;
            }
        }
    }
}

/// Some posts of one workspace; `None` when none is left.
async fn follow_some(app: &App, workspace: WorkspaceId) -> Result<Option<usize>> {
    let now = app.now();
    let (mut tx, entered) = app.db.tenant(workspace, Entrance::System, now).await?;
    let found = targets::due::with_older_zone_data(&mut tx, workspace, times::tzdb_version(), now, BATCH).await?;
    if found.is_empty() {
        tx.finish_read();
        return Ok(None);
    }
    let ctx =
        Ctx { workspace, actor: Actor::System { job: "KeepHouse" }, origin: Origin::Job, request: app.new_request() };
    let mut scope = Scope::new(app, &ctx, &mut tx, &entered, now);
    let mut moved = Vec::new();
    for post in found {
        moved.extend(follow_post(&mut scope, post).await?);
    }
    if !moved.is_empty() {
        tracing::warn!(%workspace, targets = moved.len(), tzdb = times::tzdb_version(), "posts moved with the zone data");
        record(app, &ctx, &mut tx, now, "zone_data_follow", "done", &Value::Array(moved.clone())).await?;
    }
    tx.commit().await?;
    if !moved.is_empty() {
        app.due.notify_one();
        app.announce(workspace);
    }
    Ok(Some(moved.len()))
}

async fn follow_post(scope: &mut Scope<'_>, post: PostId) -> Result<Vec<Value>> {
    let workspace = scope.ctx.workspace;
    // Whoever sends it locks it too, and looks again afterwards.
    posts::lock(scope.tx, workspace, post).await?;
    let mut all = targets::of_post(scope.tx, workspace, post).await?;
    let mut moved = Vec::new();
    for target in all.iter_mut().filter(|target| waits(target, scope.now)) {
        let moment = moment(target)?;
        target.due_tzdb = Some(times::tzdb_version().to_owned());
        let Some(before) = target.due_at.filter(|before| *before != moment.instant) else { continue };
        // A try after a refusal keeps its own time.
        if target.next_step_at == target.due_at {
            target.next_step_at = Some(moment.instant);
            dispatch::put(scope.tx, workspace, target.target_id, target.account_id, moment.instant).await?;
        }
        target.error = Some(TargetError {
            code: MOVED.into(),
            message: format!(
                "The rules of {} changed: it goes out at {} UTC, not at {} UTC; the local time is kept.",
                moment.zone, moment.instant, before
            ),
            next_step: "Set another time with post_schedule if the instant was meant.".into(),
        });
        target.due_at = Some(moment.instant);
        target.due_local = Some(moment.local);
        moved
            .push(json!({ "what": "target", "id": target.target_id, "how": { "from": before, "to": moment.instant } }));
    }
    save(scope, post, &all).await?;
    Ok(moved)
}

fn waits(target: &Target, now: Timestamp) -> bool {
    target.state == TargetState::Scheduled
        && target.due_at.is_some_and(|due| due > now)
        && target.due_tzdb.as_deref().is_some_and(|version| version < times::tzdb_version())
}

fn moment(target: &Target) -> Result<Moment> {
    let (Some(local), Some(zone)) = (&target.due_local, &target.due_zone) else {
        return Err(Error::internal("a scheduled target without its local time"));
    };
    times::resolve(local.parse().map_err(Error::internal)?, zone, target.due_fold)
}
