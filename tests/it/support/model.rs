//! A language model's server that says what the test wants, over a socket, and keeps what it was asked.

use std::sync::{Arc, Mutex};

use allin::clients::llm::LlmAddress;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Value, json};

/// What it says to a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The content of the message.
    Say(String),
    /// The whole body.
    Body(Value),
    Refuse(u16),
}

type Script = dyn Fn(&Value) -> Reply + Send + Sync;

#[derive(Clone)]
pub struct Model {
    script: Arc<Script>,
    asked: Arc<Mutex<Vec<(Option<String>, Value)>>>,
}

impl Model {
    /// Starts it, and says where it is.
    pub async fn start(script: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> (Self, LlmAddress) {
        let model = Self { script: Arc::new(script), asked: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/chat/completions", post(answer)).with_state(model.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (model, LlmAddress::new(&url, Some("sk-test".into()), "a-model", &[]).unwrap())
    }

    /// Requests so far.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    /// Keys that came with them.
    pub fn keys(&self) -> Vec<Option<String>> {
        self.asked.lock().unwrap().iter().map(|(key, _)| key.clone()).collect()
    }
}

/// An answer in the form that is asked for.
pub fn sentences(sentences: &[(&str, &[u64])]) -> String {
    let sentences: Vec<_> =
        sentences.iter().map(|(text, sources)| json!({ "text": text, "sources": sources })).collect();
    json!({ "sentences": sentences, "not_in_sources": false }).to_string()
}

/// The text of the request's user message.
pub fn user_text(request: &Value) -> &str {
    request["messages"][1]["content"].as_str().unwrap()
}

/// The lines of a source in a request.
pub fn source_lines(request: &Value, number: usize) -> Vec<String> {
    let mark = format!(" source {number}");
    let lines = user_text(request).lines().skip_while(|line| !(line.starts_with("==") && line.ends_with(&mark)));
    let nonce: String = lines.clone().next().unwrap_or_default().split(' ').next().unwrap_or_default().to_owned();
    let end = format!("{nonce} end");
    lines.skip(1).take_while(|line| **line != end).map(str::to_owned).collect()
}

async fn answer(State(model): State<Model>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let key = headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    model.asked.lock().unwrap().push((key, body.clone()));
    match (model.script)(&body) {
        Reply::Say(content) => {
            Json(json!({ "choices": [{ "message": { "role": "assistant", "content": content } }] })).into_response()
        }
        Reply::Body(body) => Json(body).into_response(),
        Reply::Refuse(status) => {
            (StatusCode::from_u16(status).unwrap(), Json(json!({ "error": { "message": "no" } }))).into_response()
        }
    }
}
