//! One client on stdin and stdout. Nothing but the protocol may be written to stdout; logs go to stderr.
//! Must not know tools or accounts.

use std::io::{BufRead, ErrorKind};

use rmcp::{ServerHandler, service::ServerInitializeError};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};

/// Serves until the client closes stdin or `shutdown` is cancelled. Calls under way then get a moment to answer (5 s
/// after end of input, 2 s after `shutdown`, both rmcp's), so that the answer of a write is not lost; after that
/// their token fires. Call it once per process.
pub async fn serve<H: ServerHandler>(handler: H, shutdown: CancellationToken) -> Result<()> {
    serve_on(handler, (input()?, tokio::io::stdout()), shutdown).await
}

/// Standard input, read by a thread of its own. tokio's reader, and rmcp's outside Linux pipes, occupy a thread of the
/// runtime that cannot be woken: after `shutdown` the process would stay until the client writes again. Nobody waits
/// for this thread at the process's end.
fn input() -> Result<DuplexStream> {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let reader = move || {
        let mut stdin = std::io::stdin().lock();
        loop {
            let read = match stdin.fill_buf() {
                Ok(chunk) if !chunk.is_empty() => match futures::executor::block_on(theirs.write_all(chunk)) {
                    Ok(()) => chunk.len(),
                    Err(_) => break,
                },
                Err(error) if error.kind() == ErrorKind::Interrupted => 0,
                Ok(_) | Err(_) => break,
            };
            stdin.consume(read);
        }
    };
    std::thread::Builder::new().name("stdin".into()).spawn(reader).map_err(Error::internal)?;
    Ok(ours)
}

async fn serve_on<H, R, W>(handler: H, pipes: (R, W), shutdown: CancellationToken) -> Result<()>
where
    H: ServerHandler,
    R: tokio::io::AsyncRead + Send + Unpin + 'static,
    W: tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    // A child: rmcp cancels the token it was given when it ends, and the caller's has other listeners.
    let running = match rmcp::service::serve_server_with_ct(handler, pipes, shutdown.child_token()).await {
        Ok(running) => running,
        // A client that looks in and leaves without a word has done nothing wrong.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => return Ok(()),
        Err(error) => {
            return Err(Error::invalid("stdio_handshake", "The client on stdin does not speak MCP.")
                .next("Start this command from an MCP client.")
                .because(error));
        }
    };
    match running.waiting().await {
        Ok(reason) => {
            tracing::debug!(?reason, "client left");
            Ok(())
        }
        Err(error) => Err(Error::internal(error)),
    }
}

#[cfg(test)]
mod tests {
    use rmcp::{
        ErrorData, RoleServer,
        model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock},
        service::RequestContext,
    };
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

    use super::*;

    /// Answers a call when the test lets it, and tells when a call has arrived.
    #[derive(Clone)]
    struct Slow {
        arrived: CancellationToken,
        release: CancellationToken,
    }

    impl ServerHandler for Slow {
        async fn call_tool(
            &self,
            _request: CallToolRequestParams,
            _context: RequestContext<RoleServer>,
        ) -> Result<CallToolResponse, ErrorData> {
            self.arrived.cancel();
            self.release.cancelled().await;
            Ok(CallToolResult::success(vec![ContentBlock::text("written")]).into())
        }
    }

    const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;

    #[tokio::test]
    async fn the_answer_of_a_call_survives_the_end_of_input() {
        let slow = Slow { arrived: CancellationToken::new(), release: CancellationToken::new() };
        let ((input, from_client), (output, to_client)) = (tokio::io::duplex(4096), tokio::io::duplex(4096));
        let server = tokio::spawn(serve_on(slow.clone(), (from_client, to_client), CancellationToken::new()));
        let mut input = input;
        input.write_all(format!("{CALL}\n").as_bytes()).await.unwrap();
        slow.arrived.cancelled().await;
        drop(input);
        slow.release.cancel();
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).await.unwrap();
        assert!(line.contains(r#""id":7"#) && line.contains("written"), "{line}");
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn cancelling_the_token_ends_the_service_and_leaving_early_is_no_error() {
        let slow = Slow { arrived: CancellationToken::new(), release: CancellationToken::new() };
        let shutdown = CancellationToken::new();
        let (_input, from_client) = tokio::io::duplex(64);
        let server = tokio::spawn(serve_on(slow.clone(), (from_client, tokio::io::sink()), shutdown.clone()));
        shutdown.cancel();
        server.await.unwrap().unwrap();
        serve_on(slow, (tokio::io::empty(), tokio::io::sink()), CancellationToken::new()).await.unwrap();
    }
}
