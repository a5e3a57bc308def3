//! What the installation wrote down about a post, read by the database's superuser so that no product code stands
//! between; and locks that keep a result from being stored or an attempt from being armed.

use std::time::Duration;

use allin::ids::PostId;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::{Instant, sleep};

use crate::Result;

pub struct Ledger {
    options: PgConnectOptions,
    db: PgConnection,
}

/// What is written down of one post with one target and one message.
#[derive(Debug)]
pub struct Written {
    pub target: String,
    /// States of the attempts, oldest first.
    pub attempts: Vec<String>,
    /// The network's id of the message.
    pub remote: Option<String>,
    pub queued: bool,
}

impl Ledger {
    pub async fn open(options: PgConnectOptions) -> Result<Self> {
        Ok(Self { db: options.connect().await?, options })
    }

    pub async fn read(&mut self, post: &str) -> Result<Written> {
        let (target, attempts, remote, queued) = sqlx::query_as(
            "select t.state, array(select a.state from attempts a where a.target_id = t.target_id order by a.number),
                    s.remote ->> 'id', exists (select from dispatch d where d.target_id = t.target_id)
             from targets t join segments s on s.target_id = t.target_id where t.post_id = $1",
        )
        .bind(post.parse::<PostId>()?.uuid())
        .fetch_one(&mut self.db)
        .await?;
        Ok(Written { target, attempts, remote, queued })
    }

    /// Nobody can write down anything about this post until the lock is gone.
    pub async fn lock(&self, post: &str) -> Result<Lock> {
        let mut lock = Lock::begin(&self.options).await?;
        let id = post.parse::<PostId>()?.uuid();
        sqlx::query("select from posts where post_id = $1 for update").bind(id).execute(&mut lock.db).await?;
        Ok(lock)
    }

    /// A commit that arms an attempt waits until the lock is gone, and then succeeds.
    pub async fn hold_arming(&mut self) -> Result<Lock> {
        sqlx::raw_sql(
            "create or replace function test_hold_arming() returns trigger language plpgsql as
                 'begin perform pg_advisory_xact_lock(1); return null; end';
             drop trigger if exists test_hold_arming on attempts;
             create constraint trigger test_hold_arming after insert on attempts
                 deferrable initially deferred for each row execute function test_hold_arming()",
        )
        .execute(&mut self.db)
        .await?;
        let mut lock = Lock::begin(&self.options).await?;
        sqlx::query("select pg_advisory_xact_lock(1)").execute(&mut lock.db).await?;
        Ok(lock)
    }

    /// Whether a session comes to wait for the lock.
    pub async fn waits_for(&mut self, lock: &Lock, patience: Duration) -> Result<bool> {
        let patience = Instant::now() + patience;
        while Instant::now() < patience {
            let waits = "select exists (select from pg_stat_activity where $1 = any (pg_blocking_pids(pid)))";
            if sqlx::query_scalar(waits).bind(lock.holder).fetch_one(&mut self.db).await? {
                return Ok(true);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(false)
    }
}

pub struct Lock {
    db: PgConnection,
    holder: i32,
}

impl Lock {
    async fn begin(options: &PgConnectOptions) -> Result<Self> {
        let mut db = options.connect().await?;
        sqlx::query("begin").execute(&mut db).await?;
        let holder = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut db).await?;
        Ok(Self { db, holder })
    }

    pub async fn release(mut self) -> Result<()> {
        sqlx::query("rollback").execute(&mut self.db).await?;
        Ok(self.db.close().await?)
    }
}
