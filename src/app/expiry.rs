//! Forgets what has expired: stored results of calls, spent confirmations, credits set aside by who did not come back, and
//! whatever is older than the days for which it is kept.

use crate::{
    app::{App, notifications::mail, plans::credits, privacy::keep},
    error::Result,
    store::{confirmations, db::Entrance, idempotency, installation},
};

/// In every workspace, one short transaction each.
pub async fn forget_expired(app: &App) -> Result<()> {
    let mut after = None;
    loop {
        let mut tx = app.db.begin().await?;
        let page = installation::workspaces(&mut tx, after, 100).await?;
        tx.finish_read();
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        for workspace in page {
            let now = app.now();
            let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
            idempotency::forget_expired(&mut tx, workspace, now).await?;
            confirmations::forget_expired(&mut tx, workspace, now).await?;
            credits::tidy(&mut tx, workspace, now).await?;
            tx.commit().await?;
            mail::give_up_stale(app, workspace, now).await?;
            keep::run(app, workspace).await?;
        }
    }
}
