//! Which `Host` and `Origin` a request may carry, against DNS rebinding and foreign web pages, and the CORS answers
//! for the origins that are let in. Applies to every route, not only to `/mcp`. Must not know who calls.
//!
//! Stricter than rmcp's own check, which is therefore switched off: one parser, exact names, no trimming. What a
//! browser would not send as it is (user names, trailing dots, numbers in odd notations) is refused rather than
//! interpreted.

use std::{net::Ipv4Addr, net::Ipv6Addr, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::{errors::refuse, peer::Client};
use crate::error::{Error, Result};

/// Routes for load balancers: reached by address, and without content worth protecting.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

pub(super) fn is_probe(path: &str) -> bool {
    PROBES.contains(&path)
}

/// Any origin on this machine, whatever the port.
pub(super) const LOCAL_ORIGINS: [&str; 3] = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];

/// A host name in lower case, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Host {
    /// `example.com`, `192.0.2.1` or `[2001:db8::1]`; nothing around it.
    fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            return inner.strip_suffix(']')?.parse().ok().map(Self::V6);
        }
        if let Ok(ip) = text.parse() {
            return Some(Self::V4(ip));
        }
        let sound = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        // A last label of digits makes a browser read the whole as an address in some notation (WHATWG URL, host
        // parsing): `127.1`, `2130706433`, `0x7f.1`.
        let tail = text.rsplit('.').next()?;
        let number = tail.bytes().all(|byte| byte.is_ascii_digit()) || tail.to_ascii_lowercase().starts_with("0x");
        (text.len() <= 253 && text.split('.').all(sound) && !number).then(|| Self::Name(text.to_ascii_lowercase()))
    }

    fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::V4(ip) => ip.is_loopback(),
            Self::V6(ip) => ip.is_loopback(),
        }
    }
}

/// `host` or `host:port`.
fn authority(text: &str) -> Option<(Host, Option<u16>)> {
    let end_of_host = text.rfind(']').map_or(0, |at| at + 1);
    match text.get(end_of_host..)?.find(':') {
        None => Some((Host::parse(text)?, None)),
        Some(offset) => {
            let (host, port) = text.split_at_checked(end_of_host + offset)?;
            Some((Host::parse(host)?, Some(parse_port(port.strip_prefix(':')?)?)))
        }
    }
}

/// Digits only: `u16::from_str` would take a plus sign. Port 0 is nobody's.
fn parse_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?.filter(|port| *port != 0)
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// An `Origin` header's value (RFC 6454 §6.2): scheme, host, and the port with the scheme's default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: Host,
    port: Option<u16>,
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let sound = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !sound || !scheme.bytes().next()?.is_ascii_alphabetic() {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = authority(rest)?;
        let port = port.or_else(|| default_port(&scheme));
        Some(Self { scheme, host, port })
    }
}

/// A configured origin; `any_port` was written `:*`.
#[derive(Debug, Clone)]
struct AllowedOrigin {
    origin: Origin,
    any_port: bool,
}

impl AllowedOrigin {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix(":*") {
            Some(base) => {
                let origin = Origin::parse(base)?;
                // Not `http://localhost:80:*`.
                (authority(base.split_once("://")?.1)?.1.is_none()).then_some(Self { origin, any_port: true })
            }
            None => Some(Self { origin: Origin::parse(text)?, any_port: false }),
        }
    }

    fn matches(&self, origin: &Origin) -> bool {
        self.origin.scheme == origin.scheme
            && self.origin.host == origin.host
            && (self.any_port || self.origin.port == origin.port)
    }
}

/// The parsed options.
#[derive(Debug)]
pub(super) struct OriginRules {
    hosts: Vec<(Host, Option<u16>)>,
    origins: Vec<AllowedOrigin>,
}

/// What an allowed request's origin is to us.
#[derive(Debug, PartialEq, Eq)]
enum Caller {
    /// No `Origin`, as every client outside a browser, or one of our own pages.
    Own,
    /// A page of an allowed other origin, which needs CORS headers.
    Other(HeaderValue),
}

impl OriginRules {
    /// Fails on an entry that could never match, since that is a mistake of whoever wrote it.
    pub fn new(hosts: &[String], origins: &[String]) -> Result<Arc<Self>> {
        let hosts = hosts.iter().map(|text| {
            authority(text).ok_or_else(|| {
                Error::operator("allowed_host_malformed", format!("`{text}` is not a host name."))
                    .next("Write `mcp.example.com`, or `mcp.example.com:8443` for one port only.")
            })
        });
        let origins = origins.iter().map(|text| {
            AllowedOrigin::parse(text).ok_or_else(|| {
                Error::operator("allowed_origin_malformed", format!("`{text}` is not an origin.")).next(
                    "Write `https://app.example.com`, or `http://localhost:*` for any port. `null` cannot be allowed.",
                )
            })
        });
        Ok(Arc::new(Self { hosts: hosts.collect::<Result<_>>()?, origins: origins.collect::<Result<_>>()? }))
    }

    fn check(&self, uri: &Uri, headers: &HeaderMap, https: bool) -> Result<Caller> {
        let (host, port) = host_of(uri, headers)?;
        let default = default_port(if https { "https" } else { "http" });
        let listed = |(name, only): &(Host, Option<u16>)| {
            *name == host && only.is_none_or(|only| port.or(default) == Some(only))
        };
        if !host.is_loopback() && !self.hosts.iter().any(listed) {
            return Err(Error::forbidden("host_refused", "This server does not answer under that host name.")
                .next("The operator can add the name to the allowed hosts."));
        }
        let mut values = headers.get_all(header::ORIGIN).iter();
        let Some(value) = values.next() else { return Ok(Caller::Own) };
        let refused = || {
            Error::forbidden("origin_refused", "Web pages of that origin may not call this server.")
                .next("The operator can add the origin to the allowed origins.")
        };
        let origin = value.to_str().ok().and_then(Origin::parse).ok_or_else(refused)?;
        if values.next().is_some() {
            return Err(refused());
        }
        let own = origin.scheme == if https { "https" } else { "http" } && origin.host == host;
        if own && origin.port == port.or(default) {
            return Ok(Caller::Own);
        }
        if self.origins.iter().any(|allowed| allowed.matches(&origin)) {
            return Ok(Caller::Other(value.clone()));
        }
        Err(refused())
    }
}

/// HTTP/1 names the host in one `Host` header, HTTP/2 in `:authority`, which hyper puts into the URI.
fn host_of(uri: &Uri, headers: &HeaderMap) -> Result<(Host, Option<u16>)> {
    let malformed = || Error::invalid("host_malformed", "The request does not name one host.");
    let mut values = headers.get_all(header::HOST).iter();
    let from_header = match (values.next(), values.next()) {
        (Some(_), Some(_)) => return Err(malformed()),
        (Some(value), None) => Some(value.to_str().ok().and_then(authority).ok_or_else(malformed)?),
        (None, _) => None,
    };
    let from_uri = match uri.authority() {
        Some(text) => Some(authority(text.as_str()).ok_or_else(malformed)?),
        None => None,
    };
    match (from_header, from_uri) {
        (Some(header), Some(uri)) if header != uri => Err(malformed()),
        (Some(host), _) | (None, Some(host)) => Ok(host),
        (None, None) => Err(malformed()),
    }
}

/// Middleware; runs behind [`super::peer::identify`], which says whether the client uses TLS.
pub(super) async fn check(State(rules): State<Arc<OriginRules>>, request: Request, next: Next) -> Response {
    if is_probe(request.uri().path()) {
        return next.run(request).await;
    }
    let https = request.extensions().get::<Client>().is_some_and(|client| client.https);
    let caller = match rules.check(request.uri(), request.headers(), https) {
        Ok(caller) => caller,
        Err(error) => return refuse(error),
    };
    let Caller::Other(origin) = caller else {
        return next.run(request).await;
    };
    // Pages of other origins get at the protocol only: nothing else is meant to be read by a script.
    if request.uri().path() != super::http::MCP_PATH {
        return next.run(request).await;
    }
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight { allowed_methods() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    response
}

const EXPOSED: HeaderValue =
    HeaderValue::from_static("Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, Retry-After, X-Request-Id");

/// Browsers ask before they send our headers. Cookies are not used, so credentials are not allowed. `*` does not
/// cover `Authorization` (Fetch standard, CORS protocol); `Mcp-Param-*` has no other spelling than asking back.
fn allowed_methods() -> Response {
    let pairs: [(HeaderName, HeaderValue); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Authorization, *")),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200")),
    ];
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().extend(pairs);
    response
}

#[cfg(test)]
#[path = "origin_tests.rs"]
mod tests;
