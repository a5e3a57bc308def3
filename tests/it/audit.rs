//! The audit log: what was done is in it, and whoever touches it afterwards is found out.

mod reading;
mod tampering;

use allin::{
    app::audit::{heads::note_restored, verify},
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
    verify::verify(&app.app, team.workspace).await.unwrap().broken
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
    let verified = verify::verify(&app.app, team.workspace).await.unwrap();
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
    let cases = [
        ("an entry changed", "update audit_entries set changes = '[\"forged\"]' where position = 2".to_owned()),
        ("an actor changed", "update audit_entries set actor = 'somebody else' where position = 1".into()),
        ("a time that none of ours can be", "update audit_entries set at = 'infinity' where position = 3".into()),
        ("an entry deleted", "delete from audit_entries where position = 2".into()),
        ("two entries in another order",
         "update audit_entries set position = -position where position in (2, 3); update audit_entries set position = 5 + position where position < 0".into()),
        ("the last entry cut off", format!("delete from audit_entries where position = {last}")),
        ("the tail cut off, and the head bent to fit",
         format!("delete from audit_entries where position = {last}; update audit_heads h set position = e.position, chain_hash = e.chain_hash from audit_entries e where e.position = {last} - 1")),
        ("the head deleted", "delete from audit_heads".into()),
        ("everything deleted", "delete from audit_heads; delete from audit_entries".into()),
        ("an entry put in that nobody chained",
         "insert into audit_entries select workspace_id, gen_random_uuid(), at - interval '1 hour', actor, origin, request_id, use_case, outcome, changes from audit_entries where position = 2".into()),
    ];
    let mut said = String::new();
    for (what, sql) in cases {
        tamper(&mut superuser, &sql).await;
        let found = problems(&app, &team).await;
        assert!(!found.is_empty(), "{what}");
        said.push_str(&format!("{what}\n"));
        for problem in found {
            let means = problem["means"].as_str().unwrap();
            said.push_str(&format!(
                "  at {}: {}. {means}\n",
                problem["position"],
                problem["problem"].as_str().unwrap()
            ));
        }
        tamper(&mut superuser, "delete from audit_entries; insert into audit_entries table kept; delete from audit_heads; insert into audit_heads table kept_head").await;
        assert_eq!(problems(&app, &team).await, Vec::<Value>::new(), "after putting it back: {what}");
    }
    insta::assert_snapshot!(said);
    // The newest head is kept outside the database as well.
    let outside = std::fs::read_to_string(app.folder.path().join("audit-heads.jsonl")).unwrap();
    let newest: Value = serde_json::from_str(outside.lines().last().unwrap()).unwrap();
    assert_eq!((&newest["workspace"], &newest["position"]), (&json!(team.workspace), &json!(last)));
    app.close().await;
}

/// After a restore the heads outside reach further than the log: the program says so in that file, signed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_log_is_no_broken_one() {
    let app = TestApp::start().await;
    let team = told(&app).await;
    keep_house::step(&app).await.unwrap();
    let mut superuser = app.database.superuser().await;
    tamper(&mut superuser, "create table kept as table audit_entries; create table kept_head as table audit_heads")
        .await;
    app.draft(&team.connection(&app), "After the backup", &[]).await;
    keep_house::step(&app).await.unwrap();
    tamper(&mut superuser, "delete from audit_entries; insert into audit_entries table kept; delete from audit_heads; insert into audit_heads table kept_head").await;
    assert_eq!(problems(&app, &team).await[0]["problem"], "the end is cut off");
    note_restored(&app, team.workspace).await.unwrap();
    let told = verify::verify(&app.app, team.workspace).await.unwrap();
    assert_eq!(told.broken, Vec::<Value>::new());
    assert!(told.notes[0].contains("restored from a backup"), "{:?}", told.notes);
    for number in 0..3 {
        app.draft(&team.connection(&app), &format!("After the restore {number}"), &[]).await;
        keep_house::step(&app).await.unwrap();
    }
    assert_eq!(problems(&app, &team).await, Vec::<Value>::new());
    // What is cut after the restore is found all the same.
    tamper(&mut superuser, "delete from audit_entries where position = (select max(position) from audit_entries)")
        .await;
    assert_eq!(problems(&app, &team).await[0]["problem"], "the end is cut off");
    app.close().await;
}

/// A process that is killed leaves entries that nobody chained; the next one looks for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_wrote_is_chained_by_the_next() {
    let app = TestApp::start().await;
    let team = told(&app).await;
    let mut superuser = app.database.superuser().await;
    tamper(&mut superuser, "insert into audit_entries select workspace_id, gen_random_uuid(), at, actor, origin, request_id, use_case, outcome, changes from audit_entries limit 1").await;
    let count: i64 = sqlx::query_scalar("select count(*) from audit_entries").fetch_one(&mut superuser).await.unwrap();
    allin::app::audit::seal::mark_all(&app).await.unwrap();
    assert_eq!(keep_house::step(&app).await.unwrap(), usize::try_from(count).unwrap());
    assert_eq!(problems(&app, &team).await, Vec::<Value>::new());
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
