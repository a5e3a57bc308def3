//! The sandbox's HTTP interface: accounts, sessions, images, posts, figures, the log. Everything is JSON except images
//! and the pages. Knows nothing of files beyond the journal.

mod accounts;
mod control;
mod lists;
mod media;
mod posts;
mod uploads;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequestParts, Request, State as Shared},
    http::{HeaderMap, StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use self::control::Control;
use super::{journal::Journal, pages};
use crate::{
    error::{Error, FieldIssue},
    model::sandbox::{IMAGE_BYTES_MAX, Mode},
};

/// What all handlers share.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    journal: Mutex<Journal>,
    instance: String,
    manners: Manners,
    control: Option<Control>,
}

/// How it behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manners {
    pub mode: Mode,
    /// How long the list keeps a post back in [`Mode::LookupDelayed`].
    pub list_after: Duration,
    /// How long it takes to answer a call that makes a post.
    pub answer_after: Duration,
    /// Whether a text that the account has posted is refused while that post is there.
    pub refuse_repeats: bool,
}

impl Sandbox {
    /// With a `control`, faults can be ordered.
    pub fn new(journal: Journal, instance: String, manners: Manners, control: Option<Control>) -> Self {
        Self(Arc::new(Inner { journal: Mutex::new(journal), instance, manners, control }))
    }

    /// Held for reading or writing one thing, never across an await.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.0.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mode(&self) -> Mode {
        self.0.manners.mode
    }

    fn refuses_repeats(&self) -> bool {
        self.0.manners.refuse_repeats
    }

    fn control(&self) -> Option<&Control> {
        self.0.control.as_ref()
    }

    /// How many milliseconds the list is behind.
    fn kept_back(&self) -> i64 {
        match self.mode() {
            Mode::LookupDelayed => i64::try_from(self.0.manners.list_after.as_millis()).unwrap_or(i64::MAX),
            _ => 0,
        }
    }

    /// Refuses a call that belongs to another mode.
    fn expects(&self, modes: &[Mode]) -> Result<(), Refusal> {
        if modes.contains(&self.mode()) {
            return Ok(());
        }
        let message = format!("This sandbox works in the mode {} now; connect the account again.", self.mode());
        Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "other_mode", message))
    }

    /// Takes the time that a network takes to answer.
    async fn take_time(&self) {
        if !self.0.manners.answer_after.is_zero() {
            tokio::time::sleep(self.0.manners.answer_after).await;
        }
    }
}

pub fn router(sandbox: Sandbox) -> Router {
    let body_max = usize::try_from(IMAGE_BYTES_MAX).unwrap_or(usize::MAX).saturating_add(1);
    Router::new()
        .route("/healthz", get(health))
        .route("/v1/accounts", post(accounts::create))
        .route("/v1/sessions", post(accounts::open_session))
        .route("/v1/sessions/refresh", post(accounts::refresh_session))
        .route("/v1/me", get(accounts::me))
        .route("/v1/media", post(media::store))
        .route("/v1/posts", post(posts::create))
        .route("/v1/posts/{id}", get(posts::read).put(posts::put).patch(posts::edit).delete(posts::delete))
        .route("/v1/posts/{id}/metrics", get(posts::metrics))
        .route("/v1/accounts/{id}/posts", get(lists::list))
        .route("/v1/uploads", post(uploads::open))
        .route("/v1/uploads/{id}", get(uploads::read).delete(uploads::close))
        .route("/v1/uploads/{id}/publish", post(uploads::publish))
        .route_layer(middleware::from_fn_with_state(sandbox.clone(), control::commit))
        .route("/v1/log", get(log))
        .merge(control::routes())
        .merge(pages::routes())
        .layer(DefaultBodyLimit::max(body_max))
        .layer(middleware::from_fn(only_loopback_names))
        .with_state(sandbox)
}

async fn health(Shared(sandbox): Shared<Sandbox>) -> Json<Value> {
    let posts = sandbox.journal().state.posts.len();
    Json(json!({
        "service": "allin-sandbox",
        "instance": sandbox.0.instance,
        "mode": sandbox.mode(),
        "faults": sandbox.control().is_some(),
        "posts": posts,
    }))
}

/// Every accepted call, oldest first, without what signs anyone in.
async fn log(Shared(sandbox): Shared<Sandbox>) -> Json<Value> {
    let entries = sandbox.journal().state.entries.clone();
    let shown = entries.into_iter().filter_map(|entry| {
        let mut shown = serde_json::to_value(entry).ok()?;
        let entry = shown.as_object_mut()?;
        entry.remove("token_hash");
        entry.remove("refresh_hash");
        if let Some(account) = shown.get_mut("account").and_then(Value::as_object_mut) {
            account.remove("password_hash");
        }
        Some(shown)
    });
    Json(json!({ "entries": shown.collect::<Vec<_>>() }))
}

/// A page from elsewhere can point its own name at loopback; such a request carries that name.
async fn only_loopback_names(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if !matches!(name, "127.0.0.1" | "localhost") {
        return Refusal::new(StatusCode::MISDIRECTED_REQUEST, "host_unknown", "The sandbox answers on loopback only.")
            .into_response();
    }
    next.run(request).await
}

/// A refused call: status, `{"error":{"code","message","details"}}`.
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Vec<FieldIssue>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Vec::new() }
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}."))
    }

    fn of_another() -> Self {
        Self::new(StatusCode::FORBIDDEN, "post_of_another", "This post belongs to another account.")
    }

    fn invalid(code: &'static str, message: impl Into<String>, details: Vec<FieldIssue>) -> Self {
        Self { details, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message) }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        tracing::error!(cause = error.chain(), "the sandbox failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.code(), error.message())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code, "message": self.message, "details": self.details } });
        (self.status, Json(body)).into_response()
    }
}

/// The account whose token came with the request.
pub struct SignedIn(String);

impl SignedIn {
    /// Hash of the token that came with the request.
    fn sent(headers: &HeaderMap) -> Option<String> {
        Some(token_hash(headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?))
    }

    fn read(headers: &HeaderMap, sandbox: &Sandbox) -> Option<Self> {
        sandbox.journal().state.tokens.get(&Self::sent(headers)?).cloned().map(Self)
    }

    /// `None` when no token came; one that is not good is refused.
    fn given(headers: &HeaderMap, sandbox: &Sandbox) -> Result<Option<Self>, Refusal> {
        let Some(hash) = Self::sent(headers) else { return Ok(None) };
        let journal = sandbox.journal();
        match journal.state.tokens.get(&hash) {
            Some(account) => Ok(Some(Self(account.clone()))),
            None if journal.state.expired.contains_key(&hash) => Err(token_expired()),
            None => Err(token_unknown()),
        }
    }
}

impl FromRequestParts<Sandbox> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Sandbox) -> Result<Self, Refusal> {
        Self::given(&parts.headers, sandbox)?.ok_or_else(token_unknown)
    }
}

fn token_unknown() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "token_unknown", "Send the token of POST /v1/sessions as a bearer token.")
}

fn token_expired() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "token_expired",
        "This token has ended; get another one with the refresh token.",
    )
}

fn token_hash(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}
