//! Connected accounts, and who may use them.

mod grants;
mod tuning;
mod waiting;

use std::str::FromStr;

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, WorkspaceId},
    model::{accounts::AccountStatus, networks::NetworkId},
};

pub use grants::{grant, granted, revoke};
pub use tuning::tune;
pub use waiting::set_not_before;

/// Without the secret, which is read apart.
#[derive(Debug, Clone)]
pub struct Account {
    pub account_id: AccountId,
    pub network: NetworkId,
    pub remote_id: String,
    pub handle: String,
    pub display_name: Option<String>,
    pub base_url: String,
    pub status: AccountStatus,
    pub status_reason: Option<String>,
    pub time_zone: Option<String>,
    pub tolerance_secs: i32,
    pub not_before: Option<Timestamp>,
    pub created_at: Timestamp,
}

struct AccountRow {
    account_id: AccountId,
    network: String,
    remote_id: String,
    handle: String,
    display_name: Option<String>,
    base_url: String,
    status: String,
    status_reason: Option<String>,
    time_zone: Option<String>,
    tolerance_secs: i32,
    not_before: Option<Timestamp>,
    created_at: Timestamp,
}

impl AccountRow {
    fn read(self) -> Result<Account> {
        Ok(Account {
            account_id: self.account_id,
            network: NetworkId::from_str(&self.network)?,
            remote_id: self.remote_id,
            handle: self.handle,
            display_name: self.display_name,
            base_url: self.base_url,
            status: AccountStatus::from_str(&self.status)?,
            status_reason: self.status_reason,
            time_zone: self.time_zone,
            tolerance_secs: self.tolerance_secs,
            not_before: self.not_before,
            created_at: self.created_at,
        })
    }
}

/// Every account of the workspace, or those granted to `only_for`; by network, then handle.
pub async fn list(db: &mut PgConnection, workspace: WorkspaceId, only_for: Option<MemberId>) -> Result<Vec<Account>> {
    sqlx::query_as!(
        AccountRow,
        r#"select account_id as "account_id: AccountId", network, remote_id, handle, display_name, base_url, status,
                  status_reason, time_zone, tolerance_secs, not_before, created_at
           from accounts a
           where workspace_id = $1 and ($2::uuid is null or exists (
                 select from account_grants g where g.workspace_id = a.workspace_id and g.account_id = a.account_id
                 and g.member_id = $2))
           order by network, handle, account_id"#,
        workspace.uuid(),
        only_for.map(MemberId::uuid)
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(AccountRow::read)
    .collect()
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: AccountId) -> Result<Option<Account>> {
    sqlx::query_as!(
        AccountRow,
        r#"select account_id as "account_id: AccountId", network, remote_id, handle, display_name, base_url, status,
                  status_reason, time_zone, tolerance_secs, not_before, created_at
           from accounts where workspace_id = $1 and account_id = $2"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?
    .map(AccountRow::read)
    .transpose()
}

/// What a connection writes.
pub struct Connection<'a> {
    pub network: NetworkId,
    pub remote_id: &'a str,
    pub handle: &'a str,
    pub display_name: Option<&'a str>,
    pub base_url: &'a str,
}

/// The id of an account that is known already.
pub async fn find(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    network: NetworkId,
    remote_id: &str,
) -> Result<Option<AccountId>> {
    Ok(sqlx::query_scalar!(
        r#"select account_id as "id: AccountId" from accounts where workspace_id = $1 and network = $2 and remote_id = $3 for update"#,
        workspace.uuid(),
        network.as_str(),
        remote_id
    )
    .fetch_optional(db)
    .await?)
}

/// Adds the account, or renews it in place when `id` is known.
pub async fn put(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: AccountId,
    connection: &Connection<'_>,
    secret: &[u8],
    secret_expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into accounts (workspace_id, account_id, network, remote_id, handle, display_name, base_url, status,
                               secret, secret_expires_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'connected', $8, $9, $10, $10)
         on conflict (workspace_id, account_id) do update set handle = excluded.handle,
             display_name = excluded.display_name, base_url = excluded.base_url, status = 'connected',
             status_reason = null, secret = excluded.secret, secret_expires_at = excluded.secret_expires_at,
             refresh_lease_until = null, not_before = null, updated_at = excluded.updated_at",
        workspace.uuid(),
        id.uuid(),
        connection.network.as_str(),
        connection.remote_id,
        connection.handle,
        connection.display_name,
        connection.base_url,
        secret,
        secret_expires_at,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn set_status(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: AccountId,
    status: AccountStatus,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update accounts set status = $3, status_reason = $4, updated_at = $5 where workspace_id = $1 and account_id = $2",
        workspace.uuid(),
        id.uuid(),
        status.as_str(),
        reason,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes the secret away and says why. With `only`, nothing happens unless it is the present secret; the reason of an
/// earlier disconnection stays. `true` when the account was connected until now.
pub async fn disconnect(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: AccountId,
    only: Option<&[u8]>,
    reason: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "update accounts set status = 'disconnected', status_reason = $3, secret = null, secret_expires_at = null,
                updated_at = $4
         where workspace_id = $1 and account_id = $2 and secret is not null and ($5::bytea is null or secret = $5)",
        workspace.uuid(),
        id.uuid(),
        reason,
        now,
        only
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub struct Secret {
    pub sealed: Vec<u8>,
    pub expires_at: Option<Timestamp>,
}

pub async fn secret(db: &mut PgConnection, workspace: WorkspaceId, id: AccountId) -> Result<Option<Secret>> {
    let row = sqlx::query!(
        "select secret, secret_expires_at from accounts where workspace_id = $1 and account_id = $2",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|row| Some(Secret { sealed: row.secret?, expires_at: row.secret_expires_at })))
}

/// One refresh at a time: `true` for the caller that may do it, until the lease ends. One that would end later than this is
/// of a clock that was wrong.
pub async fn take_refresh_lease(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: AccountId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "update accounts set refresh_lease_until = $4
         where workspace_id = $1 and account_id = $2 and (refresh_lease_until is null or refresh_lease_until <= $3
             or refresh_lease_until > $4)",
        workspace.uuid(),
        id.uuid(),
        now,
        until
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the lease, with new tokens when there are any. Tokens that a person put there meanwhile (`secret` is no longer
/// `previous`) are left alone.
pub async fn end_refresh(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: AccountId,
    previous: &[u8],
    renewed: Option<(&[u8], Option<Timestamp>)>,
) -> Result<()> {
    match renewed {
        Some((sealed, expires_at)) => {
            sqlx::query!(
                "update accounts set secret = $3, secret_expires_at = $4, refresh_lease_until = null
                 where workspace_id = $1 and account_id = $2 and secret = $5",
                workspace.uuid(),
                id.uuid(),
                sealed,
                expires_at,
                previous
            )
            .execute(db)
            .await?
        }
        None => {
            sqlx::query!(
                "update accounts set refresh_lease_until = null where workspace_id = $1 and account_id = $2",
                workspace.uuid(),
                id.uuid()
            )
            .execute(db)
            .await?
        }
    };
    Ok(())
}

/// Makes the next user of the token renew it first.
pub async fn expire_secret(db: &mut PgConnection, workspace: WorkspaceId, id: AccountId, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "update accounts set secret_expires_at = $3 where workspace_id = $1 and account_id = $2",
        workspace.uuid(),
        id.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
