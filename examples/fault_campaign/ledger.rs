//! What the installation wrote down, read by the database's superuser so that no product code stands between; and
//! sessions that end as a restarting proxy ends them.

use allin::{clock::Timestamp, ids::PostId};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{ConnectOptions as _, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

use crate::Result;

pub struct Ledger(PgConnectOptions);

/// A target that was scheduled once, with its messages and attempts.
#[derive(Debug)]
pub struct Written {
    pub post: PostId,
    pub state: String,
    pub due_at: Option<Timestamp>,
    pub error: Option<String>,
    pub segments: Vec<Segment>,
    pub queued: bool,
}

#[derive(Debug, Deserialize)]
pub struct Segment {
    pub text: String,
    /// The network's id.
    pub remote: Option<String>,
    /// States, oldest first, and until when the call had to begin.
    pub attempts: Vec<(String, Timestamp)>,
}

type Row = (Uuid, String, Option<Timestamp>, Option<String>, Value, bool);

impl Ledger {
    pub fn new(options: PgConnectOptions) -> Self {
        Self(options)
    }

    async fn connect(&self) -> Result<PgConnection> {
        Ok(self.0.connect().await?)
    }

    /// Targets that have not come to an end.
    pub async fn open(&self) -> Result<i64> {
        let open = "select count(*) from targets where state in ('scheduled', 'publishing', 'unknown')";
        Ok(sqlx::query_scalar(open).fetch_one(&mut self.connect().await?).await?)
    }

    pub async fn read(&self) -> Result<Vec<Written>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select t.post_id, t.state, t.due_at, t.error_code,
                    (select jsonb_agg(jsonb_build_object(
                         'text', s.text, 'remote', s.remote ->> 'id',
                         'attempts', coalesce((select jsonb_agg(jsonb_build_array(a.state, to_char(a.send_deadline at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')) order by a.number)
                                               from attempts a where a.workspace_id = s.workspace_id and a.target_id = s.target_id and a.ordinal = s.ordinal), '[]'))
                         order by s.ordinal)
                     from segments s where s.workspace_id = t.workspace_id and s.target_id = t.target_id),
                    exists (select from dispatch d where d.workspace_id = t.workspace_id and d.target_id = t.target_id)
             from targets t where t.state <> 'draft'",
        )
        .fetch_all(&mut self.connect().await?)
        .await?;
        rows.into_iter()
            .map(|(post, state, due_at, error, segments, queued)| {
                let segments = serde_json::from_value(segments)?;
                Ok(Written { post: PostId(post), state, due_at, error, segments, queued })
            })
            .collect()
    }

    /// How often the audit log says that a message became public.
    pub async fn audited(&self) -> Result<i64> {
        let audited = "select count(*) from audit_entries where use_case = 'segment_publish' and outcome = 'done'";
        Ok(sqlx::query_scalar(audited).fetch_one(&mut self.connect().await?).await?)
    }

    /// Ends about half of the sessions that the servers have.
    pub async fn end_sessions(&self) -> Result<()> {
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'allin_app' and random() < 0.5";
        let _: i64 = sqlx::query_scalar(end).fetch_one(&mut self.connect().await?).await?;
        Ok(())
    }
}
