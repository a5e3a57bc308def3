//! The log in pages: newest first for readers, in the order of the chain for exports.

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Entry;
use crate::{clock::Timestamp, error::Result, ids::WorkspaceId};

/// What is asked for; everything unless narrowed.
#[derive(Debug, Default)]
pub struct Filter {
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// The whole actor, or the member in front of its `/`.
    pub actor: Option<String>,
    pub use_case: Option<String>,
    pub outcome: Option<String>,
    /// An id that the entry says it changed.
    pub object: Option<String>,
}

/// Newest first, before an entry.
pub async fn by_age(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    filter: &Filter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Entry>> {
    // Which way in serves best hangs on the filters.
    sqlx::query!("set local plan_cache_mode = force_custom_plan").execute(&mut *db).await?;
    Ok(sqlx::query_as!(
        Entry,
        r#"select entry_id, at, actor, origin, request_id, use_case, outcome, changes, position, chain_hash
           from audit_entries
           where workspace_id = $1
             and ($2::timestamptz is null or (at >= $2 and entry_id >= $3))
             and ($4::timestamptz is null or (at < $4 and entry_id < $5))
             and ($6::text is null or actor = $6 or starts_with(actor, $6 || '/'))
             and ($7::text is null or use_case = $7) and ($8::text is null or outcome = $8)
             and ($9::jsonb is null or changes @> $9)
             and ($10::uuid is null or entry_id < $10)
           order by entry_id desc limit $11"#,
        workspace.uuid(),
        filter.since,
        filter.since.map(|at| made_from(at, 0)),
        filter.until,
        filter.until.map(|at| made_from(at, 1)),
        filter.actor.as_deref(),
        filter.use_case.as_deref(),
        filter.outcome.as_deref(),
        filter.object.as_deref().map(|id| json!([{ "id": id }])),
        before,
        limit
    )
    .fetch_all(db)
    .await?)
}

/// The least id of an instant's millisecond, or of one after it: an entry's id begins with the millisecond of its `at`,
/// so that the key leads to a time.
fn made_from(at: Timestamp, later: u64) -> Uuid {
    let millis = u64::try_from(at.as_micros() / 1000).unwrap_or(0) + later;
    Uuid::from_u128(u128::from(millis) << 80)
}

/// Chained entries after a position and up to another, in the order of the chain.
pub async fn by_place(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    filter: &Filter,
    after: i64,
    to: i64,
    limit: i64,
) -> Result<Vec<Entry>> {
    sqlx::query!("set local plan_cache_mode = force_custom_plan").execute(&mut *db).await?;
    Ok(sqlx::query_as!(
        Entry,
        r#"select entry_id, at, actor, origin, request_id, use_case, outcome, changes, position, chain_hash
           from audit_entries
           where workspace_id = $1 and position > $2 and position <= $3
             and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
             and ($6::text is null or actor = $6 or starts_with(actor, $6 || '/'))
             and ($7::text is null or use_case = $7)
           order by position limit $8"#,
        workspace.uuid(),
        after,
        to,
        filter.since,
        filter.until,
        filter.actor.as_deref(),
        filter.use_case.as_deref(),
        limit
    )
    .fetch_all(db)
    .await?)
}
