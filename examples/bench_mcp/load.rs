//! The load: connections that send the same request again as soon as its answer is there, and what came of it. The
//! client does as little as can be, because it shares the machine with the servers it measures.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use allin::{
    error::{Error, Result},
    ids::WorkspaceId,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::floor;

/// Posts on the page that is asked for.
pub const POSTS: u32 = 20;

/// What a round of calls goes to.
#[derive(Clone)]
pub enum Target {
    Http { address: SocketAddr, request: Arc<[u8]> },
    Sql { pool: PgPool, workspace: WorkspaceId },
}

impl Target {
    /// A call of `post_query` as the 2026-07-28 revision has it: no session, everything in the request itself.
    pub fn http(address: SocketAddr, key: Option<&str>) -> Self {
        let body = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {
                "name": "post_query",
                "arguments": { "limit": POSTS },
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1" },
                    "io.modelcontextprotocol/clientCapabilities": {}
                }
            }
        })
        .to_string();
        let key = key.map_or_else(String::new, |key| format!("authorization: Bearer {key}\r\n"));
        let request = format!(
            "POST /mcp HTTP/1.1\r\nhost: {address}\r\n{key}accept: application/json, text/event-stream\r\n\
             content-type: application/json\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\n\
             mcp-name: post_query\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        Self::Http { address, request: request.into_bytes().into() }
    }
}

/// What one round, or several, came to.
#[derive(Default)]
pub struct Tally {
    /// Microseconds of each good call.
    pub micros: Vec<u32>,
    pub errors: u64,
    pub seconds: f64,
}

impl Tally {
    pub fn per_second(&self) -> f64 {
        if self.seconds > 0.0 { self.micros.len() as f64 / self.seconds } else { 0.0 }
    }

    pub fn add(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.errors += other.errors;
        self.seconds += other.seconds;
    }

    /// The latency that so many of a hundred calls stayed below, in milliseconds.
    pub fn percentile(&self, of_hundred: usize) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * of_hundred / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }
}

/// Lets `connections` callers call for `span`. Connecting and each connection's first call are not counted.
pub async fn round(target: &Target, connections: usize, span: Duration) -> Result<Tally> {
    let mut callers = Vec::with_capacity(connections);
    for _ in 0..connections {
        let mut caller = Caller::open(target).await?;
        caller.look_closely().await?;
        callers.push(caller);
    }
    let started = Instant::now();
    let tasks: Vec<_> = callers.into_iter().map(|caller| tokio::spawn(caller.keep_calling(started + span))).collect();
    let mut tally = Tally::default();
    for task in tasks {
        tally.add(task.await.map_err(Error::internal)?);
    }
    tally.seconds = started.elapsed().as_secs_f64();
    Ok(tally)
}

enum Caller {
    Http { stream: TcpStream, request: Arc<[u8]>, buffer: Vec<u8> },
    Sql { pool: PgPool, workspace: WorkspaceId },
}

impl Caller {
    async fn open(target: &Target) -> Result<Self> {
        Ok(match target {
            Target::Http { address, request } => {
                let stream = TcpStream::connect(address).await.map_err(Error::internal)?;
                stream.set_nodelay(true).map_err(Error::internal)?;
                Self::Http { stream, request: Arc::clone(request), buffer: Vec::with_capacity(64 * 1024) }
            }
            Target::Sql { pool, workspace } => Self::Sql { pool: pool.clone(), workspace: *workspace },
        })
    }

    /// One call whose answer is read as JSON, to know that the cheap check of the others checks the right thing.
    async fn look_closely(&mut self) -> Result<()> {
        if !self.call().await? {
            let said = if let Self::Http { buffer, .. } = self {
                String::from_utf8_lossy(buffer).into_owned()
            } else {
                String::new()
            };
            return Err(Error::internal(format!("an answer without {POSTS} posts: {said}")));
        }
        let Self::Http { buffer, .. } = self else { return Ok(()) };
        let body = find(buffer, b"\r\n\r\n").and_then(|end| buffer.get(end + 4..)).unwrap_or_default();
        let answer: Value = serde_json::from_slice(body).map_err(Error::internal)?;
        let result = answer.get("result").unwrap_or(&Value::Null);
        let posts = result.pointer("/structuredContent/posts").and_then(Value::as_array).map_or(0, Vec::len);
        let text = result.pointer("/content/0/text").and_then(Value::as_str).unwrap_or_default();
        if posts == POSTS as usize && text.matches("post_").count() >= POSTS as usize {
            return Ok(());
        }
        Err(Error::internal(format!("{posts} posts, and the text {text}")))
    }

    async fn keep_calling(mut self, deadline: Instant) -> Tally {
        let mut tally = Tally::default();
        let mut begun = Instant::now();
        while begun < deadline {
            let good = self.call().await;
            let ended = Instant::now();
            match good {
                Ok(true) => tally.micros.push(u32::try_from((ended - begun).as_micros()).unwrap_or(u32::MAX)),
                Ok(false) => tally.errors += 1,
                Err(_) => {
                    tally.errors += 1;
                    break;
                }
            }
            begun = ended;
        }
        tally
    }

    /// Whether the answer held the posts that were asked for.
    async fn call(&mut self) -> Result<bool> {
        match self {
            Self::Http { stream, request, buffer } => {
                exchange(stream, request, buffer).await.map_err(Error::internal)?;
                Ok(is_good(buffer))
            }
            Self::Sql { pool, workspace } => {
                let rows = floor::rows(pool, *workspace, POSTS).await?;
                Ok(rows.len() > POSTS as usize)
            }
        }
    }
}

/// Sends the request and reads one answer with a length into the buffer.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> std::io::Result<()> {
    buffer.clear();
    stream.write_all(request).await?;
    let mut whole = None;
    while whole.is_none_or(|whole| buffer.len() < whole) {
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if whole.is_none()
            && let Some(end) = find(buffer, b"\r\n\r\n")
        {
            let head = std::str::from_utf8(buffer.get(..end).unwrap_or_default()).unwrap_or_default();
            let length = head.split("\r\n").find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            whole = Some(end + 4 + length.ok_or(std::io::ErrorKind::InvalidData)?);
        }
    }
    Ok(())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn is_good(answer: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(answer) else { return false };
    text.starts_with("HTTP/1.1 200 ")
        // In the text copy the quotation marks are escaped, so this counts the structured content only.
        && text.matches(r#""excerpt":"#).count() == POSTS as usize
        && !text.contains(r#""isError":true"#)
}
