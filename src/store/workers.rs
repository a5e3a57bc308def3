//! Which processes are publishing.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{clock::Timestamp, error::Result};

/// A process with a worker.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The mode it runs in, such as `serve`.
    pub kind: String,
    pub seen_at: Timestamp,
}

pub async fn seen(db: &mut PgConnection, id: Uuid, kind: &str, now: Timestamp) -> Result<()> {
    sqlx::query!("select worker_seen($1, $2, $3)", id, kind, now).execute(db).await?;
    Ok(())
}

/// Takes a worker off the list, and those not seen since `before`.
pub async fn gone(db: &mut PgConnection, id: Uuid, before: Timestamp) -> Result<()> {
    sqlx::query!("select worker_gone($1, $2)", id, before).execute(db).await?;
    Ok(())
}

pub async fn alive(db: &mut PgConnection, since: Timestamp) -> Result<Vec<Worker>> {
    Ok(sqlx::query_as!(Worker, r#"select kind as "kind!", seen_at as "seen_at!" from workers_alive($1)"#, since)
        .fetch_all(db)
        .await?)
}
