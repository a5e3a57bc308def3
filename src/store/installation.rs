//! Facts about the whole installation, by name.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{error::Result, ids::WorkspaceId};

pub async fn get(db: &mut PgConnection, name: &str) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!("select value from installation where name = $1", name).fetch_optional(db).await?)
}

/// Writes the value if there is none; returns what stands there now.
pub async fn get_or_put(db: &mut PgConnection, name: &str, value: &Value) -> Result<Value> {
    sqlx::query!("insert into installation (name, value) values ($1, $2) on conflict do nothing", name, value)
        .execute(&mut *db)
        .await?;
    Ok(sqlx::query_scalar!("select value from installation where name = $1", name).fetch_one(db).await?)
}

pub async fn put(db: &mut PgConnection, name: &str, value: &Value) -> Result<()> {
    sqlx::query!(
        "insert into installation (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
        name,
        value
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The newest migration that ran; `None` when none did, or the last run broke off before it let us see.
pub async fn schema_version(db: &mut PgConnection) -> Result<Option<i64>> {
    let readable = sqlx::query_scalar!(
        r#"select coalesce(has_table_privilege(to_regclass('public._sqlx_migrations'), 'select'), false) as "readable!""#
    )
    .fetch_one(&mut *db)
    .await?;
    if !readable {
        return Ok(None);
    }
    // Not a checked macro: the table belongs to the migrator, not to our migrations.
    Ok(sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(db).await?)
}

/// One process at a time sets up the home, until the transaction ends.
pub async fn lock_home(db: &mut PgConnection) -> Result<()> {
    // The number means nothing; it only has to be the same everywhere.
    sqlx::query!("select pg_advisory_xact_lock(7_216_044_871)").execute(db).await?;
    Ok(())
}

/// Names the server's data, so that a copy restored elsewhere is noticed.
pub async fn cluster_identity(db: &mut PgConnection) -> Result<String> {
    Ok(sqlx::query_scalar!(r#"select system_identifier::text as "id!" from pg_control_system()"#).fetch_one(db).await?)
}

/// Every workspace, by id, after a given one.
pub async fn workspaces(db: &mut PgConnection, after: Option<WorkspaceId>, limit: i32) -> Result<Vec<WorkspaceId>> {
    let ids = sqlx::query_scalar!(
        r#"select workspace_id as "id!" from workspaces_all($1, $2)"#,
        after.map(WorkspaceId::uuid),
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(WorkspaceId).collect())
}
