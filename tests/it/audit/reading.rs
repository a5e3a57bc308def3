//! The log read, exported and rid of personal data.

use allin::{
    app::{
        audit::{
            commit::commitment, export::AuditExport, query::AuditQuery, seal::seal_workspace, verify::verify,
            view::AuditOutcome,
        },
        pauses::start::PublishingPause,
        posts::get::PostGet,
    },
    jobs::keep_house,
    model::roles::Role,
    vault::sha256,
};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::told;
use crate::support::{TestApp, people::Team};

fn pause(reason: &str) -> PublishingPause {
    PublishingPause { reason: reason.into(), account_id: None, campaign_id: None, tag: Some("spring".into()) }
}

/// All pages.
async fn exported(app: &TestApp, team: &Team, mut input: AuditExport) -> Vec<Value> {
    let mut lines = Vec::new();
    loop {
        let page = app.call_once::<AuditExport>(&team.person(app), input.clone()).await.unwrap();
        lines.extend(page.lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        match page.next_cursor {
            Some(cursor) => input.cursor = Some(cursor),
            None => return lines,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_whole_and_can_be_checked_by_anybody() {
    let app = TestApp::start().await;
    let team = told(&app).await;
    app.call_once::<PublishingPause>(&team.person(&app), pause("Anna Berg is ill")).await.unwrap();
    let mut superuser = app.database.superuser().await;
    // More than a page.
    sqlx::query(
        "insert into audit_entries select workspace_id, gen_random_uuid(), at, actor, origin, gen_random_uuid(), use_case, outcome, changes
         from audit_entries, generate_series(1, 500) where use_case = 'post_create'",
    )
    .execute(&mut superuser)
    .await
    .unwrap();
    sqlx::query("insert into audit_entries select workspace_id, gen_random_uuid(), at, actor, origin, gen_random_uuid(), use_case, outcome, changes from audit_entries where use_case = 'post_create'")
        .execute(&mut superuser)
        .await
        .unwrap();
    seal_workspace(&app, team.workspace).await.unwrap();
    let lines = exported(&app, &team, AuditExport::default()).await;
    let count: i64 = sqlx::query_scalar("select count(*) from audit_entries where position is not null")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert!(count > 1000, "{count}");
    assert_eq!(lines.len(), usize::try_from(count).unwrap());
    let mut previous: Vec<u8> = Vec::new();
    for (line, position) in lines.iter().zip(1..) {
        assert_eq!(line["position"], json!(position));
        let names = ["position", "entry_id", "at", "actor", "origin", "request_id", "use_case", "outcome", "changes"];
        let fields = json!(names.map(|name| line[name].clone())).to_string();
        let hash = sha256(&[previous.as_slice(), fields.as_bytes()].concat());
        assert_eq!(line["chain_hash"], json!(HEXLOWER.encode(&hash)), "{line}");
        previous = hash.to_vec();
    }
    // Commitments come with what opens them.
    let paused = lines.iter().find(|line| line["use_case"] == "publishing_pause").unwrap();
    let stands = paused["changes"][0]["how"]["reason"]["commitment"].as_str().unwrap();
    let opening = &paused["openings"][stands];
    let salt = HEXLOWER.decode(opening["salt"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(opening["value"], "Anna Berg is ill");
    assert_eq!(HEXLOWER.encode(&commitment(&salt, "Anna Berg is ill")), stands);
    // It is in the log itself, once.
    let noted: Vec<(String, Value)> =
        sqlx::query_as("select actor, changes from audit_entries where use_case = 'audit_export'")
            .fetch_all(&mut superuser)
            .await
            .unwrap();
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0].0, team.admin.to_string());
    assert_eq!(noted[0].1[0]["how"]["to"], json!(count));
    // Narrowed.
    let by_job = AuditExport { use_case: Some("segment_publish".into()), ..AuditExport::default() };
    assert_eq!(exported(&app, &team, by_job).await.len(), 1);
    let late = AuditExport { since: Some("2026-12-01T09:15".into()), ..AuditExport::default() };
    let early = AuditExport { until: Some("2026-12-01T09:15".into()), ..AuditExport::default() };
    let (late, early) = (exported(&app, &team, late).await.len(), exported(&app, &team, early).await.len());
    seal_workspace(&app, team.workspace).await.unwrap();
    assert!(late > 0 && early > 0, "{late} {early}");
    let by_whom = AuditExport { actor: Some("system".into()), ..AuditExport::default() };
    let all_by: Vec<Value> = exported(&app, &team, by_whom).await;
    assert!(all_by.iter().all(|line| line["actor"].as_str().unwrap().starts_with("system/")), "{all_by:?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_erased_is_gone_and_the_chain_holds() {
    let app = TestApp::start().await;
    let team = told(&app).await;
    app.call_once::<PublishingPause>(&team.person(&app), pause("Anna Berg is ill")).await.unwrap();
    keep_house::step(&app).await.unwrap();
    let query = AuditQuery { use_case: Some("publishing_pause".into()), ..AuditQuery::default() };
    let reason = |page: &Value| page["entries"][1]["changes"][0]["how"]["reason"].clone();
    let page = app.call_once::<AuditQuery>(&team.connection(&app), query.clone()).await.unwrap();
    let before = reason(&serde_json::to_value(&page).unwrap());
    assert_eq!(before["value"], "Anna Berg is ill");
    let mut superuser = app.database.superuser().await;
    sqlx::query("delete from audit_openings").execute(&mut superuser).await.unwrap();
    let page = app.call_once::<AuditQuery>(&team.connection(&app), query).await.unwrap();
    assert_eq!(reason(&serde_json::to_value(&page).unwrap()), json!({ "commitment": before["commitment"] }));
    assert_eq!(verify(&app, team.workspace).await.unwrap().broken, Vec::<Value>::new());
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_found_by_who_what_and_when() {
    let app = TestApp::start().await;
    let team = told(&app).await;
    let viewer = app.member(&team, Role::Viewer).await;
    let post = app.draft(&team.connection(&app), "Rolls", &[]).await.id;
    let refused = team.ctx(&app, viewer, crate::support::people::Door::Stdio);
    app.call_once::<AuditQuery>(&refused, AuditQuery::default()).await.unwrap_err();
    app.call_once::<PostGet>(&refused, PostGet { post_id: post }).await.unwrap_err();
    let find = async |query: AuditQuery| app.call_once::<AuditQuery>(&team.connection(&app), query).await.unwrap();

    let all = find(AuditQuery { limit: Some(200), ..AuditQuery::default() }).await;
    let mut paged = Vec::new();
    let mut query = AuditQuery { limit: Some(3), ..AuditQuery::default() };
    loop {
        let page = find(query.clone()).await;
        assert!(page.entries.len() <= 3);
        paged.extend(page.entries);
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => break,
        }
    }
    let times = |entries: &[allin::app::audit::query::AuditEntryView]| {
        entries.iter().map(|entry| (entry.at, entry.use_case.clone(), entry.changes.clone())).collect::<Vec<_>>()
    };
    assert_eq!(times(&paged), times(&all.entries));
    assert!(all.entries.is_sorted_by(|one, other| one.at >= other.at));
    let moved = AuditQuery { cursor: query.cursor, use_case: Some("post_create".into()), ..AuditQuery::default() };
    assert_eq!(app.call_once::<AuditQuery>(&team.connection(&app), moved).await.unwrap_err().code(), "cursor_invalid");

    let of_post = find(AuditQuery { object_id: Some(post.to_string()), ..AuditQuery::default() }).await;
    assert_eq!(of_post.entries.iter().map(|entry| entry.use_case.as_str()).collect::<Vec<_>>(), ["post_create"]);
    let by_viewer = find(AuditQuery { actor: Some(viewer.to_string()), ..AuditQuery::default() }).await;
    assert_eq!(by_viewer.entries.len(), 1);
    assert_eq!(
        (by_viewer.entries[0].use_case.as_str(), by_viewer.entries[0].outcome.as_str()),
        ("audit_query", "refused")
    );
    let failures = find(AuditQuery { outcome: Some(AuditOutcome::Refused), ..AuditQuery::default() }).await;
    assert_eq!(failures.entries.len(), 1);
    // The clock was set half an hour on when the post was due.
    let (split, end) = ("2026-12-01T09:30", "2026-12-01T10:00");
    let late = find(AuditQuery { since: Some(split.into()), until: Some(end.into()), ..AuditQuery::default() }).await;
    let early = find(AuditQuery { until: Some(split.into()), limit: Some(200), ..AuditQuery::default() }).await;
    assert_eq!(late.entries.len() + early.entries.len(), all.entries.len());
    assert!(!late.entries.is_empty() && !early.entries.is_empty());
    app.close().await;
}
