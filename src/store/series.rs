//! Series: the rule, the copy of the content, and what became of each occurrence. Which series have posts to be made is
//! kept outside row-level security: ids and a time.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{MemberId, PostId, SeriesId, WorkspaceId},
};

#[derive(Debug, Clone)]
pub struct Series {
    pub series_id: SeriesId,
    pub author_id: MemberId,
    pub post_id: PostId,
    pub content: Value,
    pub rule: String,
    pub starts_local: String,
    pub until_local: Option<String>,
    pub time_zone: String,
    pub except_days: Vec<String>,
    pub filled_local: Option<String>,
    pub complete: bool,
    pub problem: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, series: &Series) -> Result<()> {
    sqlx::query!(
        "insert into series (workspace_id, series_id, author_id, post_id, content, rule, starts_local, until_local, time_zone,
                             except_days, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        workspace.uuid(),
        series.series_id.uuid(),
        series.author_id.uuid(),
        series.post_id.uuid(),
        series.content,
        series.rule,
        series.starts_local,
        series.until_local,
        series.time_zone,
        &series.except_days,
        series.created_at
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: SeriesId) -> Result<Option<Series>> {
    Ok(sqlx::query_as!(
        Series,
        r#"select series_id as "series_id: SeriesId", author_id as "author_id: MemberId", post_id as "post_id: PostId", content,
                  rule, starts_local, until_local, time_zone, except_days, filled_local, complete, problem, created_at, ended_at
           from series where workspace_id = $1 and series_id = $2"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// Holds the series until the transaction ends: its posts are made, and it is ended, by one at a time.
pub async fn lock(db: &mut PgConnection, workspace: WorkspaceId, id: SeriesId) -> Result<Option<Series>> {
    sqlx::query!(
        "select 1 as one from series where workspace_id = $1 and series_id = $2 for update",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(&mut *db)
    .await?;
    get(db, workspace, id).await
}

/// Newest first; `ended` too, or only those that go on.
pub async fn list(db: &mut PgConnection, workspace: WorkspaceId, ended: bool, limit: i64) -> Result<Vec<Series>> {
    Ok(sqlx::query_as!(
        Series,
        r#"select series_id as "series_id: SeriesId", author_id as "author_id: MemberId", post_id as "post_id: PostId", content,
                  rule, starts_local, until_local, time_zone, except_days, filled_local, complete, problem, created_at, ended_at
           from series where workspace_id = $1 and ($2 or ended_at is null) order by created_at desc, series_id desc limit $3"#,
        workspace.uuid(),
        ended,
        limit
    )
    .fetch_all(db)
    .await?)
}

/// Its occurrences are decided on up to here; whatever kept it from that is over.
pub async fn set_filled(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: SeriesId,
    filled_local: Option<&str>,
    complete: bool,
) -> Result<()> {
    sqlx::query!(
        "update series set filled_local = $3, complete = $4, problem = null where workspace_id = $1 and series_id = $2",
        workspace.uuid(),
        id.uuid(),
        filled_local,
        complete
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn set_problem(db: &mut PgConnection, workspace: WorkspaceId, id: SeriesId, problem: &str) -> Result<()> {
    sqlx::query!(
        "update series set problem = $3 where workspace_id = $1 and series_id = $2",
        workspace.uuid(),
        id.uuid(),
        problem
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn set_ended(db: &mut PgConnection, workspace: WorkspaceId, id: SeriesId, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "update series set ended_at = $3 where workspace_id = $1 and series_id = $2",
        workspace.uuid(),
        id.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What was decided about an occurrence: its post, or why there is none. A second decision fails.
pub async fn decide(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: SeriesId,
    occurs_local: &str,
    decision: std::result::Result<PostId, &str>,
) -> Result<()> {
    sqlx::query!(
        "insert into series_occurrences (workspace_id, series_id, occurs_local, post_id, left_out) values ($1, $2, $3, $4, $5)",
        workspace.uuid(),
        id.uuid(),
        occurs_local,
        decision.ok().map(PostId::uuid),
        decision.err()
    )
    .execute(db)
    .await?;
    Ok(())
}

pub struct Waiting {
    pub series_id: SeriesId,
    pub post_id: PostId,
    pub at: Option<Timestamp>,
}

/// Posts of these series that are not out on all accounts yet, by time.
pub async fn waiting(db: &mut PgConnection, workspace: WorkspaceId, ids: &[SeriesId]) -> Result<Vec<Waiting>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    Ok(sqlx::query_as!(
        Waiting,
        r#"select o.series_id as "series_id: SeriesId", p.post_id as "post_id: PostId", p.at
           from series_occurrences o join posts p using (workspace_id, post_id)
           where o.workspace_id = $1 and o.series_id = any ($2) and p.deleted_at is null
             and exists (select from targets t where t.workspace_id = o.workspace_id and t.post_id = p.post_id
                         and t.state in ('scheduled', 'publishing', 'unknown'))
           order by p.at, p.post_id"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?)
}

pub struct LeftOut {
    pub series_id: SeriesId,
    pub occurs_local: String,
    pub reason: String,
}

/// Occurrences without a post, the newest first.
pub async fn left_out(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    ids: &[SeriesId],
    limit: i64,
) -> Result<Vec<LeftOut>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    Ok(sqlx::query_as!(
        LeftOut,
        r#"select series_id as "series_id: SeriesId", occurs_local, left_out as "reason!" from series_occurrences
           where workspace_id = $1 and series_id = any ($2) and left_out is not null
           order by occurs_local desc, series_id limit $3"#,
        workspace.uuid(),
        &ids,
        limit
    )
    .fetch_all(db)
    .await?)
}

/// How many series cannot make their next posts.
pub async fn count_with_problem(db: &mut PgConnection, workspace: WorkspaceId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from series where workspace_id = $1 and problem is not null and ended_at is null"#,
        workspace.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// Its next posts are made at `fill_at`.
pub async fn put_due(db: &mut PgConnection, workspace: WorkspaceId, id: SeriesId, fill_at: Timestamp) -> Result<()> {
    sqlx::query!("select series_due_put($1, $2, $3)", workspace.uuid(), id.uuid(), fill_at).execute(db).await?;
    Ok(())
}

pub async fn drop_due(db: &mut PgConnection, workspace: WorkspaceId, id: SeriesId) -> Result<()> {
    sqlx::query!("select series_due_drop($1, $2)", workspace.uuid(), id.uuid()).execute(db).await?;
    Ok(())
}

/// Takes series whose posts are to be made; who is not done with one by `again` is followed by another.
pub async fn take_due(
    db: &mut PgConnection,
    now: Timestamp,
    again: Timestamp,
    limit: i32,
) -> Result<Vec<(WorkspaceId, SeriesId)>> {
    let rows = sqlx::query!(
        r#"select workspace_id as "workspace!", series_id as "series!" from series_due_take($1, $2, $3)"#,
        now,
        again,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (WorkspaceId(row.workspace), SeriesId(row.series))).collect())
}
