//! Clients of both eras hear of news, whichever process it comes from.

use std::time::Duration;

use allin::{
    app::{
        keys::revoke::KeyRevoke,
        notifications::note::{Notice, note},
    },
    ids::AccountId,
    model::{notifications::NotificationKind, roles::Role},
    resources::notifications::URI,
    store::db::Entrance,
};
use rmcp::model::{ReadResourceRequestParams, ServerNotification, SubscriptionFilter};
use serde_json::Value;

use crate::support::{
    TestApp,
    client::{Client, Era, Says},
    people::Team,
};

/// Something is told to the team's Admin.
async fn happen(app: &TestApp, team: &Team, account: AccountId) {
    let (mut tx, _) = app.db.tenant(team.workspace, Entrance::System, app.now()).await.unwrap();
    let notice = Notice {
        kind: NotificationKind::ReconnectNeeded,
        account,
        post: None,
        code: "account_disconnected",
        cause: "The password was changed.",
        next_step: "Connect it again.",
        done_by: None,
    };
    note(app, &mut tx, team.workspace, &[notice], app.now()).await.unwrap();
    tx.commit().await.unwrap();
}

#[expect(deprecated, reason = "older clients do it so")]
async fn subscribe(client: &Client, uri: &str) -> Result<(), rmcp::ServiceError> {
    client.running.subscribe(rmcp::model::SubscribeRequestParams::new(uri)).await
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("it comes within seconds")
}

async fn unread(client: &Client) -> i64 {
    let read = client.running.read_resource(ReadResourceRequestParams::new(URI)).await.unwrap();
    let read = serde_json::to_value(read).unwrap();
    let text: Value = serde_json::from_str(read["contents"][0]["text"].as_str().unwrap()).unwrap();
    text["unread"].as_i64().unwrap()
}

fn uri(heard: Option<ServerNotification>) -> String {
    match heard {
        Some(ServerNotification::ResourceUpdatedNotification(update)) => update.params.uri,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modern_client_listens() {
    let app = TestApp::start().await;
    let (team, other) = (app.team("Bakery").await, app.team("Other").await);
    let (account, theirs) = (app.account(&team, "bakery").await, app.account(&other, "other").await);
    let (key_id, key) = app.key(&team, team.admin).await;
    let http = app.serve().await;
    let client = http.client(&key, Era::Modern, Says::Mute).await;
    let wanted = SubscriptionFilter::builder().resource_subscriptions([URI, "allin://accounts"]).build();
    let mut listening = client.running.listen(wanted).await.unwrap();
    assert_eq!(listening.acknowledged().resource_subscriptions, Some(vec![URI.to_owned()]));
    for count in 1..=2 {
        // What others are told is not heard.
        happen(&app, &other, theirs).await;
        happen(&app, &team, account).await;
        assert_eq!(uri(soon(listening.next()).await.unwrap()), URI);
        assert_eq!(unread(&client).await, count);
    }
    // Who comes later hears at once of what is there.
    let wanted = SubscriptionFilter::builder().resource_subscriptions([URI]).build();
    let mut late = client.running.listen(wanted).await.unwrap();
    assert_eq!(uri(soon(late.next()).await.unwrap()), URI);
    // A key that is revoked hears nothing any more.
    app.call_once::<KeyRevoke>(&team.person(&app), KeyRevoke { key_id }).await.unwrap();
    happen(&app, &team, account).await;
    assert!(matches!(soon(late.next()).await, Err(_) | Ok(None)));
    let mut on_its_way = 0;
    while matches!(soon(listening.next()).await, Ok(Some(_))) {
        on_its_way += 1;
    }
    assert!(on_its_way <= 1, "what was told before the key was revoked, and nothing after");
    drop((listening, late));
    client.running.cancel().await.unwrap();
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_client_subscribes() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let manager = app.member(&team, Role::Manager).await;
    let (_, key) = app.key(&team, team.admin).await;
    let (_, quiet_key) = app.key(&team, manager).await;
    let http = app.serve().await;
    let client = http.client(&key, Era::Legacy, Says::Mute).await;
    let quiet = http.client(&quiet_key, Era::Legacy, Says::Mute).await;
    let (mut heard, mut unheard) = (client.updates(), quiet.updates());
    assert!(subscribe(&client, "allin://accounts").await.is_err());
    subscribe(&client, URI).await.unwrap();
    for count in 1..=2 {
        happen(&app, &team, account).await;
        assert_eq!(soon(heard.recv()).await, Some(URI.to_owned()));
        assert_eq!(unread(&client).await, count);
    }
    // Subscribing twice is hearing once, and another session has its own.
    subscribe(&client, URI).await.unwrap();
    subscribe(&quiet, URI).await.unwrap();
    happen(&app, &team, account).await;
    assert_eq!(soon(heard.recv()).await, Some(URI.to_owned()));
    assert_eq!(soon(unheard.recv()).await, Some(URI.to_owned()));
    assert!(heard.try_recv().is_err());
    client.close().await;
    quiet.close().await;
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_on_this_machine_hears_too() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let modern = app.local(&team, Default::default(), Era::Modern, Says::Mute).await;
    let legacy = app.local(&team, Default::default(), Era::Legacy, Says::Mute).await;
    let wanted = SubscriptionFilter::builder().resource_subscriptions([URI]).build();
    let mut listening = modern.running.listen(wanted).await.unwrap();
    let mut heard = legacy.updates();
    subscribe(&legacy, URI).await.unwrap();
    happen(&app, &team, account).await;
    assert_eq!(uri(soon(listening.next()).await.unwrap()), URI);
    assert_eq!(soon(heard.recv()).await, Some(URI.to_owned()));
    listening.cancel().await.unwrap();
    modern.close().await;
    legacy.close().await;
    app.close().await;
}
