//! Our errors as HTTP answers: the one match from kinds to status codes, for every HTTP surface.
//! Must not know who calls or why.

use std::{any::Any, future::Future, panic::AssertUnwindSafe};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{HeaderValue, StatusCode, header};
use rmcp::ErrorData;

use crate::error::{Error, Kind, Retry};

/// The status code of a kind.
pub fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Limit => StatusCode::TOO_MANY_REQUESTS,
        Kind::NeedsConfirmation => StatusCode::PRECONDITION_REQUIRED,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        // Nobody reads it; nginx's number for a client that left, so that access logs agree.
        Kind::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The answer to a request that failed: status, `PublicError` as JSON, `Retry-After` and `WWW-Authenticate` where
/// they belong. Logs what the operator has to see; the cause never enters the body.
pub fn refuse(error: Error) -> Response {
    match error.kind() {
        Kind::Internal => tracing::error!(error = %error.chain(), "request failed"),
        Kind::Unavailable => tracing::warn!(error = %error.chain(), "request not served"),
        _ => tracing::debug!(error = %error.chain(), "request refused"),
    }
    let public = error.public();
    let mut response = (status(public.kind), Json(&public)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Retry::After { seconds } = public.retry {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if public.kind == Kind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, challenge(error.code()));
    }
    response
}

/// RFC 6750 §3.1: no error code when the request carried no credentials at all.
fn challenge(code: &str) -> HeaderValue {
    HeaderValue::from_static(match code {
        super::auth::KEY_MISSING => r#"Bearer realm="allin""#,
        _ => r#"Bearer realm="allin", error="invalid_token""#,
    })
}

/// What a panic in a route becomes.
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Response {
    refuse(Error::internal(format!("panic: {}", panic_text(&*payload))))
}

/// Runs a handler's work so that a panic in it is answered. rmcp runs every call on a task of its own and forgets the
/// call when that task panics: the client would wait for ever, and its place among the requests stay taken. A handler
/// wraps each of its methods that does real work.
pub async fn contain<T>(work: impl Future<Output = Result<T, ErrorData>>) -> Result<T, ErrorData> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|payload| {
        let error = Error::internal(format!("panic: {}", panic_text(&*payload)));
        tracing::error!(error = %error.chain(), "call failed");
        Err(ErrorData::internal_error(error.message().to_owned(), serde_json::to_value(error.public()).ok()))
    })
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_names_the_error_only_when_a_key_was_sent() {
        let missing = refuse(Error::unauthenticated(super::super::auth::KEY_MISSING, "No key."));
        assert_eq!(missing.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(missing.headers()[header::WWW_AUTHENTICATE], r#"Bearer realm="allin""#);
        let wrong = refuse(Error::unauthenticated("key_unknown", "Unknown key."));
        assert_eq!(wrong.headers()[header::WWW_AUTHENTICATE], r#"Bearer realm="allin", error="invalid_token""#);
    }

    #[test]
    fn waiting_time_is_told() {
        let response = refuse(Error::unavailable("server_busy", "Busy.").retry(Retry::After { seconds: 7 }));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
    }
}
