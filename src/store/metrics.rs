//! Figures of public posts and of accounts: what is to be asked for, the samples, and what they come to. Reading them is
//! in `metrics/read.rs`.

use std::str::FromStr;

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, TargetId, WorkspaceId},
    model::metrics::{Absence, Reading, Totals},
};

mod read;

pub use read::{
    AccountSample, AccountSum, LatestOfAccount, Measured, Sample, first_days, latest_of_accounts, latest_of_targets,
    of_post, series_of_account, series_of_target, sums,
};

/// A public message whose figures are due.
#[derive(Debug, Clone)]
pub struct Due {
    pub target_id: TargetId,
    pub published_at: Timestamp,
    pub ordinal: i32,
    /// A serialised `Remote` of the network's adapter.
    pub remote: Value,
}

/// The messages of the `targets` longest due on an account.
pub async fn due(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    now: Timestamp,
    targets: i64,
) -> Result<Vec<Due>> {
    Ok(sqlx::query_as!(
        Due,
        r#"select m.target_id as "target_id: TargetId", m.published_at, s.ordinal, s.remote as "remote!"
           from (select * from metric_targets where workspace_id = $1 and account_id = $2 and next_at <= $3
                 order by next_at, target_id limit $4) m
           join segments s using (workspace_id, target_id)
           where s.remote is not null order by m.next_at, m.target_id, s.ordinal"#,
        workspace.uuid(),
        account.uuid(),
        now,
        targets
    )
    .fetch_all(db)
    .await?)
}

/// What is due and was removed from its network is not asked for any more.
pub async fn forget_removed(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update metric_targets m set next_at = null from targets t
         where m.workspace_id = $1 and m.account_id = $2 and m.next_at <= $3 and t.workspace_id = m.workspace_id
           and t.target_id = m.target_id and (t.removed_at is not null or t.removal_requested_at is not null)",
        workspace.uuid(),
        account.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// When the next figures of posts are due on an account.
pub async fn next_due(db: &mut PgConnection, workspace: WorkspaceId, account: AccountId) -> Result<Option<Timestamp>> {
    Ok(sqlx::query_scalar!(
        "select min(next_at) from metric_targets where workspace_id = $1 and account_id = $2 and next_at is not null",
        workspace.uuid(),
        account.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// They are asked for again later, so that others have their turn.
pub async fn postpone(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    targets: &[TargetId],
    until: Timestamp,
) -> Result<()> {
    let ids: Vec<_> = targets.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "update metric_targets set next_at = $3 where workspace_id = $1 and target_id = any ($2) and next_at is not null",
        workspace.uuid(),
        &ids,
        until
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether any post of the account ever had a figure: then its server has them.
pub async fn ever_measured(db: &mut PgConnection, workspace: WorkspaceId, account: AccountId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from metric_targets where workspace_id = $1 and account_id = $2 and measured_at is not null)
               or exists (select from account_samples where workspace_id = $1 and account_id = $2 and value is not null) as "ever!""#,
        workspace.uuid(),
        account.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// A figure on its way into the database.
#[derive(Debug, Clone)]
pub struct NewSample {
    pub target_id: TargetId,
    pub ordinal: i32,
    pub metric: String,
    pub reading: Reading,
    pub as_of: Timestamp,
}

pub async fn insert(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    samples: &[NewSample],
    source: &str,
    now: Timestamp,
) -> Result<()> {
    let targets: Vec<_> = samples.iter().map(|sample| sample.target_id.uuid()).collect();
    let ordinals: Vec<i32> = samples.iter().map(|sample| sample.ordinal).collect();
    let metrics: Vec<String> = samples.iter().map(|sample| sample.metric.clone()).collect();
    let as_of: Vec<Timestamp> = samples.iter().map(|sample| sample.as_of).collect();
    let values: Vec<Option<i64>> = samples.iter().map(|sample| sample.reading.value()).collect();
    let absences: Vec<Option<&str>> =
        samples.iter().map(|sample| sample.reading.absence().map(Absence::as_str)).collect();
    sqlx::query!(
        "insert into metric_samples (workspace_id, target_id, ordinal, metric, as_of, value, absence, source, collected_at)
         select $1, *, $8, $9 from unnest($2::uuid[], $3::int[], $4::text[], $5::timestamptz[], $6::bigint[], $7::text[])
         on conflict do nothing",
        workspace.uuid(),
        &targets,
        &ordinals,
        &metrics,
        &as_of as _,
        &values as _,
        &absences as _,
        source,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What the last answer comes to, and when the next is wanted. Without a value the earlier one stays.
pub async fn save(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    totals: &Totals,
    first_day: bool,
    next_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update metric_targets set next_at = $3, collected_at = $4, impressions = coalesce($5, impressions),
                reach = coalesce($6, reach), engagement = coalesce($7, engagement),
                measured_at = case when $7::bigint is null then measured_at else $4 end,
                partial = case when $7::bigint is null then partial else $8 end,
                engagement_first_day = case when $9 then coalesce(engagement_first_day, $7) else engagement_first_day end
         where workspace_id = $1 and target_id = $2",
        workspace.uuid(),
        target.uuid(),
        next_at,
        now,
        totals.impressions,
        totals.reach,
        totals.engagement,
        totals.partial,
        first_day
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Of what was collected before an instant, only the last of each day (UTC) stays.
pub async fn thin_out(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    target: TargetId,
    before: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "delete from metric_samples m where m.workspace_id = $1 and m.target_id = $2 and m.collected_at < $3
         and exists (select from metric_samples o where o.workspace_id = m.workspace_id and o.target_id = m.target_id
                     and o.ordinal = m.ordinal and o.metric = m.metric and o.collected_at > m.collected_at
                     and o.collected_at < $3
                     and date_trunc('day', o.collected_at, 'UTC') = date_trunc('day', m.collected_at, 'UTC'))",
        workspace.uuid(),
        target.uuid(),
        before
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn insert_of_account(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    samples: &[(String, Reading, Timestamp)],
    source: &str,
    now: Timestamp,
) -> Result<()> {
    for (metric, reading, as_of) in samples {
        sqlx::query!(
            "insert into account_samples (workspace_id, account_id, metric, collected_at, as_of, value, absence, source)
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
            workspace.uuid(),
            account.uuid(),
            metric,
            now,
            as_of,
            reading.value(),
            reading.absence().map(Absence::as_str),
            source
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// As [`thin_out`].
pub async fn thin_out_account(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    before: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "delete from account_samples m where m.workspace_id = $1 and m.account_id = $2 and m.collected_at < $3
         and exists (select from account_samples o where o.workspace_id = m.workspace_id and o.account_id = m.account_id
                     and o.metric = m.metric and o.collected_at > m.collected_at and o.collected_at < $3
                     and date_trunc('day', o.collected_at, 'UTC') = date_trunc('day', m.collected_at, 'UTC'))",
        workspace.uuid(),
        account.uuid(),
        before
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A stored figure, read back.
fn reading(value: Option<i64>, absence: Option<&str>) -> Result<Reading> {
    match (value, absence) {
        (Some(value), _) => Ok(Reading::Value(value)),
        (None, Some(absence)) => Ok(Reading::Absent(Absence::from_str(absence)?)),
        (None, None) => Ok(Reading::Absent(Absence::Missing)),
    }
}
