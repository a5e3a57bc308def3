//! Decides which addresses this process may call: public ones over https, and the origins that the operator listed.
//! Pure rules over URLs and addresses; opens no connection itself.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
    sync::{Arc, LazyLock},
};

use ipnet::{Ipv4Net, Ipv6Net};
use url::{Host, Url};

use crate::error::{Actor, Error, Result};

/// A `host:port` that the operator trusts, such as `localhost:2583` or `[::1]:11434`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of a URL; `None` without a host or a known port.
    pub fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.to_owned(), port: url.port_or_known_default()? })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for Origin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let malformed = || {
            Error::invalid("origin_malformed", format!("`{}` is not of the form host:port.", shorten(text)))
                .next("Write for example `localhost:2583` or `[::1]:11434`; several are separated by commas.")
        };
        let text = text.trim();
        let (host, port) = text.rsplit_once(':').ok_or_else(malformed)?;
        let port: u16 = port.parse().map_err(|_| malformed())?;
        // The URL parser brings every spelling of a host to the form that `check` compares with.
        let url = Url::parse(&format!("http://{host}:{port}/")).map_err(|_| malformed())?;
        let plain = url.path() == "/" && url.username().is_empty() && url.password().is_none();
        if !plain || host.contains('*') || url.query().is_some() || url.fragment().is_some() {
            return Err(malformed());
        }
        Self::of(&url).ok_or_else(malformed)
    }
}

/// How a permitted request travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// To the internet: the name's addresses are filtered again at connect time.
    Public,
    /// To an origin on the operator's list: no filter.
    Listed,
}

/// Why a request was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Host, with port where known.
    pub host: String,
    pub reason: &'static str,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AllIN does not call `{}`: {}", self.host, self.reason)
    }
}

impl std::error::Error for Blocked {}

impl From<Blocked> for Error {
    fn from(blocked: Blocked) -> Self {
        let step = format!(
            "If this address is meant, the operator lists it: start AllIN with ALLIN_ALLOW_ORIGINS containing `{}`.",
            blocked.host
        );
        Self::invalid("outbound_blocked", format!("{blocked}.")).next(step).who(Actor::Operator)
    }
}

/// The rules plus the operator's list. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    listed: Arc<[Origin]>,
}

impl Guard {
    pub fn new(listed: impl IntoIterator<Item = Origin>) -> Self {
        Self { listed: listed.into_iter().collect() }
    }

    /// The same rules with one more permitted origin.
    pub fn with(&self, origin: Origin) -> Self {
        Self::new(self.listed.iter().cloned().chain([origin]))
    }

    /// Judges everything that can be told from the URL alone.
    pub fn check(&self, url: &Url) -> Result<Route, Blocked> {
        let origin = Origin::of(url);
        let blocked = |reason| {
            let host = origin.as_ref().map_or_else(|| shorten(url.as_str()), Origin::to_string);
            Err(Blocked { host, reason })
        };
        if !matches!(url.scheme(), "http" | "https") {
            return blocked("only http and https are spoken");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return blocked("a user name or password inside the URL is not accepted");
        }
        let Some(host) = url.host() else { return blocked("the URL names no host") };
        if origin.as_ref().is_some_and(|origin| self.listed.contains(origin)) {
            return Ok(Route::Listed);
        }
        let public = match host {
            Host::Ipv4(address) => is_public(IpAddr::V4(address)),
            Host::Ipv6(address) => is_public(IpAddr::V6(address)),
            Host::Domain(name) => is_public_name(name),
        };
        if !public {
            return blocked("it is not a public address on the internet");
        }
        if url.scheme() != "https" {
            return blocked("only https leaves this machine");
        }
        Ok(Route::Public)
    }
}

/// Whether a name can belong to a public host at all. What it resolves to is judged at connect time.
fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    // Names that resolvers, clouds and home routers answer from the inside.
    const INSIDE: [&str; 8] =
        ["localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain", "onion"];
    name.contains('.')
        && !INSIDE
            .iter()
            .any(|suffix| name.strip_suffix(suffix).is_some_and(|head| head.is_empty() || head.ends_with('.')))
}

/// Whether an address is one of the public internet. Everything special in the IANA registries of special-purpose
/// addresses counts as inside, including the forms that carry an IPv4 address within an IPv6 one.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !V4_INSIDE.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Only global unicast (2000::/3) is in use on the internet; mapped addresses, NAT64, unique local, link local and
/// multicast lie outside of it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    V6_UNICAST.contains(&address) && !V6_INSIDE.iter().any(|net| net.contains(&address))
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(head: [u16; 3], prefix: u8) -> Ipv6Net {
    let [a, b, c] = head;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

static V4_INSIDE: LazyLock<[Ipv4Net; 16]> = LazyLock::new(|| {
    [
        v4(0, 0, 0, 0, 8),        // this network
        v4(10, 0, 0, 0, 8),       // private
        v4(100, 64, 0, 0, 10),    // carrier-grade NAT, and the metadata service of one cloud
        v4(127, 0, 0, 0, 8),      // loopback
        v4(168, 63, 129, 16, 32), // virtual platform address of one cloud
        v4(169, 254, 0, 0, 16),   // link local and cloud metadata
        v4(172, 16, 0, 0, 12),    // private
        v4(192, 0, 0, 0, 24),     // protocol assignments
        v4(192, 0, 2, 0, 24),     // documentation
        v4(192, 88, 99, 0, 24),   // 6to4 relay
        v4(192, 168, 0, 0, 16),   // private
        v4(198, 18, 0, 0, 15),    // benchmarking
        v4(198, 51, 100, 0, 24),  // documentation
        v4(203, 0, 113, 0, 24),   // documentation
        v4(224, 0, 0, 0, 4),      // multicast
        v4(240, 0, 0, 0, 4),      // reserved and broadcast
    ]
});

static V6_UNICAST: LazyLock<Ipv6Net> = LazyLock::new(|| v6([0x2000, 0, 0], 3));

static V6_INSIDE: LazyLock<[Ipv6Net; 4]> = LazyLock::new(|| {
    [
        v6([0x2001, 0, 0], 23),     // protocol assignments: Teredo, benchmarking, ORCHID
        v6([0x2001, 0xdb8, 0], 32), // documentation
        v6([0x2002, 0, 0], 16),     // 6to4 carries an IPv4 address
        v6([0x3fff, 0, 0], 20),     // documentation
    ]
});

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}
