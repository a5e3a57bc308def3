//! Who is let in.

use allin::{
    app::keys::{create::KeyCreate, revoke::KeyRevoke},
    model::roles::Role,
};
use serde_json::{Value, json};

use crate::support::{TestApp, http::Http};

/// Status and code of a request that lists the tools.
async fn knock(http: &Http, key: &str) -> (u16, Value) {
    let response = http.request(key, "tools/list", json!({})).send().await.unwrap();
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body.get("code").or(body.pointer("/error/data/code")).cloned().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_known_key_nobody_gets_in() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (_, key) = app.key(&team, team.admin).await;
    let http = app.serve().await;
    assert_eq!(knock(&http, &key).await, (200, Value::Null));
    assert_eq!(knock(&http, "").await, (401, json!("key_missing")));
    assert_eq!(knock(&http, &format!("{key}x")).await, (401, json!("key_unknown")));
    assert_eq!(knock(&http, "two words").await, (401, json!("key_malformed")));
    let challenge = http.request("", "tools/list", json!({})).send().await.unwrap();
    assert_eq!(challenge.headers()["www-authenticate"], r#"Bearer realm="allin""#);
    // The link of a page is a secret of the same kind, and no key.
    let page = http.tool(&key, "account_connect", json!({ "network": "sandbox" })).await;
    let token = page["structuredContent"]["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(knock(&http, &token).await, (401, json!("key_unknown")));
    let in_the_address = http.client.post(http.at(&format!("/mcp?key={key}"))).json(&json!({})).send().await.unwrap();
    assert_eq!(in_the_address.status(), 401);
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_useless_at_once() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (id, key) = app.key(&team, team.admin).await;
    let (http, other) = (app.serve().await, app.serve().await);
    assert_eq!(knock(&http, &key).await.0, 200);
    app.call_once::<KeyRevoke>(&team.person(&app), KeyRevoke { key_id: id }).await.unwrap();
    // Whoever had not seen the key before does not know it; who had finds its access ended.
    assert_eq!(knock(&other, &key).await, (401, json!("key_unknown")));
    assert_eq!(knock(&http, &key).await.1, json!("access_ended"));
    let answer = http.tool(&key, "workspace_overview", json!({})).await;
    assert_eq!(answer["_meta"]["allin/refusal"]["error"]["code"], "access_ended", "{answer}");
    let read = http.ask(&key, "resources/read", json!({ "uri": "allin://accounts" })).await;
    assert_eq!(read["error"]["data"]["code"], "access_ended", "{read}");
    assert_eq!(http.client.post(http.at("/assets")).bearer_auth(&key).body("x").send().await.unwrap().status(), 401);
    other.stop().await;
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_key_is_useless() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let input = KeyCreate { name: "for a day".into(), member_id: None, expires_in_days: Some(1) };
    let key = app.call_once::<KeyCreate>(&team.person(&app), input).await.unwrap().key.unwrap();
    let http = app.serve().await;
    app.clock.advance_secs(24 * 3600 - 1);
    assert_eq!(knock(&http, &key).await.0, 200);
    app.clock.advance_secs(1);
    assert_eq!(knock(&http, &key).await.1, json!("access_ended"));
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_serves_only_the_key_that_opened_it() {
    let app = TestApp::start().await;
    let (team, other) = (app.team("Bakery").await, app.team("Other").await);
    let (_, key) = app.key(&team, team.admin).await;
    let (_, same_member) = app.key(&team, team.admin).await;
    let (_, viewer) = {
        let member = app.member(&team, Role::Viewer).await;
        app.key(&team, member).await
    };
    let (_, stranger) = app.key(&other, other.admin).await;
    let http = app.serve().await;
    let client = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    let opened = http
        .post(&key, &json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }))
        .send()
        .await
        .unwrap();
    let session = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let using = async |key: &str| {
        let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        http.post(key, &list).header("mcp-session-id", &session).send().await.unwrap().status().as_u16()
    };
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    http.post(&key, &ready).header("mcp-session-id", &session).send().await.unwrap();
    assert_eq!((using(&stranger).await, using(&same_member).await, using(&viewer).await), (404, 404, 404));
    assert_eq!(using(&key).await, 200);
    // Another process of the installation takes it up, for the same key only.
    let replica = app.serve().await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let there = async |key: &str| {
        replica.post(key, &list).header("mcp-session-id", &session).send().await.unwrap().status().as_u16()
    };
    assert_eq!((there(&stranger).await, there(&key).await), (404, 200));
    // It ends by itself.
    app.clock.advance_secs(7 * 24 * 3600);
    assert_eq!(using(&key).await, 404);
    replica.stop().await;
    http.stop().await;
    app.close().await;
}
