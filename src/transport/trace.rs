//! One span and one id per HTTP request. Logs method, route, client, status and time; never headers, queries, bodies
//! or what stands for a route's parts, since those hold keys, links and people's texts.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
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

/// The path as the router knows it; of one that it does not know, the first part.
fn route(request: &Request) -> String {
    if let Some(matched) = request.extensions().get::<MatchedPath>() {
        return matched.as_str().to_owned();
    }
    let path = request.uri().path();
    match path.trim_start_matches('/').split_once('/') {
        Some((first, _)) => format!("/{first}/…"),
        None => path.to_owned(),
    }
}

/// Middleware, the outermost one.
pub(super) async fn label(mut request: Request, next: Next) -> Response {
    let label = RequestLabel::of(&request);
    let span = tracing::info_span!(
        "http",
        method = %request.method(),
        route = route(&request),
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
    use axum::body::Body;

    use super::*;

    #[test]
    fn secrets_in_paths_are_not_logged() {
        let asked = |path: &str| Request::builder().uri(path).body(Body::empty()).map(|request| route(&request));
        assert_eq!(asked("/join/secret").ok().as_deref(), Some("/join/…"));
        assert_eq!(asked("/review/secret/media/more").ok().as_deref(), Some("/review/…"));
        assert_eq!(asked("/healthz").ok().as_deref(), Some("/healthz"));
    }
}
