//! The pool and the one place that opens transactions. A tenant transaction begins, names its workspace and learns the
//! caller's role in a single message to the server.
//!
//! A dropped future must never leave a pooled connection inside a transaction (sqlx 0.9.0 can, when `begin` is
//! cancelled): the opening message runs on a task of its own, and a transaction that was not finished is rolled back
//! before its connection can be used again.

use std::{
    fmt::Write as _,
    ops::{Deref, DerefMut},
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Row, postgres::PgConnectOptions,
    postgres::PgPoolOptions,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    ids::{ApiKeyId, MemberId, WorkspaceId},
    model::roles::Role,
};

type Pooled = sqlx::pool::PoolConnection<sqlx::Postgres>;

/// Connections to one database, as the role that owns nothing.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    pool: PgPool,
    /// As many as the pool has connections: whoever holds a permit never waits for a connection.
    permits: Arc<Semaphore>,
    /// Connections known to be outside any transaction. Keeping them here saves the pool's liveness test per use.
    /// `None` once the pool is being closed.
    clean: Mutex<Option<Vec<Pooled>>>,
    acquire_timeout: Duration,
}

/// Who enters a tenant.
#[derive(Debug, Clone, Copy)]
pub enum Entrance {
    /// A member, through an API key where there is one.
    Member { member: MemberId, key: Option<ApiKeyId> },
    /// The program itself: jobs, set-up, doors that have proved the caller in another way.
    System,
}

/// What the database said on entering.
#[derive(Debug, Clone)]
pub struct Entered {
    /// `None` for the system.
    pub role: Option<Role>,
    pub member_name: String,
    /// IANA name; empty while the workspace is being made.
    pub time_zone: String,
}

impl Db {
    /// Connects lazily with at most `size` connections, and refuses a role that could step round row-level security.
    pub async fn connect(options: PgConnectOptions, size: u32) -> Result<Self> {
        let options = options.log_statements(tracing::log::LevelFilter::Trace).statement_cache_capacity(512);
        let pool = PgPoolOptions::new()
            .max_connections(size)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await
            .map_err(unreachable_database)?;
        let db = Self {
            inner: Arc::new(Inner {
                pool,
                permits: Arc::new(Semaphore::new(size as usize)),
                clean: Mutex::new(Some(Vec::new())),
                acquire_timeout: Duration::from_secs(10),
            }),
        };
        db.refuse_powerful_role().await?;
        Ok(db)
    }

    async fn refuse_powerful_role(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        let role = sqlx::query!(
            r#"select rolname as "name!", (rolsuper or rolbypassrls) as "powerful!",
                      exists (select from pg_class where relowner = pg_roles.oid) as "owner!"
               from pg_roles where rolname = current_user"#
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.finish_read();
        if role.powerful || role.owner {
            return Err(Error::operator(
                "database_role_too_powerful",
                format!("The database role `{}` could step round row-level security.", role.name),
            )
            .next("Let DATABASE_URL name the role allin_app, which owns nothing and is neither superuser nor BYPASSRLS."));
        }
        Ok(())
    }

    /// A transaction inside one workspace.
    pub async fn tenant(&self, workspace: WorkspaceId, entrance: Entrance, now: Timestamp) -> Result<(Tx, Entered)> {
        let (member, key) = match entrance {
            Entrance::Member { member, key } => (Some(member.uuid()), key.map(ApiKeyId::uuid)),
            Entrance::System => (None, None),
        };
        let mut sql = String::with_capacity(220);
        // Only UUIDs and an RFC 3339 instant are spliced in: no text of a caller's gets here.
        _ = write!(
            sql,
            "BEGIN;SELECT role, member_name, time_zone FROM tenant_enter('{}',{},{},'{now}')",
            workspace.uuid(),
            literal(member),
            literal(key)
        );
        let (tx, row) = self.open(sql).await?;
        let entered = match row {
            Some((role, member_name, time_zone)) => {
                Entered { role: (role != "system").then(|| Role::from_str(&role)).transpose()?, member_name, time_zone }
            }
            None if member.is_none() => {
                Entered { role: None, member_name: "AllIN".into(), time_zone: String::new() }
            }
            None => {
                return Err(Error::unauthenticated(
                    "access_ended",
                    "This access has ended: the key was revoked or expired, or the member is no longer in the workspace.",
                )
                .next("Ask a workspace admin for a new key."));
            }
        };
        Ok((tx, entered))
    }

    /// A transaction outside every workspace: sees the tables without tenant data only.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(self.open("BEGIN".to_owned()).await?.0)
    }

    async fn open(&self, sql: String) -> Result<(Tx, Option<(String, String, String)>)> {
        let this = self.clone();
        // Its own task: when the caller is cancelled, the answer still arrives and the transaction is rolled back.
        tokio::spawn(async move { this.open_here(sql).await }).await.map_err(Error::internal)?
    }

    async fn open_here(&self, sql: String) -> Result<(Tx, Option<(String, String, String)>)> {
        let permit = tokio::time::timeout(self.inner.acquire_timeout, Arc::clone(&self.inner.permits).acquire_owned())
            .await
            .map_err(|_| Error::unavailable("database_busy", "All database connections are busy."))?
            .map_err(Error::internal)?;
        if let Some(mut kept) = self.pop_clean() {
            match opening(&mut kept, sql.clone()).await {
                Ok(row) => return Ok((Tx::new(self, kept, permit), row)),
                // The server closed it meanwhile; nothing was begun, so a fresh connection is safe.
                Err(sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) => discard(kept),
                Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code.starts_with("57P")) => discard(kept),
                Err(error) => {
                    discard(kept);
                    return Err(error.into());
                }
            }
        }
        let mut fresh = self.inner.pool.acquire().await.map_err(unreachable_database)?;
        match opening(&mut fresh, sql).await {
            Ok(row) => Ok((Tx::new(self, fresh, permit), row)),
            Err(error) => {
                discard(fresh);
                Err(error.into())
            }
        }
    }

    fn pop_clean(&self) -> Option<Pooled> {
        self.inner.clean.lock().unwrap_or_else(PoisonError::into_inner).as_mut()?.pop()
    }

    /// Takes back a connection that is outside any transaction. When the pool is closing it goes there instead.
    fn keep(&self, connection: Pooled) {
        if let Some(kept) = self.inner.clean.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            kept.push(connection);
        }
    }

    /// Whether the database answers, within two seconds.
    pub async fn ping(&self) -> Result<()> {
        let answered = tokio::time::timeout(Duration::from_secs(2), async {
            let mut tx = self.begin().await?;
            sqlx::query("select 1").execute(&mut *tx).await?;
            tx.finish_read();
            Ok::<_, Error>(())
        });
        answered.await.map_err(|_| Error::unavailable("database_slow", "The database did not answer within 2 seconds."))?
    }

    /// Closes every connection; open transactions end when their holders let go.
    pub async fn close(&self) {
        let kept = self.inner.clean.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(kept);
        self.inner.pool.close().await;
    }
}

fn literal(id: Option<Uuid>) -> String {
    id.map_or_else(|| "NULL".to_owned(), |id| format!("'{id}'"))
}

async fn opening(
    connection: &mut PgConnection,
    sql: String,
) -> std::result::Result<Option<(String, String, String)>, sqlx::Error> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.first().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).transpose()
}

fn discard(mut connection: Pooled) {
    connection.close_on_drop();
}

fn unreachable_database(error: sqlx::Error) -> Error {
    let text = match &error {
        sqlx::Error::Database(database) => format!("The database refused the connection: {}.", database.message()),
        _ => "The database does not answer.".to_owned(),
    };
    Error::unavailable("database_unavailable", text)
        .next("Run `allin doctor`: it checks the private database, or DATABASE_URL when that is set.")
        .because(error)
}

/// An open transaction. Dropped without [`Tx::commit`] it is rolled back.
pub struct Tx {
    db: Db,
    connection: Option<Pooled>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Tx {
    fn new(db: &Db, connection: Pooled, permit: OwnedSemaphorePermit) -> Self {
        Self { db: db.clone(), connection: Some(connection), permit: Some(permit) }
    }

    /// Makes everything permanent. An error leaves the outcome open: the server may have committed before it was lost.
    pub async fn commit(mut self) -> Result<()> {
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        let done = sqlx::raw_sql("COMMIT").execute(&mut **connection).await;
        match done {
            Ok(_) => {
                self.give_back();
                Ok(())
            }
            Err(error) => {
                if let Some(connection) = self.connection.take() {
                    discard(connection);
                }
                Err(error.into())
            }
        }
    }

    /// Ends a transaction that wrote nothing, without making the caller wait for it.
    pub fn finish_read(self) {
        drop(self);
    }

    fn give_back(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.db.keep(connection);
        }
        self.permit.take();
    }
}

impl Deref for Tx {
    type Target = PgConnection;
    #[expect(clippy::expect_used, reason = "the connection is taken only by methods that consume the transaction")]
    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("open")
    }
}

impl DerefMut for Tx {
    #[expect(clippy::expect_used, reason = "the connection is taken only by methods that consume the transaction")]
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("open")
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let (Some(mut connection), Some(permit)) = (self.connection.take(), self.permit.take()) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            discard(connection);
            return;
        };
        let db = self.db.clone();
        runtime.spawn(async move {
            let rolled_back = tokio::time::timeout(Duration::from_secs(5), sqlx::raw_sql("ROLLBACK").execute(&mut *connection));
            match rolled_back.await {
                Ok(Ok(_)) => db.keep(connection),
                _ => discard(connection),
            }
            drop(permit);
        });
    }
}

/// One connection as the owner, for migrations.
pub async fn connect_owner(options: &PgConnectOptions) -> Result<PgConnection> {
    options.connect().await.map_err(unreachable_database)
}

/// Ends an owner connection politely.
pub async fn close_owner(connection: PgConnection) {
    _ = connection.close().await;
}
