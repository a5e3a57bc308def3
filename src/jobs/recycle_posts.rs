//! RecyclePosts: plans the next copy of an evergreen post where an account's rule wants one. It acts for the member who
//! set the rule, through the gate: whoever left, or may not use the account any more, plans nothing.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        App,
        recycling::run::{self, RecyclingRun},
    },
    error::Result,
    ids::WorkspaceId,
    store::installation,
};

/// Copies are planned at least an hour ahead, so this is often enough.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Looks at every workspace once. Returns how many copies were planned.
pub async fn step(app: &App) -> Result<usize> {
    let (mut after, mut planned) = (None, 0);
    loop {
        let mut tx = app.db.begin().await?;
        let page = installation::workspaces(&mut tx, after, 100).await?;
        tx.finish_read();
        let Some(last) = page.last() else { return Ok(planned) };
        after = Some(*last);
        for workspace in page {
            planned += in_workspace(app, workspace).await?;
        }
    }
}

async fn in_workspace(app: &App, workspace: WorkspaceId) -> Result<usize> {
    let mut planned = 0;
    for (ctx, account) in run::wanted(app, workspace).await? {
        match app.call_once::<RecyclingRun>(&ctx, RecyclingRun { account_id: account }).await {
            Ok(done) => planned += usize::from(done.post_id.is_some()),
            // One account's trouble is not the others'.
            Err(error) => tracing::warn!(%account, error = error.chain(), "nothing was recycled"),
        }
    }
    Ok(planned)
}

pub async fn run(app: Arc<App>, shutdown: CancellationToken) {
    loop {
        if let Err(error) = step(&app).await {
            tracing::warn!(error = error.chain(), "recycling could not be planned");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
