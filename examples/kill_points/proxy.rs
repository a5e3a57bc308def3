//! The way between `allin` and a network, which can be closed at a chosen step of a publish: before the call reaches the
//! network, or before its answer comes back. Knows the two networks' addresses and nothing of kills.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};
use url::Url;

use crate::Result;

/// Largest request let through, in bytes.
const BODY_MAX: usize = 32 * 1024 * 1024;

/// The two calls of a publish that a kill can be tied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Uploading the image: nothing is visible yet, and no attempt is armed.
    Prepare,
    /// The visible call.
    Publish,
}

#[derive(Clone)]
pub struct Proxy {
    shared: Arc<Shared>,
    port: u16,
}

struct Shared {
    network: Url,
    client: reqwest::Client,
    trap: Mutex<Option<(Step, oneshot::Sender<Held>)>>,
    accepted: Mutex<Vec<String>>,
}

/// A call that was read whole and not forwarded. Dropped, it never is.
pub struct Held {
    forward: oneshot::Sender<oneshot::Sender<Answered>>,
}

/// The network's answer, not passed on. Dropped, it never is.
pub struct Answered {
    pub status: StatusCode,
    pass_on: oneshot::Sender<()>,
}

impl Held {
    /// `None` when the caller hung up meanwhile: then nothing was forwarded.
    pub async fn forward(self) -> Option<Answered> {
        let (tell, told) = oneshot::channel();
        self.forward.send(tell).ok()?;
        told.await.ok()
    }
}

impl Answered {
    pub fn pass_on(self) {
        // A caller that hung up gets nothing.
        _ = self.pass_on.send(());
    }
}

impl Proxy {
    pub async fn start(network: Url, client: reqwest::Client) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared { network, client, trap: Mutex::default(), accepted: Mutex::default() });
        let router = Router::new().fallback(handle).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { shared, port })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Holds the next call of this kind; all others pass.
    pub fn hold(&self, step: Step) -> oneshot::Receiver<Held> {
        let (caught, catch) = oneshot::channel();
        *locked(&self.shared.trap) = Some((step, caught));
        catch
    }

    /// How many visible calls with this text the network accepted.
    pub fn accepted(&self, text: &str) -> usize {
        locked(&self.shared.accepted).iter().filter(|accepted| *accepted == text).count()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else { return StatusCode::BAD_REQUEST.into_response() };
    let Some(trap) = step(&parts).and_then(|step| shared.take_trap(step)) else {
        return shared.forward(parts, body).await;
    };
    let (forward, decision) = oneshot::channel();
    if trap.send(Held { forward }).is_err() {
        return shared.forward(parts, body).await;
    }
    let Ok(tell) = decision.await else { return withheld() };
    // On a task of its own: a caller that hangs up now does not call the request back.
    let forwarding = tokio::spawn(async move { shared.forward(parts, body).await });
    let Ok(answer) = forwarding.await else { return withheld() };
    let (pass_on, passed) = oneshot::channel();
    if tell.send(Answered { status: answer.status(), pass_on }).is_err() || passed.await.is_err() {
        return withheld();
    }
    answer
}

/// For a caller that is still there.
fn withheld() -> Response {
    StatusCode::BAD_GATEWAY.into_response()
}

fn step(parts: &Parts) -> Option<Step> {
    match parts.uri.path() {
        _ if parts.method != Method::POST => None,
        "/v1/media" | "/xrpc/com.atproto.repo.uploadBlob" => Some(Step::Prepare),
        "/v1/posts" | "/xrpc/com.atproto.repo.putRecord" => Some(Step::Publish),
        _ => None,
    }
}

impl Shared {
    fn take_trap(&self, step: Step) -> Option<oneshot::Sender<Held>> {
        let mut trap = locked(&self.trap);
        trap.take_if(|(wanted, _)| *wanted == step).map(|(_, caught)| caught)
    }

    async fn forward(&self, parts: Parts, body: Bytes) -> Response {
        let text = step(&parts).filter(|step| *step == Step::Publish).and_then(|_| text_of(&body));
        let mut url = self.network.clone();
        url.set_path(parts.uri.path());
        url.set_query(parts.uri.query());
        let call = self.client.request(parts.method, url).headers(end_to_end(parts.headers)).body(body);
        let Ok(answer) = call.send().await else { return withheld() };
        let (status, headers) = (answer.status(), end_to_end(answer.headers().clone()));
        let Ok(bytes) = answer.bytes().await else { return withheld() };
        if let Some(text) = text.filter(|_| status.is_success()) {
            locked(&self.accepted).push(text);
        }
        let mut passed = Response::new(Body::from(bytes));
        *passed.status_mut() = status;
        *passed.headers_mut() = headers;
        passed
    }
}

/// Without what belongs to one connection.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
}

/// The sandbox's body, or the AT Protocol's.
fn text_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get("text").or_else(|| body.pointer("/record/text"))?.as_str()?.to_owned())
}
