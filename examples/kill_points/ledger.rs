//! What the installation wrote down about a post, read by the database's superuser so that no product code stands
//! between; and a lock that keeps a result from being stored.

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
    pub async fn lock(&self, post: &str) -> Result<PostLock> {
        let mut db = self.options.connect().await?;
        sqlx::query("begin").execute(&mut db).await?;
        let id = post.parse::<PostId>()?.uuid();
        sqlx::query("select from posts where post_id = $1 for update").bind(id).execute(&mut db).await?;
        let holder = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut db).await?;
        Ok(PostLock { db, holder })
    }

    /// Whether a session comes to wait for the lock within two seconds.
    pub async fn waits_for(&mut self, lock: &PostLock) -> Result<bool> {
        let patience = Instant::now() + Duration::from_secs(2);
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

pub struct PostLock {
    db: PgConnection,
    holder: i32,
}

impl PostLock {
    pub async fn release(mut self) -> Result<()> {
        sqlx::query("rollback").execute(&mut self.db).await?;
        Ok(self.db.close().await?)
    }
}
