//! Workspaces, the people in them, and their API keys.

use std::str::FromStr;

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{ApiKeyId, MemberId, PersonId, WorkspaceId},
    model::roles::Role,
};

#[derive(Debug, Clone)]
pub struct Workspace {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub time_zone: String,
    pub paused_at: Option<Timestamp>,
    pub paused_reason: Option<String>,
    pub created_at: Timestamp,
}

pub async fn insert(db: &mut PgConnection, id: WorkspaceId, name: &str, time_zone: &str, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "insert into workspaces (workspace_id, name, time_zone, created_at) values ($1, $2, $3, $4)",
        id.uuid(),
        name,
        time_zone,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn get(db: &mut PgConnection, id: WorkspaceId) -> Result<Option<Workspace>> {
    Ok(sqlx::query_as!(
        Workspace,
        r#"select workspace_id as "workspace_id: WorkspaceId", name, time_zone, paused_at, paused_reason, created_at
           from workspaces where workspace_id = $1"#,
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}

pub async fn update(db: &mut PgConnection, id: WorkspaceId, name: &str, time_zone: &str) -> Result<()> {
    sqlx::query!("update workspaces set name = $2, time_zone = $3 where workspace_id = $1", id.uuid(), name, time_zone)
        .execute(db)
        .await?;
    Ok(())
}

#[derive(Debug, Clone)]
pub struct Member {
    pub member_id: MemberId,
    pub person_id: PersonId,
    pub display_name: String,
    pub role: Role,
    pub created_at: Timestamp,
    pub removed_at: Option<Timestamp>,
}

struct MemberRow {
    member_id: MemberId,
    person_id: PersonId,
    display_name: String,
    role: String,
    created_at: Timestamp,
    removed_at: Option<Timestamp>,
}

impl MemberRow {
    fn read(self) -> Result<Member> {
        Ok(Member {
            member_id: self.member_id,
            person_id: self.person_id,
            display_name: self.display_name,
            role: Role::from_str(&self.role)?,
            created_at: self.created_at,
            removed_at: self.removed_at,
        })
    }
}

pub async fn insert_person(db: &mut PgConnection, id: PersonId, name: &str, now: Timestamp) -> Result<()> {
    sqlx::query!("select person_add($1, $2, null, $3)", id.uuid(), name, now).execute(db).await?;
    Ok(())
}

pub async fn insert_member(db: &mut PgConnection, workspace: WorkspaceId, member: &Member) -> Result<()> {
    sqlx::query!(
        "insert into members (workspace_id, member_id, person_id, display_name, role, created_at)
         values ($1, $2, $3, $4, $5, $6)",
        workspace.uuid(),
        member.member_id.uuid(),
        member.person_id.uuid(),
        member.display_name,
        member.role.as_str(),
        member.created_at
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("select person_join($1, $2, $3)", member.person_id.uuid(), workspace.uuid(), member.member_id.uuid())
        .execute(db)
        .await?;
    Ok(())
}

/// All who are or were in the workspace, oldest first.
pub async fn members(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<Member>> {
    sqlx::query_as!(
        MemberRow,
        r#"select member_id as "member_id: MemberId", person_id as "person_id: PersonId", display_name, role, created_at, removed_at
           from members where workspace_id = $1 order by created_at, member_id"#,
        workspace.uuid()
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(MemberRow::read)
    .collect()
}

/// Nobody comes, goes or gets another role while the transaction lasts; several may hold them at once. Taken before rows
/// that a removal changes, as [`lock_members`] is: otherwise the two would wait for each other.
pub async fn hold_members(db: &mut PgConnection, workspace: WorkspaceId) -> Result<()> {
    sqlx::query!("select 1 as one from workspaces where workspace_id = $1 for share", workspace.uuid())
        .fetch_optional(db)
        .await?;
    Ok(())
}

/// Locks the members, so that "the last Admin stays" holds under concurrency. Whatever only refers to the workspace goes on.
pub async fn lock_members(db: &mut PgConnection, workspace: WorkspaceId) -> Result<()> {
    sqlx::query!("select 1 as one from workspaces where workspace_id = $1 for no key update", workspace.uuid())
        .fetch_optional(db)
        .await?;
    Ok(())
}

pub async fn set_role(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId, role: Role) -> Result<()> {
    sqlx::query!(
        "update members set role = $3 where workspace_id = $1 and member_id = $2",
        workspace.uuid(),
        member.uuid(),
        role.as_str()
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn remove_member(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update members set removed_at = $3 where workspace_id = $1 and member_id = $2 and removed_at is null",
        workspace.uuid(),
        member.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

#[derive(Debug, Clone)]
pub struct ApiKey {
    pub api_key_id: ApiKeyId,
    pub member_id: MemberId,
    pub name: String,
    pub prefix: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

pub async fn insert_key(db: &mut PgConnection, workspace: WorkspaceId, key: &ApiKey) -> Result<()> {
    sqlx::query!(
        "insert into api_keys (workspace_id, api_key_id, member_id, name, prefix, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        workspace.uuid(),
        key.api_key_id.uuid(),
        key.member_id.uuid(),
        key.name,
        key.prefix,
        key.created_at,
        key.expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// All keys of the workspace, newest first.
pub async fn keys(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<ApiKey>> {
    Ok(sqlx::query_as!(
        ApiKey,
        r#"select api_key_id as "api_key_id: ApiKeyId", member_id as "member_id: MemberId", name, prefix, created_at, expires_at, revoked_at
           from api_keys where workspace_id = $1 order by created_at desc, api_key_id desc"#,
        workspace.uuid()
    )
    .fetch_all(db)
    .await?)
}

/// The member a key acts for, whatever its state: entering the tenant checks that.
pub async fn key_member(db: &mut PgConnection, workspace: WorkspaceId, key: ApiKeyId) -> Result<Option<MemberId>> {
    Ok(sqlx::query_scalar!(
        r#"select member_id as "member_id: MemberId" from api_keys where workspace_id = $1 and api_key_id = $2"#,
        workspace.uuid(),
        key.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// `false` when there is no such key in use.
pub async fn revoke_key(db: &mut PgConnection, workspace: WorkspaceId, key: ApiKeyId, now: Timestamp) -> Result<bool> {
    let done = sqlx::query!(
        "update api_keys set revoked_at = $3 where workspace_id = $1 and api_key_id = $2 and revoked_at is null",
        workspace.uuid(),
        key.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Workspaces that a person is in, with the membership.
pub async fn of_person(db: &mut PgConnection, person: PersonId) -> Result<Vec<(WorkspaceId, MemberId)>> {
    let rows = sqlx::query!(
        r#"select workspace_id as "workspace_id!", member_id as "member_id!" from person_workspaces_of($1)"#,
        person.uuid()
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (WorkspaceId(row.workspace_id), MemberId(row.member_id))).collect())
}
