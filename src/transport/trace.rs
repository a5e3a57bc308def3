//! One span and one id per HTTP request. Logs method, path, client, status and time; never headers, queries or
//! bodies, since those hold keys and people's texts, and of a path no part that may be a secret.

use std::{sync::Arc, time::Instant};

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue};
use tracing::Instrument;

use crate::{
    clock::{Clock, SystemClock},
    ids::{IdGen, RandomIds, RequestId},
};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request in logs and answers: ours, or the one a proxy or client gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLabel(pub Arc<str>);

impl RequestLabel {
    /// A client's id is kept when it is short and cannot disturb a log line.
    fn of(request: &Request) -> Self {
        let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
        let sane = given.filter(|text| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
        });
        match sane {
            Some(text) => Self(text.into()),
            None => Self(RequestId(RandomIds.next(SystemClock.now())).to_string().into()),
        }
    }
}

/// A path as it is logged. Pages of single use have their secret in it; nothing else is that long.
fn shown(path: &str) -> String {
    path.split('/').map(|part| if part.len() > 40 { "…" } else { part }).collect::<Vec<_>>().join("/")
}

/// Middleware, the outermost one.
pub(super) async fn label(mut request: Request, next: Next) -> Response {
    let label = RequestLabel::of(&request);
    let span = tracing::info_span!(
        "http",
        method = %request.method(),
        path = %shown(request.uri().path()),
        request_id = %label.0,
        client = tracing::field::Empty,
    );
    let header = HeaderValue::from_str(&label.0);
    request.extensions_mut().insert(label);
    async move {
        let started = Instant::now();
        let mut response = next.run(request).await;
        if let Ok(header) = header {
            response.headers_mut().insert(HEADER, header);
        }
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), millis, "answered");
        response
    }
    .instrument(span)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_paths_are_not_logged() {
        let token = format!("join_{}", "x".repeat(43));
        assert_eq!(shown(&format!("/join/{token}")), "/join/…");
        assert_eq!(shown(&format!("/{token}/more")), "/…/more");
        let id = "post_06h317h401zs5b5ch91g4f6emr";
        assert_eq!(shown(&format!("/v1/posts/{id}")), format!("/v1/posts/{id}"));
    }
}
