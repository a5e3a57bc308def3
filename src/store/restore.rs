//! What a restored or moved database is told before its first use. Runs as the superuser of a private cluster, in which
//! nobody else is yet: the one place that writes across all workspaces.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{clock::Timestamp, error::Result, store::installation};

/// Makes the next start treat the database as restored when `identity` is none that a server has.
pub async fn set_identity(db: &mut PgConnection, identity: &Value) -> Result<()> {
    installation::put(db, "cluster", identity).await
}

/// No process of the old installation works here.
pub async fn forget_workers(db: &mut PgConnection) -> Result<()> {
    sqlx::query!("delete from workers").execute(db).await?;
    Ok(())
}

/// Gives up everything that the lost master key sealed. Returns how many accounts have to be connected again.
pub async fn forget_master_key(db: &mut PgConnection, reason: &str, now: Timestamp) -> Result<u64> {
    let done = sqlx::query!(
        "update accounts set status = 'disconnected', status_reason = $1, secret = null, secret_expires_at = null,
                             refresh_lease_until = null, updated_at = $2
         where secret is not null",
        reason,
        now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("delete from installation where name = 'master_key'").execute(db).await?;
    Ok(done.rows_affected())
}

/// Lets the planner know the data that was just loaded.
pub async fn analyze(db: &mut PgConnection) -> Result<()> {
    sqlx::query("analyze").execute(db).await?;
    Ok(())
}
