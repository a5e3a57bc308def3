//! Clients of both eras hear of the documents that they may see, and of no others.

use std::time::Duration;

use allin::{
    app::{
        ctx::Ctx,
        keys::revoke::KeyRevoke,
        knowledge::{add::KnowledgeAdd, remove::KnowledgeRemove},
    },
    model::roles::Role,
};
use rmcp::{
    ServiceError,
    model::{ServerNotification, SubscriptionFilter},
};

use super::{add, markdown, read_all};
use crate::support::{
    TestApp,
    client::{Client, Era, LIST, Says},
};

const OPEN: &str = "kb://documents/open.md";
const SECRET: &str = "kb://documents/secret.md";

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("it comes within seconds")
}

#[expect(deprecated, reason = "older clients do it so")]
async fn subscribe(client: &Client, uri: &str) -> Result<(), ServiceError> {
    client.running.subscribe(rmcp::model::SubscribeRequestParams::new(uri)).await
}

#[expect(deprecated, reason = "older clients do it so")]
async fn unsubscribe(client: &Client, uri: &str) {
    client.running.unsubscribe(rmcp::model::UnsubscribeRequestParams::new(uri)).await.unwrap();
}

fn named(heard: Option<ServerNotification>) -> String {
    match heard {
        Some(ServerNotification::ResourceUpdatedNotification(update)) => update.params.uri,
        Some(ServerNotification::ResourceListChangedNotification(_)) => LIST.to_owned(),
        other => panic!("{other:?}"),
    }
}

/// A document for the Admin alone comes, changes and goes.
async fn secretly(app: &TestApp, admin: &Ctx) {
    for text in ["# Secret\n\nThe mill.", "# Secret\n\nThe other mill."] {
        let audience = Some(vec![Role::Admin]);
        add(app, admin, KnowledgeAdd { audience, ..markdown("secret.md", text) }).await;
        read_all(app, admin).await;
    }
    app.agreed::<KnowledgeRemove>(admin, KnowledgeRemove { document: "secret.md".into() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modern_client_hears_of_documents() {
    let app = TestApp::start().await;
    let (team, other) = (app.team("Bakery").await, app.team("Other").await);
    let (admin, theirs) = (team.connection(&app), other.connection(&app));
    read_all(&app, &admin).await;
    super::listed(&app, &admin).await;
    let viewer = app.member(&team, Role::Viewer).await;
    let (key_id, key) = app.key(&team, viewer).await;
    let (_, admin_key) = app.key(&team, team.admin).await;
    let http = app.serve().await;
    let client = http.client(&key, Era::Modern, Says::Mute).await;
    let wanted = SubscriptionFilter::builder()
        .resource_subscriptions([OPEN, SECRET, "allin://accounts"])
        .resources_list_changed()
        .build();
    let mut listening = client.running.listen(wanted.clone()).await.unwrap();
    let accepted = listening.acknowledged();
    assert_eq!(accepted.resource_subscriptions, Some(vec![OPEN.to_owned(), SECRET.to_owned()]));
    assert_eq!(accepted.resources_list_changed, Some(true));
    // What may have changed before it was listened for.
    assert_eq!(named(soon(listening.next()).await.unwrap()), LIST);
    // Whoever may see it hears of it.
    let open = http.client(&admin_key, Era::Modern, Says::Mute).await;
    let mut owner = open.running.listen(wanted).await.unwrap();
    assert_eq!(named(soon(owner.next()).await.unwrap()), LIST);
    secretly(&app, &admin).await;
    assert_eq!(named(soon(owner.next()).await.unwrap()), SECRET);
    assert_eq!(named(soon(owner.next()).await.unwrap()), LIST);
    // The other is not even told that the list changed: what it hears first is of a document for everybody.
    add(&app, &theirs, markdown("open.md", "# Open\n\nElsewhere.")).await;
    read_all(&app, &theirs).await;
    add(&app, &admin, markdown("open.md", "# Open\n\nAt eight.")).await;
    read_all(&app, &admin).await;
    assert_eq!(named(soon(listening.next()).await.unwrap()), OPEN);
    assert_eq!(named(soon(listening.next()).await.unwrap()), LIST);
    // Another text, and no other list.
    add(&app, &admin, markdown("open.md", "# Open\n\nAt nine.")).await;
    read_all(&app, &admin).await;
    assert_eq!(named(soon(listening.next()).await.unwrap()), OPEN);
    // For the Admin alone from now on: gone for others.
    let audience = Some(vec![Role::Admin]);
    add(&app, &admin, KnowledgeAdd { audience, ..markdown("open.md", "# Open\n\nAt ten.") }).await;
    assert_eq!(named(soon(listening.next()).await.unwrap()), OPEN);
    assert_eq!(named(soon(listening.next()).await.unwrap()), LIST);
    app.agreed::<KnowledgeRemove>(&admin, KnowledgeRemove { document: "open.md".into() }).await.unwrap();
    add(&app, &admin, markdown("open.md", "# Open\n\nAgain.")).await;
    read_all(&app, &admin).await;
    assert_eq!(named(soon(listening.next()).await.unwrap()), OPEN);
    assert_eq!(named(soon(listening.next()).await.unwrap()), LIST);
    // A key that is revoked hears nothing any more.
    app.call_once::<KeyRevoke>(&team.person(&app), KeyRevoke { key_id }).await.unwrap();
    app.agreed::<KnowledgeRemove>(&admin, KnowledgeRemove { document: "open.md".into() }).await.unwrap();
    assert!(matches!(soon(listening.next()).await, Err(_) | Ok(None)));
    drop((listening, owner));
    client.running.cancel().await.unwrap();
    open.running.cancel().await.unwrap();
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_client_hears_of_documents() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.connection(&app);
    read_all(&app, &admin).await;
    super::listed(&app, &admin).await;
    let viewer = app.member(&team, Role::Viewer).await;
    let (_, key) = app.key(&team, viewer).await;
    let http = app.serve().await;
    let client = http.client(&key, Era::Legacy, Says::Mute).await;
    let local = app.local(&team, Default::default(), Era::Legacy, Says::Mute).await;
    let (mut heard, mut owner) = (client.updates(), local.updates());
    for uri in [OPEN, SECRET, "kb://documents/%"] {
        assert_eq!(subscribe(&client, uri).await.is_ok(), uri != "kb://documents/%", "{uri}");
    }
    // Whoever has seen the list is told when it changes.
    client.running.list_all_resources().await.unwrap();
    local.running.list_all_resources().await.unwrap();
    secretly(&app, &admin).await;
    assert_eq!(soon(owner.recv()).await.as_deref(), Some(LIST));
    add(&app, &admin, markdown("open.md", "# Open\n\nAt eight.")).await;
    read_all(&app, &admin).await;
    // Two subscriptions tell in no order; nothing was told before.
    let mut both = [soon(heard.recv()).await.unwrap(), soon(heard.recv()).await.unwrap()];
    both.sort();
    assert_eq!(both, [OPEN, LIST]);
    assert!(heard.try_recv().is_err());
    unsubscribe(&client, OPEN).await;
    add(&app, &admin, markdown("open.md", "# Open today\n\nAt nine.")).await;
    read_all(&app, &admin).await;
    assert_eq!(soon(heard.recv()).await.as_deref(), Some(LIST));
    assert!(heard.try_recv().is_err());
    client.close().await;
    local.close().await;
    http.stop().await;
    app.close().await;
}
