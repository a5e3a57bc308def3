//! Who is offered what: toolsets, the read-only switch, and the caller's role.

use allin::{
    app::use_case::Effect,
    model::roles::Role,
    tools::{
        self,
        registry::{Profile, Toolset},
    },
};
use serde_json::json;

use crate::support::{
    TestApp,
    arguments::least,
    cases::Ids,
    client::{Era, Says},
    http::whole,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_connection_has_no_tool_that_changes_anything() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let client = app.local(&team, Profile { read_only: true, ..whole() }, Era::Modern, Says::Accept).await;
    let offered: Vec<String> = client.tools().await.iter().map(|tool| tool.name.to_string()).collect();
    let reading: Vec<_> =
        tools::all().iter().filter(|spec| spec.effect == Effect::Read).map(|spec| spec.name).collect();
    assert_eq!(offered, reading);
    for spec in tools::all().iter().filter(|spec| spec.effect != Effect::Read) {
        let call = crate::support::client::Client::call(spec.name, least(spec.name, Ids::nowhere()));
        let error = client.once(call).await.unwrap_err();
        assert!(error.to_string().contains(&format!("tool not found: {}", spec.name)), "{error}");
    }
    client.close().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn toolsets_choose_the_tools() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    for set in Toolset::ALL {
        let profile = Profile { toolsets: vec![set], everyday: false, read_only: false };
        let client = app.local(&team, profile, Era::Legacy, Says::Mute).await;
        let offered: Vec<String> = client.tools().await.iter().map(|tool| tool.name.to_string()).collect();
        let expected: Vec<_> = tools::all()
            .iter()
            .filter(|spec| spec.toolset.is_none_or(|own| own == set))
            .map(|spec| spec.name)
            .collect();
        assert_eq!(offered, expected, "{set:?}");
        let other = tools::all().iter().find(|spec| spec.toolset.is_some_and(|own| own != set)).unwrap();
        let call = crate::support::client::Client::call(other.name, least(other.name, Ids::nowhere()));
        assert!(client.once(call).await.is_err(), "{} with only {set:?}", other.name);
        client.close().await;
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_the_list_is_what_the_role_may_call() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let http = app.serve().await;
    for role in Role::ALL {
        let member = app.member(&team, role).await;
        let (_, key) = app.key(&team, member).await;
        for era in Era::BOTH {
            let client = http.client(&key, era, Says::Mute).await;
            let offered: Vec<String> = client.tools().await.iter().map(|tool| tool.name.to_string()).collect();
            let expected: Vec<_> =
                tools::all().iter().filter(|spec| role.has(spec.needs)).map(|spec| spec.name).collect();
            assert_eq!(offered, expected, "{role:?} {era:?}");
            client.close().await;
        }
        for spec in tools::all().iter().filter(|spec| !role.has(spec.needs)) {
            let answer = http.tool(&key, spec.name, least(spec.name, Ids::nowhere())).await;
            assert_eq!(
                answer.pointer("/_meta/allin~1refusal/error/code"),
                Some(&json!("role_too_low")),
                "{} as {role:?}",
                spec.name
            );
        }
    }
    http.stop().await;
    app.close().await;
}
