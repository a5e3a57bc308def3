//! Removes what is older than its days, in every workspace once a day: batches of short transactions, a bounded number a
//! run, and a record of what went. What is proof is among no kind.

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use crate::{
    app::App,
    error::Result,
    ids::WorkspaceId,
    model::privacy::RetentionKind,
    store::{
        db::Entrance,
        privacy::retention::{self, Run},
    },
};

/// Rows a transaction.
const BATCH: i64 = 500;
/// Transactions a kind and run.
const BATCHES: usize = 20;
const DAY_MILLIS: i64 = 24 * 3600 * 1000;
const DAY_SECS: i64 = 24 * 3600;

/// Returns how many rows went; none when the day's run was made already.
pub async fn run(app: &App, workspace: WorkspaceId) -> Result<u64> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let last = retention::runs(&mut tx, workspace, 1).await?.into_iter().next();
    let set = retention::rules(&mut tx, workspace).await?;
    tx.finish_read();
    // A run from the future was made under a clock that was set right since.
    let made = |run: &Run| run.complete && (0..DAY_MILLIS).contains(&now.millis_since(run.ran_at));
    if last.as_ref().is_some_and(made) {
        return Ok(0);
    }
    let mut removed = BTreeMap::new();
    let mut complete = true;
    for kind in RetentionKind::ALL {
        let own = set.iter().find(|(of, _)| *of == kind).map(|(_, days)| *days);
        let Some(days) = own.unwrap_or(kind.rule().default_days) else { continue };
        let (count, whole) = remove(app, workspace, kind, days).await?;
        if count > 0 {
            removed.insert(kind.as_str(), count);
        }
        complete &= whole;
    }
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let id: Uuid = app.ids.next(now);
    let run = Run { ran_at: now, removed: json!(removed), complete };
    retention::add_run(&mut tx, workspace, id, &run).await?;
    tx.commit().await?;
    Ok(removed.values().sum())
}

/// How much went, and whether nothing is left.
async fn remove(app: &App, workspace: WorkspaceId, kind: RetentionKind, days: i32) -> Result<(u64, bool)> {
    let mut removed = 0;
    for _ in 0..BATCHES {
        let now = app.now();
        let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
        let before = now.plus_secs(-i64::from(days) * DAY_SECS);
        let count = retention::remove(&mut tx, workspace, kind, before, now, BATCH).await?;
        tx.commit().await?;
        removed += count;
        if count < BATCH.unsigned_abs() {
            return Ok((removed, true));
        }
    }
    Ok((removed, false))
}
