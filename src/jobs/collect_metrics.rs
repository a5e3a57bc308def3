//! CollectMetrics: claims accounts whose figures are due and asks their networks, a few at a time and apart from
//! publishing.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, metrics::collect::collect},
    error::{Error, Result},
    store::collections::{self, ClaimedAccount},
};

/// Accounts at once in one process. Few: this must not take connections or bandwidth from publishing.
const AT_ONCE: usize = 4;
/// How often the queue is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Claims and asks once, waiting for every answer. Returns how many accounts were looked at.
pub async fn step(app: &Arc<App>, limit: i32) -> Result<usize> {
    let claims = claim(app, limit).await?;
    let count = claims.len();
    let mut tasks = JoinSet::new();
    for claim in claims {
        let app = Arc::clone(app);
        tasks.spawn(async move { collect(&app, &claim).await });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(Error::internal)??;
    }
    Ok(count)
}

async fn claim(app: &App, limit: i32) -> Result<Vec<ClaimedAccount>> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let claims = collections::claim(&mut tx, now, now.plus_millis(app.settings.send.lease), limit).await?;
    if claims.is_empty() {
        tx.finish_read();
    } else {
        tx.commit().await?;
    }
    Ok(claims)
}

pub async fn run(app: Arc<App>, shutdown: CancellationToken) {
    let mut tasks: JoinSet<()> = JoinSet::new();
    while !shutdown.is_cancelled() {
        let free = i32::try_from(AT_ONCE.saturating_sub(tasks.len())).unwrap_or(0);
        let claims = match claim(&app, free).await {
            Ok(claims) => claims,
            Err(error) => {
                tracing::warn!(error = error.chain(), "the collector's queue cannot be read");
                Vec::new()
            }
        };
        let idle = claims.is_empty();
        for claim in claims {
            let app = Arc::clone(&app);
            tasks.spawn(async move {
                if let Err(error) = collect(&app, &claim).await {
                    // The lease ends by itself.
                    tracing::warn!(account = %claim.account, error = error.chain(), "collecting figures broke off");
                }
            });
        }
        if idle || tasks.len() >= AT_ONCE {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                Some(_) = tasks.join_next() => {}
                () = shutdown.cancelled() => {}
            }
        }
        while tasks.try_join_next().is_some() {}
    }
    // Nothing is lost by asking again.
    tasks.shutdown().await;
}
