//! Servers of networks that failed or asked everybody to wait: the circuit breakers of all processes. Outside row-level
//! security; holds no content.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, PostId, WorkspaceId},
};

/// Failures in a row that counted until a server is left alone.
const FAILURES_MAX: i32 = 5;
/// How long the first time, in milliseconds; twice as long each further time, up to 32 times.
const PAUSE_MILLIS: i64 = 15_000;

/// A server that we know something of.
#[derive(Debug, Clone)]
pub struct Server {
    /// Network and host.
    pub server: String,
    /// In a row, those that counted: see [`failed`].
    pub failures: i32,
    pub failing_since: Option<Timestamp>,
    pub last_failure: Option<String>,
    /// Left alone until then; afterwards one delivery tries whether it works again.
    pub open_until: Option<Timestamp>,
    /// It told several accounts to wait: everybody does, until then.
    pub not_before: Option<Timestamp>,
    pub recovered_at: Option<Timestamp>,
}

/// Every server that ever failed or limited us, by name.
pub async fn all(db: &mut PgConnection) -> Result<Vec<Server>> {
    Ok(sqlx::query_as!(
        Server,
        r#"select server as "server!", failures as "failures!", failing_since, last_failure, open_until, not_before, recovered_at
           from servers_all()"#
    )
    .fetch_all(db)
    .await?)
}

/// It answered as only a working server does.
pub async fn worked(db: &mut PgConnection, server: &str, now: Timestamp) -> Result<()> {
    sqlx::query!("select server_worked($1, $2)", server, now).execute(db).await?;
    Ok(())
}

/// Deliveries of one workspace failed, in this order, and how each showed. One counts when its post differs from that of the
/// last one counted and, on a server where several workspaces have accounts, its account does; such a server is left alone
/// only when two workspaces saw it fail. `salt` makes pauses differ, up to half as long again.
pub async fn failed(
    db: &mut PgConnection,
    server: &str,
    workspace: WorkspaceId,
    failed: &[(AccountId, PostId, &str)],
    salt: i64,
    now: Timestamp,
) -> Result<()> {
    let pause = PAUSE_MILLIS + salt.rem_euclid(PAUSE_MILLIS / 2);
    let (accounts, posts): (Vec<Uuid>, Vec<Uuid>) =
        failed.iter().map(|(account, post, _)| (account.uuid(), post.uuid())).unzip();
    let what = failed.last().map(|(.., what)| *what).unwrap_or_default();
    sqlx::query!(
        "select server_failed($1, $2, $3, $4, $5, $6, $7, $8::bigint * interval '1 millisecond')",
        server,
        workspace.uuid(),
        &accounts,
        &posts,
        what,
        now,
        FAILURES_MAX,
        pause
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes the one delivery that tries a failing server; `false` when another has it.
pub async fn try_again(db: &mut PgConnection, server: &str, now: Timestamp, until: Timestamp) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select server_try($1, $2, $3) as "taken!""#, server, now, until).fetch_one(db).await?)
}

/// The trial ended without telling anything: another may try.
pub async fn untried(db: &mut PgConnection, server: &str) -> Result<()> {
    sqlx::query!("select server_untried($1)", server).execute(db).await?;
    Ok(())
}

/// An account was told to wait; when several are, of more than one workspace, everybody on the server does.
pub async fn limited(db: &mut PgConnection, server: &str, until: Timestamp, now: Timestamp) -> Result<()> {
    sqlx::query!("select server_limited($1, $2, $3)", server, until, now).execute(db).await?;
    Ok(())
}
