//! Clients that cannot ask call twice, the second time with the confirmation of the first answer; and what a
//! confirmation is good for.

use allin::{app::posts::update::PostUpdate, ids::PostId};
use rmcp::model::CallToolResponse;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    client::{Client, Era, Says, code, text},
    http::whole,
    named,
    people::{Team, message},
};

/// The confirmation in an answer that asks for one.
fn confirmation(answer: &Value) -> Value {
    assert_eq!(code(answer), Some("confirmation_needed"), "{answer}");
    let state = answer["_meta"]["allin/refusal"]["confirmation"].clone();
    assert!(text(answer).contains(state.as_str().unwrap()), "the model has to see it: {answer}");
    state
}

async fn ask(client: &Client, tool: &str, post: PostId) -> Value {
    confirmation(&client.tool(tool, json!({ "post_id": post })).await)
}

async fn confirm(client: &Client, tool: &str, post: PostId, state: &Value) -> Value {
    client.tool(tool, json!({ "post_id": post, "confirmation": state })).await
}

async fn prepared() -> (TestApp, Team, PostId, PostId) {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let one = app.draft(&team.person(&app), "One", &[account]).await.id;
    let other = app.draft(&team.person(&app), "Other", &[account]).await.id;
    (app, team, one, other)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_call_carries_the_yes() {
    let (app, team, one, other) = prepared().await;
    let _publisher = app.publisher().await;
    for (era, post, words) in [(Era::Modern, one, "One"), (Era::Legacy, other, "Other")] {
        let client = app.local(&team, whole(), era, Says::Mute).await;
        let first = client.tool("post_publish", json!({ "post_id": post })).await;
        let state = confirmation(&first);
        assert_eq!(app.sandbox.texts(), Vec::<String>::new(), "nothing was done yet");
        // Only the newer era names the type of a result.
        let first = json!({ "content": first["content"], "isError": first["isError"], "_meta": first["_meta"] });
        let shown =
            named(&first).to_string().replace(state.as_str().unwrap(), "[confirmation]").replace(words, "[text]");
        insta::assert_json_snapshot!("needed", serde_json::from_str::<Value>(&shown).unwrap());
        assert_eq!(code(&confirm(&client, "post_publish", post, &state).await), None);
        assert_eq!(app.sandbox.texts(), [words]);
        let state = ask(&client, "post_delete", post).await;
        assert_eq!(code(&confirm(&client, "post_delete", post, &state).await), None);
        assert_eq!(app.sandbox.texts(), Vec::<String>::new());
        client.close().await;
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_is_for_one_call_by_one_caller() {
    let (app, team, one, other) = prepared().await;
    let client = app.local(&team, whole(), Era::Modern, Says::Mute).await;
    let state = ask(&client, "post_publish", one).await;
    let stale = Some("confirmation_stale");
    assert_eq!(code(&confirm(&client, "post_publish", other, &state).await), stale, "another post");
    assert_eq!(code(&confirm(&client, "post_delete", one, &state).await), stale, "another tool");
    let arguments =
        json!({ "post_id": one, "account_ids": [app.account(&team, "bakery").await], "confirmation": state });
    assert_eq!(code(&client.tool("post_publish", arguments).await), stale, "other arguments");
    let mut forged = state.as_str().unwrap().to_owned();
    forged.replace_range(5..6, if &forged[5..6] == "A" { "B" } else { "A" });
    for wrong in [forged.as_str(), "x", "a.b", &"y".repeat(1000)] {
        assert_eq!(code(&confirm(&client, "post_publish", one, &json!(wrong)).await), stale, "{wrong}");
    }
    let member = app.member(&team, allin::model::roles::Role::Manager).await;
    let colleague = Team { admin: member, ..team };
    let theirs = app.local(&colleague, whole(), Era::Modern, Says::Mute).await;
    assert_eq!(code(&confirm(&theirs, "post_publish", one, &state).await), stale, "another member");
    assert_eq!(app.publish_due().await, 0, "nothing is on its way");
    theirs.close().await;
    client.close().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_ends_with_what_it_was_about() {
    let (app, team, one, _) = prepared().await;
    let client = app.local(&team, whole(), Era::Legacy, Says::Mute).await;
    let state = ask(&client, "post_publish", one).await;
    let segments = Some(vec![message("Something else")]);
    let update = PostUpdate {
        post_id: one,
        version: None,
        segments,
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: None,
        tags: None,
    };
    app.call_once::<PostUpdate>(&team.person(&app), update).await.unwrap();
    assert_eq!(code(&confirm(&client, "post_publish", one, &state).await), Some("confirmation_stale"));

    let state = ask(&client, "post_publish", one).await;
    app.clock.advance_secs(600);
    assert_eq!(code(&confirm(&client, "post_publish", one, &state).await), Some("confirmation_expired"));
    assert_eq!(app.publish_due().await, 0);
    client.close().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_is_spent_once() {
    let (app, team, one, _) = prepared().await;
    let client = app.local(&team, whole(), Era::Modern, Says::Mute).await;
    let _publisher = app.publisher().await;
    // The network says later, and the post comes back to where it was: only being spent can refuse the second.
    app.sandbox.order(json!({ "fault": "too_many", "times": 10, "retry_after_secs": 3000 })).await;
    let state = ask(&client, "post_publish", one).await;
    assert_eq!(code(&confirm(&client, "post_publish", one, &state).await), None);
    let state = ask(&client, "post_publish", one).await;
    let both =
        tokio::join!(confirm(&client, "post_publish", one, &state), confirm(&client, "post_publish", one, &state));
    let codes = [code(&both.0), code(&both.1)];
    assert!(codes.contains(&None) && codes.iter().any(|code| code.is_some()), "{codes:?}");
    assert_eq!(code(&confirm(&client, "post_publish", one, &state).await), Some("confirmation_spent"));
    client.close().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_of_a_question_cannot_be_moved_to_another_call() {
    let (app, team, one, other) = prepared().await;
    let client = app.local(&team, whole(), Era::Modern, Says::Accept).await;
    let asked = client.once(Client::call("post_publish", json!({ "post_id": one }))).await.unwrap();
    let CallToolResponse::InputRequired(asked) = asked else { panic!("{asked:?}") };
    let state = asked.request_state.unwrap();
    let yes = std::collections::BTreeMap::from([(
        "confirm".to_owned(),
        json!({ "action": "accept", "content": { "confirm": true } }),
    )]);
    let moved = Client::call("post_publish", json!({ "post_id": other }))
        .with_input_responses(yes.clone())
        .with_request_state(state.clone());
    let CallToolResponse::Complete(refused) = client.once(moved).await.unwrap() else { panic!("asked again") };
    assert_eq!(code(&json!(refused)), Some("confirmation_stale"));
    // An answer without the state that it belongs to is no yes.
    let bare = Client::call("post_publish", json!({ "post_id": one })).with_input_responses(yes);
    assert!(matches!(client.once(bare).await.unwrap(), CallToolResponse::InputRequired(_)));
    assert_eq!(app.publish_due().await, 0);
    client.close().await;
    app.close().await;
}
