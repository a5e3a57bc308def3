//! What claiming 64 due targets costs beside a thousand and beside a million that are scheduled for later.

use std::time::Instant;

use allin::{
    app::publishing::claim::claim,
    error::{Error, Result},
    platform::Role,
};
use sqlx::{ConnectOptions as _, PgConnection};

use crate::installation::Installation;

const ROUNDS: usize = 40;
const AT_ONCE: usize = 64;

/// Median milliseconds of a claim, with a thousand and with a million.
pub async fn compare(installation: &Installation) -> Result<(f64, f64)> {
    let cluster = installation.booted.cluster.as_ref().ok_or_else(|| Error::internal("no private cluster"))?;
    let mut db = cluster.connect_options(Role::Superuser).connect().await?;
    schedule(installation, &mut db, 1_000).await?;
    let small = measure(installation, &mut db).await?;
    schedule(installation, &mut db, 999_000).await?;
    let large = measure(installation, &mut db).await?;
    Ok((small, large))
}

async fn schedule(installation: &Installation, db: &mut PgConnection, number: i32) -> Result<()> {
    insert(installation, db, number, "now() + interval '1 hour' + n.number * interval '1 second'").await?;
    sqlx::raw_sql("vacuum analyze dispatch").execute(db).await?;
    Ok(())
}

/// Places in the queue and nothing behind them: they are never delivered.
async fn insert(installation: &Installation, db: &mut PgConnection, number: i32, due: &'static str) -> Result<()> {
    let (workspaces, accounts): (Vec<_>, Vec<_>) =
        installation.accounts.iter().map(|(workspace, account)| (workspace.uuid(), account.uuid())).unzip();
    let sql = format!(
        "insert into dispatch (workspace_id, target_id, account_id, due_at, fence)
         select a.workspace, uuidv7(), a.account, {due}, nextval('dispatch_fence')
         from generate_series(1, $1) n (number)
         join unnest($2::uuid[], $3::uuid[]) with ordinality a (workspace, account, place)
              on a.place = 1 + n.number % cardinality($2)"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(number).bind(workspaces).bind(accounts).execute(db).await?;
    Ok(())
}

async fn measure(installation: &Installation, db: &mut PgConnection) -> Result<f64> {
    let accounts = i32::try_from(installation.accounts.len()).map_err(Error::internal)?;
    let mut millis = Vec::with_capacity(ROUNDS);
    // The first rounds plan the statements and fill the caches.
    for round in 0..ROUNDS + 10 {
        insert(installation, db, accounts, "now() - interval '1 second'").await?;
        let began = Instant::now();
        let claims = claim(&installation.booted.app, AT_ONCE).await?.taken;
        let took = began.elapsed();
        if claims.len() != AT_ONCE.min(installation.accounts.len()) {
            return Err(Error::internal(format!("claimed {}", claims.len())));
        }
        if round >= 10 {
            millis.push(took.as_secs_f64() * 1000.0);
        }
        drop(claims);
        sqlx::raw_sql("delete from dispatch where due_at <= now()").execute(&mut *db).await?;
    }
    millis.sort_by(f64::total_cmp);
    millis.get(ROUNDS / 2).copied().ok_or_else(|| Error::internal("nothing was measured"))
}
