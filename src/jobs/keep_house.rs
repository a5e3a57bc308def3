//! KeepHouse: chains the audit log, and now and then forgets what has expired.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, audit, expiry},
    error::Result,
};

/// The log is chained within about this time.
const EVERY: Duration = Duration::from_millis(700);
/// How often what has expired is looked for.
const FORGET_EVERY: Duration = Duration::from_secs(600);

/// Returns how many audit entries were chained.
pub async fn step(app: &App) -> Result<usize> {
    audit::seal_pending(app).await
}

pub async fn run(app: Arc<App>, shutdown: CancellationToken) {
    let mut forgot = Instant::now();
    loop {
        if let Err(error) = step(&app).await {
            tracing::warn!(error = error.chain(), "the audit log could not be chained");
        }
        if forgot.elapsed() > FORGET_EVERY {
            forgot = Instant::now();
            if let Err(error) = expiry::forget_expired(&app).await {
                tracing::warn!(error = error.chain(), "what has expired could not be removed");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => break,
        }
    }
    // What the last calls wrote.
    _ = step(&app).await;
}
