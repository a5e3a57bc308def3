//! Forgets what has expired: stored results of calls, spent confirmations, old notifications, invitations and letters, credits
//! set aside by who did not come back.

use crate::{
    app::{App, notifications::mail, plans::credits},
    error::Result,
    store::{confirmations, db::Entrance, idempotency, installation, invitations, letters, notifications},
};

/// How long notifications, and invitations and letters that are done with, are kept, in days.
const NOTIFICATION_DAYS: i64 = 90;

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
            let before = now.plus_secs(-NOTIFICATION_DAYS * 24 * 3600);
            notifications::forget_before(&mut tx, workspace, before).await?;
            letters::forget_before(&mut tx, workspace, before).await?;
            invitations::forget_before(&mut tx, workspace, before).await?;
            credits::tidy(&mut tx, workspace, now).await?;
            tx.commit().await?;
            mail::give_up_stale(app, workspace, now).await?;
        }
    }
}
