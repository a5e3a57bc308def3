//! An account with a working token. One refresh at a time per account, over all processes; new tokens are stored
//! before anybody uses them.

use std::time::Duration;

use url::Url;

use crate::{
    app::App,
    clients::networks::{Credentials, Failure, FailureKind, NetworkAccount},
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, WorkspaceId},
    model::networks::NetworkId,
    store::{
        accounts::{self, Account},
        db::Entrance,
    },
    vault::SealedFor,
};

/// A token that ends within this time is renewed first, in seconds.
const RENEW_BEFORE_SECS: i64 = 120;
/// How long one refresh may take, in seconds.
const LEASE_SECS: i64 = 40;

/// Where an account's credentials are sealed.
pub fn place(workspace: WorkspaceId, account: AccountId) -> SealedFor {
    SealedFor { workspace, account, field: "credentials" }
}

/// The account, ready to be used. The inner failure is the network's.
pub async fn ready(
    app: &App,
    workspace: WorkspaceId,
    id: AccountId,
) -> Result<std::result::Result<(NetworkId, NetworkAccount), Failure>> {
    // A refresh elsewhere ends within its lease; then this loop finds the new token.
    for _ in 0..(LEASE_SECS * 5) {
        let now = app.now();
        let Some((row, account)) = read(app, workspace, id, now).await? else { return Ok(Err(disconnected())) };
        if !expires_soon(&account.credentials, now) {
            return Ok(Ok((row.network, account)));
        }
        if lease(app, workspace, id, now).await? {
            return refresh(app, workspace, &row, account, now).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(Err(Failure { kind: FailureKind::Transient, message: "another process has been renewing the token for too long".into() }))
}

fn disconnected() -> Failure {
    Failure { kind: FailureKind::NeedsReconnect, message: "the account is disconnected".into() }
}

fn expires_soon(credentials: &Credentials, now: Timestamp) -> bool {
    credentials.expires_at.is_some_and(|expires| expires <= now.plus_secs(RENEW_BEFORE_SECS))
}

async fn read(app: &App, workspace: WorkspaceId, id: AccountId, now: Timestamp) -> Result<Option<(Account, NetworkAccount)>> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let row = accounts::get(&mut tx, workspace, id).await?;
    let secret = accounts::secret(&mut tx, workspace, id).await?;
    tx.finish_read();
    let (Some(row), Some(secret)) = (row, secret) else { return Ok(None) };
    let account = NetworkAccount {
        remote_id: row.remote_id.clone(),
        handle: row.handle.clone(),
        base_url: row.base_url.parse::<Url>().map_err(Error::internal)?,
        credentials: Credentials {
            secret: app.vault.open(place(workspace, id), &secret.sealed)?,
            expires_at: secret.expires_at,
        },
    };
    Ok(Some((row, account)))
}

async fn lease(app: &App, workspace: WorkspaceId, id: AccountId, now: Timestamp) -> Result<bool> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let taken = accounts::take_refresh_lease(&mut tx, workspace, id, now, now.plus_secs(LEASE_SECS)).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn refresh(
    app: &App,
    workspace: WorkspaceId,
    row: &Account,
    account: NetworkAccount,
    now: Timestamp,
) -> Result<std::result::Result<(NetworkId, NetworkAccount), Failure>> {
    // Somebody may have renewed it between our look and our lease.
    if let Some((_, newer)) = read(app, workspace, row.account_id, now).await?
        && !expires_soon(&newer.credentials, now)
    {
        end(app, workspace, row.account_id, None).await?;
        return Ok(Ok((row.network, newer)));
    }
    match app.networks.get(row.network).refresh(&account).await {
        Ok(renewed) => {
            end(app, workspace, row.account_id, Some(&renewed)).await?;
            Ok(Ok((row.network, NetworkAccount { credentials: renewed, ..account })))
        }
        Err(failure) => {
            end(app, workspace, row.account_id, None).await?;
            let still_good = account.credentials.expires_at.is_some_and(|expires| expires > now.plus_secs(5));
            match failure.kind {
                FailureKind::NeedsReconnect | FailureKind::TokenExpired => {
                    disconnect(app, workspace, row.account_id, &failure.message).await?;
                    Ok(Err(Failure { kind: FailureKind::NeedsReconnect, ..failure }))
                }
                _ if still_good => Ok(Ok((row.network, account))),
                _ => Ok(Err(failure)),
            }
        }
    }
}

async fn end(app: &App, workspace: WorkspaceId, id: AccountId, renewed: Option<&Credentials>) -> Result<()> {
    let sealed = renewed.map(|renewed| app.vault.seal(place(workspace, id), &renewed.secret)).transpose()?;
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let stored = sealed.as_deref().zip(renewed).map(|(sealed, renewed)| (sealed, renewed.expires_at));
    accounts::end_refresh(&mut tx, workspace, id, stored).await?;
    tx.commit().await
}

/// The network no longer takes our token for good.
pub async fn disconnect(app: &App, workspace: WorkspaceId, id: AccountId, reason: &str) -> Result<()> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    accounts::disconnect(&mut tx, workspace, id, reason, now).await?;
    tx.commit().await
}

/// The network says that the token has expired, whatever its date said.
pub async fn expire(db: &mut sqlx::PgConnection, workspace: WorkspaceId, id: AccountId, now: Timestamp) -> Result<()> {
    accounts::expire_secret(db, workspace, id, now).await
}
