//! Common questions as prompts, in both protocol eras.

use rmcp::model::GetPromptRequestParams;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    client::{Era, Says},
    http::whole,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn common_questions_are_offered_and_filled_in() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let mut seen: Vec<Value> = Vec::new();
    for era in Era::BOTH {
        let client = app.local(&team, whole(), era, Says::Accept).await;
        let listed = client.running.list_all_prompts().await.unwrap();
        let Value::Object(arguments) = json!({ "network": "Bluesky" }) else { panic!("an object") };
        let params = GetPromptRequestParams::new("connect_account").with_arguments(arguments);
        let got = client.running.get_prompt(params).await.unwrap();
        let unknown = client.running.get_prompt(GetPromptRequestParams::new("nothing")).await.unwrap_err();
        assert!(unknown.to_string().contains("There is no such prompt"), "{unknown}");
        seen.push(json!({ "prompts": listed, "messages": got.messages, "description": got.description }));
        client.close().await;
    }
    assert_eq!(seen[0], seen[1]);
    insta::assert_json_snapshot!(seen[0]);
    app.close().await;
}
