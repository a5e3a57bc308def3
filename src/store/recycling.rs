//! Evergreen posts, the accounts' rules for them, and what was recycled.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, PostId, TargetId, WorkspaceId},
    model::recycling::Rule,
};

/// A rule and who stands for it.
#[derive(Debug, Clone)]
pub struct StoredRule {
    pub rule: Rule,
    pub member_id: MemberId,
}

struct RuleRow {
    enabled: bool,
    min_age_days: i32,
    window_days: i32,
    per_week: i32,
    candidates: i32,
    member_id: MemberId,
}

impl RuleRow {
    fn read(self) -> StoredRule {
        let Self { enabled, min_age_days, window_days, per_week, candidates, member_id } = self;
        StoredRule { rule: Rule { enabled, min_age_days, window_days, per_week, candidates }, member_id }
    }
}

pub async fn rule(db: &mut PgConnection, workspace: WorkspaceId, account: AccountId) -> Result<Option<StoredRule>> {
    Ok(sqlx::query_as!(
        RuleRow,
        r#"select enabled, min_age_days, window_days, per_week, candidates, member_id as "member_id: MemberId"
           from recycling_rules where workspace_id = $1 and account_id = $2"#,
        workspace.uuid(),
        account.uuid()
    )
    .fetch_optional(db)
    .await?
    .map(RuleRow::read))
}

/// Holds the rule until the transaction ends: one at a time decides what an account recycles.
pub async fn lock(db: &mut PgConnection, workspace: WorkspaceId, account: AccountId) -> Result<Option<StoredRule>> {
    sqlx::query!(
        "select 1 as one from recycling_rules where workspace_id = $1 and account_id = $2 for update",
        workspace.uuid(),
        account.uuid()
    )
    .fetch_optional(&mut *db)
    .await?;
    rule(db, workspace, account).await
}

pub async fn put_rule(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    stored: &StoredRule,
    now: Timestamp,
) -> Result<()> {
    let rule = &stored.rule;
    sqlx::query!(
        "insert into recycling_rules (workspace_id, account_id, enabled, min_age_days, window_days, per_week, candidates,
                                      member_id, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (workspace_id, account_id) do update set enabled = excluded.enabled,
             min_age_days = excluded.min_age_days, window_days = excluded.window_days, per_week = excluded.per_week,
             candidates = excluded.candidates, member_id = excluded.member_id, updated_at = excluded.updated_at",
        workspace.uuid(),
        account.uuid(),
        rule.enabled,
        rule.min_age_days,
        rule.window_days,
        rule.per_week,
        rule.candidates,
        stored.member_id.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Turns every rule of the workspace off. Returns how many were on.
pub async fn stop_all(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<u64> {
    let done = sqlx::query!(
        "update recycling_rules set enabled = false, updated_at = $2 where workspace_id = $1 and enabled",
        workspace.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Accounts whose rule is on and that have no copy still to go out, with the member who stands for it: worth a look.
pub async fn waiting(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<(AccountId, MemberId)>> {
    let rows = sqlx::query!(
        r#"select r.account_id as "account_id: AccountId", r.member_id as "member_id: MemberId" from recycling_rules r
           where r.workspace_id = $1 and r.enabled and not exists (
               select from recyclings c join posts p using (workspace_id, post_id)
               where c.workspace_id = r.workspace_id and c.account_id = r.account_id
                 and (c.planned_for > $2 or (p.deleted_at is null and p.status in ('scheduled', 'publishing', 'unknown', 'held'))))
           order by r.account_id"#,
        workspace.uuid(),
        now
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.account_id, row.member_id)).collect())
}

/// A copy on its way into the database.
#[derive(Debug, Clone)]
pub struct Recycled {
    pub number: i32,
    pub source_post_id: PostId,
    pub post_id: PostId,
    pub planned_for: Timestamp,
}

/// A copy and what became of it.
#[derive(Debug, Clone)]
pub struct Copy {
    pub number: i32,
    pub source_post_id: PostId,
    pub post_id: PostId,
    pub planned_for: Timestamp,
    pub status: String,
    pub deleted: bool,
}

/// The last of an account, newest first.
pub async fn recycled(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    limit: i64,
) -> Result<Vec<Copy>> {
    Ok(sqlx::query_as!(
        Copy,
        r#"select c.number, c.source_post_id as "source_post_id: PostId", c.post_id as "post_id: PostId", c.planned_for,
                  p.status, p.deleted_at is not null as "deleted!"
           from recyclings c join posts p using (workspace_id, post_id)
           where c.workspace_id = $1 and c.account_id = $2 order by c.number desc limit $3"#,
        workspace.uuid(),
        account.uuid(),
        limit
    )
    .fetch_all(db)
    .await?)
}

/// Notes a copy; its number is taken once.
pub async fn insert(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    recycled: &Recycled,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into recyclings (workspace_id, account_id, number, source_post_id, post_id, planned_for, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        workspace.uuid(),
        account.uuid(),
        recycled.number,
        recycled.source_post_id.uuid(),
        recycled.post_id.uuid(),
        recycled.planned_for,
        now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update posts set recycled_from = $3 where workspace_id = $1 and post_id = $2",
        workspace.uuid(),
        recycled.post_id.uuid(),
        recycled.source_post_id.uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn set_evergreen(db: &mut PgConnection, workspace: WorkspaceId, post: PostId, evergreen: bool) -> Result<()> {
    sqlx::query!(
        "update posts set evergreen = $3 where workspace_id = $1 and post_id = $2",
        workspace.uuid(),
        post.uuid(),
        evergreen
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a post is evergreen, and what it is a copy of.
pub async fn marks(db: &mut PgConnection, workspace: WorkspaceId, post: PostId) -> Result<(bool, Option<PostId>)> {
    let row = sqlx::query!(
        r#"select evergreen, recycled_from as "recycled_from: PostId" from posts where workspace_id = $1 and post_id = $2"#,
        workspace.uuid(),
        post.uuid()
    )
    .fetch_one(db)
    .await?;
    Ok((row.evergreen, row.recycled_from))
}

/// An evergreen post that is public on an account.
#[derive(Debug, Clone)]
pub struct EvergreenRow {
    pub post_id: PostId,
    pub target_id: TargetId,
    pub excerpt: String,
    pub published_at: Timestamp,
    pub engagement: Option<i64>,
    /// When the same words last went out on the account, or will.
    pub last_out: Timestamp,
}

/// All of an account. The same words are those whose first message is the same, in whichever post: copies, and what
/// somebody posted again by hand. What is held or failed may still be sent again, so it counts like what is planned.
pub async fn evergreen(db: &mut PgConnection, workspace: WorkspaceId, account: AccountId) -> Result<Vec<EvergreenRow>> {
    Ok(sqlx::query_as!(
        EvergreenRow,
        r#"with said as (
               select w.text, max(coalesce(o.published_at, o.due_at)) as last_out
               from targets o join segments w on w.workspace_id = o.workspace_id and w.target_id = o.target_id
               where o.workspace_id = $1 and o.account_id = $2 and w.ordinal = 0 and o.state not in ('draft', 'cancelled')
               group by w.text)
           select p.post_id as "post_id: PostId", t.target_id as "target_id: TargetId", p.excerpt,
                  t.published_at as "published_at!", m.engagement as "engagement?", said.last_out as "last_out!"
           from posts p
           join targets t using (workspace_id, post_id)
           join segments s on s.workspace_id = t.workspace_id and s.target_id = t.target_id and s.ordinal = 0
           join said on said.text = s.text
           left join metric_targets m on m.workspace_id = t.workspace_id and m.target_id = t.target_id
           where p.workspace_id = $1 and t.account_id = $2 and p.evergreen and p.deleted_at is null
             and p.recycled_from is null and t.state = 'published' and t.removal_requested_at is null
             and t.removed_at is null
           order by p.post_id"#,
        workspace.uuid(),
        account.uuid()
    )
    .fetch_all(db)
    .await?)
}
