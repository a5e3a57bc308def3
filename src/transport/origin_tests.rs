//! The combinations of Host and Origin that matter, one line each. The conformance suite tries two of them.

use super::*;

fn rules() -> Arc<OriginRules> {
    let hosts = ["mcp.example.com", "alt.example.com:8443", "192.0.2.10"].map(String::from);
    let origins = LOCAL_ORIGINS.iter().map(|text| (*text).to_owned());
    let origins: Vec<_> = origins.chain(["https://app.example.com".into(), "vscode-webview://abc".into()]).collect();
    OriginRules::new(&hosts, &origins).unwrap()
}

/// The status a request over plain HTTP would get, 200 standing for "let through".
fn outcome(https: bool, hosts: &[&str], origins: &[&str]) -> u16 {
    let mut headers = HeaderMap::new();
    for host in hosts {
        headers.append(header::HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap());
    }
    for origin in origins {
        headers.append(header::ORIGIN, HeaderValue::from_bytes(origin.as_bytes()).unwrap());
    }
    match rules().check(&Uri::from_static("/mcp"), &headers, https) {
        Ok(_) => 200,
        Err(error) => super::super::errors::status(error.kind()).as_u16(),
    }
}

#[test]
fn hosts() {
    for (host, status) in [
        // This machine, under the names that cannot be pointed elsewhere.
        ("localhost", 200),
        ("localhost:8080", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1:8080", 200),
        ("127.8.9.10", 200),
        ("[::1]:8080", 200),
        ("[0:0:0:0:0:0:0:1]", 200),
        // What the operator named.
        ("mcp.example.com", 200),
        ("MCP.Example.COM:9000", 200),
        ("alt.example.com:8443", 200),
        ("192.0.2.10:8080", 200),
        // The named host on another port than the named one, without a port, and near misses.
        ("alt.example.com", 403),
        ("alt.example.com:443", 403),
        ("example.com", 403),
        ("evil.mcp.example.com", 403),
        ("mcp.example.com.evil.test", 403),
        ("mcp-example.com", 403),
        // Rebinding: a foreign name that resolves to this machine, also dressed up as ours.
        ("evil.test:8080", 403),
        ("localhost.evil.test", 403),
        ("127.0.0.1.nip.io", 403),
        ("localtest.me", 403),
        ("sub.localhost", 403),
        // Addresses that are not the loopback, though some systems route them here.
        ("0.0.0.0:8080", 403),
        ("[::]:8080", 403),
        ("[::ffff:127.0.0.1]", 403),
        ("192.168.1.5", 403),
        ("169.254.169.254", 403),
        // Spellings that one reader takes for a loopback and another does not.
        ("localhost.", 400),
        ("mcp.example.com.", 400),
        ("127.1", 400),
        ("2130706433", 400),
        ("0x7f.0.0.1", 400),
        ("0177.0.0.1", 400),
        ("0x7f000001", 400),
        ("::1", 400),
        ("[::1%25lo]", 400),
        ("localhost:", 400),
        ("localhost:0", 400),
        ("localhost:+80", 400),
        ("localhost:99999", 400),
        ("localhost:80:80", 400),
        ("evil.test@localhost", 400),
        ("localhost@evil.test", 400),
        ("localhost/evil", 400),
        ("localhost#evil.test", 400),
        (" localhost", 400),
        ("local\thost", 400),
        ("lócalhost", 400),
        ("", 400),
    ] {
        assert_eq!(outcome(false, &[host], &[]), status, "Host: {host:?}");
    }
    assert_eq!(outcome(false, &[], &[]), 400, "no host at all");
    assert_eq!(outcome(false, &["localhost", "localhost"], &[]), 400, "two hosts");
    assert_eq!(outcome(true, &["alt.example.com"], &[]), 403, "443 is not 8443");
}

#[test]
fn origins() {
    for (host, origin, status) in [
        ("localhost:8080", "http://localhost:8080", 200),
        ("localhost:8080", "http://localhost:6274", 200),
        ("localhost:8080", "http://localhost", 200),
        ("127.0.0.1:8080", "http://127.0.0.1:3000", 200),
        ("localhost:8080", "http://[::1]:3000", 200),
        ("localhost:8080", "HTTP://LOCALHOST:3000", 200),
        ("localhost:8080", "https://app.example.com", 200),
        ("localhost:8080", "https://app.example.com:443", 200),
        ("mcp.example.com", "https://app.example.com", 200),
        ("localhost:8080", "vscode-webview://abc", 200),
        // Our own page.
        ("mcp.example.com:8080", "http://mcp.example.com:8080", 200),
        ("mcp.example.com", "http://mcp.example.com:80", 200),
        // Same name, other scheme or port: another origin.
        ("mcp.example.com", "https://mcp.example.com", 403),
        ("mcp.example.com:8080", "http://mcp.example.com:8081", 403),
        ("localhost:8080", "https://localhost:8080", 403),
        ("localhost:8080", "http://app.example.com", 403),
        ("localhost:8080", "https://app.example.com:8443", 403),
        ("localhost:8080", "http://127.0.0.2:3000", 403),
        // Strangers, and strangers dressed up.
        ("localhost:8080", "http://evil.test", 403),
        ("localhost:8080", "http://localhost.evil.test:8080", 403),
        ("localhost:8080", "http://evil.test:8080@localhost", 403),
        ("localhost:8080", "http://localhost@evil.test", 403),
        ("localhost:8080", "http://localhost.", 403),
        ("localhost:8080", "http://localhost:8080/", 403),
        ("localhost:8080", "http://localhost:8080 http://evil.test", 403),
        ("localhost:8080", "http://localhost:8080, http://evil.test", 403),
        ("localhost:8080", "http://0.0.0.0:8080", 403),
        ("localhost:8080", "http://2130706433", 403),
        ("localhost:8080", "file://", 403),
        ("localhost:8080", "file://localhost", 403),
        ("localhost:8080", "null", 403),
        ("localhost:8080", "NULL", 403),
        ("localhost:8080", "", 403),
        ("localhost:8080", "*", 403),
        ("localhost:8080", "localhost:8080", 403),
        ("localhost:8080", "//localhost:8080", 403),
        ("localhost:8080", "http:localhost:8080", 403),
        ("localhost:8080", "chrome-extension://abc", 403),
        // An allowed origin does not help a rebound host, nor the other way round.
        ("evil.test:8080", "http://localhost:8080", 403),
        ("evil.test:8080", "http://evil.test:8080", 403),
    ] {
        assert_eq!(outcome(false, &[host], &[origin]), status, "Host: {host:?} Origin: {origin:?}");
    }
    assert_eq!(outcome(true, &["localhost:8443"], &["https://localhost:8443"]), 200, "our own page over TLS");
    assert_eq!(outcome(true, &["mcp.example.com"], &["http://mcp.example.com"]), 403, "its plain twin");
    let twice = ["http://localhost:1", "http://localhost:1"];
    assert_eq!(outcome(false, &["localhost"], &twice), 403, "two origins");
}

#[test]
fn http2_names_the_host_in_the_uri() {
    let check = |uri: &'static str, host: Option<&'static str>| {
        let headers = host.map(|host| (header::HOST, HeaderValue::from_static(host)));
        rules().check(&Uri::from_static(uri), &headers.into_iter().collect(), true).is_ok()
    };
    assert!(check("https://mcp.example.com/mcp", None));
    assert!(check("https://mcp.example.com/mcp", Some("mcp.example.com")));
    assert!(!check("https://mcp.example.com/mcp", Some("localhost")));
    assert!(!check("https://evil.test/mcp", None));
    assert!(!check("https://evil.test/mcp", Some("localhost")));
}

#[test]
fn nonsense_in_the_configuration_is_refused() {
    for host in ["", "*", "http://example.com", "example.com/", "example.com:http", "exa mple.com"] {
        assert_eq!(OriginRules::new(&[host.into()], &[]).unwrap_err().code(), "allowed_host_malformed", "{host}");
    }
    for origin in ["", "*", "null", "example.com", "https://example.com/", "https://example.com:80:*", "https://*"] {
        assert_eq!(OriginRules::new(&[], &[origin.into()]).unwrap_err().code(), "allowed_origin_malformed", "{origin}");
    }
}
