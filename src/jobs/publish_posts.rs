//! PublishPosts: claims what is due and delivers it, many at a time. The claim is short and holds no connection while
//! a network is being talked to.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        App,
        publishing::{
            claim::{Claims, Taken, claim},
            deliver::deliver,
        },
    },
    error::{Error, Result},
    ids::IdGen as _,
    store::{dispatch, workers},
};

/// How often the process says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Longest wait between two looks at the queue: another process may have scheduled something.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Shortest wait between two looks while deliveries are under way or accounts are left to look at: each costs a commit, and
/// a few deliveries that end together make room for a few new ones.
const LOOK_APART: Duration = Duration::from_millis(20);

/// A look takes milliseconds. One that has taken so long hangs with its connection; what it claimed is free again when the
/// leases end.
const LOOK_WITHIN: Duration = Duration::from_secs(30);

/// Claims and delivers until nothing more is due or `limit` targets were claimed, waiting for every delivery. Returns how
/// many were claimed.
pub async fn step(app: &Arc<App>, limit: usize) -> Result<usize> {
    let mut count = 0;
    loop {
        let Claims { taken, more } = claim(app, limit - count).await?;
        if taken.is_empty() && !more {
            return Ok(count);
        }
        count += taken.len();
        let mut tasks = JoinSet::new();
        for (claim, begun) in taken {
            let app = Arc::clone(app);
            tasks.spawn(async move {
                let done = deliver(&app, claim).await;
                drop(begun);
                done
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.map_err(Error::internal)??;
        }
    }
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

async fn in_time<T>(look: impl Future<Output = Result<T>>) -> Result<T> {
    let slow = || Error::unavailable("database_slow", "The database did not answer in time.");
    tokio::time::timeout(LOOK_WITHIN, look).await.unwrap_or_else(|_| Err(slow()))
}

pub async fn run(app: Arc<App>, kind: &'static str, shutdown: CancellationToken) {
    let worker = crate::ids::RandomIds.next(app.now());
    let heartbeat = tokio::spawn(beat(Arc::clone(&app), worker, kind, shutdown.clone()));
    let mut tasks: JoinSet<()> = JoinSet::new();
    while !shutdown.is_cancelled() {
        let looked = Instant::now();
        let mut look_on = false;
        let room = app.engine.limits.in_all.saturating_sub(tasks.len());
        if room == 0 {
            tasks.join_next().await;
            continue;
        }
        match in_time(claim(&app, room)).await {
            Ok(Claims { taken, more }) => {
                // Where all that a look lists has to wait, what comes after it need not.
                look_on = more;
                if taken.is_empty() && !more {
                    rest(&app, &mut tasks, &shutdown).await;
                }
                for taken in taken {
                    tasks.spawn(deliver_one(Arc::clone(&app), taken));
                }
            }
            Err(error) => {
                tracing::warn!(error = error.chain(), "the queue cannot be read");
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = shutdown.cancelled() => {}
                }
            }
        }
        while tasks.try_join_next().is_some() {}
        if look_on || !tasks.is_empty() {
            tokio::time::sleep(LOOK_APART.saturating_sub(looked.elapsed())).await;
        }
    }
    while tasks.join_next().await.is_some() {}
    _ = heartbeat.await;
}

async fn deliver_one(app: Arc<App>, (claim, begun): Taken) {
    let target = claim.target;
    if let Err(error) = deliver(&app, claim).await {
        // The lease ends by itself, and the next claim starts from what is written down.
        tracing::error!(%target, error = error.chain(), "a delivery broke off");
    }
    drop(begun);
}

/// Until something is due, somebody says so, or a delivery makes room.
async fn rest(app: &App, tasks: &mut JoinSet<()>, shutdown: &CancellationToken) {
    let pause = in_time(pause(app)).await.unwrap_or(LOOK_EVERY);
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
