//! A small AT Protocol server: it signs one account in, takes records, and has an app view with figures, or none. What the
//! real server answers is checked by `tests/peers`; this one is for what only happens on bad days.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, RawQuery},
    http::StatusCode,
    routing::any,
};
use serde_json::{Value, json};
use url::Url;

/// What the app view says.
#[derive(Debug, Clone)]
pub enum View {
    /// There is none.
    Absent,
    /// Every post has these figures, and the account so many followers.
    Figures { post: Value, followers: i64 },
    /// It fails.
    Broken,
}

#[derive(Clone)]
pub struct Bluesky {
    pub url: Url,
    state: Arc<Mutex<State>>,
}

struct State {
    view: View,
    /// Key to what was written.
    records: HashMap<String, Value>,
    /// The next record is taken, and the answer is an error.
    breaks: bool,
}

impl Bluesky {
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(State { view: View::Absent, records: HashMap::new(), breaks: false }));
        let shared = Arc::clone(&state);
        let answer = move |Path(method): Path<String>, RawQuery(query): RawQuery, body: axum::body::Bytes| {
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            let answer = answer(&method, &query.unwrap_or_default(), &body, &mut shared.lock().unwrap());
            async move { answer }
        };
        let app = Router::new().route("/xrpc/{method}", any(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    pub fn shows(&self, view: View) {
        self.state.lock().unwrap().view = view;
    }

    /// The next record is taken, and nobody is told.
    pub fn breaks_after_taking_one(&self) {
        self.state.lock().unwrap().breaks = true;
    }
}

fn answer(method: &str, query: &str, body: &Value, state: &mut State) -> (StatusCode, Json<Value>) {
    let good = |value| (StatusCode::OK, Json(value));
    let broken = || (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "InternalServerError" })));
    let asked = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let uri = |key: &str| format!("at://did:plc:bakery/app.bsky.feed.post/{key}");
    match (method, state.view.clone()) {
        ("com.atproto.server.createSession", _) => good(json!({
            "accessJwt": "a", "refreshJwt": "r", "handle": "bakery.test", "did": "did:plc:bakery", "active": true,
        })),
        ("com.atproto.repo.putRecord", _) => {
            let key = body["rkey"].as_str().unwrap();
            state.records.insert(key.to_owned(), body["record"].clone());
            if std::mem::take(&mut state.breaks) {
                return broken();
            }
            good(json!({ "uri": uri(key), "cid": "c" }))
        }
        ("com.atproto.repo.getRecord", _) if asked("collection") == "app.bsky.feed.post" => {
            match state.records.get(&asked("rkey")) {
                Some(record) => good(json!({ "uri": uri(&asked("rkey")), "cid": "c", "value": record })),
                None => (StatusCode::BAD_REQUEST, Json(json!({ "error": "RecordNotFound" }))),
            }
        }
        ("app.bsky.feed.getPosts", View::Figures { post, .. }) => {
            let uris = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "uris");
            let posts = uris.map(|(_, uri)| {
                let mut post = post.clone();
                post["uri"] = json!(uri);
                post
            });
            good(json!({ "posts": posts.collect::<Vec<_>>() }))
        }
        ("app.bsky.actor.getProfile", View::Figures { followers, .. }) => {
            good(json!({ "did": "did:plc:bakery", "followersCount": followers }))
        }
        (_, View::Broken) => broken(),
        _ => (StatusCode::BAD_GATEWAY, Json(json!({ "error": "UpstreamFailure" }))),
    }
}
