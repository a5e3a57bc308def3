//! The one way out: every HTTP request of the process passes here and through the guard. Follows no redirect, asks no
//! proxy, repeats nothing, and reads no more than it was told to. Knows nothing of networks or models behind it.

mod call;
mod client;
pub mod guard;
mod send_by;

use std::{future::Future, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use url::Url;

use self::{
    call::Body,
    client::{TOTAL_TIMEOUT, UNRECEIVED_TIMEOUT, client},
    guard::{Blocked, Guard, Origin, Route},
};
pub use self::{call::Call, send_by::SendBy};
use crate::{
    error::{Error, Result},
    model::media::{self, FileFacts},
};

/// Media addresses often point to a server that sends on to its delivery network.
const MEDIA_REDIRECTS: usize = 3;

/// The outbound client. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    guard: Guard,
    public: reqwest::Client,
    listed: reqwest::Client,
}

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why no answer came. The callers act on one difference: whether the request can have reached the other side.
#[derive(Debug)]
pub enum HttpError {
    /// The guard refused.
    Blocked(Blocked),
    /// No connection, so no byte of the request left.
    NotSent(reqwest::Error),
    /// It would have been sent too late, so its body was kept back.
    TooLate,
    /// It may have arrived.
    Broken(reqwest::Error),
    /// An answer came and was longer than allowed.
    TooLarge { max_bytes: usize },
}

/// An image fetched from an address that a person gave.
pub struct FetchedMedia {
    pub bytes: Bytes,
    pub facts: FileFacts,
    /// Where it was in the end.
    pub url: Url,
}

impl Answer {
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Http {
    /// `listed` are the origins that may be reached although they are not public, and without TLS.
    pub fn new(listed: impl IntoIterator<Item = Origin>) -> Result<Self> {
        Self::with_lookup(Guard::new(listed), system_lookup, UNRECEIVED_TIMEOUT)
    }

    /// For calls that are given up after so many milliseconds: none of them is received later than that.
    pub fn answered_within(listed: impl IntoIterator<Item = Origin>, millis: i64) -> Result<Self> {
        let within = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        Self::with_lookup(Guard::new(listed), system_lookup, within.min(UNRECEIVED_TIMEOUT))
    }

    fn with_lookup(guard: Guard, lookup: Lookup, unreceived: Duration) -> Result<Self> {
        install_tls_provider();
        Ok(Self {
            guard,
            public: client(unreceived, |builder| builder.dns_resolver(Arc::new(PublicOnly { lookup })))?,
            listed: client(unreceived, |builder| builder)?,
        })
    }

    /// The same client with one more permitted origin, for the part of the program that owns it.
    pub fn allowing(&self, origin: Origin) -> Self {
        Self { guard: self.guard.with(origin), ..self.clone() }
    }

    /// Whether the guard would let a request to this URL out.
    pub fn check(&self, url: &Url) -> Result<(), Blocked> {
        self.guard.check(url).map(|_| ())
    }

    /// Makes exactly one request.
    pub async fn send(&self, call: Call) -> Result<Answer, HttpError> {
        let client = match self.guard.check(&call.url).map_err(HttpError::Blocked)? {
            Route::Public => &self.public,
            Route::Listed => &self.listed,
        };
        let mut request = client.request(call.method, call.url).timeout(call.timeout);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(token) = &call.bearer {
            request = request.bearer_auth(token.expose_secret());
        }
        let body = match call.body {
            Body::Empty => None,
            Body::Json(value) => Some(("application/json".to_owned(), Bytes::from(value.to_string()))),
            Body::Raw { mime, bytes } => Some((mime, bytes)),
        };
        if let Some((mime, bytes)) = body {
            request = request.header(header::CONTENT_TYPE, mime);
            request = match call.send_by.clone() {
                Some(send_by) => request
                    .header(header::CONTENT_LENGTH, bytes.len())
                    .body(reqwest::Body::wrap_stream(send_by.guard(bytes))),
                None => request.body(bytes),
            };
        }
        let withheld = |error| match &call.send_by {
            Some(send_by) if send_by.withheld() => HttpError::TooLate,
            _ => HttpError::read(error),
        };
        let mut response = request.send().await.map_err(withheld)?;
        let too_large = HttpError::TooLarge { max_bytes: call.max_bytes };
        if response.content_length().is_some_and(|length| length > call.max_bytes as u64) {
            return Err(too_large);
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(HttpError::read)? {
            if body.len() + chunk.len() > call.max_bytes {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        let headers = std::mem::take(response.headers_mut());
        Ok(Answer { status: response.status().as_u16(), headers, body: body.freeze() })
    }

    /// Fetches an image or a video from a URL that a person gave. Every redirect is checked like the first address, and what it is
    /// is told from its bytes, whatever the server calls it.
    pub async fn fetch_media(&self, url: &Url, max_bytes: usize) -> Result<FetchedMedia> {
        let mut url = url.clone();
        for _ in 0..=MEDIA_REDIRECTS {
            let answer = self.send(Call::get(url.clone()).max_bytes(max_bytes)).await.map_err(media_error)?;
            if let Some(next) = redirect(&url, &answer) {
                url = next;
                continue;
            }
            if !answer.ok() {
                return Err(media_failed(format!("The address answered {}.", answer.status)));
            }
            let facts = media::probe(&answer.body)?;
            return Ok(FetchedMedia { bytes: answer.body, facts, url });
        }
        Err(media_failed(format!("The address sends on more than {MEDIA_REDIRECTS} times.")))
    }
}

pub(super) fn redirect(from: &Url, answer: &Answer) -> Option<Url> {
    let status = StatusCode::from_u16(answer.status).ok()?;
    status.is_redirection().then(|| answer.header("location").and_then(|target| from.join(target).ok()))?
}

fn media_failed(message: String) -> Error {
    Error::invalid("media_fetch_failed", message).next("Give an https address that answers with the file itself.")
}

fn media_error(error: HttpError) -> Error {
    match error {
        HttpError::TooLarge { max_bytes } => {
            Error::invalid("media_too_large", format!("The image is larger than {max_bytes} bytes."))
                .next("Give a smaller version of the image.")
        }
        other => other.into(),
    }
}

impl HttpError {
    fn read(error: reqwest::Error) -> Self {
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            if let Some(blocked) = cause.downcast_ref::<Blocked>() {
                return Self::Blocked(blocked.clone());
            }
            source = cause.source();
        }
        // URLs can carry secrets in their query, and errors end in logs.
        let unsent = error.is_connect() || error.is_builder();
        let error = error.without_url();
        if unsent { Self::NotSent(error) } else { Self::Broken(error) }
    }

    /// Short and without secrets, for a person.
    pub fn summary(&self) -> String {
        match self {
            Self::Blocked(blocked) => format!("{blocked}; the operator can list it in ALLIN_ALLOW_ORIGINS"),
            Self::TooLate => "the machine was held up between deciding and sending; nothing was sent".into(),
            Self::NotSent(error) if error.is_builder() => "the request could not be built".into(),
            Self::NotSent(error) if error.is_timeout() => "the server could not be reached in time".into(),
            Self::NotSent(_) => "the server could not be reached".into(),
            Self::Broken(error) if error.is_timeout() => "the server did not answer in time".into(),
            Self::Broken(_) => "the connection broke before an answer came".into(),
            Self::TooLarge { max_bytes } => format!("the answer was longer than {max_bytes} bytes"),
        }
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        let message = format!("No usable answer came: {}.", error.summary());
        match error {
            HttpError::Blocked(blocked) => blocked.into(),
            HttpError::NotSent(cause) | HttpError::Broken(cause) => {
                Self::unavailable("outbound_unreachable", message).because(cause)
            }
            HttpError::TooLate => Self::unavailable("outbound_too_late", message),
            HttpError::TooLarge { .. } => Self::unavailable("outbound_answer_too_large", message),
        }
    }
}

/// rustls is compiled without a provider of its own; the first caller in the process decides, and it is always ring.
pub fn install_tls_provider() {
    // An error means that one is installed already, which is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

type Lookup = fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

fn system_lookup(name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

/// Resolves names and hands on public addresses only. Runs at connect time, so that a name which changes its address
/// between check and use gains nothing.
struct PublicOnly {
    lookup: Lookup,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.lookup;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let mut addresses = lookup(host.clone()).await?;
            addresses.retain(|address| guard::is_public(address.ip()));
            if addresses.is_empty() {
                let blocked = Blocked { host, reason: "its name leads to no public address on the internet" };
                return Err(blocked.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
