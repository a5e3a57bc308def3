//! Through tools, resources and use cases: the other's id is answered like an id that never was.

use allin::{resources, tools};
use serde_json::{Value, json};

use super::{Filled, two};
use crate::support::{
    TestApp,
    arguments::{id_paths, with_id},
    cases::{self, Ids},
    named,
};

/// Same answer, apart from the ids in it, and nothing of the other's.
#[track_caller]
fn same(what: &str, other: &Filled, foreign: &Value, unknown: &Value) {
    assert_eq!(named(foreign), named(unknown), "{what}");
    assert!(!foreign.to_string().contains(other.mark), "{what}: {foreign}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tool_finds_what_belongs_to_another_workspace() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let http = app.serve().await;
    let mut table = String::new();
    for spec in tools::all() {
        // That it has arguments to begin with is part of the test.
        crate::support::arguments::least(spec.name, ours.ids);
        for (path, kind) in id_paths(spec) {
            let mut answers = Vec::new();
            for ids in [theirs.ids, Ids::nowhere()] {
                let arguments = with_id(spec, ours.ids, &path, &ids.of(&kind));
                answers.push(http.tool(&ours.key, spec.name, arguments).await);
            }
            let what = format!("{} {}", spec.name, path.join("."));
            same(&what, &theirs, &answers[0], &answers[1]);
            let code = answers[0]
                .pointer("/_meta/allin~1refusal/error/code")
                .and_then(Value::as_str)
                .unwrap_or("nothing found");
            table.push_str(&format!("{what}: {code}\n"));
        }
    }
    insta::assert_snapshot!(table);
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_shows_anything_of_another_workspace() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let http = app.serve().await;
    let listing = [
        ("account_list", json!({})),
        ("approval_list", json!({})),
        ("approval_policies", json!({})),
        ("audit_query", json!({ "limit": 200 })),
        ("held_list", json!({})),
        ("best_times", json!({ "account_id": ours.ids.account })),
        ("calendar_get", json!({ "from": "2026-12-01", "days": 366 })),
        ("calendar_get", json!({ "view": "month", "from": "2027-02-01" })),
        ("campaign_list", json!({})),
        ("crisis_status", json!({})),
        ("member_activity", json!({})),
        ("member_invitations", json!({})),
        ("member_list", json!({})),
        ("network_rules", json!({})),
        ("notification_list", json!({})),
        ("post_query", json!({ "limit": 100 })),
        ("post_query", json!({ "text": theirs.mark })),
        ("queue_get", json!({})),
        ("posts_export", json!({ "limit": 500 })),
        ("posts_export", json!({ "format": "json", "tag": theirs.mark })),
        ("plan_get", json!({})),
        ("recycling_get", json!({})),
        ("series_list", json!({})),
        ("task_list", json!({})),
        ("conversation_list", json!({})),
        ("knowledge_list", json!({ "limit": 200 })),
        ("knowledge_search", json!({ "query": format!("{} {} keeper", theirs.mark, ours.mark) })),
        ("ticket_list", json!({})),
        ("knowledge_list", json!({})),
        ("knowledge_search", json!({ "query": "Who feeds aardvark and zebra?" })),
        ("workspace_overview", json!({})),
    ];
    let single = [
        "approval_get",
        "campaign_get",
        "comment_list",
        "conversation_get",
        "knowledge_get",
        "post_diff",
        "post_get",
        "post_history",
        "post_metrics",
        "post_preview",
        "receipt_get",
        "ticket_get",
    ];
    for spec in tools::all()
        .iter()
        .filter(|spec| spec.effect == allin::app::use_case::Effect::Read && !single.contains(&spec.name))
    {
        assert!(
            listing.iter().any(|(name, _)| *name == spec.name),
            "{} lists something and is not in this test",
            spec.name
        );
    }
    for (name, arguments) in listing {
        let answer = http.tool(&ours.key, name, arguments).await.to_string();
        assert!(!answer.contains(theirs.mark), "{name}: {answer}");
        assert!(
            name == "network_rules"
                || answer.contains(ours.mark)
                || name == "plan_get"
                || answer.contains("\"posts\":[]")
                || answer.contains("\"held\":[]")
                || answer.contains("\"posts\":0"),
            "{name}: {answer}"
        );
    }
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_resource_shows_anything_of_another_workspace() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let http = app.serve().await;
    let fixed = resources::list().into_iter().map(|resource| (resource.uri.clone(), resource.uri.clone()));
    let filled = resources::templates().into_iter().map(|template| {
        let fill = |ids: Ids, name: &str| match template.uri_template.as_str() {
            "allin://posts/{post_id}" => format!("allin://posts/{}", ids.post),
            "allin://calendar/{view}/{from}" => "allin://calendar/month/2026-12-01".into(),
            "allin://calendar/{view}/{from}/image" => "allin://calendar/month/2026-12-01/image".into(),
            "allin://calendar/{from}/{days}" => "allin://calendar/2026-12-01/366".into(),
            "allin://networks/{network}" => "allin://networks/sandbox".into(),
            "kb://documents/{path}" => format!("kb://documents/{name}.md"),
            "kb://chunks/{chunk_id}" => format!("kb://chunks/{}", ids.chunk),
            other => panic!("tests/it/isolation/doors.rs cannot fill {other}"),
        };
        (fill(theirs.ids, theirs.mark), fill(Ids::nowhere(), "nowhere"))
    });
    let all: Vec<(String, String)> = fixed.chain(filled).collect();
    assert!(all.len() >= 6, "{all:?}");
    let listed = http.ask(&ours.key, "resources/list", json!({})).await.to_string();
    assert!(listed.contains(ours.mark) && !listed.contains(theirs.mark), "{listed}");
    for (foreign, unknown) in all {
        let first = http.ask(&ours.key, "resources/read", json!({ "uri": foreign })).await;
        let second = http.ask(&ours.key, "resources/read", json!({ "uri": unknown })).await;
        same(&foreign, &theirs, &first, &second);
        assert_eq!(first.get("error").is_some(), foreign != unknown, "{foreign}: {first}");
    }
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_use_case_finds_what_belongs_to_another_workspace() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let mut table = String::new();
    for case in cases::all() {
        let mut answers = Vec::new();
        for ids in [theirs.ids, Ids::nowhere()] {
            answers.push(match (case.call)(&app, &ours.person(&app), ids).await {
                Ok(output) => json!({ "done": output }),
                Err(error) => json!({ "error": error.public() }),
            });
        }
        // What takes no id may answer differently the second time, and says nothing of others either way.
        let answer = &answers[0];
        assert!(!answer.to_string().contains(theirs.mark), "{}: {answer}", case.kind);
        if answer.get("error").is_some() || case.effect == allin::app::use_case::Effect::Read {
            same(case.kind, &theirs, answer, &answers[1]);
        }
        let code = answer.pointer("/error/code").and_then(Value::as_str).unwrap_or("done");
        table.push_str(&format!("{}: {code}\n", case.kind));
    }
    insta::assert_snapshot!(table);
    app.close().await;
}
