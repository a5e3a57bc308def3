//! An account with a working token. One refresh at a time per account, over all processes; new tokens are stored
//! before anybody uses them.

use std::time::Duration;

use secrecy::SecretString;
use sqlx::PgConnection;
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
        accounts,
        db::{Entrance, Tx},
        ledger::{self, Sender},
    },
    vault::{Owner, SealedFor},
};

/// A token that ends within this time is renewed first, in seconds.
const RENEW_BEFORE_SECS: i64 = 120;
/// How long one refresh may take, in seconds.
const LEASE_SECS: i64 = 40;

/// Where an account's credentials are sealed.
pub fn place(workspace: WorkspaceId, account: AccountId) -> SealedFor {
    SealedFor { workspace, owner: Owner::Account(account), field: "credentials" }
}

/// An account with tokens to use.
pub struct SignedIn {
    pub id: AccountId,
    pub network: NetworkId,
    pub account: NetworkAccount,
    /// The sealed tokens, to tell later whether somebody replaced them.
    pub sealed: Vec<u8>,
}

pub type Ready = std::result::Result<SignedIn, Failure>;

/// An account that was read just now, ready to be used; see [`ready`].
pub async fn ready_with(app: &App, workspace: WorkspaceId, sender: &Sender) -> Result<Ready> {
    let stored = match open(app, workspace, sender) {
        Err(error) if error.code() == "secret_unreadable" => return Ok(Err(unreadable())),
        stored => stored?,
    };
    match stored {
        None => Ok(Err(disconnected())),
        Some(stored) if !expires_soon(&stored.account.credentials, app.now()) => Ok(Ok(stored)),
        Some(_) => ready(app, workspace, sender.account.account_id).await,
    }
}

/// The account, ready to be asked whether a message is there. Where the network tells that anybody, no token is needed, and a
/// disconnected account can be asked about too.
pub async fn ready_to_look(app: &App, workspace: WorkspaceId, sender: &Sender) -> Result<Ready> {
    if !app.networks.get(sender.account.network).tells_anybody() {
        return ready_with(app, workspace, sender).await;
    }
    let credentials = Credentials { secret: SecretString::from(""), expires_at: None };
    Ok(Ok(signed_in(sender, credentials, Vec::new())?))
}

/// For a second try with new tokens, when the answer says that those which were used have expired, whatever their date said.
/// `None`: it says something else.
pub async fn again<T>(
    app: &App,
    workspace: WorkspaceId,
    used: &SignedIn,
    answer: &std::result::Result<T, Failure>,
) -> Result<Option<Ready>> {
    if !matches!(answer, Err(Failure { kind: FailureKind::TokenExpired, .. })) {
        return Ok(None);
    }
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    expire(&mut tx, workspace, used.id, Some(&used.sealed), now).await?;
    tx.commit().await?;
    ready(app, workspace, used.id).await.map(Some)
}

/// The account, ready to be used; renewed first where it must be. The inner failure is the network's.
pub async fn ready(app: &App, workspace: WorkspaceId, id: AccountId) -> Result<Ready> {
    // A refresh elsewhere ends within its lease; then this loop finds the new token.
    for _ in 0..(LEASE_SECS * 5) {
        let now = app.now();
        let Some(stored) = read(app, workspace, id, now).await? else { return Ok(Err(disconnected())) };
        if !expires_soon(&stored.account.credentials, now) {
            return Ok(Ok(stored));
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

async fn read(app: &App, workspace: WorkspaceId, id: AccountId, now: Timestamp) -> Result<Option<SignedIn>> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let sender = ledger::senders(&mut tx, workspace, &[id.uuid()]).await?.pop();
    tx.finish_read();
    sender.map_or(Ok(None), |sender| open(app, workspace, &sender))
}

/// `None` when there are no credentials.
fn open(app: &App, workspace: WorkspaceId, sender: &Sender) -> Result<Option<SignedIn>> {
    let Some(sealed) = &sender.sealed else { return Ok(None) };
    let secret = app.vault.open(place(workspace, sender.account.account_id), sealed)?;
    let credentials = Credentials { secret, expires_at: sender.expires_at };
    signed_in(sender, credentials, sealed.clone()).map(Some)
}

fn signed_in(sender: &Sender, credentials: Credentials, sealed: Vec<u8>) -> Result<SignedIn> {
    let row = &sender.account;
    let account = NetworkAccount {
        remote_id: row.remote_id.clone(),
        handle: row.handle.clone(),
        base_url: row.base_url.parse::<Url>().map_err(Error::internal)?,
        credentials,
    };
    Ok(SignedIn { id: row.account_id, network: row.network, account, sealed })
}

async fn lease(app: &App, workspace: WorkspaceId, id: AccountId, now: Timestamp) -> Result<bool> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let taken = accounts::take_refresh_lease(&mut tx, workspace, id, now, now.plus_secs(LEASE_SECS)).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn refresh(app: &App, workspace: WorkspaceId, stored: SignedIn, now: Timestamp) -> Result<Ready> {
    // Somebody may have renewed it between our look and our lease.
    if let Some(newer) = read(app, workspace, stored.id, now).await?
        && newer.sealed != stored.sealed
    {
        end(app, workspace, &newer, None).await?;
        return Ok(Ok(newer));
    }
    match app.networks.get(stored.network).refresh(&stored.account).await {
        Ok(renewed) => {
            let sealed = app.vault.seal(place(workspace, stored.id), &renewed.secret)?;
            end(app, workspace, &stored, Some((sealed.as_slice(), renewed.expires_at))).await?;
            let account = NetworkAccount { credentials: renewed, ..stored.account };
            Ok(Ok(SignedIn { account, sealed, ..stored }))
        }
        Err(failure) => {
            end(app, workspace, &stored, None).await?;
            let still_good = stored.account.credentials.expires_at.is_some_and(|expires| expires > now.plus_secs(5));
            match failure.kind {
                FailureKind::NeedsReconnect | FailureKind::TokenExpired => {
                    disconnect(app, workspace, &stored, &failure.message).await?;
                    Ok(Err(Failure { kind: FailureKind::NeedsReconnect, ..failure }))
                }
                _ if still_good => Ok(Ok(stored)),
                _ => Ok(Err(failure)),
            }
        }
    }
}

/// Ends the lease and keeps the new tokens (sealed, and when they end), unless a person connected the account anew meanwhile.
async fn end(
    app: &App,
    workspace: WorkspaceId,
    stored: &SignedIn,
    tokens: Option<(&[u8], Option<Timestamp>)>,
) -> Result<()> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    accounts::end_refresh(&mut tx, workspace, stored.id, &stored.sealed, tokens).await?;
    tx.commit().await
}

/// The network no longer takes these tokens for good.
async fn disconnect(app: &App, workspace: WorkspaceId, stored: &SignedIn, reason: &str) -> Result<()> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    lose(app, &mut tx, workspace, stored.id, Some(&stored.sealed), reason, now).await?;
    tx.commit().await
}

/// Disconnects an account whose tokens are still those that were used and refused, and tells the members concerned, once.
/// `false`: it was connected anew meanwhile. `used` is `None` when there were no tokens.
pub async fn lose(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    account: AccountId,
    used: Option<&[u8]>,
    reason: &str,
    now: Timestamp,
) -> Result<bool> {
    let lost = match used {
        Some(used) => accounts::disconnect(tx, workspace, account, Some(used), reason, now).await?,
        None => false,
    };
    if !lost {
        return Ok(!replaced(tx, workspace, account, used).await?);
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
    note(app, tx, workspace, &[notice], now).await?;
    Ok(true)
}

/// The network says that these tokens have expired, whatever their date said. Others that somebody put there meanwhile are
/// left alone.
pub async fn expire(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: AccountId,
    used: Option<&[u8]>,
    now: Timestamp,
) -> Result<()> {
    if replaced(db, workspace, id, used).await? {
        return Ok(());
    }
    accounts::expire_secret(db, workspace, id, now).await
}

/// Whether there are other tokens by now than those that were used.
async fn replaced(db: &mut PgConnection, workspace: WorkspaceId, id: AccountId, used: Option<&[u8]>) -> Result<bool> {
    let present = accounts::secret(db, workspace, id).await?;
    Ok(present.is_some_and(|present| Some(present.sealed.as_slice()) != used))
}
