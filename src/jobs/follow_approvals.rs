//! FollowApprovals: what follows for approvals from time alone.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::app::{App, approvals::follow::follow};

/// A reviewer's mail waits for this.
const EVERY: Duration = Duration::from_secs(15);

pub async fn run(app: Arc<App>, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        if let Err(error) = follow(&app).await {
            tracing::warn!(error = error.chain(), "approvals could not be followed");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => {}
        }
    }
}
