//! What a missing answer and the headers of a refusal prove, the same for every network. Knows no network's own codes.

use http::HeaderMap;

use super::{Failure, FailureKind, Outcome, Remote};
use crate::{
    clients::http::{Answer, HttpError},
    clock::Timestamp,
};

/// Never wait longer than this for what a header claims, in seconds.
const LONGEST_WAIT: i64 = 48 * 3600;

/// For calls that change nothing visible: try again later.
pub fn no_answer(error: &HttpError) -> Failure {
    let kind = match error {
        HttpError::NotSent(cause) if cause.is_builder() => FailureKind::Bug,
        _ => FailureKind::Transient,
    };
    Failure { kind, message: error.summary() }
}

/// For the visible call: only a connection that never came about, or a body that was kept back, proves that nothing
/// happened.
pub fn publish_without_answer(error: &HttpError) -> Outcome {
    match error {
        HttpError::Blocked(_) | HttpError::NotSent(_) | HttpError::TooLate => Outcome::Rejected(no_answer(error)),
        HttpError::Broken(_) | HttpError::TooLarge { .. } => Outcome::Unknown { evidence: error.summary() },
    }
}

/// Whether a status proves that the visible call had no effect. Time-outs on the way (408, 499) prove nothing, and
/// neither do errors of the server.
pub fn proves_refusal(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 425 | 499)
}

/// When a 429 says to come back: `RateLimit-Reset` (an instant in seconds, or a number of seconds) or `Retry-After`
/// (seconds or a date).
pub fn retry_at(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim().to_owned());
    let reset = ["ratelimit-reset", "x-ratelimit-reset"].into_iter().find_map(|name| text(name)?.parse::<i64>().ok());
    let instant = match reset {
        // Numbers of this size are instants; a wait of thirty years is not meant.
        Some(seconds) if seconds > 1_000_000_000 => Timestamp::from_micros(seconds.checked_mul(1_000_000)?).ok(),
        Some(seconds) => Some(now.plus_secs(seconds)),
        None => text("retry-after").and_then(|after| match after.parse::<i64>() {
            Ok(seconds) => Some(now.plus_secs(seconds)),
            Err(_) => http_date(&after),
        }),
    }?;
    Some(instant.clamp(now, now.plus_secs(LONGEST_WAIT)))
}

/// The message is public; the answer's headers may say that it was the last one for now.
pub fn published(remote: Remote, answer: &Answer, now: Timestamp) -> Outcome {
    Outcome::Published { remote, rest_until: used_up(&answer.headers, now) }
}

/// When the network takes calls again, if an answer says that none is left: `RateLimit-Remaining: 0`.
fn used_up(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let remaining = ["ratelimit-remaining", "x-ratelimit-remaining"].into_iter().find_map(|name| headers.get(name))?;
    (remaining.to_str().ok()?.trim() == "0").then(|| retry_at(headers, now))?
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| Timestamp::new(zoned.timestamp()))
}

/// A foreign text, short and without control characters, fit for a person and the log.
pub fn excerpt(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_say_when_is_understood() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let at = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            retry_at(&headers, now).map(|instant| instant.millis_since(now) / 1000)
        };
        assert_eq!(at("retry-after", "289"), Some(289));
        assert_eq!(at("retry-after", "Mon, 23 Nov 2026 12:05:00 GMT"), Some(300));
        assert_eq!(at("ratelimit-reset", &(now.as_micros() / 1_000_000 + 60).to_string()), Some(60));
        assert_eq!(at("ratelimit-reset", "30"), Some(30));
        assert_eq!(at("ratelimit-reset", "1500000000"), Some(0), "an instant in the past means now");
        assert_eq!(at("retry-after", "999999999"), Some(LONGEST_WAIT));
        assert_eq!(at("retry-after", "soon"), None);
        assert_eq!(at("date", "x"), None);

        let left = |remaining: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("ratelimit-remaining", remaining.parse().unwrap());
            headers.insert("ratelimit-reset", "30".parse().unwrap());
            used_up(&headers, now).map(|instant| instant.millis_since(now) / 1000)
        };
        assert_eq!((left("1"), left("0"), used_up(&HeaderMap::new(), now)), (None, Some(30), None));
    }

    #[test]
    fn only_clear_refusals_prove_that_nothing_happened() {
        for proof in [400, 401, 403, 404, 409, 413, 422, 429] {
            assert!(proves_refusal(proof), "{proof}");
        }
        for open in [200, 302, 408, 425, 499, 500, 502, 503, 504] {
            assert!(!proves_refusal(open), "{open}");
        }
    }
}
