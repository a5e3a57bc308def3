//! Redirects, limits and refusals, against real sockets.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// Answers each request by its path, and counts them.
async fn serve(answer: impl Fn(&str, u16) -> String + Send + Sync + 'static) -> (Http, Url, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = vec![0; 4096];
            let length = socket.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            _ = socket.write_all(answer(path, port).as_bytes()).await;
            _ = socket.shutdown().await;
        }
    });
    let http = Http::new([format!("127.0.0.1:{port}").parse().unwrap()]).unwrap();
    (http, Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap(), count)
}

fn page(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close\r\n\r\n{body}")
}

fn onward(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

fn code(result: Result<FetchedPage>) -> &'static str {
    result.unwrap_err().code()
}

#[tokio::test]
async fn five_redirects_are_followed_and_six_are_not() {
    let hops = |path: &str, _| match path.trim_start_matches('/').parse::<u32>() {
        Ok(0) | Err(_) => page("<h1>There</h1>"),
        Ok(left) => onward(&format!("/{}", left - 1)),
    };
    let (http, base, count) = serve(hops).await;
    let there = fetch(&http, &base.join("5#part").unwrap(), 1000).await.unwrap();
    assert_eq!((&there.bytes[..], there.url.path()), (&b"<h1>There</h1>"[..], "/0"));
    assert_eq!(there.content_type.as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(count.swap(0, Ordering::SeqCst), 6);
    assert_eq!(code(fetch(&http, &base.join("6").unwrap(), 1000).await), "document_fetch_failed");
    assert_eq!(count.load(Ordering::SeqCst), 6);
}

/// Each address on the way is judged, and none that the guard refuses is connected to.
#[tokio::test]
async fn a_redirect_leads_nowhere_inside() {
    for inside in [
        "http://169.254.169.254/latest",
        "https://localhost:1/",
        "file:///etc/passwd",
        "http://example.com/",
        "https://[::1]/",
    ] {
        let (http, base, count) = serve(move |_, _| onward(inside)).await;
        assert_eq!(code(fetch(&http, &base, 1000).await), "outbound_blocked", "{inside}");
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
    let http = Http::new([]).unwrap();
    for inside in ["https://127.0.0.1/", "http://example.com/", "https://user:pass@example.com/"] {
        assert_eq!(code(fetch(&http, &Url::parse(inside).unwrap(), 1000).await), "outbound_blocked", "{inside}");
    }
}

#[tokio::test]
async fn size_and_time_end() {
    let (http, base, _) = serve(|_, _| page(&"x".repeat(1001))).await;
    assert_eq!(code(fetch(&http, &base, 1000).await), "document_too_large");
    assert_eq!(fetch(&http, &base, 1001).await.unwrap().bytes.len(), 1001);
    // The time is that of all redirects together.
    let (http, base, _) = serve(|_, _| onward("/again")).await;
    let refused = fetch_within(&http, &base, 1000, Duration::ZERO).await;
    assert_eq!(code(refused), "document_fetch_failed");
}

#[tokio::test]
async fn what_the_server_says_is_passed_on() {
    let cases = [
        ("404 Not Found", "document_not_there", Retry::No),
        ("403 Forbidden", "document_fetch_failed", Retry::No),
        ("304 Not Modified", "document_fetch_failed", Retry::No),
        ("503 Busy", "document_fetch_failed", Retry::After { seconds: 60 }),
    ];
    for (status, expected, retry) in cases {
        let (http, base, _) =
            serve(move |_, _| format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")).await;
        let error = fetch(&http, &base, 1000).await.unwrap_err().public();
        assert_eq!((error.code.as_str(), error.retry), (expected, retry), "{status}");
    }
}
