//! Creating accounts and signing in to them.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use axum::{Json, extract::State as Shared, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, Sandbox, SignedIn, token_hash};
use crate::{
    error::Error,
    sandbox::{
        journal::{Account, Event, Journal},
        random_name,
    },
};

#[derive(Deserialize)]
pub struct NewAccount {
    handle: String,
    #[serde(default)]
    display_name: Option<String>,
}

#[derive(Deserialize)]
pub struct SignIn {
    handle: String,
    password: String,
}

/// `POST /v1/accounts {handle, display_name?}` → 201 `{id, handle, token}`. Such an account has no password.
pub async fn create(
    Shared(sandbox): Shared<Sandbox>,
    Json(new): Json<NewAccount>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let handle = accepted_handle(&new.handle)?;
    let mut journal = sandbox.journal();
    if journal.state.handles.contains_key(&handle) {
        return Err(Refusal::new(StatusCode::CONFLICT, "handle_taken", format!("`{handle}` exists already.")));
    }
    let account = new_account(&mut journal, handle, new.display_name, None)?;
    let (token, _) = new_token(&mut journal, &account.id, false)?;
    Ok((StatusCode::CREATED, Json(json!({ "id": account.id, "handle": account.handle, "token": token }))))
}

#[derive(Deserialize)]
pub struct Refresh {
    refresh_token: String,
}

/// `POST /v1/sessions {handle, password}` → `{id, handle, display_name, token, refresh_token, mode, refuses_repeats,
/// created}`. The first use of a handle creates it with this password; later only the same password opens it.
pub async fn open_session(
    Shared(sandbox): Shared<Sandbox>,
    Json(form): Json<SignIn>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let handle = accepted_handle(&form.handle)?;
    if form.password.is_empty() {
        return Err(Refusal::invalid("password_empty", "Choose any password; it is asked for next time.", Vec::new()));
    }
    let known = find(&sandbox.journal(), &handle);
    let (account, created) = match known {
        Some(account) => (account, false),
        None => {
            let hash = hash(form.password.clone()).await?;
            let mut journal = sandbox.journal();
            // Someone may have taken the handle while the password was hashed.
            match find(&journal, &handle) {
                Some(account) => (account, false),
                None => (new_account(&mut journal, handle, None, Some(hash))?, true),
            }
        }
    };
    if !created && !verify(account.password_hash.clone(), form.password).await? {
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "password_wrong",
            "This handle exists with another password.",
        ));
    }
    let (token, refresh_token) = new_token(&mut sandbox.journal(), &account.id, true)?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let body = json!({
        "id": account.id,
        "handle": account.handle,
        "display_name": account.display_name,
        "token": token,
        "refresh_token": refresh_token,
        "mode": sandbox.mode(),
        "refuses_repeats": sandbox.refuses_repeats(),
        "created": created,
    });
    Ok((status, Json(body)))
}

/// `POST /v1/sessions/refresh {refresh_token}` → `{token, mode, refuses_repeats}`. The refresh token stays as it is.
pub async fn refresh_session(
    Shared(sandbox): Shared<Sandbox>,
    Json(form): Json<Refresh>,
) -> Result<Json<Value>, Refusal> {
    let mut journal = sandbox.journal();
    let account = journal.state.refreshes.get(&token_hash(&form.refresh_token)).cloned();
    let account = account.ok_or_else(|| {
        Refusal::new(StatusCode::UNAUTHORIZED, "token_unknown", "Nobody has this refresh token; sign in again.")
    })?;
    let (token, _) = new_token(&mut journal, &account, false)?;
    let refuses_repeats = sandbox.refuses_repeats();
    Ok(Json(json!({ "token": token, "mode": sandbox.mode(), "refuses_repeats": refuses_repeats })))
}

/// `GET /v1/me` → `{id, handle, display_name, posts}`.
pub async fn me(Shared(sandbox): Shared<Sandbox>, SignedIn(id): SignedIn) -> Result<Json<Value>, Refusal> {
    let journal = sandbox.journal();
    let account = journal.state.accounts.get(&id).ok_or_else(|| Refusal::not_found("account"))?;
    let posts = journal.state.posts_of(&id).count();
    Ok(Json(json!({ "id": id, "handle": account.handle, "display_name": account.display_name, "posts": posts })))
}

fn find(journal: &Journal, handle: &str) -> Option<Account> {
    journal.state.accounts.get(journal.state.handles.get(handle)?).cloned()
}

fn new_account(
    journal: &mut Journal,
    handle: String,
    display_name: Option<String>,
    password_hash: Option<String>,
) -> Result<Account, Refusal> {
    let display_name = display_name.map(|name| name.chars().take(100).collect());
    let account = Account { id: format!("acct-{}", random_name(8)), handle, display_name, password_hash };
    journal.record(Event::AccountCreated { account: account.clone() })?;
    Ok(account)
}

/// A token and, where asked for, one to renew it with. Only their hashes are written down.
fn new_token(journal: &mut Journal, account_id: &str, renewable: bool) -> Result<(String, Option<String>), Refusal> {
    let token = format!("sandbox-{}", random_name(24));
    let refresh = renewable.then(|| format!("sandbox-refresh-{}", random_name(24)));
    journal.record(Event::SessionOpened {
        account_id: account_id.to_owned(),
        token_hash: token_hash(&token),
        refresh_hash: refresh.as_deref().map(token_hash),
    })?;
    Ok((token, refresh))
}

fn accepted_handle(typed: &str) -> Result<String, Refusal> {
    let handle = typed.trim().trim_start_matches('@').to_ascii_lowercase();
    let fits = (1..=40).contains(&handle.len())
        && handle.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte));
    if fits {
        return Ok(handle);
    }
    Err(Refusal::invalid(
        "handle_invalid",
        "A handle has 1 to 40 of the letters a to z, digits, `.`, `_` and `-`.",
        Vec::new(),
    ))
}

/// Costs tens of milliseconds on purpose, so it runs beside the other requests.
async fn hash(password: String) -> Result<String, Error> {
    let hash = move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string());
    tokio::task::spawn_blocking(hash)
        .await
        .map_err(Error::internal)?
        .map_err(|cause| Error::internal(cause.to_string()))
}

async fn verify(hash: Option<String>, password: String) -> Result<bool, Error> {
    let verify = move || {
        let hash = hash?;
        let parsed = PasswordHash::new(&hash).ok()?;
        Argon2::default().verify_password(password.as_bytes(), &parsed).ok()
    };
    Ok(tokio::task::spawn_blocking(verify).await.map_err(Error::internal)?.is_some())
}
