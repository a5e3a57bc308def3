//! PublishPosts: claims what is due and delivers it, many at a time. The claim is short and holds no connection while
//! a network is being talked to.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, publishing::deliver::deliver},
    error::Result,
    ids::IdGen as _,
    store::{
        dispatch::{self, Claimed},
        workers,
    },
};

/// Deliveries at once in one process.
const AT_ONCE: usize = 32;
/// How often the process says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Longest wait between two looks at the queue: another process may have scheduled something.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Claims and delivers once, waiting for every delivery. Returns how many targets were claimed.
pub async fn step(app: &Arc<App>, limit: i32) -> Result<usize> {
    let claims = claim(app, limit).await?;
    let count = claims.len();
    let mut tasks = JoinSet::new();
    for claim in claims {
        let app = Arc::clone(app);
        tasks.spawn(async move { deliver(&app, claim).await });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(crate::error::Error::internal)??;
    }
    Ok(count)
}

async fn claim(app: &App, limit: i32) -> Result<Vec<Claimed>> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let claims = dispatch::claim(&mut tx, now, now.plus_millis(app.settings.send.lease), limit).await?;
    if claims.is_empty() {
        tx.finish_read();
    } else {
        tx.commit().await?;
    }
    Ok(claims)
}

/// How long until something may be due.
async fn pause(app: &App) -> Result<Duration> {
    let mut tx = app.db.begin().await?;
    let next = dispatch::next_at(&mut tx).await?;
    tx.finish_read();
    let Some(next) = next else { return Ok(LOOK_EVERY) };
    let millis = u64::try_from(next.millis_since(app.now())).unwrap_or(0);
    // One millisecond more than the difference, which was rounded down.
    Ok(Duration::from_millis(millis.saturating_add(1)).min(LOOK_EVERY))
}

pub async fn run(app: Arc<App>, kind: &'static str, shutdown: CancellationToken) {
    let worker = crate::ids::RandomIds.next(app.now());
    let heartbeat = tokio::spawn(beat(Arc::clone(&app), worker, kind, shutdown.clone()));
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks: JoinSet<()> = JoinSet::new();
    while !shutdown.is_cancelled() {
        let free = i32::try_from(permits.available_permits()).unwrap_or(0);
        if free == 0 {
            tasks.join_next().await;
            continue;
        }
        match claim(&app, free).await {
            Ok(claims) if !claims.is_empty() => {
                for claim in claims {
                    let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { break };
                    let app = Arc::clone(&app);
                    tasks.spawn(async move {
                        if let Err(error) = deliver(&app, claim).await {
                            // The lease ends by itself, and the next claim starts from what is written down.
                            tracing::error!(target = %claim.target, error = error.chain(), "a delivery broke off");
                        }
                        drop(permit);
                    });
                }
            }
            Ok(_) => rest(&app, &mut tasks, &shutdown).await,
            Err(error) => {
                tracing::warn!(error = error.chain(), "the queue cannot be read");
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = shutdown.cancelled() => {}
                }
            }
        }
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
    _ = heartbeat.await;
}

async fn rest(app: &App, tasks: &mut JoinSet<()>, shutdown: &CancellationToken) {
    let pause = pause(app).await.unwrap_or(LOOK_EVERY);
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = app.due.notified() => {}
        Some(_) = tasks.join_next() => {}
        () = shutdown.cancelled() => {}
    }
}

async fn beat(app: Arc<App>, worker: uuid::Uuid, kind: &'static str, shutdown: CancellationToken) {
    loop {
        if let Err(error) = seen(&app, worker, kind).await {
            tracing::debug!(error = error.chain(), "no heartbeat");
        }
        tokio::select! {
            () = tokio::time::sleep(HEARTBEAT) => {}
            () = shutdown.cancelled() => break,
        }
    }
    let ended = async {
        let mut tx = app.db.begin().await?;
        workers::gone(&mut tx, worker, app.now().plus_secs(-3600)).await?;
        tx.commit().await
    };
    if let Err(error) = ended.await {
        tracing::debug!(error = error.chain(), "the end of the worker could not be written down");
    }
}

async fn seen(app: &App, worker: uuid::Uuid, kind: &'static str) -> Result<()> {
    let mut tx = app.db.begin().await?;
    workers::seen(&mut tx, worker, kind, app.now()).await?;
    tx.commit().await
}
