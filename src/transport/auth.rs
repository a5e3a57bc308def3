//! Who calls over HTTP: the bearer header, and the layer that turns it into a principal.
//! Must not know what a principal may do, nor how keys are kept.

use std::{future::Future, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, header, request::Parts};

use super::{errors::refuse, sessions::Owner};
use crate::error::{Error, Result};

/// The code of "there was no key at all"; the challenge differs for it.
pub(super) const KEY_MISSING: &str = "key_missing";

/// Longer keys are not ours; refused before anything looks them up.
const KEY_MAX_BYTES: usize = 4096;

/// Tells who sent a request.
pub trait Authenticator: Send + Sync + 'static {
    /// Put into the request's extensions; handlers read it with [`super::principal`].
    type Principal: Clone + Send + Sync + 'static;

    /// Errors go to the caller as they are: `Unauthenticated` becomes 401 with a challenge, `Unavailable` 503.
    fn authenticate(&self, parts: &Parts) -> impl Future<Output = Result<Self::Principal>> + Send;

    /// What a legacy session is bound to. Two principals with the same text may use each other's sessions.
    fn owner_key(&self, principal: &Self::Principal) -> String;
}

/// Lets everyone in. For fixtures only.
#[derive(Debug, Clone, Copy, Default)]
pub struct Open;

impl Authenticator for Open {
    type Principal = ();

    async fn authenticate(&self, _parts: &Parts) -> Result<()> {
        Ok(())
    }

    fn owner_key(&self, (): &()) -> String {
        String::new()
    }
}

/// The key in `Authorization: Bearer …`, the only place a key is taken from: query strings end up in logs and
/// browser histories.
pub fn bearer(headers: &HeaderMap) -> Result<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Error::unauthenticated(KEY_MISSING, "The request carries no API key.")
            .next("Send it as `Authorization: Bearer <key>`; keys in the address are never accepted."));
    };
    let malformed = || {
        Error::unauthenticated("key_malformed", "The Authorization header is not of the form `Bearer <key>`.")
            .next("Send exactly one header `Authorization: Bearer <key>`.")
    };
    if values.next().is_some() {
        return Err(malformed());
    }
    let (scheme, key) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    let key = key.trim_matches(' ');
    let sound = scheme.eq_ignore_ascii_case("bearer")
        && (1..=KEY_MAX_BYTES).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    if sound { Ok(key) } else { Err(malformed()) }
}

/// Middleware for `axum::middleware::from_fn_with_state(authenticator, require::<A>)`: 401 for strangers, else the
/// principal in the request's extensions. The `/mcp` route has it already; upload routes put it on themselves.
pub async fn require<A: Authenticator>(State(authenticator): State<Arc<A>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match authenticator.authenticate(&parts).await {
        Ok(principal) => {
            // The key has done its work: behind this line no log and no handler can meet it.
            parts.headers.remove(header::AUTHORIZATION);
            parts.extensions.insert(Owner(authenticator.owner_key(&principal).into()));
            parts.extensions.insert(principal);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => refuse(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(values: &[&str]) -> std::result::Result<String, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        bearer(&headers).map(str::to_owned).map_err(|error| error.code())
    }

    #[test]
    fn only_one_well_formed_bearer_header_counts() {
        assert_eq!(code(&["Bearer abc-._~+/="]), Ok("abc-._~+/=".into()));
        assert_eq!(code(&["bEARER  abc "]), Ok("abc".into()));
        assert_eq!(code(&[]), Err(KEY_MISSING));
        for wrong in ["Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer a\"b", "abc", ""] {
            assert_eq!(code(&[wrong]), Err("key_malformed"), "{wrong}");
        }
        assert_eq!(code(&["Bearer abc", "Bearer abc"]), Err("key_malformed"));
        assert_eq!(code(&[&format!("Bearer {}", "a".repeat(KEY_MAX_BYTES + 1))]), Err("key_malformed"));
    }
}
