//! An account with a working token. One refresh at a time per account, over all processes; new tokens are stored
//! before anybody uses them.

use std::time::Duration;

use url::Url;

use crate::{
    app::{
        App,
        notifications::note::{Notice, note},
    },
    clients::networks::{Credentials, Failure, FailureKind, NetworkAccount},
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, WorkspaceId},
    model::{networks::NetworkId, notifications::NotificationKind},
    store::{
        accounts::{self, Account},
        db::{Entrance, Tx},
        ledger::{self, Sender},
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

type Ready = std::result::Result<(NetworkId, NetworkAccount), Failure>;

/// An account that was read just now, ready to be used; see [`ready`].
pub async fn ready_with(app: &App, workspace: WorkspaceId, sender: &Sender) -> Result<Ready> {
    let stored = match open(app, workspace, sender) {
        Err(error) if error.code() == "secret_unreadable" => return Ok(Err(unreadable())),
        stored => stored?,
    };
    match stored {
        None => Ok(Err(disconnected())),
        Some(stored) if !expires_soon(&stored.account.credentials, app.now()) => {
            Ok(Ok((stored.row.network, stored.account)))
        }
        Some(_) => ready(app, workspace, sender.account.account_id).await,
    }
}

/// The account, ready to be used; renewed first where it must be. The inner failure is the network's.
pub async fn ready(app: &App, workspace: WorkspaceId, id: AccountId) -> Result<Ready> {
    // A refresh elsewhere ends within its lease; then this loop finds the new token.
    for _ in 0..(LEASE_SECS * 5) {
        let now = app.now();
        let Some(stored) = read(app, workspace, id, now).await? else { return Ok(Err(disconnected())) };
        if !expires_soon(&stored.account.credentials, now) {
            return Ok(Ok((stored.row.network, stored.account)));
        }
        if lease(app, workspace, id, now).await? {
            return refresh(app, workspace, stored, now).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(Err(Failure {
        kind: FailureKind::Delayed,
        message: "another process has been renewing the token for too long".into(),
    }))
}

/// Sealed with a key that is not here: a restore without its keys. No later try will open it.
fn unreadable() -> Failure {
    let message = "its sign-in was sealed with a key that this installation does not have".into();
    Failure { kind: FailureKind::NeedsReconnect, message }
}

fn disconnected() -> Failure {
    Failure { kind: FailureKind::NeedsReconnect, message: "the account is disconnected".into() }
}

fn expires_soon(credentials: &Credentials, now: Timestamp) -> bool {
    credentials.expires_at.is_some_and(|expires| expires <= now.plus_secs(RENEW_BEFORE_SECS))
}

/// An account as the database has it.
struct Stored {
    row: Account,
    account: NetworkAccount,
    /// The sealed credentials, to tell later whether somebody replaced them.
    sealed: Vec<u8>,
}

async fn read(app: &App, workspace: WorkspaceId, id: AccountId, now: Timestamp) -> Result<Option<Stored>> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let sender = ledger::senders(&mut tx, workspace, &[id.uuid()]).await?.pop();
    tx.finish_read();
    sender.map_or(Ok(None), |sender| open(app, workspace, &sender))
}

/// `None` when there are no credentials.
fn open(app: &App, workspace: WorkspaceId, sender: &Sender) -> Result<Option<Stored>> {
    let Some(sealed) = &sender.sealed else { return Ok(None) };
    let row = sender.account.clone();
    let account = NetworkAccount {
        remote_id: row.remote_id.clone(),
        handle: row.handle.clone(),
        base_url: row.base_url.parse::<Url>().map_err(Error::internal)?,
        credentials: Credentials {
            secret: app.vault.open(place(workspace, row.account_id), sealed)?,
            expires_at: sender.expires_at,
        },
    };
    Ok(Some(Stored { row, account, sealed: sealed.clone() }))
}

async fn lease(app: &App, workspace: WorkspaceId, id: AccountId, now: Timestamp) -> Result<bool> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let taken = accounts::take_refresh_lease(&mut tx, workspace, id, now, now.plus_secs(LEASE_SECS)).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn refresh(app: &App, workspace: WorkspaceId, stored: Stored, now: Timestamp) -> Result<Ready> {
    let id = stored.row.account_id;
    // Somebody may have renewed it between our look and our lease.
    if let Some(newer) = read(app, workspace, id, now).await?
        && newer.sealed != stored.sealed
    {
        end(app, workspace, &newer, None).await?;
        return Ok(Ok((newer.row.network, newer.account)));
    }
    let network = stored.row.network;
    match app.networks.get(network).refresh(&stored.account).await {
        Ok(renewed) => {
            end(app, workspace, &stored, Some(&renewed)).await?;
            Ok(Ok((network, NetworkAccount { credentials: renewed, ..stored.account })))
        }
        Err(failure) => {
            end(app, workspace, &stored, None).await?;
            let still_good = stored.account.credentials.expires_at.is_some_and(|expires| expires > now.plus_secs(5));
            match failure.kind {
                FailureKind::NeedsReconnect | FailureKind::TokenExpired => {
                    disconnect(app, workspace, &stored, &failure.message).await?;
                    Ok(Err(Failure { kind: FailureKind::NeedsReconnect, ..failure }))
                }
                _ if still_good => Ok(Ok((network, stored.account))),
                _ => Ok(Err(failure)),
            }
        }
    }
}

/// Ends the lease and keeps the new tokens, unless a person connected the account anew meanwhile.
async fn end(app: &App, workspace: WorkspaceId, stored: &Stored, renewed: Option<&Credentials>) -> Result<()> {
    let id = stored.row.account_id;
    let sealed = renewed.map(|renewed| app.vault.seal(place(workspace, id), &renewed.secret)).transpose()?;
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let tokens = sealed.as_deref().zip(renewed).map(|(sealed, renewed)| (sealed, renewed.expires_at));
    accounts::end_refresh(&mut tx, workspace, id, &stored.sealed, tokens).await?;
    tx.commit().await
}

/// The network no longer takes these tokens for good.
async fn disconnect(app: &App, workspace: WorkspaceId, stored: &Stored, reason: &str) -> Result<()> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    lose(app, &mut tx, workspace, stored.row.account_id, Some(&stored.sealed), reason, now).await?;
    tx.commit().await
}

/// Disconnects an account and tells the members concerned, once.
pub async fn lose(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    account: AccountId,
    only: Option<&[u8]>,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    if !accounts::disconnect(tx, workspace, account, only, reason, now).await? {
        return Ok(());
    }
    let notice = Notice {
        kind: NotificationKind::ReconnectNeeded,
        account,
        post: None,
        code: "account_disconnected",
        cause: reason,
        next_step: "Connect the account again with account_connect; until then its posts are held.",
        done_by: None,
    };
    note(app, tx, workspace, &[notice], now).await
}

/// The network says that the token has expired, whatever its date said.
pub async fn expire(db: &mut sqlx::PgConnection, workspace: WorkspaceId, id: AccountId, now: Timestamp) -> Result<()> {
    accounts::expire_secret(db, workspace, id, now).await
}
