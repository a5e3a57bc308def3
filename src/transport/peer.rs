//! Who is at the other end of the connection: a client, or a proxy whose word about its client we take.
//! Must not know accounts or keys.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::Response,
};
use http::HeaderMap;
use ipnet::IpNet;

use super::errors::refuse;
use crate::error::Error;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Where a request really came from; in the extensions of every HTTP request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    pub ip: IpAddr,
    /// Whether the client speaks TLS, to us or to the proxy.
    pub https: bool,
}

/// Which peers may connect and which are believed.
#[derive(Debug, Clone)]
pub(super) struct PeerRules {
    /// Proxies. When there are any, only they and this machine may connect.
    pub proxies: Vec<IpNet>,
    /// Whether we end TLS ourselves.
    pub tls: bool,
}

impl PeerRules {
    fn trusted(&self, ip: IpAddr) -> bool {
        self.proxies.iter().any(|net| net.contains(&ip))
    }

    /// `None`: this peer may not connect.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<Client> {
        let peer = peer.to_canonical();
        if self.trusted(peer) {
            let https = last(headers, FORWARDED_PROTO).map_or(self.tls, |proto| proto.eq_ignore_ascii_case("https"));
            return Some(Client { ip: self.forwarded(peer, headers), https });
        }
        // A health check on the machine itself needs no proxy, but its forwarding headers are not believed.
        (self.proxies.is_empty() || peer.is_loopback()).then_some(Client { ip: peer, https: self.tls })
    }

    /// From the right, every hop was written by someone we trust, up to and including the first address that is not
    /// a proxy of ours. What stands left of it is the client's own invention.
    fn forwarded(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut known = peer;
        for hop in list(headers, FORWARDED_FOR).into_iter().rev() {
            let Some(ip) = address(hop) else { break };
            known = ip;
            if !self.trusted(ip) {
                break;
            }
        }
        known
    }
}

fn list<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    let values = headers.get_all(name).iter();
    values.flat_map(|value| value.to_str().unwrap_or("").split(',')).map(str::trim).collect()
}

fn last<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    list(headers, name).pop().filter(|text| !text.is_empty())
}

/// Proxies write `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .map(|ip| ip.to_canonical())
}

/// Middleware: puts [`Client`] into the extensions, or refuses the peer.
pub(super) async fn identify(State(rules): State<PeerRules>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let client = peer.and_then(|peer| rules.client(peer, request.headers()));
    let Some(client) = client else {
        return refuse(
            Error::forbidden("peer_refused", "This server only answers its proxies.")
                .next("Connect through the public address."),
        );
    };
    tracing::Span::current().record("client", tracing::field::display(client.ip));
    request.extensions_mut().insert(client);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(proxies: &[&str]) -> PeerRules {
        PeerRules { proxies: proxies.iter().map(|net| net.parse().unwrap()).collect(), tls: false }
    }

    fn seen(rules: &PeerRules, peer: &str, headers: &[(&'static str, &str)]) -> Option<(String, bool)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        rules.client(peer.parse().unwrap(), &map).map(|client| (client.ip.to_string(), client.https))
    }

    #[test]
    fn without_proxies_nobody_is_believed() {
        let rules = rules(&[]);
        let spoof = [(FORWARDED_FOR, "203.0.113.9"), (FORWARDED_PROTO, "https")];
        assert_eq!(seen(&rules, "127.0.0.1", &spoof), Some(("127.0.0.1".into(), false)));
        assert_eq!(seen(&rules, "198.51.100.7", &spoof), Some(("198.51.100.7".into(), false)));
    }

    #[test]
    fn only_proxies_and_this_machine_may_connect() {
        let rules = rules(&["10.0.0.0/8"]);
        assert_eq!(seen(&rules, "198.51.100.7", &[]), None);
        assert_eq!(seen(&rules, "::ffff:10.1.2.3", &[]), Some(("10.1.2.3".into(), false)));
        let spoof = [(FORWARDED_FOR, "203.0.113.9")];
        assert_eq!(seen(&rules, "::1", &spoof), Some(("::1".into(), false)));
    }

    #[test]
    fn the_rightmost_stranger_is_the_client() {
        let rules = rules(&["10.0.0.0/8", "2001:db8:1::/48"]);
        for (header, client) in [
            ("203.0.113.9", "203.0.113.9"),
            ("1.2.3.4, 203.0.113.9", "203.0.113.9"),
            ("1.2.3.4, 203.0.113.9, 10.9.9.9", "203.0.113.9"),
            ("203.0.113.9:55123", "203.0.113.9"),
            ("[2001:db8:2::5]:443, [2001:db8:1::1]", "2001:db8:2::5"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("1.2.3.4, unknown", "10.0.0.1"),
            ("10.2.2.2", "10.2.2.2"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(seen(&rules, "10.0.0.1", &[(FORWARDED_FOR, header)]).unwrap().0, client, "{header}");
        }
        let twice = [(FORWARDED_FOR, "1.2.3.4"), (FORWARDED_FOR, "203.0.113.9")];
        assert_eq!(seen(&rules, "10.0.0.1", &twice).unwrap().0, "203.0.113.9");
    }

    #[test]
    fn the_nearest_proxy_says_whether_the_client_used_tls() {
        let rules = rules(&["10.0.0.1/32"]);
        for (header, https) in [("https", true), ("HTTPS", true), ("http, https", true), ("https, http", false)] {
            assert_eq!(seen(&rules, "10.0.0.1", &[(FORWARDED_PROTO, header)]).unwrap().1, https, "{header}");
        }
    }
}
