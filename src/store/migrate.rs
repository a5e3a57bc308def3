//! Bringing the database's schema up to this program's. Forward only; a newer schema is left alone.

use sqlx::{Connection as _, postgres::PgConnectOptions};

use crate::{
    error::{Error, Result},
    store::db,
};

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// The newest migration that this program knows.
pub fn newest() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Whether migrations are to be run on a database at this version. A newer database is refused.
pub fn needed(present: Option<i64>) -> Result<bool> {
    match present {
        Some(version) if version > newest() => Err(Error::operator(
            "database_newer",
            format!("The database is at version {version}; this AllIN knows {} only.", newest()),
        )
        .next("Use the newer AllIN that migrated it. AllIN never migrates down.")),
        Some(version) => Ok(version < newest()),
        None => Ok(true),
    }
}

/// Runs what is missing, as the owner. Several processes may do it at once: the migrator locks.
pub async fn run(owner: &PgConnectOptions) -> Result<()> {
    let mut connection = db::connect_owner(owner).await?;
    let failed = |error: sqlx::migrate::MigrateError| {
        Error::operator("migration_failed", "The database could not be migrated; it is as it was before.")
            .next("See the log for the cause; with an own server check that ALLIN_OWNER_DATABASE_URL names the database's owner.")
            .because(error)
    };
    MIGRATOR.run_direct(None, &mut connection, false).await.map_err(failed)?;
    sqlx::query("grant select on _sqlx_migrations to allin_app").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
