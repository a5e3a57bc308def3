//! Sessions of clients older than 2026-07-28: which principal opened one, and how another process restores it.
//! A session holds the client's `initialize` parameters and nothing else; must not know what principals are.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::HeaderMap;
use rmcp::{
    model::ProtocolVersion,
    transport::streamable_http_server::session::{SessionState, SessionStore, SessionStoreError},
};
use serde_json::Value;

use super::errors::refuse;
use crate::error::{Error, Result};

const SESSION_HEADER: &str = "mcp-session-id";
const VERSION_HEADER: &str = "mcp-protocol-version";

/// A session as the ledger keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundSession {
    /// The [`super::Authenticator::owner_key`] of whoever initialised it.
    pub owner: String,
    /// The client's `initialize` parameters, a few hundred bytes; opaque to the ledger.
    pub state: Value,
}

/// Where sessions are written down. Each method is one short write or read; a session never changes after `bind`.
/// Sessions are not always ended by their client, so a lasting ledger drops what was not loaded for some days; a
/// client whose session is gone gets 404 and initialises again.
#[async_trait]
pub trait SessionLedger: Send + Sync + 'static {
    async fn bind(&self, session: &str, bound: BoundSession) -> Result<()>;
    /// Called for every request of a session.
    async fn load(&self, session: &str) -> Result<Option<BoundSession>>;
    async fn forget(&self, session: &str) -> Result<()>;
}

/// Forgets everything with the process.
#[derive(Debug, Default)]
pub struct InMemoryLedger(Mutex<HashMap<String, BoundSession>>);

#[async_trait]
impl SessionLedger for InMemoryLedger {
    async fn bind(&self, session: &str, bound: BoundSession) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(session.to_owned(), bound);
        Ok(())
    }

    async fn load(&self, session: &str) -> Result<Option<BoundSession>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(session).cloned())
    }

    async fn forget(&self, session: &str) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(session);
        Ok(())
    }
}

/// The owner of the request that is being served, put there by the authentication layer.
#[derive(Clone)]
pub(super) struct Owner(pub Arc<str>);

/// rmcp stores a new session while it still answers the `initialize` request, on the same task, but tells the store
/// only the session's id. The owner travels beside it, so that owner and state are one write.
struct Opening {
    owner: Arc<str>,
    bound: AtomicBool,
}

tokio::task_local! {
    static OPENING: Arc<Opening>;
}

/// The ledger as rmcp's session store.
pub(super) struct LedgerStore(pub Arc<dyn SessionLedger>);

#[async_trait]
impl SessionStore for LedgerStore {
    async fn load(&self, session: &str) -> Result<Option<SessionState>, SessionStoreError> {
        match self.0.load(session).await? {
            Some(bound) => Ok(Some(serde_json::from_value(bound.state)?)),
            None => Ok(None),
        }
    }

    async fn store(&self, session: &str, state: &SessionState) -> Result<(), SessionStoreError> {
        let opening = OPENING.try_with(Arc::clone)?;
        let bound = BoundSession { owner: opening.owner.to_string(), state: serde_json::to_value(state)? };
        self.0.bind(session, bound).await?;
        opening.bound.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn delete(&self, session: &str) -> Result<(), SessionStoreError> {
        Ok(self.0.forget(session).await?)
    }
}

/// Middleware between authentication and rmcp: a session id works only for the principal that opened the session.
/// For everyone else the session does not exist.
pub(super) async fn guard(State(ledger): State<Arc<dyn SessionLedger>>, mut request: Request, next: Next) -> Response {
    let Some(Owner(owner)) = request.extensions().get::<Owner>().cloned() else {
        return refuse(Error::internal("the session guard ran before authentication"));
    };
    if request.headers().contains_key(SESSION_HEADER) {
        if is_modern(request.headers()) {
            // 2026-07-28 has no sessions: the header means nothing, and rmcp must not see it.
            request.headers_mut().remove(SESSION_HEADER);
        } else if let Err(error) = own(&*ledger, request.headers(), &owner).await {
            return refuse(error);
        }
    }
    let opening = Arc::new(Opening { owner, bound: AtomicBool::new(false) });
    let response = OPENING.scope(Arc::clone(&opening), next.run(request)).await;
    // rmcp only logs a store that failed. A session that is not written down would answer 404 from now on.
    if response.headers().contains_key(SESSION_HEADER) && !opening.bound.load(Ordering::Relaxed) {
        return refuse(Error::unavailable("session_not_stored", "The session could not be written down."));
    }
    response
}

async fn own(ledger: &dyn SessionLedger, headers: &HeaderMap, owner: &str) -> Result<()> {
    let mut values = headers.get_all(SESSION_HEADER).iter();
    let session = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    };
    if let Some(session) = session
        && let Some(bound) = ledger.load(session).await?
        && bound.owner == owner
    {
        return Ok(());
    }
    Err(Error::not_found("session_unknown", "No such session; it may have ended.")
        .next("Send `initialize` again without a session id."))
}

/// ISO dates compare as text. A modern request has to carry the header; rmcp refuses it otherwise.
fn is_modern(headers: &HeaderMap) -> bool {
    headers
        .get(VERSION_HEADER)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28.as_str())
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
