//! The audit log: what was done is in it, and whoever touches it afterwards is found out.

use allin::{
    app::audit::{self, Verified},
    jobs::keep_house,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{TestApp, named, people::Team};

async fn told(app: &TestApp) -> Team {
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    app.scheduled(&team.connection(app), "Bread", &[account], "2026-12-01T09:30").await;
    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    app.publish_due().await;
    team
}

async fn problems(app: &TestApp, team: &Team) -> Vec<Value> {
    let Verified { broken, .. } = audit::verify(&app.app, team.workspace).await.unwrap();
    broken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_tells_who_did_what() {
    let app = TestApp::start().await;
    let team = told(&app).await;
    let mut superuser = app.database.superuser().await;
    let rows: Vec<Value> = sqlx::query_scalar(
        "select to_jsonb(e) - 'entry_id' - 'workspace_id' - 'request_id' - 'position' - 'chain_hash' from audit_entries e
         order by at, entry_id",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    assert!(!json!(rows).to_string().contains("Bread"), "no text of posts: {rows:?}");
    insta::assert_json_snapshot!(named(&rows));
    assert_eq!(keep_house::step(&app).await.unwrap(), rows.len());
    assert_eq!(keep_house::step(&app).await.unwrap(), 0);
    let verified = audit::verify(&app.app, team.workspace).await.unwrap();
    assert_eq!((verified.entries, verified.broken), (i64::try_from(rows.len()).unwrap(), vec![]));
    app.close().await;
}

/// Carries out statements as somebody who owns the server, past every trigger.
async fn tamper(db: &mut PgConnection, sql: &str) {
    let sql = format!("set session_replication_role = replica; {sql}; set session_replication_role = origin");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_touches_the_log_is_found_out() {
    let app = TestApp::start().await;
    let team = told(&app).await;
    keep_house::step(&app).await.unwrap();
    let mut superuser = app.database.superuser().await;
    tamper(&mut superuser, "create table kept as table audit_entries; create table kept_head as table audit_heads")
        .await;
    let last: i64 =
        sqlx::query_scalar("select max(position) from audit_entries").fetch_one(&mut superuser).await.unwrap();
    let at = |position: i64, problem: &str| json!({ "position": position, "problem": problem });
    let changed = "it was changed, or one before it was";
    let end = "the chain does not end at its head";
    let cases = [
        ("an entry changed", "update audit_entries set changes = '[\"forged\"]' where position = 2".to_owned(), vec![at(2, changed)]),
        ("an actor changed", "update audit_entries set actor = 'somebody else' where position = 1".into(), vec![at(1, changed)]),
        ("a time moved", "update audit_entries set at = at + interval '1 second' where position = 3".into(), vec![at(3, changed)]),
        ("an entry deleted", "delete from audit_entries where position = 2".into(),
         vec![at(3, "entries before it are missing"), at(3, changed)]),
        ("two entries in another order",
         "update audit_entries set position = -position where position in (2, 3); update audit_entries set position = 5 + position where position < 0".into(),
         vec![at(2, changed), at(3, changed), at(4, changed)]),
        ("the last entry cut off", format!("delete from audit_entries where position = {last}"), vec![at(last - 1, end)]),
        ("the tail cut off, and the head bent to fit",
         format!("delete from audit_entries where position = {last}; update audit_heads h set position = e.position, chain_hash = e.chain_hash from audit_entries e where e.position = {last} - 1"),
         vec![at(last - 1, "the head's signature is not ours")]),
        ("the head deleted", "delete from audit_heads".into(), vec![at(last, "the head is missing")]),
    ];
    for (what, sql, expected) in cases {
        tamper(&mut superuser, &sql).await;
        assert_eq!(problems(&app, &team).await, expected, "{what}");
        tamper(&mut superuser, "delete from audit_entries; insert into audit_entries table kept; delete from audit_heads; insert into audit_heads table kept_head").await;
        assert_eq!(problems(&app, &team).await, Vec::<Value>::new(), "after putting it back: {what}");
    }
    // The newest head is kept outside the database as well.
    let outside = std::fs::read_to_string(app.folder.path().join("audit-heads.jsonl")).unwrap();
    let newest: Value = serde_json::from_str(outside.lines().last().unwrap()).unwrap();
    assert_eq!((&newest["workspace"], &newest["position"]), (&json!(team.workspace), &json!(last)));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_itself_cannot_rewrite_the_log() {
    let app = TestApp::start().await;
    let team = told(&app).await;
    keep_house::step(&app).await.unwrap();
    for sql in [
        "update audit_entries set changes = '[]'",
        "update audit_entries set position = null, chain_hash = null",
        "delete from audit_entries",
        "delete from audit_heads",
    ] {
        let (mut tx, _) = app.db.tenant(team.workspace, allin::store::db::Entrance::System, app.now()).await.unwrap();
        let error = sqlx::query(sql).execute(&mut *tx).await.unwrap_err();
        assert_eq!(
            error.as_database_error().and_then(|error| error.code()).as_deref(),
            Some("42501"),
            "{sql}: {error}"
        );
    }
    app.close().await;
}
