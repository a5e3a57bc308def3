//! KeepHouse: chains the audit log; at the start and now and then forgets what has expired, follows new zone data, and
//! reminds of tasks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        App,
        audit::seal::{mark_all, seal_pending},
        expiry, tasks, zones,
    },
    error::Result,
};

/// The log is chained within about this time.
const EVERY: Duration = Duration::from_millis(700);
/// How often the rest is looked for.
const TIDY_EVERY: Duration = Duration::from_secs(600);

/// Returns how many audit entries were chained.
pub async fn step(app: &App) -> Result<usize> {
    seal_pending(app).await
}

/// Returns of how many tasks somebody was told.
pub async fn remind(app: &App) -> Result<usize> {
    tasks::remind::due(app).await
}

async fn tidy(app: &App) {
    if let Err(error) = mark_all(app).await {
        tracing::warn!(error = error.chain(), "audit logs of others could not be looked at");
    }
    if let Err(error) = remind(app).await {
        tracing::warn!(error = error.chain(), "nobody could be reminded of tasks");
    }
    if let Err(error) = zones::follow(app).await {
        tracing::warn!(error = error.chain(), "scheduled posts could not follow the zone data");
    }
    if let Err(error) = expiry::forget_expired(app).await {
        tracing::warn!(error = error.chain(), "what has expired could not be removed");
    }
}

pub async fn run(app: Arc<App>, shutdown: CancellationToken) {
    let mut tidied: Option<Instant> = None;
    loop {
        if tidied.is_none_or(|last| last.elapsed() > TIDY_EVERY) {
            tidied = Some(Instant::now());
            tidy(&app).await;
        }
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
