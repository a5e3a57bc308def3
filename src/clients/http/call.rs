//! One request, put together step by step. Knows nothing of how it is sent.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::{SendBy, TOTAL_TIMEOUT};

const DEFAULT_MAX_BYTES: usize = 4 * 1024 * 1024;

/// One request.
pub struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) bearer: Option<SecretString>,
    pub(super) body: Body,
    pub(super) send_by: Option<SendBy>,
    pub(super) max_bytes: usize,
    pub(super) timeout: Duration,
}

pub(super) enum Body {
    Empty,
    Json(Value),
    Raw { mime: String, bytes: Bytes },
}

impl Call {
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            bearer: None,
            body: Body::Empty,
            send_by: None,
            max_bytes: DEFAULT_MAX_BYTES,
            timeout: TOTAL_TIMEOUT,
        }
    }

    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    pub fn post(url: Url) -> Self {
        Self::new(Method::POST, url)
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a parameter to the URL, percent-encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    pub fn bearer(mut self, token: SecretString) -> Self {
        self.bearer = Some(token);
        self
    }

    pub fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    pub fn raw(mut self, mime: impl Into<String>, bytes: Bytes) -> Self {
        self.body = Body::Raw { mime: mime.into(), bytes };
        self
    }

    /// Nothing of the body leaves after that: see [`SendBy`].
    pub fn send_by(mut self, send_by: &SendBy) -> Self {
        self.send_by = Some(send_by.clone());
        self
    }

    /// Longest accepted answer.
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// From the first step to the last byte of the answer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}
