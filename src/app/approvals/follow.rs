//! What follows from time alone: a freeze that has run out asks nobody any more.

use crate::{
    app::{
        App,
        approvals::refresh,
        ctx::{Actor, Ctx, Origin},
        gate::record,
        use_case::Scope,
    },
    error::Result,
    ids::WorkspaceId,
    store::{approvals::requests, db::Entrance, installation},
};

/// In every workspace, one short transaction each. Returns how many requests were looked at.
pub async fn follow(app: &App) -> Result<usize> {
    let mut after = None;
    let mut looked = 0;
    loop {
        let mut tx = app.db.begin().await?;
        let page = installation::workspaces(&mut tx, after, 100).await?;
        tx.finish_read();
        let Some(last) = page.last() else { return Ok(looked) };
        after = Some(*last);
        for workspace in page {
            match follow_one(app, workspace).await {
                Ok(count) => looked += count,
                // The others are followed all the same.
                Err(error) => tracing::warn!(%workspace, error = error.chain(), "approvals could not be followed"),
            }
        }
    }
}

async fn follow_one(app: &App, workspace: WorkspaceId) -> Result<usize> {
    let now = app.now();
    let (mut tx, entered) = app.db.tenant(workspace, Entrance::System, now).await?;
    let thawed = requests::thawed(&mut tx, workspace, now).await?;
    if thawed.is_empty() {
        tx.finish_read();
        return Ok(0);
    }
    let ctx = Ctx {
        workspace,
        actor: Actor::System { job: "FollowApprovals" },
        origin: Origin::Job,
        request: app.new_request(),
    };
    let mut scope = Scope::new(app, &ctx, &mut tx, &entered, now);
    for post in &thawed {
        refresh(&mut scope, Some(*post)).await?;
    }
    let changes = std::mem::take(&mut scope.changes);
    if !changes.is_empty() {
        record(app, &ctx, &mut tx, now, "approvals_follow", "done", &changes.into()).await?;
    }
    tx.commit().await?;
    app.announce(workspace);
    Ok(thawed.len())
}
