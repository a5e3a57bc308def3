//! The table that reads Bluesky's refusals. Pure.

use http::HeaderMap;
use serde::Deserialize;

use super::super::{Failure, FailureKind, failures};
use crate::clock::Timestamp;

/// The body of every XRPC error.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Refusal {
    pub error: String,
    pub message: String,
}

impl Refusal {
    /// Empty where the body is none: a proxy on the way may have answered.
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

pub fn classify(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Failure {
    let refusal = Refusal::read(body);
    let kind = match (status, refusal.error.as_str()) {
        (429, _) => FailureKind::RateLimited { until: failures::retry_at(headers, now) },
        // Bluesky reports a stale token as 400; both names occur (seen on a server of 2026).
        (400 | 401, "ExpiredToken") | (400, "InvalidToken") => FailureKind::TokenExpired,
        (_, "AccountTakedown" | "AccountSuspended" | "AccountDeactivated" | "RepoDeactivated" | "RepoTakendown") => {
            FailureKind::NeedsReconnect
        }
        (401, _) => FailureKind::NeedsReconnect,
        (413, _) => FailureKind::Content,
        // Any other refusal that is not in the protocol's own form is a proxy's, as while a server is exchanged.
        (400..=499, "") => FailureKind::Transient,
        (403, _) => FailureKind::NeedsReconnect,
        // An uploaded image that nothing refers to is thrown away after a while: prepare again.
        (400, "BlobNotFound") => FailureKind::Transient,
        (400, "InvalidRequest" | "InvalidRecord" | "InvalidMimeType" | "BlobTooLarge") => FailureKind::Content,
        (408 | 425 | 500 | 502..=599, _) => FailureKind::Transient,
        _ => FailureKind::Bug,
    };
    Failure { kind, message: explain(status, &refusal) }
}

/// A 2xx whose body is not what the protocol promises.
pub fn unreadable() -> Failure {
    Failure { kind: FailureKind::Transient, message: "the server's answer could not be read".into() }
}

fn explain(status: u16, refusal: &Refusal) -> String {
    match (refusal.error.is_empty(), refusal.message.is_empty()) {
        (true, _) => format!("the server answered {status}"),
        (false, true) => format!("the server answered {status} {}", failures::excerpt(&refusal.error)),
        (false, false) => failures::excerpt(&format!("{}: {}", refusal.error, refusal.message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_table() {
        use FailureKind::{Bug, Content, NeedsReconnect, Transient};
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let body = |error: &str| format!(r#"{{"error":"{error}","message":"m"}}"#).into_bytes();
        let read = |status, body: &[u8]| classify(status, &HeaderMap::new(), body, now).kind;
        for (status, error, kind) in [
            (400, "InvalidToken", FailureKind::TokenExpired),
            (400, "ExpiredToken", FailureKind::TokenExpired),
            (401, "ExpiredToken", FailureKind::TokenExpired),
            (401, "AuthMissing", NeedsReconnect),
            (401, "InvalidToken", NeedsReconnect),
            (401, "AuthenticationRequired", NeedsReconnect),
            (401, "AccountTakedown", NeedsReconnect),
            (400, "AccountDeactivated", NeedsReconnect),
            (403, "Forbidden", NeedsReconnect),
            (400, "InvalidRequest", Content),
            (400, "BlobTooLarge", Content),
            (413, "PayloadTooLarge", Content),
            (400, "BlobNotFound", Transient),
            (500, "InternalServerError", Transient),
            (502, "UpstreamFailure", Transient),
            (501, "MethodNotImplemented", Bug),
            (400, "InvalidSwap", Bug),
            (404, "XRPCNotSupported", Bug),
            (429, "RateLimitExceeded", FailureKind::RateLimited { until: None }),
        ] {
            assert_eq!(read(status, &body(error)), kind, "{status} {error}");
        }
        let limited = FailureKind::RateLimited { until: None };
        for (status, kind) in [(401, NeedsReconnect), (413, Content), (429, limited)] {
            assert_eq!(read(status, b"<html>proxy</html>"), kind, "{status} without a body");
        }
        for status in [400, 403, 404, 405, 407, 409, 421, 451, 502, 503] {
            assert_eq!(read(status, b"<html>proxy</html>"), Transient, "{status} without a body");
            assert_eq!(read(status, b""), Transient, "{status} without anything");
        }
        let mut headers = HeaderMap::new();
        headers.insert("ratelimit-reset", "1795435260".parse().unwrap());
        let limited = classify(429, &headers, b"", now).kind;
        assert_eq!(limited, FailureKind::RateLimited { until: Some("2026-11-23T12:01:00Z".parse().unwrap()) });
    }
}
