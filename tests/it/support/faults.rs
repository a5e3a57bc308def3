//! A proxy between the application and a network that does to single calls what networks do: it hangs, breaks off,
//! answers wrongly or late. One request a connection; everything else passes unchanged.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use url::Url;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Pass,
    /// Never passed on, never answered.
    HangBefore,
    /// Passed on, never answered.
    HangAfter,
    /// Broken off before it is passed on.
    ResetBefore,
    /// Passed on, then broken off.
    ResetAfter,
    /// Passed on, and half of the answer comes back.
    HalfAnAnswer,
    /// Answered with an error, and never passed on.
    ErrorBefore,
    /// Passed on, and answered with an error all the same.
    ErrorAfter,
    /// Passed on, and answered with something that is no answer.
    NonsenseAfter,
    /// Refused for two minutes.
    TooMany,
    /// The answer comes late, but in time.
    Slow,
    /// Passed on when the caller has given up already.
    TooLate,
    /// Passed on, and the answer says that it was the last one for a minute.
    LastOne,
    /// The content is refused; never passed on. Not among `ALL`: nothing is published then.
    Refused,
    /// The token is refused for good; never passed on. Likewise.
    SignedOut,
    /// The same, answered when the test says so with [`Proxy::release`].
    SignedOutLater,
}

impl Fault {
    pub const ALL: [Self; 12] = [
        Self::Pass,
        Self::HangBefore,
        Self::HangAfter,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::HalfAnAnswer,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::NonsenseAfter,
        Self::TooMany,
        Self::Slow,
        Self::TooLate,
    ];
}

/// How long callers wait in these tests, in milliseconds.
pub const PATIENCE: u64 = 1000;

#[derive(Default)]
struct Plan {
    publishes: VecDeque<Fault>,
    lookups: VecDeque<Fault>,
    edits: VecDeque<Fault>,
    checks: VecDeque<Fault>,
    /// Answers that wait for the test, so far.
    waiting: usize,
    release: Arc<Notify>,
    /// Requests that would have made a post, whatever became of them.
    arrived: usize,
    at_once: usize,
    most_at_once: usize,
    /// What those requests carried.
    bodies: Vec<String>,
}

#[derive(Clone, Default)]
pub struct Proxy(Arc<Mutex<Plan>>);

impl Proxy {
    /// Starts it before a network, and gives the address to call instead.
    pub fn before(&self, network: &Url) -> Url {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let network: SocketAddr = network.authority().parse().unwrap();
        let proxy = self.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let proxy = proxy.clone();
                tokio::spawn(async move { proxy.serve(client, network).await });
            }
        });
        format!("http://{address}/").parse().unwrap()
    }

    /// What happens to the next calls that publish.
    pub fn publishes(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().publishes = faults.into_iter().collect();
    }

    /// What happens to the next calls that look posts up.
    pub fn lookups(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().lookups = faults.into_iter().collect();
    }

    /// What happens to the next calls that change a text.
    pub fn edits(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().edits = faults.into_iter().collect();
    }

    /// What happens to the next calls that test a token.
    pub fn checks(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().checks = faults.into_iter().collect();
    }

    /// Returns when an answer waits for [`Self::release`].
    pub async fn waits(&self) {
        while self.0.lock().unwrap().waiting == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets the answer that waits go.
    pub fn release(&self) {
        self.0.lock().unwrap().release.notify_one();
    }

    pub fn arrived(&self) -> usize {
        self.0.lock().unwrap().arrived
    }

    /// What the calls that publish carried, byte for byte.
    pub fn bodies(&self) -> Vec<String> {
        self.0.lock().unwrap().bodies.clone()
    }

    /// The most requests that would have made a post under way at one time.
    pub fn most_at_once(&self) -> usize {
        self.0.lock().unwrap().most_at_once
    }

    fn fault_for(&self, head: &str, request: &[u8]) -> Fault {
        let mut plan = self.0.lock().unwrap();
        let line = head.lines().next().unwrap_or_default();
        let fault = if publishes(line) {
            plan.arrived += 1;
            plan.at_once += 1;
            plan.most_at_once = plan.most_at_once.max(plan.at_once);
            let body = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
            plan.bodies.push(String::from_utf8_lossy(&request[body..]).into_owned());
            plan.publishes.pop_front()
        } else if looks_up(line) {
            plan.lookups.pop_front()
        } else if head.starts_with("PATCH /v1/posts/") {
            plan.edits.pop_front()
        } else if head.starts_with("GET /v1/me ") {
            plan.checks.pop_front()
        } else {
            None
        };
        fault.unwrap_or(Fault::Pass)
    }

    async fn serve(&self, mut client: TcpStream, network: SocketAddr) {
        let Some((head, request)) = read_request(&mut client).await else { return };
        self.answer(client, network, &head, &request).await;
        if publishes(head.lines().next().unwrap_or_default()) {
            self.0.lock().unwrap().at_once -= 1;
        }
    }

    async fn answer(&self, client: TcpStream, network: SocketAddr, head: &str, request: &[u8]) {
        let hours = Duration::from_secs(3600);
        let error = "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let fault = self.fault_for(head, request);
        match fault {
            Fault::HangBefore => return tokio::time::sleep(hours).await,
            Fault::ResetBefore => return reset(client),
            Fault::ErrorBefore => return say(client, error.as_bytes()).await,
            Fault::TooMany => {
                let refusal = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 120\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                return say(client, refusal.as_bytes()).await;
            }
            Fault::Refused => return say(client, refusal("422 Unprocessable Content").as_bytes()).await,
            Fault::SignedOut => return say(client, refusal("401 Unauthorized").as_bytes()).await,
            Fault::SignedOutLater => {
                let release = {
                    let mut plan = self.0.lock().unwrap();
                    plan.waiting += 1;
                    Arc::clone(&plan.release)
                };
                release.notified().await;
                return say(client, refusal("401 Unauthorized").as_bytes()).await;
            }
            Fault::TooLate => tokio::time::sleep(Duration::from_millis(2 * PATIENCE)).await,
            _ => {}
        }
        let answer = pass_on(network, request).await;
        match fault {
            Fault::HangAfter => tokio::time::sleep(hours).await,
            Fault::ResetAfter => reset(client),
            Fault::HalfAnAnswer => say(client, &answer[..answer.len() - 10]).await,
            Fault::LastOne => {
                let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
                let told =
                    [&answer[..end], b"\r\nratelimit-remaining: 0\r\nratelimit-reset: 60", &answer[end..]].concat();
                say(client, &told).await;
            }
            Fault::ErrorAfter => say(client, error.as_bytes()).await,
            Fault::NonsenseAfter => {
                say(client, b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n[]").await
            }
            Fault::Slow => {
                tokio::time::sleep(Duration::from_millis(PATIENCE / 4)).await;
                say(client, &answer).await;
            }
            _ => say(client, &answer).await,
        }
    }
}

fn refusal(status: &str) -> String {
    let body = r#"{"error":{"message":"not like this"}}"#;
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// The head, and the whole request with `connection: close` so that its answer ends with the connection.
async fn read_request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let length = |line: &str| {
        line.to_ascii_lowercase().strip_prefix("content-length:").and_then(|length| length.trim().parse::<usize>().ok())
    };
    let length = head.lines().find_map(length).unwrap_or(0);
    while bytes.len() < end + 4 + length {
        if client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let mut request = format!("{head}\r\nconnection: close\r\n\r\n").into_bytes();
    request.extend_from_slice(&bytes[end + 4..]);
    Some((head, request))
}

async fn pass_on(network: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(network).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

fn publishes(line: &str) -> bool {
    ["POST /v1/posts ", "PUT /v1/posts/"].iter().any(|start| line.starts_with(start)) || line.contains("/publish ")
}

/// Not the reading of a post that somebody gave a link to: ids that we choose are longer than those of the sandbox.
fn looks_up(line: &str) -> bool {
    let chosen = |rest: &str| rest.split(' ').next().is_some_and(|id| id.len() > 32);
    ["GET /v1/accounts/", "DELETE /v1/uploads/"].iter().any(|start| line.starts_with(start))
        || line.strip_prefix("GET /v1/posts/").is_some_and(chosen)
}

/// The caller may have left.
async fn say(mut client: TcpStream, answer: &[u8]) {
    _ = client.write_all(answer).await;
    _ = client.shutdown().await;
}

/// Closes with unread data or without ceremony, which the other side sees as a broken connection.
fn reset(client: TcpStream) {
    _ = client.set_zero_linger();
    drop(client);
}
