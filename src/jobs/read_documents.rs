//! ReadDocuments: reads documents that were added and makes their vectors.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::app::{App, knowledge::read};

/// What another process added is seen by then; what this one adds wakes it at once.
const EVERY: Duration = Duration::from_secs(15);

pub async fn run(app: Arc<App>, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        loop {
            // A batch that is given up is made again by whoever comes next.
            let step = tokio::select! {
                step = read::step(&app) => step,
                () = shutdown.cancelled() => return,
            };
            match step {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(error = error.chain(), "documents cannot be read");
                    break;
                }
            }
        }
        tokio::select! {
            () = app.knowledge.due.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => {}
        }
    }
}
