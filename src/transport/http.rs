//! Streamable HTTP at `/mcp` and the routes beside it: options, the order of the layers, start and end of a server.
//! Must not know tools, tenants or the database.
//!
//! * **One endpoint for both eras.** Requests of 2026-07-28 are served without a session; older clients get one,
//!   because their elicitation needs it. Sessions hold nothing (`sessions.rs`).
//! * **JSON instead of a stream of one event** for modern answers: about a fifth more calls a second (2,060 against
//!   1,700 for a tool that answers at once; two cores, unoptimised build), and the client needs no event parser.
//!   Nothing is lost: a handler that reports progress first is answered by a stream, as before, and closing the
//!   connection cancels the handler in both modes, because rmcp holds the head of the answer back until the first
//!   message. What JSON mode does cancel is work that a handler leaves behind after its answer; ours belongs to jobs.
//! * **No event store.** With one, a client that leaves no longer cancels its call, which the 2026-07-28 revision
//!   demands; and resuming streams does not exist there.
//! * **Shutdown** first stops accepting and ends the streams that only wait for news, then lets calls finish for
//!   `shutdown_grace`, then cuts connections, which cancels what is left.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    middleware::{from_fn, from_fn_with_state},
    response::Response,
};
use axum_server::{
    Handle,
    accept::NoDelayAcceptor,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use ipnet::IpNet;
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};

pub use super::tls::TlsFiles;
use super::{
    auth::{self, Authenticator},
    errors::{self, refuse},
    limits::{self, Gates},
    origin::{self, LOCAL_ORIGINS, OriginRules},
    peer::{self, PeerRules},
    sessions::{self, LedgerStore, SessionLedger},
    tls, trace,
};
use crate::error::{Error, Result};

/// Where the protocol is served.
pub(super) const MCP_PATH: &str = "/mcp";

/// How to serve. `Default` is a server for this machine only.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port 0 takes a free one. An address other than loopback needs `tls` or `behind_proxy`.
    pub listen: SocketAddr,
    pub tls: Option<TlsFiles>,
    /// The proxies that may connect, and whose X-Forwarded-For and X-Forwarded-Proto are believed. When there are
    /// any, nobody else may connect but this machine.
    pub behind_proxy: Vec<IpNet>,
    /// Public names, with a port to allow only that one. Loopback names always work.
    pub allowed_hosts: Vec<String>,
    /// Web pages that may call, as `scheme://host:port` or `scheme://host:*`. Requests without `Origin`, and pages of
    /// this server itself, are always let in.
    pub allowed_origins: Vec<String>,
    /// Largest body at `/mcp`, in bytes; routes beside it set their own limit.
    pub max_body_bytes: usize,
    /// Requests at work at once; one more is answered 503.
    pub max_requests: usize,
    /// Streams open at once that only wait for news.
    pub max_streams: usize,
    /// For a connection's first request to arrive, and for the headers of every later one.
    pub header_timeout: Duration,
    /// Longest pause inside a request body.
    pub body_timeout: Duration,
    /// How long calls may go on after shutdown was asked for.
    pub shutdown_grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            tls: None,
            behind_proxy: Vec::new(),
            allowed_hosts: Vec::new(),
            allowed_origins: LOCAL_ORIGINS.map(String::from).to_vec(),
            max_body_bytes: 4 * 1024 * 1024,
            max_requests: 512,
            max_streams: 4096,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// A server that runs.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    https: bool,
    task: JoinHandle<std::io::Result<()>>,
}

impl Serving {
    /// The bound address, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint as a client on this machine would write it.
    pub fn url(&self) -> String {
        format!("{}://{}{MCP_PATH}", if self.https { "https" } else { "http" }, self.address)
    }

    /// Returns when the server has ended, after `shutdown` was cancelled.
    pub async fn wait(self) -> Result<()> {
        match self.task.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::internal(error)),
            Err(error) => Err(Error::internal(error)),
        }
    }
}

/// Binds, and serves until `shutdown` is cancelled. Errors before the first request are the operator's to mend.
///
/// `extra` holds the routes beside `/mcp`; it passes the same checks except authentication, which a route adds with
/// [`super::require`]. `/healthz` and `/readyz` in it are reachable under any host name and under any load.
pub async fn serve<H, A>(
    options: Options,
    handler: H,
    authenticator: Arc<A>,
    sessions: Arc<dyn SessionLedger>,
    extra: Router,
    shutdown: CancellationToken,
) -> Result<Serving>
where
    H: ServerHandler + Clone,
    A: Authenticator,
{
    refuse_open_address(&options)?;
    let tls = options.tls.as_ref().map(tls::load).transpose()?;
    let gates = Gates::new(options.max_requests, options.max_streams);
    // Not a child of `shutdown`: cancelling it answers every open call with an error, so it comes last.
    let protocol = CancellationToken::new();
    let mcp = mcp(&options, handler, authenticator, sessions, protocol.clone());
    let app = layered(mcp.merge(extra), &options, gates.clone())?;
    let (listener, address) = bind(options.listen)?;
    let https = tls.is_some();
    let handle = Handle::new();
    let server = run(listener, tls, handle.clone(), app, options.header_timeout);
    let grace = options.shutdown_grace;
    let task = tokio::spawn(async move {
        let mut server = std::pin::pin!(server);
        let ended = tokio::select! {
            ended = &mut server => ended,
            () = shutdown.cancelled() => {
                gates.ending.cancel();
                handle.graceful_shutdown(Some(grace));
                server.await
            }
        };
        protocol.cancel();
        ended
    });
    Ok(Serving { address, https, task })
}

/// Keys must not cross a network in the clear because somebody wrote `0.0.0.0`.
fn refuse_open_address(options: &Options) -> Result<()> {
    let local = options.listen.ip().to_canonical().is_loopback();
    if local || options.tls.is_some() || !options.behind_proxy.is_empty() {
        return Ok(());
    }
    Err(Error::operator(
        "listen_unprotected",
        format!("{} can be reached from other machines, and neither TLS nor a proxy is configured.", options.listen),
    )
    .next("Listen on 127.0.0.1, give a TLS certificate and key, or name the proxies that may connect."))
}

fn bind(address: SocketAddr) -> Result<(std::net::TcpListener, SocketAddr)> {
    let bound = std::net::TcpListener::bind(address).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| {
        Error::operator("listen_failed", format!("Cannot listen on {address}: {error}."))
            .next("Choose another address or port, or stop what uses it.")
    })
}

/// rmcp's endpoint behind authentication and the session guard.
fn mcp<H, A>(
    options: &Options,
    handler: H,
    authenticator: Arc<A>,
    sessions: Arc<dyn SessionLedger>,
    protocol: CancellationToken,
) -> Router
where
    H: ServerHandler + Clone,
    A: Authenticator,
{
    let mut config = StreamableHttpServerConfig::default()
        // `origin.rs` has already looked, at every route and with stricter rules.
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_json_response(true)
        .with_max_request_body_bytes(options.max_body_bytes)
        .with_cancellation_token(protocol);
    config.session_store = Some(Arc::new(LedgerStore(Arc::clone(&sessions))));
    let manager = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(handler.clone()), manager, config);
    Router::new()
        .route_service(MCP_PATH, service)
        .layer(from_fn_with_state(sessions, sessions::guard))
        .layer(from_fn_with_state(authenticator, auth::require::<A>))
}

/// What every route goes through; the last line is the outermost layer.
fn layered(routes: Router, options: &Options, gates: Gates) -> Result<Router> {
    let origins = OriginRules::new(&options.allowed_hosts, &options.allowed_origins)?;
    let peers = PeerRules { proxies: options.behind_proxy.clone(), tls: options.tls.is_some() };
    Ok(routes
        .fallback(unknown_route)
        .layer(RequestBodyTimeoutLayer::new(options.body_timeout))
        .layer(from_fn_with_state(gates, limits::admit))
        .layer(from_fn_with_state(origins, origin::check))
        .layer(from_fn_with_state(peers, peer::identify))
        .layer(CatchPanicLayer::custom(errors::panicked))
        .layer(from_fn(trace::label)))
}

async fn unknown_route(_request: Request) -> Response {
    refuse(Error::not_found("route_unknown", "There is nothing at this address.").next("MCP is served at /mcp."))
}

async fn run(
    listener: std::net::TcpListener,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
    app: Router,
    header_timeout: Duration,
) -> std::io::Result<()> {
    let mut server = axum_server::from_tcp(listener)?.handle(handle).first_request_timeout(header_timeout);
    server.http_builder().http1().header_read_timeout(header_timeout);
    // Notices clients that vanished without a word, which otherwise hold their streams for ever.
    server.http_builder().http2().keep_alive_interval(Some(Duration::from_secs(20)));
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    // Events are small and must not wait for more bytes.
    match tls {
        Some(tls) => server.acceptor(RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor::new())).serve(app).await,
        None => server.acceptor(NoDelayAcceptor::new()).serve(app).await,
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
pub(super) mod tests;
