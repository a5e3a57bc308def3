//! A server with the fixtures that the official MCP conformance suite calls, on the very transport that the product
//! uses. Not shipped: `tests/peers/run conformance` starts it.
//!
//! `conformance_server [--listen ADDRESS]` serves Streamable HTTP and prints the endpoint's address as its first
//! line; `conformance_server --stdio` serves stdin and stdout.

#[path = "conformance/handler.rs"]
mod handler;
#[path = "conformance/jobs.rs"]
mod jobs;
#[path = "conformance/reading.rs"]
mod reading;
#[path = "conformance/rounds.rs"]
mod rounds;
#[path = "conformance/tools.rs"]
mod tools;

use std::sync::Arc;

use allin::{
    error::{Error, Result},
    transport::{InMemoryLedger, Open, Options, serve, serve_stdio},
};
use tokio_util::sync::CancellationToken;

use crate::handler::Fixtures;

#[expect(clippy::print_stdout, reason = "the script that starts it reads the address from its first line")]
#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let shutdown = CancellationToken::new();
    tokio::spawn(cancel_on_signal(shutdown.clone()));
    let mut options = Options::default();
    match *arguments {
        ["--stdio"] => return serve_stdio(Fixtures::new()?, shutdown).await,
        ["--listen", address] => {
            options.listen = address.parse().map_err(|error| {
                Error::invalid("listen_malformed", format!("`{address}` is not an address and port: {error}."))
            })?;
        }
        [] => {}
        _ => return Err(Error::invalid("arguments", "Usage: conformance_server [--stdio | --listen ADDRESS]")),
    }
    let sessions = Arc::new(InMemoryLedger::default());
    let extra = axum::Router::new().route("/healthz", axum::routing::get(|| async { "ok" }));
    let serving = serve(options, Fixtures::new()?, Arc::new(Open), sessions, extra, shutdown).await?;
    println!("{}", serving.url());
    serving.wait().await
}

/// Ctrl-C, or SIGTERM from the script that started us.
async fn cancel_on_signal(shutdown: CancellationToken) {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return shutdown.cancel();
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        shutdown.cancel();
    }
}
