//! Reading figures: of a post, over time, and added up over an account's posts.

use sqlx::PgConnection;

use super::reading;
use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, PostId, TargetId, WorkspaceId},
    model::metrics::Reading,
};

/// A public target of a post and how measuring it goes.
#[derive(Debug, Clone)]
pub struct Measured {
    pub target_id: TargetId,
    pub account_id: AccountId,
    pub network: String,
    pub handle: String,
    pub published_at: Timestamp,
    pub next_at: Option<Timestamp>,
    pub collected_at: Option<Timestamp>,
    /// Public messages of the target.
    pub messages: i64,
    /// Why the last try on the account failed.
    pub problem: Option<String>,
}

pub async fn of_post(db: &mut PgConnection, workspace: WorkspaceId, post: PostId) -> Result<Vec<Measured>> {
    Ok(sqlx::query_as!(
        Measured,
        r#"select m.target_id as "target_id: TargetId", m.account_id as "account_id: AccountId", a.network, a.handle,
                  m.published_at, m.next_at, m.collected_at, c.problem as "problem?",
                  (select count(*) from segments s where s.workspace_id = m.workspace_id and s.target_id = m.target_id
                   and s.remote is not null) as "messages!"
           from targets t
           join metric_targets m using (workspace_id, target_id)
           join accounts a on a.workspace_id = t.workspace_id and a.account_id = t.account_id
           left join metric_accounts c on c.workspace_id = t.workspace_id and c.account_id = t.account_id
           where t.workspace_id = $1 and t.post_id = $2 order by a.network, a.handle, m.target_id"#,
        workspace.uuid(),
        post.uuid()
    )
    .fetch_all(db)
    .await?)
}

/// One figure of one message at one time.
#[derive(Debug, Clone)]
pub struct Sample {
    pub target_id: TargetId,
    pub ordinal: i32,
    pub metric: String,
    pub reading: Reading,
    pub collected_at: Timestamp,
    pub source: String,
}

struct SampleRow {
    target_id: TargetId,
    ordinal: i32,
    metric: String,
    value: Option<i64>,
    absence: Option<String>,
    collected_at: Timestamp,
    source: String,
}

impl SampleRow {
    fn read(self) -> Result<Sample> {
        Ok(Sample {
            target_id: self.target_id,
            ordinal: self.ordinal,
            metric: self.metric,
            reading: reading(self.value, self.absence.as_deref())?,
            collected_at: self.collected_at,
            source: self.source,
        })
    }
}

/// The newest of each figure: the newest value where there ever was one, else why there is none.
pub async fn latest_of_targets(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    targets: &[TargetId],
) -> Result<Vec<Sample>> {
    let ids: Vec<_> = targets.iter().map(|id| id.uuid()).collect();
    sqlx::query_as!(
        SampleRow,
        r#"select distinct on (target_id, ordinal, metric) target_id as "target_id: TargetId", ordinal, metric, value,
                  absence, collected_at, source
           from metric_samples where workspace_id = $1 and target_id = any ($2)
           order by target_id, ordinal, metric, value is null, collected_at desc"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(SampleRow::read)
    .collect()
}

/// All figures of a target, by message, metric and time.
pub async fn series_of_target(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<Vec<Sample>> {
    sqlx::query_as!(
        SampleRow,
        r#"select target_id as "target_id: TargetId", ordinal, metric, value, absence, collected_at, source
           from metric_samples where workspace_id = $1 and target_id = $2 order by ordinal, metric, collected_at"#,
        workspace.uuid(),
        target.uuid()
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(SampleRow::read)
    .collect()
}

/// What an account's posts since some day come to.
#[derive(Debug, Clone)]
pub struct AccountSum {
    pub account_id: AccountId,
    /// Posts with an engagement.
    pub posts: i64,
    pub engagement: i64,
    /// Over posts that have both, so that their ratio means something.
    pub reached_engagement: Option<i64>,
    pub reach: Option<i64>,
    /// The newest answer among them.
    pub measured_at: Timestamp,
}

pub async fn sums(db: &mut PgConnection, workspace: WorkspaceId, since: Timestamp) -> Result<Vec<AccountSum>> {
    Ok(sqlx::query_as!(
        AccountSum,
        r#"select account_id as "account_id: AccountId", count(*) as "posts!", sum(engagement)::bigint as "engagement!",
                  (sum(engagement) filter (where reach is not null))::bigint as reached_engagement,
                  sum(reach)::bigint as reach, max(measured_at) as "measured_at!"
           from metric_targets where workspace_id = $1 and published_at >= $2 and engagement is not null
           group by account_id order by account_id"#,
        workspace.uuid(),
        since
    )
    .fetch_all(db)
    .await?)
}

/// The newest value of one of an account's own figures.
#[derive(Debug, Clone)]
pub struct LatestOfAccount {
    pub account_id: AccountId,
    pub value: i64,
    pub collected_at: Timestamp,
}

pub async fn latest_of_accounts(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    metric: &str,
) -> Result<Vec<LatestOfAccount>> {
    Ok(sqlx::query_as!(
        LatestOfAccount,
        r#"select a.account_id as "account_id: AccountId", s.value as "value!", s.collected_at
           from accounts a cross join lateral (
               select value, collected_at from account_samples s
               where s.workspace_id = a.workspace_id and s.account_id = a.account_id and s.metric = $2
                 and s.value is not null
               order by collected_at desc limit 1) s
           where a.workspace_id = $1 order by a.account_id"#,
        workspace.uuid(),
        metric
    )
    .fetch_all(db)
    .await?)
}

/// One of an account's own figures at one time.
#[derive(Debug, Clone)]
pub struct AccountSample {
    pub metric: String,
    pub reading: Reading,
    pub collected_at: Timestamp,
    pub source: String,
}

/// An account's own figures since some day, by metric and time.
pub async fn series_of_account(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    since: Timestamp,
) -> Result<Vec<AccountSample>> {
    let rows = sqlx::query!(
        "select metric, value, absence, collected_at, source from account_samples
         where workspace_id = $1 and account_id = $2 and collected_at >= $3 order by metric, collected_at",
        workspace.uuid(),
        account.uuid(),
        since
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AccountSample {
                metric: row.metric,
                reading: reading(row.value, row.absence.as_deref())?,
                collected_at: row.collected_at,
                source: row.source,
            })
        })
        .collect()
}

/// When posts of an account became public since some day, and the engagement of their first day.
pub async fn first_days(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    since: Timestamp,
) -> Result<Vec<(Timestamp, i64)>> {
    let rows = sqlx::query!(
        r#"select published_at, engagement_first_day as "engagement!" from metric_targets
           where workspace_id = $1 and account_id = $2 and published_at >= $3 and engagement_first_day is not null"#,
        workspace.uuid(),
        account.uuid(),
        since
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.published_at, row.engagement)).collect())
}
