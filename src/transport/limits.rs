//! How much happens at once: requests at work, streams held open, and the end of those streams at shutdown.
//! Sheds load at once instead of queueing it. Must not know what the requests are about.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use futures::StreamExt;
use http::{Method, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::{errors::refuse, origin::is_probe};
use crate::error::{Error, Retry};

const LISTEN_METHOD: &str = "subscriptions/listen";

/// The counters.
#[derive(Clone)]
pub(super) struct Gates {
    work: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    /// Cancelled when the process wants to go: ends streams that only wait for news.
    pub ending: CancellationToken,
}

impl Gates {
    pub fn new(requests: usize, streams: usize) -> Self {
        let counted = |permits: usize| Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self { work: counted(requests), streams: counted(streams), ending: CancellationToken::new() }
    }
}

/// Middleware. A request counts until it is answered completely; one that only listens (the stand-alone stream of a
/// legacy session, `subscriptions/listen`) moves to the count of streams once it is open, so that idle listeners
/// never keep work out.
pub(super) async fn admit(State(gates): State<Gates>, request: Request, next: Next) -> Response {
    // A probe has to tell a full server from a dead one.
    if is_probe(request.uri().path()) {
        return next.run(request).await;
    }
    let Ok(work) = Arc::clone(&gates.work).try_acquire_owned() else {
        return busy("requests");
    };
    let listens = request.method() == Method::GET
        || request.headers().get("mcp-method").is_some_and(|method| method == LISTEN_METHOD);
    let response = next.run(request).await;
    if !is_event_stream(&response) {
        return response;
    }
    if !listens {
        return holding(response, work, None);
    }
    drop(work);
    match Arc::clone(&gates.streams).try_acquire_owned() {
        Ok(stream) => holding(response, stream, Some(gates.ending)),
        Err(_) => busy("open streams"),
    }
}

fn is_event_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// The response, with the permit given back when its body ends or is dropped.
fn holding(response: Response, permit: OwnedSemaphorePermit, ending: Option<CancellationToken>) -> Response {
    response.map(|body| {
        let events = body.into_data_stream().map(move |event| {
            let _held = &permit;
            event
        });
        match ending {
            Some(ending) => Body::from_stream(events.take_until(ending.cancelled_owned())),
            None => Body::from_stream(events),
        }
    })
}

fn busy(what: &str) -> Response {
    refuse(
        Error::unavailable("server_busy", format!("The server has as many {what} as it can serve."))
            .retry(Retry::After { seconds: 1 })
            .next("Repeat after a second; nothing has happened."),
    )
}
