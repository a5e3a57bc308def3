//! A small AT Protocol server: it signs one account in, takes records, and has an app view with figures, or none. What the
//! real server answers is checked by `tests/peers`; this one is for what only happens on bad days.

use std::sync::{Arc, Mutex};

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
    view: Arc<Mutex<View>>,
}

impl Bluesky {
    pub async fn start() -> Self {
        let view = Arc::new(Mutex::new(View::Absent));
        let shared = Arc::clone(&view);
        let answer = move |Path(method): Path<String>, RawQuery(query): RawQuery, body: axum::body::Bytes| {
            let view = shared.lock().unwrap().clone();
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            async move { answer(&method, &query.unwrap_or_default(), &body, view) }
        };
        let app = Router::new().route("/xrpc/{method}", any(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, view }
    }

    pub fn shows(&self, view: View) {
        *self.view.lock().unwrap() = view;
    }
}

fn answer(method: &str, query: &str, body: &Value, view: View) -> (StatusCode, Json<Value>) {
    let good = |value| (StatusCode::OK, Json(value));
    match (method, view) {
        ("com.atproto.server.createSession", _) => good(json!({
            "accessJwt": "a", "refreshJwt": "r", "handle": "bakery.test", "did": "did:plc:bakery", "active": true,
        })),
        ("com.atproto.repo.putRecord", _) => {
            let key = body["rkey"].as_str().unwrap();
            good(json!({ "uri": format!("at://did:plc:bakery/app.bsky.feed.post/{key}"), "cid": "c" }))
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
        (_, View::Broken) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "InternalServerError" }))),
        _ => (StatusCode::BAD_GATEWAY, Json(json!({ "error": "UpstreamFailure" }))),
    }
}
