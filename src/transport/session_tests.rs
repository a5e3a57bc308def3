//! Sessions of older clients over real sockets: whose they are, and what becomes of them.

use super::*;
use crate::transport::{
    Options,
    http::tests::{soon, start, start_with},
};
use serde_json::json;

#[tokio::test]
async fn a_session_belongs_to_whoever_opened_it() {
    let ledger = Arc::new(InMemoryLedger::default());
    let server = start_with(Options::default(), ledger.clone()).await;
    let session = server.initialize("alice").await;
    assert_eq!(server.in_session("alice", &session).send().await.unwrap().status(), 200);

    let stolen = server.in_session("bob", &session).send().await.unwrap();
    let invented = server.in_session("bob", "00000000-0000-0000-0000-000000000000").send().await.unwrap();
    assert_eq!((stolen.status().as_u16(), invented.status().as_u16()), (404, 404));
    assert_eq!(stolen.text().await.unwrap(), invented.text().await.unwrap());
    let both = server.in_session("bob", &session).header("mcp-session-id", "second").send().await.unwrap();
    assert_eq!(both.status(), 404);
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let request = server.client.request(method.clone(), server.at("/mcp")).bearer_auth("bob");
        let request = request.header("accept", "text/event-stream").header("mcp-session-id", &session);
        assert_eq!(request.send().await.unwrap().status(), 404, "{method}");
    }
    // `initialize` counts as old whatever revision it names, so the header of the new one must not open a way in.
    let disguised = server.opening("bob", "2026-07-28").header("mcp-protocol-version", "2026-07-28");
    let disguised = disguised.header("mcp-session-id", &session).send().await.unwrap();
    assert_ne!(disguised.headers()["mcp-session-id"].to_str().unwrap(), session, "a session of his own");
    assert_eq!(server.in_session("alice", &session).send().await.unwrap().status(), 200, "still there");
    server.stop().await;

    // Another process over the same ledger.
    let server = start_with(Options::default(), ledger).await;
    assert_eq!(server.in_session("bob", &session).send().await.unwrap().status(), 404);
    assert_eq!(server.in_session("alice", &session).send().await.unwrap().status(), 200);
    let end = server.client.delete(server.at("/mcp")).bearer_auth("alice").header("mcp-session-id", &session);
    assert!(end.send().await.unwrap().status().is_success());
    assert_eq!(server.in_session("alice", &session).send().await.unwrap().status(), 404);
    server.stop().await;
}

#[tokio::test]
async fn a_session_that_cannot_be_written_down_is_not_handed_out() {
    struct Broken;
    #[async_trait]
    impl SessionLedger for Broken {
        async fn bind(&self, _: &str, _: BoundSession) -> Result<()> {
            Err(Error::unavailable("database_unavailable", "Down."))
        }
        async fn load(&self, _: &str) -> Result<Option<BoundSession>> {
            Err(Error::unavailable("database_unavailable", "Down."))
        }
        async fn forget(&self, _: &str) -> Result<()> {
            Ok(())
        }
    }
    let server = start_with(Options::default(), Arc::new(Broken)).await;
    let response = server.opening("alice", "2025-11-25").send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(!response.headers().contains_key("mcp-session-id"));
    assert_eq!(server.in_session("alice", "any").send().await.unwrap().status(), 503, "not 404: it may exist");
    // Requests of the new revision need no ledger, and a session header means nothing in them.
    let modern = server.call("alice", "who").header("mcp-session-id", "any").send().await.unwrap();
    assert_eq!(modern.status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn a_call_of_an_older_client_outlives_its_connection_but_not_the_server() {
    let server = start(Options::default()).await;
    let session = server.initialize("alice").await;
    let params = json!({ "name": "wait", "arguments": {} });
    let body = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params });
    drop(server.post("alice", &body).header("mcp-session-id", &session).send().await.unwrap());
    soon(server.probe.arrived.cancelled()).await;
    assert_eq!(server.in_session("alice", &session).send().await.unwrap().status(), 200);
    assert!(!server.probe.gave_up.is_cancelled());
    let gave_up = server.probe.gave_up.clone();
    server.stop().await;
    soon(gave_up.cancelled()).await;
}
