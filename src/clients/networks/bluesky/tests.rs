//! What the adapter concludes from answers that a real server gives only on bad days. The good days are checked against
//! a real server elsewhere.

mod preview_tests;

use axum::{Router, body::Bytes as Body, extract::Path, http::StatusCode, routing::any};
use bytes::Bytes;
use serde_json::json;
use tokio::{io::AsyncReadExt, net::TcpListener};
use uuid::Uuid;

use super::{
    super::{FailureKind, Media},
    posts::record,
    *,
};
use crate::{
    clock::{ManualClock, Timestamp},
    model::metrics::{Absence, Reading},
};

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn adapter(port: u16) -> (Bluesky, NetworkAccount) {
    let http = Http::new([format!("127.0.0.1:{port}").parse().unwrap()]).unwrap();
    let secret = json!({ "access_jwt": "a", "refresh_jwt": "r", "did": "did:plc:me" }).to_string();
    let account = NetworkAccount {
        remote_id: "did:plc:me".into(),
        handle: "me.test".into(),
        base_url: Url::parse(&format!("http://127.0.0.1:{port}")).unwrap(),
        credentials: Credentials { secret: SecretString::from(secret), expires_at: None },
    };
    (Bluesky::new(http, Arc::new(ManualClock::at(now()))), account)
}

/// A server that gives the same answer to everything.
async fn answering(status: u16, body: Value) -> (Bluesky, NetworkAccount) {
    let answer = (StatusCode::from_u16(status).unwrap(), [("retry-after", "60")], body.to_string());
    let app = Router::new().route("/xrpc/{method}", any(|_: Path<String>, _: Body| async { answer }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    adapter(port)
}

fn outgoing(text: &str) -> Outgoing {
    Outgoing {
        key: Uuid::from_u128(1),
        created_at: now(),
        text: text.into(),
        media: Vec::new(),
        prepared: Value::Null,
        root: None,
        parent: None,
    }
}

fn in_time() -> SendBy {
    SendBy::new(Arc::new(ManualClock::at(now())), u64::MAX)
}

#[tokio::test]
async fn publish_claims_only_what_the_answer_proves() {
    let limited = FailureKind::RateLimited { until: Some(now().plus_secs(60)) };
    for (status, body, expected) in [
        (400, json!({"error": "InvalidToken"}), Some(FailureKind::TokenExpired)),
        (400, json!({"error": "InvalidRequest", "message": "grapheme too big"}), Some(FailureKind::Content)),
        (401, json!({"error": "AuthMissing"}), Some(FailureKind::NeedsReconnect)),
        (429, json!({"error": "RateLimitExceeded"}), Some(limited)),
        (500, json!({"error": "InternalServerError"}), None),
        (502, json!("bad gateway"), None),
        (408, json!("proxy time-out"), None),
        (302, json!(""), None),
        (200, json!({"unexpected": true}), None),
    ] {
        let (bluesky, account) = answering(status, body).await;
        let kind = match bluesky.publish(&account, &outgoing("x"), &in_time()).await {
            Outcome::Rejected(failure) => Some(failure.kind),
            Outcome::Unknown { .. } => None,
            other => panic!("{status}: {other:?}"),
        };
        assert_eq!(kind, expected, "{status}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_a_refused_connection_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (bluesky, account) = adapter(port);
    let slam = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0_u8; 4096];
        assert!(socket.read(&mut request).await.unwrap() > 0);
    });
    assert!(matches!(bluesky.publish(&account, &outgoing("x"), &in_time()).await, Outcome::Unknown { .. }));
    slam.await.unwrap();
    let refused = bluesky.publish(&account, &outgoing("x"), &in_time()).await;
    assert!(matches!(refused, Outcome::Rejected(Failure { kind: FailureKind::Transient, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_mention_that_cannot_be_looked_up_is_no_fault_of_the_accounts_server() {
    let (bluesky, account) = answering(502, json!({"error": "UpstreamFailure"})).await;
    let failure = bluesky.prepare(&account, &outgoing("hello @alice.test")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Delayed);
    // Without any answer it is.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (bluesky, account) = adapter(closed.local_addr().unwrap().port());
    drop(closed);
    let failure = bluesky.prepare(&account, &outgoing("hello @alice.test")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Transient);
}

#[tokio::test]
async fn reconcile_finds_only_our_own_record() {
    let found = |text: &str| {
        let key = bluesky::record_key(Uuid::from_u128(1));
        json!({"uri": bluesky::post_uri("did:plc:me", &key), "cid": "c", "value": {"text": text, "createdAt": "2026-11-23T12:00:00.000Z"}})
    };
    let search = Search { quiet_from: now(), others: Vec::new() };
    for (status, body, expected) in [
        (200, found("x"), "found"),
        (200, found("another text"), "undecidable"),
        (400, json!({"error": "RecordNotFound"}), "absent"),
        (400, json!({"error": "RepoNotFound"}), "refused"),
        (400, json!("no such route"), "not now"),
        (404, json!("no such route"), "not now"),
        (500, json!({}), "not now"),
        (200, json!({}), "not now"),
    ] {
        let (bluesky, account) = answering(status, body.clone()).await;
        let told = match bluesky.reconcile(&account, &outgoing("x"), &search).await {
            Ok(Reconciled::Found(_)) => "found",
            Ok(Reconciled::ProvenAbsent) => "absent",
            Ok(Reconciled::Undecidable { .. }) => "undecidable",
            Ok(Reconciled::Unknowable { .. }) => "unknowable",
            Err(Failure { kind: FailureKind::Transient, .. }) => "not now",
            Err(_) => "refused",
        };
        assert_eq!(told, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_link_leads_nowhere_only_where_the_server_itself_says_so() {
    let find = async |body: Value| {
        let (bluesky, account) = answering(400, body).await;
        bluesky.find(&account, &outgoing("x"), "https://bsky.app/profile/me.test/post/3k").await
    };
    assert!(matches!(find(json!({"error": "RecordNotFound"})).await, Ok(Sighting::NotThere { .. })));
    let failure = find(json!("no such route")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Transient);
}

#[tokio::test]
async fn a_refused_refresh_token_needs_the_person_and_a_broken_server_does_not() {
    for (status, error, kind) in [
        (400, "ExpiredToken", FailureKind::NeedsReconnect),
        (401, "ExpiredToken", FailureKind::NeedsReconnect),
        (400, "InvalidToken", FailureKind::NeedsReconnect),
        (500, "InternalServerError", FailureKind::Transient),
        (503, "", FailureKind::Transient),
    ] {
        let (bluesky, account) = answering(status, json!({ "error": error })).await;
        assert_eq!(bluesky.refresh(&account).await.err().map(|failure| failure.kind), Some(kind), "{status} {error}");
    }
    let another = json!({"accessJwt": "a", "refreshJwt": "r", "handle": "h.test", "did": "did:plc:other"});
    let (bluesky, account) = answering(200, another).await;
    assert_eq!(bluesky.refresh(&account).await.err().map(|failure| failure.kind), Some(FailureKind::NeedsReconnect));
}

#[tokio::test]
async fn figures_that_are_missing_are_not_zero() {
    let post = json!({"uri": "at://did:plc:me/app.bsky.feed.post/a", "likeCount": 0, "replyCount": 3});
    let (bluesky, account) = answering(200, json!({ "posts": [post] })).await;
    let remote = |key: &str| Remote { id: bluesky::post_uri("did:plc:me", key), url: None, detail: Value::Null };
    let samples = bluesky.metrics(&account, &[remote("a"), remote("gone")]).await.unwrap();
    let told: Vec<_> = samples.iter().map(|sample| (sample.metric.as_str(), sample.reading)).collect();
    let missing = Reading::Absent(Absence::Missing);
    let a = [("likes", Reading::Value(0)), ("reposts", missing), ("replies", Reading::Value(3)), ("quotes", missing)];
    let gone = ["likes", "reposts", "replies", "quotes"].map(|metric| (metric, missing));
    assert_eq!(told, [a, gone].concat());
}

#[tokio::test]
async fn the_account_has_figures_too() {
    let (bluesky, account) =
        answering(200, json!({ "did": "did:plc:me", "followersCount": 12, "postsCount": 0 })).await;
    let samples = bluesky.account_metrics(&account).await.unwrap();
    let told: Vec<_> = samples.iter().map(|sample| (sample.metric.as_str(), sample.reading)).collect();
    let following = ("following", Reading::Absent(Absence::Missing));
    assert_eq!(told, [("followers", Reading::Value(12)), following, ("posts", Reading::Value(0))]);
}

#[tokio::test]
async fn a_server_without_app_view_has_no_figures_and_that_is_no_failure() {
    let post = Remote { id: bluesky::post_uri("did:plc:me", "a"), url: None, detail: Value::Null };
    for (status, error, expected) in [
        (502, "UpstreamFailure", Ok(true)),
        (501, "MethodNotImplemented", Ok(true)),
        (404, "XRPCNotSupported", Ok(true)),
        (404, "", Err(FailureKind::Transient)),
        (502, "", Err(FailureKind::Transient)),
        (500, "InternalServerError", Err(FailureKind::Transient)),
        (400, "ExpiredToken", Err(FailureKind::TokenExpired)),
        (429, "", Err(FailureKind::RateLimited { until: Some(now().plus_secs(60)) })),
    ] {
        let (bluesky, account) = answering(status, json!({ "error": error })).await;
        let posts = bluesky.metrics(&account, std::slice::from_ref(&post)).await;
        let unsupported = |reading: &Reading| *reading == Reading::Absent(Absence::Unsupported);
        let told = posts.map(|all| all.iter().all(|sample| unsupported(&sample.reading)) && all.len() == 4);
        assert_eq!(told.map_err(|failure| failure.kind), expected, "{status} {error}");
        let own = bluesky.account_metrics(&account).await;
        let told = own.map(|all| all.iter().all(|sample| unsupported(&sample.reading)) && all.len() == 3);
        assert_eq!(told.map_err(|failure| failure.kind), expected, "{status} {error}");
    }
}

#[tokio::test]
async fn deleting_what_is_not_ours_is_our_own_mistake() {
    let (bluesky, account) = answering(200, json!({})).await;
    let remote = |id: &str| Remote { id: id.into(), url: None, detail: Value::Null };
    assert_eq!(bluesky.delete(&account, &remote("at://did:plc:me/app.bsky.feed.post/3k")).await, Ok(()));
    for foreign in ["at://did:plc:you/app.bsky.feed.post/3k", "at://did:plc:me/app.bsky.feed.like/3k", "post-1"] {
        let failure = bluesky.delete(&account, &remote(foreign)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Bug, "{foreign}");
    }
}

#[test]
fn the_record_of_a_reply_with_everything() {
    let remote = |id: &str, cid: &str| Remote { id: id.into(), url: None, detail: json!({ "cid": cid }) };
    let blob = json!({"$type": "blob", "ref": {"$link": "b"}, "mimeType": "image/png", "size": 3});
    let full = Outgoing {
        media: vec![Media {
            mime: "image/png".into(),
            bytes: Bytes::from_static(b"png"),
            alt_text: "a cat".into(),
            width: 4,
            height: 3,
        }],
        prepared: json!({ "blobs": [blob], "mentions": { "alice.test": "did:plc:alice" } }),
        root: Some(remote("at://root", "r")),
        parent: Some(remote("at://parent", "p")),
        ..outgoing("👍🏽 @alice.test @nobody.test example.com #tag")
    };
    assert_eq!(
        record(&full).unwrap(),
        json!({
            "$type": "app.bsky.feed.post",
            "text": "👍🏽 @alice.test @nobody.test example.com #tag",
            "createdAt": "2026-11-23T12:00:00.000Z",
            "facets": [
                {"index": {"byteStart": 9, "byteEnd": 20}, "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:alice"}]},
                {"index": {"byteStart": 34, "byteEnd": 45}, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://example.com"}]},
                {"index": {"byteStart": 46, "byteEnd": 50}, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "tag"}]},
            ],
            "embed": {"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": "a cat", "aspectRatio": {"width": 4, "height": 3}}]},
            "reply": {"root": {"uri": "at://root", "cid": "r"}, "parent": {"uri": "at://parent", "cid": "p"}},
        })
    );
    assert_eq!(record(&Outgoing { prepared: Value::Null, ..full }).unwrap_err().kind, FailureKind::Bug);
    assert_eq!(record(&outgoing("x")).unwrap().as_object().unwrap().len(), 3);
}
