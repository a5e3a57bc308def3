//! Clients that can ask, of both protocol eras, on both transports.

use serde_json::{Value, json};

use crate::support::{
    TestApp,
    client::{Client, Era, Says, code, text},
    http::{Http, whole},
    named,
    people::Team,
};

/// Where the client sits.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seat {
    Machine,
    Network,
}

async fn seat(app: &TestApp, team: &Team, http: &Http, key: &str, seat: Seat, era: Era, says: Says) -> Client {
    match seat {
        Seat::Machine => app.local(team, whole(), era, says).await,
        Seat::Network => http.client(key, era, says).await,
    }
}

fn publish_question(text: &str) -> String {
    format!("Publish “{text}” now on @bakery (sandbox)? It will be public at once.")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_agrees_publishes_and_deletes() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let (_, key) = app.key(&team, team.admin).await;
    let http = app.serve().await;
    let _publisher = app.publisher().await;
    for place in [Seat::Machine, Seat::Network] {
        for era in Era::BOTH {
            let client = seat(&app, &team, &http, &key, place, era, Says::Accept).await;
            let words = format!("{place:?} {era:?}");
            let made =
                client.tool("post_create", json!({ "segments": [{ "text": words }], "account_ids": [account] })).await;
            let post = json!({ "post_id": made["structuredContent"]["post"]["id"] });
            let published = client.tool("post_publish", post.clone()).await;
            assert_eq!((code(&published), app.sandbox.texts()), (None, vec![words.clone()]));
            let deleted = client.tool("post_delete", post).await;
            assert_eq!(
                (text(&deleted), app.sandbox.texts()),
                ("Deleted here and on the networks where it was public.", vec![])
            );
            let questions: Vec<Value> = client.asked().iter().map(|asked| asked["message"].clone()).collect();
            let delete =
                format!("Delete the post “{words}”, also on @bakery (sandbox)? Likes and replies there are lost.");
            assert_eq!(questions, [json!(publish_question(&words)), json!(delete)]);
            client.close().await;
        }
    }
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_agree_changes_nothing() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let (_, key) = app.key(&team, team.admin).await;
    let http = app.serve().await;
    let _publisher = app.publisher().await;
    let post = app.draft(&team.person(&app), "Bread", &[account]).await;
    for era in Era::BOTH {
        for says in [Says::Decline, Says::Unticked, Says::Cancel] {
            for place in [Seat::Machine, Seat::Network] {
                let client = seat(&app, &team, &http, &key, place, era, says).await;
                for tool in ["post_publish", "post_delete"] {
                    let answer = client.tool(tool, json!({ "post_id": post.id })).await;
                    assert_eq!(code(&answer), Some("declined"), "{tool} {era:?} {says:?} {place:?}");
                    assert_eq!(text(&answer), "The person did not agree. Nothing was done.");
                }
                assert_eq!(client.asked().len(), 2, "each was asked once");
                client.close().await;
            }
        }
    }
    let untouched = app.post(&team.person(&app), post.id).await;
    assert_eq!((json!(untouched), app.sandbox.texts()), (json!(post), vec![]));
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_for_the_person_reads_well() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let post = app.draft(&team.person(&app), "Bread", &[account]).await;
    for era in Era::BOTH {
        let client = app.local(&team, whole(), era, Says::Decline).await;
        client.tool("post_publish", json!({ "post_id": post.id })).await;
        insta::assert_json_snapshot!("form", named(&client.asked()[0]));
        client.close().await;
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_for_a_secret_is_shown_where_the_client_can() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (_, key) = app.key(&team, team.admin).await;
    let http = app.serve().await;
    for era in Era::BOTH {
        for place in [Seat::Machine, Seat::Network] {
            let client = seat(&app, &team, &http, &key, place, era, Says::Accept).await;
            let answer = client.tool("account_connect", json!({ "network": "sandbox" })).await;
            let url = answer["structuredContent"]["url"].as_str().unwrap();
            assert!(url.starts_with(&http.at("/connect/connect_")), "{url}");
            let asked = client.asked();
            assert_eq!((asked.len(), asked[0]["url"].as_str()), (1, Some(url)), "{era:?} {place:?}: {asked:?}");
            assert_eq!(asked[0]["message"], "Connect an account: enter the password on this page.");
            assert!(asked[0].get("requestedSchema").is_none(), "no form for a secret: {asked:?}");
            client.close().await;

            let mute = seat(&app, &team, &http, &key, place, era, Says::Mute).await;
            let answer = mute.tool("account_connect", json!({ "network": "sandbox" })).await;
            assert!(text(&answer).contains(answer["structuredContent"]["url"].as_str().unwrap()), "{answer}");
            mute.close().await;
        }
    }
    http.stop().await;
    app.close().await;
}
