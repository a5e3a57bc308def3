//! `/healthz` tells the truth.

use std::time::Duration;

use allin::{
    ids::{IdGen as _, RandomIds},
    store::workers,
};
use serde_json::{Value, json};

use crate::support::{TestApp, http::Http};

async fn health(http: &Http) -> (u16, Value) {
    let response = http.client.get(http.at("/healthz")).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// What a worker does every few seconds.
async fn heartbeat(app: &TestApp) {
    let mut tx = app.db.begin().await.unwrap();
    workers::seen(&mut tx, RandomIds.next(app.now()), "serve", app.now()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_needs_a_worker_that_is_alive() {
    let app = TestApp::start().await;
    let http = app.serve().await;
    let nothing = json!({ "overdue": 0, "under_way": 0, "oldest_due_seconds": null });
    let mail = json!({ "server": false, "waiting": 0, "oldest_seconds": null });
    let knowledge = json!({ "mode": "keyword", "why": "switched off by ALLIN_EMBEDDINGS", "model_loaded": false });
    let expected = json!({
        "status": "unhealthy",
        "database": { "ok": true },
        "workers": [],
        "mail": mail,
        "knowledge": knowledge,
        "queue": nothing
    });
    assert_eq!(health(&http).await, (503, expected));
    heartbeat(&app).await;
    let expected = json!({
        "status": "ok",
        "database": { "ok": true },
        "workers": ["serve"],
        "mail": mail,
        "knowledge": knowledge,
        "queue": nothing
    });
    assert_eq!(health(&http).await, (200, expected));
    app.clock.advance_secs(20);
    assert_eq!(health(&http).await.0, 200);
    app.clock.advance_secs(1);
    assert_eq!(health(&http).await.0, 503, "no sign of life for more than 20 seconds");
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_waits_too_long_is_no_health() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    app.scheduled(&team.person(&app), "Bread", &[account], "2026-12-01T09:30").await;
    let http = app.serve().await;
    app.clock.set("2026-12-01T08:32:00Z".parse().unwrap());
    heartbeat(&app).await;
    let (status, body) = health(&http).await;
    assert_eq!((status, &body["queue"]), (200, &json!({ "overdue": 1, "under_way": 0, "oldest_due_seconds": 120 })));
    app.clock.advance_secs(1);
    assert_eq!(health(&http).await.0, 503);
    app.publish_due().await;
    assert_eq!(health(&http).await.0, 200);
    http.stop().await;
    app.close().await;
}

/// Whoever looks after the program does not stand in the callers' queue, and is told when that does not move.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_waits_for_nobody_and_tells_when_nobody_gets_on() {
    let app = TestApp::start().await;
    heartbeat(&app).await;
    let http = app.serve().await;
    let mut held = Vec::new();
    for _ in 1..app.db.size() {
        held.push(app.db.begin().await.unwrap());
    }
    // All the others go through one connection.
    let mut callers = tokio::task::JoinSet::new();
    let (served, mut serving) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..200 {
        let (db, served) = (app.db.clone(), served.clone());
        callers.spawn(async move {
            let tx = db.begin().await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            served.send(()).unwrap();
            tx.finish_read();
        });
    }
    serving.recv().await.unwrap();
    assert_eq!(health(&http).await.0, 200);
    assert!(serving.len() < 150, "it came after {} callers", serving.len());
    callers.join_all().await;

    held.push(app.db.begin().await.unwrap());
    for (status, body) in futures::future::join_all((0..3).map(|_| health(&http))).await {
        assert_eq!((status, &body["database"]["ok"]), (503, &json!(false)), "{body}");
    }
    held.clear();
    assert_eq!(health(&http).await.0, 200);
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_database_is_no_health() {
    let app = TestApp::start().await;
    heartbeat(&app).await;
    let http = app.serve().await;
    app.db.close().await;
    let (status, body) = health(&http).await;
    assert_eq!((status, &body["status"], &body["database"]["ok"]), (503, &json!("unhealthy"), &json!(false)), "{body}");
    http.stop().await;
    app.close().await;
}
