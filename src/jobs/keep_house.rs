//! KeepHouse: chains the audit log, and with it forgets what has expired in the workspaces that are being used.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, audit},
    error::Result,
};

/// The log is chained within about this time.
const EVERY: Duration = Duration::from_millis(700);

/// Returns how many audit entries were chained.
pub async fn step(app: &App) -> Result<usize> {
    audit::seal_pending(app).await
}

pub async fn run(app: Arc<App>, shutdown: CancellationToken) {
    loop {
        if let Err(error) = step(&app).await {
            tracing::warn!(error = error.chain(), "the audit log could not be chained");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => break,
        }
    }
    // What the last calls wrote.
    _ = step(&app).await;
}
