//! FillSeries: makes the posts of series two weeks ahead of their time.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        App,
        series::fill::{again, fill_as_author},
    },
    error::Result,
    store::series,
};

/// How often is looked; posts are made so far ahead that it hardly matters.
const EVERY: Duration = Duration::from_secs(15);
/// Series taken at once.
const AT_ONCE: i32 = 20;

/// Takes the series that are due and fills each. Returns how many posts were made.
pub async fn step(app: &App) -> Result<usize> {
    let mut made = 0;
    loop {
        let now = app.now();
        let mut tx = app.db.begin().await?;
        let due = series::take_due(&mut tx, now, again(now), AT_ONCE).await?;
        if due.is_empty() {
            tx.finish_read();
            return Ok(made);
        }
        tx.commit().await?;
        for (workspace, id) in due {
            match fill_as_author(app, workspace, id).await {
                Ok(count) => made += count,
                // It comes again by itself.
                Err(error) => {
                    tracing::error!(%workspace, series = %id, error = error.chain(), "a series was not filled");
                }
            }
        }
    }
}

pub async fn run(app: Arc<App>, shutdown: CancellationToken) {
    loop {
        if let Err(error) = step(&app).await {
            tracing::warn!(error = error.chain(), "the series cannot be read");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => break,
        }
    }
}
