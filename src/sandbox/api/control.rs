//! The control interface for faults, and the layer that commits them. Served only when the sandbox was started for it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{ConnectInfo, Path, Request, State as Shared},
    http::{HeaderValue, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{delete, get},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Refusal, Sandbox, SignedIn};
use crate::sandbox::{
    cut::Cut,
    faults::{Calls, Fault, Faults, Order},
    journal::Event,
};

/// The faults in force, and what ends a call that hangs.
pub struct Control {
    faults: Mutex<Faults>,
    shutdown: CancellationToken,
}

impl Control {
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { faults: Mutex::default(), shutdown }
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `POST /control/faults` an [`Order`] → 201 with its id; `GET` → `{faults}` with how often each happened;
/// `DELETE /control/faults` lifts all, `DELETE /control/faults/{id}` one.
pub fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/control/faults", get(list).post(order).delete(clear))
        .route("/control/faults/{id}", delete(lift))
}

async fn order(
    Shared(sandbox): Shared<Sandbox>,
    Json(order): Json<Order>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    if order.chance.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
        return Err(Refusal::invalid("chance_invalid", "A chance is a number from 0 to 1.", Vec::new()));
    }
    let standing = sandbox.control().ok_or_else(off)?.faults().order(order);
    Ok((StatusCode::CREATED, Json(json!(standing))))
}

async fn list(Shared(sandbox): Shared<Sandbox>) -> Result<Json<Value>, Refusal> {
    let faults = sandbox.control().ok_or_else(off)?.faults();
    Ok(Json(json!({ "faults": faults.list() })))
}

async fn clear(Shared(sandbox): Shared<Sandbox>) -> Result<StatusCode, Refusal> {
    sandbox.control().ok_or_else(off)?.faults().clear();
    Ok(StatusCode::NO_CONTENT)
}

async fn lift(Shared(sandbox): Shared<Sandbox>, Path(id): Path<u64>) -> Result<StatusCode, Refusal> {
    let lifted = sandbox.control().ok_or_else(off)?.faults().lift(id);
    if lifted { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::not_found("fault")) }
}

fn off() -> Refusal {
    Refusal::not_found("interface: start the sandbox with --faults")
}

fn calls(method: &Method, path: &str) -> Option<Calls> {
    let parts: Vec<_> = path.trim_start_matches("/v1/").split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("POST", ["posts"] | ["uploads", _, "publish"]) | ("PUT", ["posts", _]) => Some(Calls::Publish),
        ("POST", ["media" | "uploads"]) => Some(Calls::Prepare),
        ("GET", ["accounts", _, "posts"] | ["uploads" | "posts", _]) | ("DELETE", ["uploads", _]) => {
            Some(Calls::LookUp)
        }
        ("PATCH" | "DELETE", ["posts", _]) => Some(Calls::Change),
        ("GET", ["me"]) => Some(Calls::Check),
        _ => None,
    }
}

/// Lets a call through, unless a fault is meant for it.
pub async fn commit(Shared(sandbox): Shared<Sandbox>, request: Request, next: Next) -> Response {
    let order = picked(&sandbox, &request);
    let Some((order, account)) = order else { return next.run(request).await };
    let millis = Duration::from_millis(order.millis);
    match order.fault {
        Fault::Hang => hang(&sandbox).await,
        Fault::Reset => cut(&request),
        Fault::Error => broken(),
        Fault::TooMany => too_many(order.retry_after_secs),
        Fault::Duplicate => {
            Refusal::new(StatusCode::CONFLICT, "duplicate", "The same text is there already.").into_response()
        }
        Fault::TokenExpired => match sandbox.journal().record(Event::TokensExpired { account_id: account }) {
            Ok(()) => super::token_expired().into_response(),
            Err(error) => Refusal::from(error).into_response(),
        },
        Fault::Late => {
            // On a task of its own: a caller that hangs up does not call the request back.
            let late = tokio::spawn(async move {
                tokio::time::sleep(millis).await;
                next.run(request).await
            });
            late.await.unwrap_or_else(|_| broken())
        }
        Fault::AcceptThenHang | Fault::AcceptThenReset | Fault::AcceptThenError | Fault::Slow => {
            let broken_off = cut_of(&request);
            let answer = next.run(request).await;
            if !answer.status().is_success() {
                return answer;
            }
            match order.fault {
                Fault::AcceptThenHang => hang(&sandbox).await,
                Fault::AcceptThenReset => reset(broken_off),
                Fault::AcceptThenError => broken(),
                _ => {
                    tokio::time::sleep(millis).await;
                    answer
                }
            }
        }
    }
}

/// The fault meant for this call, and the id of its account.
fn picked(sandbox: &Sandbox, request: &Request) -> Option<(Order, String)> {
    let control = sandbox.control()?;
    let calls = calls(request.method(), request.uri().path())?;
    let account = SignedIn::read(request.headers(), sandbox).map(|signed_in| signed_in.0).unwrap_or_default();
    let handle = sandbox.journal().state.accounts.get(&account).map(|known| known.handle.clone()).unwrap_or_default();
    let order = control.faults().pick(calls, &[&account, &handle])?;
    Some((order, account))
}

async fn hang(sandbox: &Sandbox) -> Response {
    // Whoever hangs up ends this too.
    if let Some(control) = sandbox.control() {
        control.shutdown.cancelled().await;
    }
    broken()
}

fn cut_of(request: &Request) -> Option<Cut> {
    request.extensions().get::<ConnectInfo<Cut>>().map(|ConnectInfo(cut)| cut.clone())
}

fn cut(request: &Request) -> Response {
    reset(cut_of(request))
}

/// The answer is never written.
fn reset(cut: Option<Cut>) -> Response {
    if let Some(cut) = cut {
        cut.now();
    }
    broken()
}

fn broken() -> Response {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "out_of_order", "Something went wrong.").into_response()
}

fn too_many(retry_after_secs: u64) -> Response {
    let mut answer =
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "That was too much.").into_response();
    let headers = answer.headers_mut();
    headers.insert("retry-after", HeaderValue::from(retry_after_secs));
    headers.insert("ratelimit-limit", HeaderValue::from(100));
    headers.insert("ratelimit-remaining", HeaderValue::from(0));
    headers.insert("ratelimit-reset", HeaderValue::from(retry_after_secs));
    answer
}
