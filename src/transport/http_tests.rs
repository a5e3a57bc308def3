//! The whole stack over real sockets: what a client, a stranger and a rebound page see.

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ProgressNotificationParam,
        ProgressToken, ServerCapabilities, ServerConfig, SubscriptionFilter,
    },
    service::RequestContext,
};
use serde_json::{Value, json};

use super::*;
use crate::transport::{InMemoryLedger, bearer, cancellation, contain, principal, request_label};

/// Tells what reached it, and waits where the test wants it to.
#[derive(Clone, Default)]
pub(in crate::transport) struct Probe {
    pub(in crate::transport) arrived: CancellationToken,
    release: CancellationToken,
    pub(in crate::transport) gave_up: CancellationToken,
}

impl Probe {
    async fn wait(&self, context: &RequestContext<RoleServer>) -> &'static str {
        self.arrived.cancel();
        tokio::select! {
            () = self.release.cancelled() => "released",
            () = cancellation(context).cancelled() => {
                self.gave_up.cancel();
                "cancelled"
            }
        }
    }
}

impl ServerHandler for Probe {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        contain(self.answer(request.name.as_ref(), &context)).await
    }
}

impl Probe {
    async fn answer(&self, tool: &str, context: &RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
        let text = match tool {
            "who" => {
                let parts = context.extensions.get::<::http::request::Parts>().unwrap();
                assert!(!parts.headers.contains_key("authorization"), "the key must not reach a handler");
                format!("{} under {}", principal::<Arc<str>>(context).unwrap(), request_label(context).unwrap().0)
            }
            "wait" => self.wait(context).await.to_owned(),
            "progress" => {
                let token = ProgressToken(rmcp::model::NumberOrString::Number(1));
                context.peer.notify_progress(ProgressNotificationParam::new(token, 1.0)).await.unwrap();
                self.wait(context).await.to_owned()
            }
            "panics" => panic!("on purpose"),
            other => return Err(ErrorData::invalid_params(other.to_owned(), None)),
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

struct Keys;

impl Authenticator for Keys {
    type Principal = Arc<str>;

    async fn authenticate(&self, parts: &::http::request::Parts) -> Result<Arc<str>> {
        match bearer(&parts.headers)? {
            name @ ("alice" | "bob") => Ok(name.into()),
            _ => Err(Error::unauthenticated("key_unknown", "No such key.")),
        }
    }

    fn owner_key(&self, principal: &Arc<str>) -> String {
        principal.to_string()
    }
}

pub(in crate::transport) struct Server {
    serving: Serving,
    shutdown: CancellationToken,
    pub(in crate::transport) probe: Probe,
    pub(in crate::transport) client: reqwest::Client,
}

pub(in crate::transport) async fn start_with(options: Options, sessions: Arc<dyn SessionLedger>) -> Server {
    let _already = rustls::crypto::ring::default_provider().install_default();
    let (probe, shutdown) = (Probe::default(), CancellationToken::new());
    let extra = Router::new()
        .route("/healthz", axum::routing::get(|| async { "ok" }))
        .route("/page", axum::routing::get(|| async { "page" }))
        .route("/panics", axum::routing::get(panics));
    let serving = serve(options, probe.clone(), Arc::new(Keys), sessions, extra, shutdown.clone()).await.unwrap();
    // One connection per request, so that a dropped response is a closed connection.
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    Server { serving, shutdown, probe, client }
}

pub(in crate::transport) async fn start(options: Options) -> Server {
    start_with(options, Arc::new(InMemoryLedger::default())).await
}

async fn panics() -> &'static str {
    panic!("on purpose")
}

impl Server {
    pub(in crate::transport) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.serving.address())
    }

    pub(in crate::transport) fn post(&self, key: &str, body: &Value) -> reqwest::RequestBuilder {
        self.client
            .post(self.at("/mcp"))
            .bearer_auth(key)
            .header("accept", "application/json, text/event-stream")
            .json(body)
    }

    /// A request of 2026-07-28.
    fn modern(&self, key: &str, method: &str, mut params: Value) -> reqwest::RequestBuilder {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}
        });
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let request = self.post(key, &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }));
        let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", method);
        if name.is_empty() { request } else { request.header("mcp-name", name) }
    }

    pub(in crate::transport) fn call(&self, key: &str, tool: &str) -> reqwest::RequestBuilder {
        self.modern(key, "tools/call", json!({ "name": tool, "arguments": {} }))
    }

    pub(in crate::transport) fn opening(&self, key: &str, version: &str) -> reqwest::RequestBuilder {
        let client = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
        self.post(key, &json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }))
    }

    /// Opens a session of an older client and returns its id.
    pub(in crate::transport) async fn initialize(&self, key: &str) -> String {
        let response = self.opening(key, "2025-11-25").send().await.unwrap();
        assert_eq!(response.status(), 200);
        let session = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.post(key, &ready).header("mcp-session-id", &session).send().await.unwrap().status(), 202);
        session
    }

    pub(in crate::transport) fn in_session(&self, key: &str, session: &str) -> reqwest::RequestBuilder {
        self.post(key, &json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" })).header("mcp-session-id", session)
    }

    pub(in crate::transport) async fn stop(self) {
        self.shutdown.cancel();
        soon(self.serving.wait()).await.unwrap();
    }
}

/// So that what hangs when it is broken fails instead.
pub(in crate::transport) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("in time")
}

fn text_of(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn an_address_of_the_network_needs_tls_or_a_proxy() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let options = Options { listen: listen.parse().unwrap(), ..Options::default() };
        assert_eq!(refuse_open_address(&options).unwrap_err().code(), "listen_unprotected", "{listen}");
        let proxied = Options { behind_proxy: vec!["10.0.0.0/8".parse().unwrap()], ..options };
        refuse_open_address(&proxied).unwrap();
    }
    refuse_open_address(&Options { listen: "[::1]:0".parse().unwrap(), ..Options::default() }).unwrap();
}

#[tokio::test]
async fn a_key_in_the_header_and_nowhere_else() {
    let server = start(Options::default()).await;
    let answer: Value = server
        .call("alice", "who")
        .header("x-request-id", "from-the-proxy.1")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(text_of(&answer), "alice under from-the-proxy.1");

    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let query = server.client.post(server.at("/mcp?access_token=alice&key=alice")).json(&body).send().await.unwrap();
    assert_eq!(query.status(), 401);
    assert_eq!(query.headers()["www-authenticate"], r#"Bearer realm="allin""#);
    assert!(query.headers()["x-request-id"].to_str().unwrap().starts_with("req_"));
    let error: Value = query.json().await.unwrap();
    assert_eq!(error["code"], "key_missing");

    let wrong = server.call("mallory", "who").header("x-request-id", "a b").send();
    let wrong = wrong.await.unwrap();
    assert_eq!(wrong.status(), 401);
    assert!(wrong.headers()["x-request-id"].to_str().unwrap().starts_with("req_"), "an odd id is replaced");
    server.stop().await;
}

#[tokio::test]
async fn every_route_checks_host_and_origin() {
    let server = start(Options::default()).await;
    let get = |path: &str| server.client.get(server.at(path));
    assert_eq!(get("/page").send().await.unwrap().status(), 200);
    assert_eq!(get("/page").header("host", "evil.test").send().await.unwrap().status(), 403);
    assert_eq!(get("/page").header("origin", "http://evil.test").send().await.unwrap().status(), 403);
    assert_eq!(get("/nowhere").header("host", "evil.test").send().await.unwrap().status(), 403);
    assert_eq!(get("/nowhere").send().await.unwrap().status(), 404);
    assert_eq!(get("/healthz").header("host", "10.1.2.3").send().await.unwrap().status(), 200);
    assert_eq!(get("/panics").send().await.unwrap().status(), 500);
    let evil = server.call("alice", "who").header("origin", "http://evil.test").send().await.unwrap();
    assert_eq!(evil.status(), 403, "even with a key");

    let app = "http://localhost:6274";
    let preflight = server.client.request(reqwest::Method::OPTIONS, server.at("/mcp"));
    let preflight = preflight.header("origin", app).header("access-control-request-method", "POST");
    let preflight = preflight.send().await.unwrap();
    assert_eq!(preflight.status(), 204);
    assert_eq!(preflight.headers()["access-control-allow-origin"], app);
    let refused = server.call("mallory", "who").header("origin", app).send().await.unwrap();
    assert_eq!(refused.headers()["access-control-allow-origin"], app, "a page must be able to read the challenge");
    let page = get("/page").header("origin", app).send().await.unwrap();
    assert!(!page.headers().contains_key("access-control-allow-origin"));
    server.stop().await;
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let server = start(Options::default()).await;
    let route = server.client.get(server.at("/panics")).send().await.unwrap();
    let error: Value = route.json().await.unwrap();
    assert_eq!(error["code"], "internal");
    let call: Value = server.call("alice", "panics").send().await.unwrap().json().await.unwrap();
    assert_eq!((&call["error"]["code"], &call["error"]["data"]["code"]), (&json!(-32603), &json!("internal")));
    server.stop().await;
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let server = start(Options { max_body_bytes: 1000, ..Options::default() }).await;
    let large = server.modern("alice", "tools/call", json!({ "name": "who", "arguments": { "x": "x".repeat(1000) } }));
    assert_eq!(large.send().await.unwrap().status(), 413);
    server.stop().await;
}

#[tokio::test]
async fn closing_the_response_cancels_the_call() {
    for tool in ["wait", "progress"] {
        let server = start(Options::default()).await;
        let request = tokio::spawn(server.call("alice", tool).send());
        soon(server.probe.arrived.cancelled()).await;
        if tool == "progress" {
            // The head is there, as a stream, since there was something to say before the answer.
            let response = request.await.unwrap().unwrap();
            assert_eq!(response.headers()["content-type"], "text/event-stream");
        } else {
            request.abort();
        }
        soon(server.probe.gave_up.cancelled()).await;
        server.stop().await;
    }
}

#[tokio::test]
async fn a_full_server_says_so_and_listeners_do_not_fill_it() {
    let server = start(Options { max_requests: 1, max_streams: 1, ..Options::default() }).await;
    let listen = || {
        server.modern("alice", "subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } })).send()
    };
    let stream = listen().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert_eq!(listen().await.unwrap().status(), 503, "one listener too many");

    let waiting = tokio::spawn(server.call("alice", "wait").send());
    soon(server.probe.arrived.cancelled()).await;
    let refused = server.call("alice", "who").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    let probe = server.client.get(server.at("/healthz")).send().await.unwrap();
    assert_eq!(probe.status(), 200);
    server.probe.release.cancel();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    assert_eq!(server.call("alice", "who").send().await.unwrap().status(), 200, "the place is free again");
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn shutdown_ends_listeners_at_once_and_lets_calls_finish() {
    let server = start(Options { shutdown_grace: Duration::from_secs(3600), ..Options::default() }).await;
    let listen = json!({ "notifications": { "toolsListChanged": true } });
    let stream = server.modern("alice", "subscriptions/listen", listen).send().await.unwrap();
    let session = server.initialize("alice").await;
    let standalone = server.client.get(server.at("/mcp")).bearer_auth("alice").header("accept", "text/event-stream");
    let standalone = standalone.header("mcp-session-id", &session).send().await.unwrap();
    let waiting = tokio::spawn(server.call("alice", "wait").send());
    soon(server.probe.arrived.cancelled()).await;

    server.shutdown.cancel();
    // Both return only because their streams end; the call is still at work.
    soon(stream.bytes()).await.unwrap();
    soon(standalone.bytes()).await.unwrap();
    assert!(!waiting.is_finished());
    server.probe.release.cancel();
    let answer: Value = waiting.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(text_of(&answer), "released");
    soon(server.serving.wait()).await.unwrap();
}

#[tokio::test]
async fn what_is_not_done_after_the_grace_is_cancelled() {
    let server = start(Options { shutdown_grace: Duration::ZERO, ..Options::default() }).await;
    let waiting = tokio::spawn(server.call("alice", "wait").send());
    soon(server.probe.arrived.cancelled()).await;
    server.shutdown.cancel();
    soon(server.probe.gave_up.cancelled()).await;
    soon(server.serving.wait()).await.unwrap();
    assert!(waiting.await.unwrap().is_err());
}
