//! Vectors from a server of OpenAI's kind.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use allin::clients::{
    embedder::{Embedder, EndpointSettings, Readiness},
    http::Http,
};
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse as _,
    routing::post,
};
use serde_json::{Value, json};
use url::Url;

/// What a server was asked, and how it answers.
#[derive(Clone, Default)]
struct Server {
    calls: Arc<Mutex<Vec<(Option<String>, Value)>>>,
    status: Arc<Mutex<u16>>,
    dimension: usize,
}

async fn serve(server: Server) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
    let answer = async move |headers: HeaderMap, Json(body): Json<Value>| {
        let key = headers.get(header::AUTHORIZATION).map(|key| key.to_str().unwrap().to_owned());
        server.calls.lock().unwrap().push((key, body.clone()));
        let status = StatusCode::from_u16(*server.status.lock().unwrap()).unwrap_or(StatusCode::OK);
        if status.is_redirection() {
            return (status, [(header::LOCATION, "/elsewhere")], "").into_response();
        }
        // The last first: the index counts. A vector tells how long its text was.
        let texts = body["input"].as_array().unwrap().iter().enumerate().rev();
        let data: Vec<Value> = texts
            .map(|(index, text)| {
                let mut vector = vec![0.0; server.dimension];
                vector[0] = 3.0;
                vector[1] = text.as_str().unwrap().len() as f64;
                json!({ "object": "embedding", "index": index, "embedding": vector })
            })
            .collect();
        (status, Json(json!({ "object": "list", "data": data, "model": "m" }))).into_response()
    };
    let app = Router::new().route("/v1/embeddings", post(answer.clone())).route("/elsewhere", post(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

fn embedder(url: Url, dimension: u16) -> Embedder {
    // The guard's list is empty: the setting alone lets the address through.
    let key = Some("secret".to_owned().into());
    Embedder::endpoint(&Http::new([]).unwrap(), EndpointSettings { url, key, model: "m".into(), dimension })
}

#[tokio::test]
async fn texts_go_to_the_endpoint_in_batches_and_come_back_in_order() {
    let server = Server { dimension: 4, ..Server::default() };
    let embedder = embedder(serve(server.clone()).await, 4);
    assert_eq!(embedder.prepare().await.unwrap(), embedder.model().unwrap());
    assert!(server.calls.lock().unwrap().is_empty(), "preparing asks nothing");
    let texts: Vec<String> = (0..40).map(|length| "x".repeat(length)).collect();
    let vectors = embedder.passages(texts).await.unwrap();
    for (length, vector) in vectors.iter().enumerate() {
        let whole = (9.0 + (length * length) as f32).sqrt();
        assert!((vector[1] - length as f32 / whole).abs() < 1e-5, "{length}: {vector:?}");
    }
    embedder.query("same").await.unwrap();
    embedder.query("same").await.unwrap();
    let calls = server.calls.lock().unwrap();
    let sizes: Vec<usize> = calls.iter().map(|(_, body)| body["input"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [32, 8, 1]);
    assert_eq!(calls[2].1["model"], "m");
    assert!(calls.iter().all(|(key, _)| key.as_deref() == Some("Bearer secret")));
}

#[tokio::test]
async fn another_address_or_model_is_another_model() {
    let model = |url: &str, name: &str| {
        let settings = EndpointSettings { url: url.parse().unwrap(), key: None, model: name.into(), dimension: 4 };
        Embedder::endpoint(&Http::new([]).unwrap(), settings).model().unwrap()
    };
    let first = model("https://a.example.com/v1", "m");
    assert_eq!(first.name, "m");
    assert_ne!(first.sha256, model("https://b.example.com/v1", "m").sha256);
    assert_ne!(first.sha256, model("https://a.example.com/v1", "n").sha256);
    assert_eq!(first, model("https://a.example.com/v1", "m"));
}

#[tokio::test]
async fn refusals_name_what_to_correct_and_keep_the_key_to_themselves() {
    let server = Server { dimension: 4, ..Server::default() };
    let url = serve(server.clone()).await;
    let refused = embedder(url.clone(), 8).query("x").await.unwrap_err();
    assert_eq!(refused.code(), "embeddings_dimension");
    for status in [401, 500, 302] {
        *server.status.lock().unwrap() = status;
        let refused = embedder(url.clone(), 4).query("x").await.unwrap_err();
        assert_eq!(refused.code(), "embeddings_refused");
        let shown = format!("{refused:?} {:?}", refused.public());
        assert!(shown.contains("ALLIN_EMBEDDINGS_KEY") && !shown.contains("secret"), "{shown}");
    }
    assert!(!format!("{:?}", embedder(url, 4)).contains("secret"));
}

#[tokio::test]
async fn a_server_that_is_away_is_not_asked_for_every_question() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
    let called = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&called);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    let embedder = embedder(url, 4);
    assert!(matches!(embedder.readiness(), Readiness::Ready(_)));
    for number in 0..50 {
        assert_eq!(embedder.query(&format!("{number}")).await.unwrap_err().code(), "embeddings_unavailable");
    }
    assert_eq!(called.load(Ordering::SeqCst), 1);
}
