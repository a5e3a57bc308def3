//! Facts about the whole installation, by name.

use serde_json::Value;
use sqlx::PgConnection;

use crate::error::Result;

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

/// The name of the newest migration that ran, and how many did.
pub async fn schema_version(db: &mut PgConnection) -> Result<Option<i64>> {
    let known = sqlx::query_scalar!(r#"select to_regclass('public._sqlx_migrations') is not null as "known!""#)
        .fetch_one(&mut *db)
        .await?;
    if !known {
        return Ok(None);
    }
    // Not a checked macro: the table belongs to the migrator, not to our migrations.
    Ok(sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(db).await?)
}
