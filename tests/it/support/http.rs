//! `allin serve` in this process, and requests of the 2026-07-28 era written by hand.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use allin::{
    mcp::{Keys, Server, Sessions},
    pages, rest,
    tools::registry::{Profile, Toolset},
    transport::{self, Options, Serving},
};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::TestApp;

pub const MODERN: &str = "2026-07-28";

pub struct Http {
    pub address: SocketAddr,
    pub client: Client,
    serving: Serving,
    shutdown: CancellationToken,
}

/// Everything that there is.
pub fn whole() -> Profile {
    Profile { toolsets: Toolset::ALL.to_vec(), everyday: false, read_only: false }
}

impl TestApp {
    pub async fn serve(&self) -> Http {
        self.serve_profile(whole()).await
    }

    pub async fn serve_profile(&self, profile: Profile) -> Http {
        let shutdown = CancellationToken::new();
        let keys = Arc::new(Keys::new(Arc::clone(&self.app)));
        let sessions = Arc::new(Sessions(Arc::clone(&self.app)));
        let extra = pages::routes(Arc::clone(&self.app)).merge(rest::routes(Arc::clone(&self.app), Arc::clone(&keys)));
        let server = Server::new(Arc::clone(&self.app), profile, None);
        // A test that ends has dropped its clients; nobody needs to be waited for.
        let options = Options { shutdown_grace: Duration::from_secs(1), ..Options::default() };
        let serving = transport::serve(options, server, keys, sessions, extra, shutdown.clone()).await.unwrap();
        let address = serving.address();
        self.set_pages_url(format!("http://{address}/").parse().unwrap());
        Http { address, client: Client::new(), serving, shutdown }
    }
}

impl Http {
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn post(&self, key: &str, body: &Value) -> RequestBuilder {
        let request =
            self.client.post(self.at("/mcp")).header("accept", "application/json, text/event-stream").json(body);
        if key.is_empty() { request } else { request.bearer_auth(key) }
    }

    pub fn request(&self, key: &str, method: &str, mut params: Value) -> RequestBuilder {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        });
        let name = params["name"].as_str().or(params["uri"].as_str()).unwrap_or_default().to_owned();
        let request = self.post(key, &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }));
        let request = request.header("mcp-protocol-version", MODERN).header("mcp-method", method);
        if name.is_empty() { request } else { request.header("mcp-name", name) }
    }

    /// The whole answer: with `result` or `error`.
    pub async fn ask(&self, key: &str, method: &str, params: Value) -> Value {
        let response = self.request(key, method, params).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status}: {error}: {text}"))
    }

    /// The result of a tool, whether it went well or not.
    pub async fn tool(&self, key: &str, name: &str, arguments: Value) -> Value {
        let mut answer = self.ask(key, "tools/call", json!({ "name": name, "arguments": arguments })).await;
        assert!(answer.get("result").is_some(), "{name} {arguments}: {answer}");
        answer["result"].take()
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        drop(self.client);
        tokio::time::timeout(Duration::from_secs(20), self.serving.wait()).await.expect("the server ends").unwrap();
    }
}
