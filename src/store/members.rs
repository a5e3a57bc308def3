//! What hangs on a member: the workspaces of the person, and what stops or goes to another when the member leaves.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, PersonId, PostId, SeriesId, TargetId, WorkspaceId},
    model::roles::Role,
};

/// Somebody joins, or comes back. Returns whose membership it is; nothing when the person is a member already.
pub async fn join(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    person: PersonId,
    name: &str,
    role: Role,
    now: Timestamp,
) -> Result<Option<MemberId>> {
    let id = sqlx::query_scalar!(
        r#"insert into members (workspace_id, member_id, person_id, display_name, role, created_at)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (workspace_id, person_id) do update
               set display_name = excluded.display_name, role = excluded.role, removed_at = null
               where members.removed_at is not null
           returning member_id as "id: MemberId""#,
        workspace.uuid(),
        member.uuid(),
        person.uuid(),
        name,
        role.as_str(),
        now
    )
    .fetch_optional(&mut *db)
    .await?;
    if let Some(id) = id {
        sqlx::query!("select person_join($1, $2, $3)", person.uuid(), workspace.uuid(), id.uuid()).execute(db).await?;
    }
    Ok(id)
}

/// The person is in this workspace no more.
pub async fn leave(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<()> {
    sqlx::query!("select person_leave($1, $2)", workspace.uuid(), member.uuid()).execute(db).await?;
    Ok(())
}

/// A member's person, as far as others are concerned by it.
pub struct Standing {
    pub email: Option<String>,
    /// Somebody who reads mail there followed a link.
    pub proved: bool,
    /// The person is in other workspaces too.
    pub elsewhere: bool,
}

pub async fn standing(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<Option<Standing>> {
    Ok(sqlx::query_as!(
        Standing,
        r#"select email, proved as "proved!", elsewhere as "elsewhere!" from person_standing($1, $2)"#,
        workspace.uuid(),
        member.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// Notes that the member's person reads mail at the address.
pub async fn prove_email(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId, email: &str) -> Result<()> {
    sqlx::query!("select person_email_prove($1, $2, $3)", workspace.uuid(), member.uuid(), email).execute(db).await?;
    Ok(())
}

/// Who was granted what: member, account, `network/handle`.
pub async fn grants(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<(MemberId, AccountId, String)>> {
    let rows = sqlx::query!(
        r#"select g.member_id as "member_id: MemberId", g.account_id as "account_id: AccountId",
                  a.network || '/' || a.handle as "name!"
           from account_grants g join accounts a using (workspace_id, account_id)
           where g.workspace_id = $1 order by a.network, a.handle, g.account_id"#,
        workspace.uuid()
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.member_id, row.account_id, row.name)).collect())
}

pub async fn drop_grants(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<()> {
    sqlx::query!(
        "delete from account_grants where workspace_id = $1 and member_id = $2",
        workspace.uuid(),
        member.uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Makes the keys of a member useless. Returns which they were.
pub async fn revoke_keys(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    now: Timestamp,
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "update api_keys set revoked_at = $3
         where workspace_id = $1 and member_id = $2 and revoked_at is null returning api_key_id",
        workspace.uuid(),
        member.uuid(),
        now
    )
    .fetch_all(db)
    .await?)
}

/// Pages that wait for the secret of an account, asked for by a member.
pub async fn open_pages(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    now: Timestamp,
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select connect_id from connect_requests
         where workspace_id = $1 and member_id = $2 and used_at is null and expires_at > $3",
        workspace.uuid(),
        member.uuid(),
        now
    )
    .fetch_all(db)
    .await?)
}

/// Ends the protocol sessions of a member.
pub async fn end_sessions(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<()> {
    sqlx::query!("select sessions_drop_of($1)", format!("{workspace}/{member}")).execute(db).await?;
    Ok(())
}

/// Ends the series of a member, so that they make no more posts. Returns which they were.
pub async fn end_series(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    now: Timestamp,
) -> Result<Vec<SeriesId>> {
    Ok(sqlx::query_scalar!(
        r#"update series set ended_at = $3 where workspace_id = $1 and author_id = $2 and ended_at is null
           returning series_id as "id: SeriesId""#,
        workspace.uuid(),
        member.uuid(),
        now
    )
    .fetch_all(db)
    .await?)
}

/// Turns the recycling rules off that a member stands for. Returns how many there were.
pub async fn end_recycling(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    now: Timestamp,
) -> Result<u64> {
    let done = sqlx::query!(
        "update recycling_rules set enabled = false, updated_at = $3
         where workspace_id = $1 and member_id = $2 and enabled",
        workspace.uuid(),
        member.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// What a member stands for that is not over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standings {
    /// Posts that are scheduled.
    pub scheduled: i64,
    /// Drafts, and posts that are held or failed.
    pub waiting: i64,
    pub series: i64,
    pub recycling: i64,
}

pub async fn standings(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<Standings> {
    Ok(sqlx::query_as!(
        Standings,
        r#"select count(*) filter (where status in ('scheduled', 'publishing', 'unknown')) as "scheduled!",
                  count(*) filter (where status in ('draft', 'held', 'failed', 'partly_published')) as "waiting!",
                  (select count(*) from series s where s.workspace_id = $1 and s.author_id = $2 and s.ended_at is null
                   and not s.complete) as "series!",
                  (select count(*) from recycling_rules r where r.workspace_id = $1 and r.member_id = $2 and r.enabled) as "recycling!"
           from posts where workspace_id = $1 and author_id = $2 and deleted_at is null"#,
        workspace.uuid(),
        member.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// Accounts on which a member's posts, series and recycling go on.
pub async fn accounts_of_work(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
) -> Result<Vec<AccountId>> {
    Ok(sqlx::query_scalar!(
        r#"select t.account_id as "id!: AccountId" from targets t join posts p using (workspace_id, post_id)
           where t.workspace_id = $1 and p.author_id = $2 and p.deleted_at is null and t.state in ('scheduled', 'held')
           union
           select t.account_id from targets t join series s using (workspace_id, post_id)
           where t.workspace_id = $1 and s.author_id = $2 and s.ended_at is null and not s.complete
           union
           select account_id from recycling_rules where workspace_id = $1 and member_id = $2 and enabled"#,
        workspace.uuid(),
        member.uuid()
    )
    .fetch_all(db)
    .await?)
}

/// Another member stands for what is not over from now on.
pub async fn hand_over(db: &mut PgConnection, workspace: WorkspaceId, from: MemberId, to: MemberId) -> Result<()> {
    // In the order in which everybody locks posts.
    sqlx::query!(
        "with mine as (select post_id from posts
                       where workspace_id = $1 and author_id = $2 and deleted_at is null and status not in ('published', 'cancelled')
                       order by post_id for update)
         update posts p set author_id = $3 from mine where p.workspace_id = $1 and p.post_id = mine.post_id",
        workspace.uuid(),
        from.uuid(),
        to.uuid()
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update series set author_id = $3 where workspace_id = $1 and author_id = $2 and ended_at is null",
        workspace.uuid(),
        from.uuid(),
        to.uuid()
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update recycling_rules set member_id = $3 where workspace_id = $1 and member_id = $2",
        workspace.uuid(),
        from.uuid(),
        to.uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What of a member's posts is scheduled on these accounts, in the order of posts.
pub async fn scheduled(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    accounts: &[AccountId],
) -> Result<Vec<(PostId, TargetId)>> {
    let accounts: Vec<_> = accounts.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select t.post_id as "post_id: PostId", t.target_id as "target_id: TargetId"
           from targets t join posts p using (workspace_id, post_id)
           where t.workspace_id = $1 and p.author_id = $2 and p.deleted_at is null and t.state = 'scheduled'
             and t.account_id = any ($3)
           order by t.post_id, t.target_id"#,
        workspace.uuid(),
        member.uuid(),
        &accounts
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.post_id, row.target_id)).collect())
}
