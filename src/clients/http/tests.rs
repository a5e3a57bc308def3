//! The guard against a table of hostile addresses, and the client against real sockets.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{guard::is_public, *};

/// `PORT` stands for a loopback port that listens and counts.
const HOSTILE: &[&str] = &[
    // loopback and its spellings
    "https://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/",
    "https://127.0.0.1.:PORT/",
    "https://127.1:PORT/",
    "https://127.0.1:PORT/",
    "https://2130706433:PORT/",
    "https://0x7f000001:PORT/",
    "https://0x7f.0.0.1:PORT/",
    "https://0x7f.1:PORT/",
    "https://0177.0.0.1:PORT/",
    "https://017700000001:PORT/",
    "https://0177.0x0.0.01:PORT/",
    "https://127.000.000.001:PORT/",
    "https://127.255.255.254:PORT/",
    "https://0:PORT/",
    "https://0.0.0.0:PORT/",
    "https://0x0:PORT/",
    "https://00.0.0.0:PORT/",
    "https://127.0.0.1%2e:PORT/",
    "https://%31%32%37.0.0.1:PORT/",
    "https://１２７.０.０.１:PORT/",
    "https://127。0。0。1:PORT/",
    "https://①②⑦.0.0.1:PORT/",
    // names that lead inside
    "https://localhost:PORT/",
    "http://localhost:PORT/",
    "https://localhost.:PORT/",
    "https://LOCALHOST:PORT/",
    "https://LocalHost.:PORT/",
    "https://foo.localhost:PORT/",
    "https://foo.localhost.:PORT/",
    "https://ⓛocalhost:PORT/",
    "https://printer.local:PORT/",
    "https://db.internal:PORT/",
    "https://router.lan:PORT/",
    "https://nas.home.arpa:PORT/",
    "https://localhost.localdomain:PORT/",
    "https://intranet:PORT/",
    "https://metadata:PORT/",
    "https://x.onion:PORT/",
    // IPv6 and IPv4 inside IPv6
    "https://[::1]:PORT/",
    "http://[::1]:PORT/",
    "https://[0:0:0:0:0:0:0:1]:PORT/",
    "https://[::]:PORT/",
    "https://[::ffff:127.0.0.1]:PORT/",
    "https://[::ffff:7f00:1]:PORT/",
    "https://[0:0:0:0:0:ffff:7f00:0001]:PORT/",
    "https://[::127.0.0.1]:PORT/",
    "https://[64:ff9b::127.0.0.1]:PORT/",
    "https://[64:ff9b::7f00:1]:PORT/",
    "https://[64:ff9b:1::7f00:1]:PORT/",
    "https://[2002:7f00:1::]:PORT/",
    "https://[2002:a9fe:a9fe::1]:PORT/",
    "https://[2001:0:7f00:1::1]:PORT/",
    "https://[2001:db8::1]:PORT/",
    "https://[2001:2::1]:PORT/",
    "https://[3fff::1]:PORT/",
    "https://[fc00::1]:PORT/",
    "https://[fd00:ec2::254]:PORT/",
    "https://[fe80::1]:PORT/",
    "https://[fec0::1]:PORT/",
    "https://[ff02::1]:PORT/",
    "https://[100::1]:PORT/",
    "https://[5f00::1]:PORT/",
    "https://[::ffff:0:127.0.0.1]:PORT/",
    // private, shared, reserved
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://192.168.255.255/",
    "https://100.64.0.1/",
    "https://100.127.255.255/",
    "https://0.1.2.3/",
    "https://192.0.0.8/",
    "https://192.0.2.1/",
    "https://192.88.99.1/",
    "https://198.18.0.1/",
    "https://198.19.255.255/",
    "https://198.51.100.7/",
    "https://203.0.113.9/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://3232235521/",
    // cloud metadata
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://[::ffff:169.254.169.254]/",
    "https://169.254.170.2/",
    "https://metadata.google.internal/",
    "https://metadata.google.internal./",
    "https://100.100.100.200/",
    "https://168.63.129.16/",
    "https://192.0.0.192/",
    // tricks with the other parts of a URL
    "https://user@127.0.0.1:PORT/",
    "https://example.com@127.0.0.1:PORT/",
    "https://example.com:x@127.0.0.1:PORT/",
    "https://user:pass@example.com/",
    "https://127.0.0.1:PORT@example.com/",
    "https://127.0.0.1:PORT\\@example.com/",
    "https://127.0.0.1:PORT#@example.com/",
    "https://127.0.0.1:PORT?@example.com/",
    "https:127.0.0.1:PORT/",
    "https:////127.0.0.1:PORT/",
    "https:\\\\127.0.0.1:PORT/",
    "ht\ntps://127.0.0.1:PORT/",
    " https://127.0.0.1:PORT/",
    "http://example.com/",
    "http://93.184.216.34/",
    "ftp://127.0.0.1:PORT/",
    "file:///etc/passwd",
    "file://127.0.0.1/x",
    "gopher://127.0.0.1:PORT/",
    "ws://127.0.0.1:PORT/",
    "wss://127.0.0.1:PORT/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "unix:/run/x.sock",
    "blob:https://127.0.0.1:PORT/x",
];

/// A listener on loopback that counts who connects.
async fn trap() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        while let Ok((_socket, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, count)
}

/// A one-answer-for-all server.
async fn serve(answer: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut buffer = [0_u8; 4096];
                let _ = socket.read(&mut buffer).await;
                let _ = socket.write_all(&answer).await;
            });
        }
    });
    port
}

fn listed(port: u16) -> Http {
    Http::new([format!("127.0.0.1:{port}").parse().unwrap()]).unwrap()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// Stands in for a name server under an attacker's control.
fn rebound(_: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
    Box::pin(async { Ok(vec!["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()]) })
}

#[tokio::test]
async fn no_hostile_address_is_ever_connected_to() {
    let (port, count) = trap().await;
    // A listed neighbour on the same host must not open its other ports.
    let http = Http::new(["127.0.0.1:1".parse().unwrap(), "localhost:1".parse().unwrap()]).unwrap();
    let mut judged = 0;
    for row in HOSTILE {
        let Ok(url) = Url::parse(&row.replace("PORT", &port.to_string())) else { continue };
        judged += 1;
        let refused = http.send(Call::get(url.clone())).await;
        assert!(matches!(refused, Err(HttpError::Blocked(_))), "{row} parsed as {url}: {refused:?}");
    }
    assert!(HOSTILE.len() >= 100 && judged >= 90, "{judged} of {} rows are URLs at all", HOSTILE.len());
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_stopped_at_connect_time() {
    let (port, count) = trap().await;
    let http = Http::with_lookup(Guard::default(), rebound, UNRECEIVED_TIMEOUT).unwrap();
    let refused = http.send(Call::get(url(&format!("https://rebind.example.com:{port}/")))).await;
    assert!(
        matches!(&refused, Err(HttpError::Blocked(blocked)) if blocked.host == "rebind.example.com"),
        "{refused:?}"
    );
    assert_eq!(count.load(Ordering::SeqCst), 0);
    let told = Error::from(refused.unwrap_err()).public();
    assert_eq!(told.code, "outbound_blocked");
    assert!(told.next_step.contains("ALLIN_ALLOW_ORIGINS"), "{told:?}");
}

#[tokio::test]
async fn listed_origins_are_reached_and_redirects_are_not_followed() {
    let (trapped, count) = trap().await;
    let location = format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{trapped}/\r\ncontent-length: 0\r\n\r\n");
    let port = serve(location.into_bytes()).await;
    let http = listed(port);
    let answer = http.send(Call::get(url(&format!("http://127.0.0.1:{port}/")))).await.unwrap();
    assert_eq!(answer.status, 302);
    let refused = http.fetch_media(&url(&format!("http://127.0.0.1:{port}/")), 1000).await;
    assert_eq!(refused.err().map(|error| error.code()), Some("outbound_blocked"));
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn long_answers_are_cut_off_with_and_without_a_declared_length() {
    for head in ["content-length: 5000\r\n", ""] {
        let mut answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n").into_bytes();
        answer.extend(std::iter::repeat_n(b'x', 5000));
        let port = serve(answer).await;
        let target = url(&format!("http://127.0.0.1:{port}/"));
        let cut = listed(port).send(Call::get(target.clone()).max_bytes(4999)).await;
        assert!(matches!(cut, Err(HttpError::TooLarge { max_bytes: 4999 })), "{cut:?}");
        assert_eq!(listed(port).send(Call::get(target).max_bytes(5000)).await.unwrap().body.len(), 5000);
    }
}

#[tokio::test]
async fn what_was_not_sent_is_told_from_what_may_have_arrived() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let refused = listed(gone).send(Call::get(url(&format!("http://127.0.0.1:{gone}/")))).await;
    assert!(matches!(refused, Err(HttpError::NotSent(_))), "{refused:?}");
    let slammed = serve(Vec::new()).await;
    let broken = listed(slammed).send(Call::get(url(&format!("http://127.0.0.1:{slammed}/?key=secret")))).await;
    assert!(matches!(broken, Err(HttpError::Broken(_))), "{broken:?}");
    assert!(!Error::from(broken.unwrap_err()).chain().contains("secret"));
}

#[tokio::test]
async fn media_are_what_their_bytes_say() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\nconnection: close\r\n\r\n".to_vec();
    answer.extend(b"<html>not an image</html>");
    let port = serve(answer).await;
    let refused = listed(port).fetch_media(&url(&format!("http://127.0.0.1:{port}/a.png")), 1000).await;
    assert_eq!(refused.err().map(|error| error.code()), Some("media_type_unsupported"));
}

#[test]
fn public_addresses_stay_reachable() {
    for address in
        ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2606:4700::1111", "2a00:1450::1"]
    {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
    let http = Http::new([]).unwrap();
    for address in
        ["https://bsky.social/xrpc", "https://example.com./", "https://1.1.1.1/", "https://[2606:4700::1111]/"]
    {
        assert_eq!(http.check(&url(address)), Ok(()), "{address}");
    }
}

#[test]
fn origins_are_read_strictly() {
    for good in ["127.0.0.1:2583", "localhost:2583", "[::1]:11434", "Example.com:80", " 0x7f.1:80 "] {
        assert!(good.parse::<Origin>().is_ok(), "{good}");
    }
    assert_eq!("EXAMPLE.com:443".parse::<Origin>().unwrap(), Origin::of(&url("https://example.com/")).unwrap());
    for bad in ["", "localhost", "http://localhost:1", "localhost:", "a@b:1", "localhost:70000", "x/y:1", "*:1"] {
        assert!(bad.parse::<Origin>().is_err(), "{bad}");
    }
}
