//! Receipts: what was published, by whom, and that nobody changed what they say.

use allin::{
    app::{
        assets::add::AssetAdd,
        posts::{create::PostCreate, publish::PostPublish},
        receipts::{
            check::{check, public_key},
            get::{ReceiptGet, Receipts},
        },
    },
    ids::PostId,
    model::{posts::MediaRef, roles::Role},
    vault::{Vault, sha256},
};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::support::{
    TestApp, named,
    people::{Door, Team, draft},
    pictures::png,
};

async fn of(app: &TestApp, team: &Team, post: PostId) -> Receipts {
    app.call_once::<ReceiptGet>(&team.connection(app), ReceiptGet { post_id: post }).await.unwrap()
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&sha256(bytes))
}

/// A thread with a picture, written by a program, scheduled by a person, public.
async fn published(app: &TestApp) -> (Team, PostId) {
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let picture = png(8, 8, [9; 3]);
    let input = AssetAdd::new(&picture, Some("bread.png".into()), Some("A loaf".into()));
    let asset = app.call_once::<AssetAdd>(&team.person(app), input).await.unwrap().asset.id;
    let mut words = draft(&["Bread", "And rolls"], &[account]);
    words.segments[0].media.push(MediaRef { asset_id: asset, alt_text: None });
    let post = app.call_once::<PostCreate>(&team.connection(app), words).await.unwrap().post.id;
    app.scheduled_again(&team.person(app), post, "2026-12-01T09:30").await;
    assert_eq!(of(app, &team, post).await.receipts.len(), 0, "nothing is public yet");
    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    app.publish_due().await;
    (team, post)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_has_a_receipt() {
    let app = TestApp::start().await;
    let (team, post) = published(&app).await;
    let found = of(&app, &team, post).await;
    let key = HEXLOWER.encode(app.vault.audit_key().as_bytes());
    let text = serde_json::to_string_pretty(&found).unwrap();
    let checked = check(&text, &public_key(&key).unwrap()).unwrap();
    let [receipt] = checked.as_slice() else { panic!("{checked:?}") };
    assert_eq!(receipt.post, post);
    let hashes: Vec<_> = receipt.messages.iter().map(|message| message.text_sha256.clone()).collect();
    assert_eq!(hashes, [hex(b"Bread"), hex(b"And rolls")]);
    let mut superuser = app.database.superuser().await;
    let stored: Vec<u8> = sqlx::query_scalar("select sha256 from assets").fetch_one(&mut superuser).await.unwrap();
    assert_eq!(receipt.messages[0].media[0].sha256, HEXLOWER.encode(&stored));
    assert_eq!(receipt.messages[0].media[0].alt_sha256, Some(hex(b"A loaf")));
    assert!(!text.contains("Bread") && !text.contains("loaf"), "no words: {text}");
    insta::assert_json_snapshot!(named(&found));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_published_is_who_asked() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let member = app.member(&team, Role::Publisher).await;
    app.grant(&team, account, member).await;
    let (key, _) = app.key(&team, member).await;
    let post = app.draft(&team.person(&app), "Bread", &[account]).await.id;
    let by_key = team.ctx(&app, member, Door::Http(key));
    let input = PostPublish { post_id: post, account_ids: vec![], emergency_reason: None };
    let publishing = app.agreed::<PostPublish>(&by_key, input);
    let working = async {
        while app.publish_due().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    let (published, ()) = tokio::join!(publishing, working);
    published.unwrap();
    let found = of(&app, &team, post).await;
    let receipt = &found.receipts[0].receipt;
    let asked = receipt.asked.as_ref().unwrap();
    assert_eq!((asked.actor.clone(), asked.origin.as_str()), (by_key.actor.key(), "http"));
    assert_eq!(asked.request, by_key.request.to_string());
    assert_eq!((receipt.written_by.clone(), receipt.agent.clone()), (team.admin.to_string(), None));
    app.close().await;
}

/// Every place in a value where something else could stand.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, item)| places(item, &format!("{path}/{name}"), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| places(item, &format!("{path}/{at}"), found))
        }
        _ => found.push(path.to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_that_was_touched_is_refused() {
    let app = TestApp::start().await;
    let (team, post) = published(&app).await;
    let genuine = serde_json::to_value(&of(&app, &team, post).await.receipts[0]).unwrap();
    let key = app.vault.audit_key();
    check(&genuine.to_string(), &key).unwrap();
    check(&json!([genuine]).to_string(), &key).unwrap();
    let mut all = Vec::new();
    places(&genuine, "", &mut all);
    assert!(all.len() > 30, "{all:?}");
    for place in &all {
        let mut forged = genuine.clone();
        let old = forged.pointer_mut(place).unwrap();
        *old = match old {
            Value::String(text) if text.ends_with('0') => json!(format!("{}1", &text[..text.len() - 1])),
            Value::String(text) => json!(format!("{}0", &text[..text.len() - 1])),
            Value::Number(number) => json!(number.as_i64().unwrap() + 1),
            Value::Null => json!("something"),
            other => panic!("{other}"),
        };
        assert!(check(&forged.to_string(), &key).is_err(), "{place}");
    }
    let refused = |text: String| check(&text, &key).unwrap_err().code().to_owned();
    let mut fewer = genuine.clone();
    fewer["receipt"]["messages"].as_array_mut().unwrap().pop();
    assert_eq!(refused(fewer.to_string()), "receipt_forged");
    // A field that stands twice, or that nobody signed.
    let twice = genuine.to_string().replacen("\"author\":", "\"author\":\"mbr_0\",\"author\":", 1);
    assert_eq!(refused(twice), "receipt_unreadable");
    let more = genuine.to_string().replacen("\"author\":", "\"approved\":true,\"author\":", 1);
    assert_eq!(refused(more), "receipt_unreadable");
    assert_eq!(refused("[]".into()), "receipt_missing");
    assert_eq!(refused("no receipt".into()), "receipt_unreadable");
    let other = Vault::new(&[7; 32], &[99; 32]).audit_key();
    assert_eq!(check(&genuine.to_string(), &other).unwrap_err().code(), "receipt_other_key");
    public_key("abc").unwrap_err();
    // The application itself cannot rewrite one.
    let (mut tx, _) = app.db.tenant(team.workspace, allin::store::db::Entrance::System, app.now()).await.unwrap();
    let error = sqlx::query("update receipts set document = ''").execute(&mut *tx).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("42501"));
    drop(tx);
    app.close().await;
}
