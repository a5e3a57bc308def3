use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use serde_json::json;
use tower::ServiceExt;

use super::*;
use crate::{
    clock::{ManualClock, Timestamp},
    model::sandbox::Mode,
};

pub(super) fn start() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

pub(super) fn app(folder: &Path, clock: &ManualClock, mode: Mode) -> Router {
    std::fs::create_dir_all(folder.join("media")).unwrap();
    let journal = Journal::open(folder, Arc::new(clock.clone())).unwrap();
    let manners = Manners { mode, list_after: Duration::from_secs(60), ..Manners::default() };
    api::router(api::Sandbox::new(journal, "test".into(), manners, None))
}

/// Sends one request; an empty token sends none, `Null` sends no body.
pub(super) async fn ask(app: &Router, line: &str, token: &str, body: Value) -> (u16, Value) {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:1");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let answer =
        app.clone().oneshot(request.header("content-type", "application/json").body(body).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::String(text)))
}

pub(super) async fn sign_up(app: &Router, handle: &str) -> (String, String) {
    let (status, made) = ask(app, "POST /v1/accounts", "", json!({ "handle": handle, "display_name": "<b>A&B" })).await;
    assert_eq!(status, 201);
    (made["id"].as_str().unwrap().into(), made["token"].as_str().unwrap().into())
}

async fn store_image(app: &Router, token: &str) -> (u16, Value) {
    let mut png = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(3, 2).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let request =
        Request::post("/v1/media").header("host", "localhost").header("authorization", format!("Bearer {token}"));
    let answer = app.clone().oneshot(request.body(Body::from(png.into_inner())).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&to_bytes(answer.into_body(), 1 << 20).await.unwrap()).unwrap())
}

#[tokio::test]
async fn a_repeated_key_makes_one_post_or_a_double_that_the_log_shows() {
    for (mode, second, posts) in [(Mode::ClientKey, 200, 1), (Mode::Lookup, 201, 2), (Mode::Neither, 201, 2)] {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path(), &ManualClock::at(start()), mode);
        let (id, token) = sign_up(&app, "alice").await;
        let post = json!({ "text": "once", "client_key": "k1" });
        let (status, first) = ask(&app, "POST /v1/posts", &token, post.clone()).await;
        assert_eq!(status, 201);
        let (status, again) = ask(&app, "POST /v1/posts", &token, post).await;
        assert_eq!((status, again["id"] == first["id"]), (second, posts == 1));
        let by_key = ask(&app, &format!("GET /v1/accounts/{id}/posts?client_key=k1"), &token, Value::Null).await;
        match mode {
            Mode::ClientKey => {
                assert_eq!(by_key.1["posts"].as_array().unwrap().len(), 1);
                let (_, stranger) = sign_up(&app, "mallory").await;
                for (token, refused) in [("", 401), ("sandbox-wrong", 401), (stranger.as_str(), 403)] {
                    let asked = format!("GET /v1/accounts/{id}/posts?client_key=k1");
                    assert_eq!(ask(&app, &asked, token, Value::Null).await.0, refused, "{token}");
                }
                assert_eq!(ask(&app, &format!("GET /v1/accounts/{id}/posts"), "", Value::Null).await.0, 200);
            }
            Mode::Neither => assert_eq!((by_key.0, &by_key.1["error"]["code"]), (403, &json!("no_list"))),
            _ => assert_eq!((by_key.0, &by_key.1["error"]["code"]), (405, &json!("other_mode"))),
        }
        let (_, log) = ask(&app, "GET /v1/log", "", Value::Null).await;
        let made = log["entries"].as_array().unwrap().iter().filter(|entry| entry["event"] == "post_created").count();
        assert_eq!(made, posts);
        assert!(!log.to_string().contains("hash"), "{log}");
    }
}

#[tokio::test]
async fn everything_survives_a_restart_and_half_a_line_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(start());
    let before = app(folder.path(), &clock, Mode::ClientKey);
    let (id, token) = sign_up(&before, "alice").await;
    let (status, stored) = store_image(&before, &token).await;
    assert_eq!((status, stored["width"].as_u64(), stored["mime"].as_str()), (201, Some(3), Some("image/png")));
    let media = json!([{ "id": stored["id"], "alt_text": "grey" }]);
    let (_, root) =
        ask(&before, "POST /v1/posts", &token, json!({ "text": "root", "media": media, "client_key": "k" })).await;
    let (_, reply) = ask(&before, "POST /v1/posts", &token, json!({ "text": "reply", "reply_to": root["id"] })).await;
    let path = format!("/v1/posts/{}", reply["id"].as_str().unwrap());
    assert_eq!(ask(&before, &format!("DELETE {path}"), &token, Value::Null).await.0, 204);
    drop(before);

    use std::io::Write;
    let mut log = std::fs::OpenOptions::new().append(true).open(folder.path().join("log.jsonl")).unwrap();
    log.write_all(br#"{"seq":99,"at":"2026-11-23T12"#).unwrap();
    let after = app(folder.path(), &clock, Mode::ClientKey);
    let (_, listed) = ask(&after, &format!("GET /v1/accounts/{id}/posts"), &token, Value::Null).await;
    assert_eq!((&listed["posts"], &listed["next"]), (&json!([root]), &Value::Null));
    assert_eq!(ask(&after, &format!("DELETE {path}"), &token, Value::Null).await.0, 204, "deleting twice");
    assert_eq!(ask(&after, &format!("GET {path}"), "", Value::Null).await.0, 404);
    let (status, again) = ask(&after, "POST /v1/posts", &token, json!({ "text": "root", "client_key": "k" })).await;
    assert_eq!((status, &again["id"]), (200, &root["id"]));
    drop(after);
    let lines = Journal::open(folder.path(), Arc::new(clock.clone())).unwrap().state.entries.len();
    assert_eq!(lines, 7, "what followed the half line is whole");

    std::fs::write(folder.path().join("log.jsonl"), "{\"seq\":1}\n{}\n").unwrap();
    let damaged = Journal::open(folder.path(), Arc::new(clock)).err().unwrap();
    assert_eq!(damaged.code(), "sandbox_log_damaged");
}

#[tokio::test]
async fn a_handle_belongs_to_its_first_password() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), &ManualClock::at(start()), Mode::ClientKey);
    let sign_in = |handle: &str, password: &str| json!({ "handle": handle, "password": password });
    let (status, first) = ask(&app, "POST /v1/sessions", "", sign_in("@Bob", "one")).await;
    assert_eq!((status, &first["created"], &first["handle"]), (201, &json!(true), &json!("bob")));
    let (status, second) = ask(&app, "POST /v1/sessions", "", sign_in("bob", "one")).await;
    assert_eq!((status, &second["id"]), (200, &first["id"]));
    assert_eq!(ask(&app, "POST /v1/sessions", "", sign_in("bob", "two")).await.0, 401);
    assert_eq!(ask(&app, "POST /v1/sessions", "", sign_in("bad handle", "x")).await.0, 422);
    sign_up(&app, "carol").await;
    assert_eq!(ask(&app, "POST /v1/sessions", "", sign_in("carol", "")).await.0, 422);
    assert_eq!(ask(&app, "POST /v1/sessions", "", sign_in("carol", "x")).await.0, 401, "no password, no sign-in");
    let (status, me) = ask(&app, "GET /v1/me", second["token"].as_str().unwrap(), Value::Null).await;
    assert_eq!((status, &me["handle"]), (200, &json!("bob")));
    assert_eq!(ask(&app, "GET /v1/me", "sandbox-wrong", Value::Null).await.0, 401);
    let log = std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
    assert!(!log.contains(second["token"].as_str().unwrap()));
}

#[tokio::test]
async fn rules_are_kept_at_their_edges() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), &ManualClock::at(start()), Mode::ClientKey);
    let (_, token) = sign_up(&app, "alice").await;
    let (_, stranger) = sign_up(&app, "mallory").await;
    let post = |text: &str, parent: &Value| json!({ "text": text, "reply_to": parent });
    assert_eq!(ask(&app, "POST /v1/posts", &token, post(&"é".repeat(500), &Value::Null)).await.0, 201);
    assert_eq!(ask(&app, "POST /v1/posts", &token, post(&"é".repeat(501), &Value::Null)).await.0, 422);
    assert_eq!(ask(&app, "POST /v1/posts", &token, post("x", &json!("post-none"))).await.0, 422);
    assert_eq!(ask(&app, "POST /v1/posts", "", post("x", &Value::Null)).await.0, 401);
    let (_, image) = store_image(&app, &stranger).await;
    let stolen = json!({ "text": "x", "media": [{ "id": image["id"] }] });
    assert_eq!(ask(&app, "POST /v1/posts", &token, stolen).await.0, 422, "another account's image");
    let mut last = Value::Null;
    for message in 1..=25 {
        let (status, made) = ask(&app, "POST /v1/posts", &token, post("x", &last)).await;
        assert_eq!(status, 201, "message {message}");
        last = made["id"].clone();
    }
    assert_eq!(ask(&app, "POST /v1/posts", &token, post("x", &last)).await.0, 422, "message 26");
    let path = format!("/v1/posts/{}", last.as_str().unwrap());
    assert_eq!(ask(&app, &format!("DELETE {path}"), &stranger, Value::Null).await.0, 403);
}

#[tokio::test]
async fn figures_grow_with_the_clock_and_replies_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(start());
    let app = app(folder.path(), &clock, Mode::ClientKey);
    let (_, token) = sign_up(&app, "alice").await;
    let (_, root) = ask(&app, "POST /v1/posts", &token, json!({ "text": "root" })).await;
    let path = format!("GET /v1/posts/{}/metrics", root["id"].as_str().unwrap());
    let (_, fresh) = ask(&app, &path, "", Value::Null).await;
    assert_eq!((&fresh["reach"], &fresh["replies"]), (&json!(0), &json!(0)));
    ask(&app, "POST /v1/posts", &token, json!({ "text": "reply", "reply_to": root["id"] })).await;
    clock.advance_secs(86_400);
    let (_, grown) = ask(&app, &path, "", Value::Null).await;
    assert!(grown["reach"].as_u64() >= Some(40) && grown["impressions"].as_u64() >= grown["reach"].as_u64(), "{grown}");
    assert_eq!(grown["replies"], json!(1));
}

#[tokio::test]
async fn pages_show_text_as_text_and_answer_only_to_loopback_names() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), &ManualClock::at(start()), Mode::ClientKey);
    let (_, token) = sign_up(&app, "alice").await;
    ask(&app, "POST /v1/posts", &token, json!({ "text": "<script>alert('x')</script> & \"more\"" })).await;
    for path in ["/", "/@alice"] {
        let request = Request::get(path).header("host", "localhost:1").body(Body::empty()).unwrap();
        let answer = app.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let policy = answer.headers().get("content-security-policy").unwrap().to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
        let html = String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;"), "{html}");
        assert!(html.contains("&lt;b&gt;A&amp;B") && !html.contains("<script"), "{html}");
    }
    let elsewhere = Request::get("/v1/log").header("host", "evil.example:1").body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(elsewhere).await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn one_folder_has_one_server_and_keeps_its_port() {
    let folder = tempfile::tempdir().unwrap();
    let options = |port| Options {
        folder: folder.path().to_owned(),
        port,
        manners: Manners::default(),
        faults: false,
        clock: Arc::new(ManualClock::at(start())),
    };
    let shutdown = CancellationToken::new();
    let Served::Started(first) = serve(options(None), shutdown.clone()).await.unwrap() else { panic!("not started") };
    let addr = first.addr;
    let second = serve(options(None), CancellationToken::new()).await.unwrap();
    assert!(matches!(second, Served::AlreadyRunning(other) if other == addr));

    let elsewhere = tempfile::tempdir().unwrap();
    let taken = Options { folder: elsewhere.path().to_owned(), ..options(Some(addr.port())) };
    assert_eq!(
        serve(taken, CancellationToken::new()).await.err().map(|error| error.code()),
        Some("sandbox_port_taken")
    );

    let instance = asks_instance(addr).await.unwrap();
    assert!(instance.is_some());
    shutdown.cancel();
    first.stopped().await.unwrap();

    let shutdown = CancellationToken::new();
    let Served::Started(again) = serve(options(None), shutdown.clone()).await.unwrap() else { panic!("not started") };
    assert_eq!((again.addr, asks_instance(addr).await.unwrap()), (addr, instance));
    shutdown.cancel();
    again.stopped().await.unwrap();

    // A stranger on the remembered port: the sandbox moves, and says where.
    let _stranger = TcpListener::bind(addr).await.unwrap();
    let Served::Started(moved) = serve(options(None), CancellationToken::new()).await.unwrap() else {
        panic!("not started")
    };
    assert_ne!(moved.addr, addr);
    assert_eq!(read_place(folder.path()).unwrap().port, moved.addr.port());
}
