//! The pool and the one place that opens transactions. A tenant transaction begins, names its workspace and learns the
//! caller's role in a single message to the server.
//!
//! A dropped future must never leave a pooled connection inside a transaction (sqlx 0.9.0 can, when `begin` is
//! cancelled). A connection belongs to a [`Tx`] before the opening message is sent, and a `Tx` that was not finished is
//! rolled back before its connection can be used again, even while that message is still under way; connecting runs
//! on a task of its own.
//!
//! A transaction that only read is ended together with the beginning of the connection's next one, in one message,
//! which saves a round trip a call; a connection that is not used again at once is rolled back within `shelf::LINGER`.

use std::{
    fmt::Write as _,
    str::FromStr,
    sync::{Arc, Mutex},
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Row,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    ids::{ApiKeyId, MemberId, WorkspaceId},
    model::roles::Role,
};

mod beside;
mod listen;
mod settings;
mod shelf;
mod tx;

pub use listen::{Heard, Listener};
pub use tx::Tx;

type Pooled = sqlx::pool::PoolConnection<sqlx::Postgres>;

/// Role, name and time zone, as `tenant_enter` returns them.
type EnteredRow = (String, String, String);

/// Connections to one database, as the role that owns nothing.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    pool: PgPool,
    /// As many as callers may have connections: whoever holds a permit never waits for a connection.
    permits: Arc<Semaphore>,
    /// The one that is beside these.
    beside: Arc<Semaphore>,
    /// Connections between two uses. Keeping them here saves the pool's liveness test per use.
    kept: Mutex<shelf::Shelf>,
    /// Told whenever a caller's transaction has ended well.
    served: Notify,
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
    /// Connects lazily, with at most `size` connections for callers and one beside them. Refuses a role that could step round
    /// row-level security.
    pub async fn connect(options: PgConnectOptions, size: u32) -> Result<Self> {
        let options = options.log_statements(tracing::log::LevelFilter::Trace).statement_cache_capacity(512);
        let pool = PgPoolOptions::new()
            .max_connections(size + 1)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(10))
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::raw_sql(settings::SETTINGS).execute(connection).await.map(drop) })
            })
            .connect_with(options)
            .await
            .map_err(unreachable_database)?;
        let db = Self {
            inner: Arc::new(Inner {
                pool,
                permits: Arc::new(Semaphore::new(size as usize)),
                beside: Arc::new(Semaphore::new(1)),
                kept: Mutex::default(),
                served: Notify::new(),
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
            .next(
                "Let DATABASE_URL name the role allin_app, which owns nothing and is neither superuser nor BYPASSRLS.",
            ));
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
        let (tx, row) = self.open(sql, &self.inner.permits).await?;
        let entered = match row {
            Some((role, member_name, time_zone)) => {
                Entered { role: (role != "system").then(|| Role::from_str(&role)).transpose()?, member_name, time_zone }
            }
            None if member.is_none() => Entered { role: None, member_name: "AllIN".into(), time_zone: String::new() },
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
        Ok(self.open("BEGIN".to_owned(), &self.inner.permits).await?.0)
    }

    async fn open(&self, sql: String, permits: &Arc<Semaphore>) -> Result<(Tx, Option<EnteredRow>)> {
        let mut permit = self.permit(permits).await?;
        if let Some(kept) = self.take() {
            let message = if kept.reading_since.is_some() { format!("ROLLBACK;{sql}") } else { sql.clone() };
            // From here on a caller that leaves drops a `Tx`, which reads the answer and rolls back.
            let mut tx = Tx::new(self, kept.connection, permit);
            match opening(&mut tx, message).await {
                Ok(row) => return Ok((tx, row)),
                // Nothing was begun, so a fresh connection is safe.
                Err(error) if was_closed(&error) => {
                    permit = tx.discard().ok_or_else(|| Error::internal("no permit"))?
                }
                Err(error) => {
                    tx.discard();
                    return Err(error.into());
                }
            }
        }
        let this = self.clone();
        // Its own task: a caller that leaves must not leave a connection half made.
        tokio::spawn(async move { this.open_fresh(sql, permit).await }).await.map_err(Error::internal)?
    }

    async fn open_fresh(&self, sql: String, permit: OwnedSemaphorePermit) -> Result<(Tx, Option<EnteredRow>)> {
        let fresh = self.inner.pool.acquire().await.map_err(unreachable_database)?;
        let mut tx = Tx::new(self, fresh, permit);
        match opening(&mut tx, sql).await {
            Ok(row) => Ok((tx, row)),
            Err(error) => {
                tx.discard();
                Err(error.into())
            }
        }
    }

    async fn permit(&self, permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
        // Without a timer when there is one at once. The semaphore hands permits to those who wait first.
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Ok(permit);
        }
        tokio::time::timeout(self.inner.acquire_timeout, Arc::clone(permits).acquire_owned())
            .await
            .map_err(|_| Error::unavailable("database_busy", "All database connections are busy."))?
            .map_err(Error::internal)
    }

    /// How many connections callers can have.
    pub fn size(&self) -> usize {
        self.inner.pool.options().get_max_connections() as usize - 1
    }

    /// Takes a place back after a transaction that ended well.
    fn served(&self, permit: Option<OwnedSemaphorePermit>) {
        let callers = permit.as_ref().is_some_and(|permit| Arc::ptr_eq(permit.semaphore(), &self.inner.permits));
        drop(permit);
        if callers {
            self.inner.served.notify_waiters();
        }
    }

    /// Listens on a channel, with a connection beside the pool's.
    pub async fn listen(&self, channel: &str) -> Result<Listener> {
        let options = self.inner.pool.connect_options().as_ref().clone();
        let apart = PgPoolOptions::new().max_connections(1).acquire_timeout(self.inner.acquire_timeout);
        let listener = PgListener::connect_with(&apart.connect_lazy_with(options)).await;
        Listener::open(listener.map_err(unreachable_database)?, channel, self.inner.pool.close_event()).await
    }

    /// Closes every connection; open transactions end when their holders let go.
    pub async fn close(&self) {
        self.clear();
        self.inner.pool.close().await;
    }
}

fn literal(id: Option<Uuid>) -> String {
    id.map_or_else(|| "NULL".to_owned(), |id| format!("'{id}'"))
}

async fn opening(connection: &mut PgConnection, sql: String) -> std::result::Result<Option<EnteredRow>, sqlx::Error> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.first().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).transpose()
}

/// Whether the server had closed the connection since its last use: shut down, or tired of an idle transaction.
fn was_closed(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P") || code == "25P03"),
        _ => false,
    }
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

/// One connection as the owner, for migrations.
pub async fn connect_owner(options: &PgConnectOptions) -> Result<PgConnection> {
    options.connect().await.map_err(unreachable_database)
}

/// Ends an owner connection politely.
pub async fn close_owner(connection: PgConnection) {
    _ = connection.close().await;
}
