//! Below the program: the application's role inside one workspace's transaction cannot reach another's rows in any table.

use allin::{
    platform::Role,
    store::db::{Db, Entrance},
};
use sqlx::{AssertSqlSafe, PgConnection};

use super::two;
use crate::support::TestApp;

/// Tables with a workspace that have no policy, because the application has no right to them at all.
const CLOSED: [&str; 8] = [
    "dispatch",
    "knowledge_due",
    "lanes",
    "mail_queue",
    "metric_dispatch",
    "person_workspaces",
    "series_due",
    "token_hashes",
];

async fn run(db: &mut PgConnection, sql: &str, row: Option<&serde_json::Value>) -> Result<u64, String> {
    sqlx::raw_sql("savepoint s").execute(&mut *db).await.unwrap();
    let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    if let Some(row) = row {
        query = query.bind(row);
    }
    let done = query.execute(&mut *db).await;
    sqlx::raw_sql("rollback to s").execute(&mut *db).await.unwrap();
    done.map(|done| done.rows_affected()).map_err(|error| {
        error
            .as_database_error()
            .and_then(|error| error.code().map(|code| code.into_owned()))
            .unwrap_or_else(|| error.to_string())
    })
}

/// Privilege or policy: both are 42501.
fn refused() -> Result<u64, String> {
    Err("42501".into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_reaches_another_workspace() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    // Not chained yet.
    app.draft(&theirs.person(&app), "zebra waiting", &[]).await;
    let mut superuser = app.database.superuser().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'workspace_id' order by 1",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    assert!(tables.len() >= 21, "{tables:?}");
    let db = Db::connect(app.database.options(Role::App), 2).await.unwrap();
    for table in &tables {
        let there = |workspace| format!("select to_jsonb(t) from {table} t where workspace_id = '{workspace}' limit 1");
        let row = |sql: String| sqlx::query_scalar::<_, serde_json::Value>(AssertSqlSafe(sql));
        let theirs_row = row(there(theirs.team.workspace.uuid())).fetch_one(&mut superuser).await;
        let theirs_row =
            theirs_row.unwrap_or_else(|error| panic!("the other workspace has no row in {table}: {error}"));
        let (us, them) = (ours.team.workspace.uuid(), theirs.team.workspace.uuid());
        let (mut tx, _) = db.tenant(ours.team.workspace, Entrance::System, app.now()).await.unwrap();
        let select = run(&mut tx, &format!("select 1 from {table} where workspace_id = '{them}'"), None).await;
        let everything = run(&mut tx, &format!("select 1 from {table} where workspace_id <> '{us}'"), None).await;
        let update = run(
            &mut tx,
            &format!("update {table} set workspace_id = workspace_id where workspace_id = '{them}'"),
            None,
        )
        .await;
        let delete = run(&mut tx, &format!("delete from {table} where workspace_id = '{them}'"), None).await;
        let give =
            run(&mut tx, &format!("update {table} set workspace_id = '{them}' where workspace_id = '{us}'"), None)
                .await;
        let insert = format!("insert into {table} select * from jsonb_populate_record(null::{table}, $1)");
        let insert = run(&mut tx, &insert, Some(&theirs_row)).await;
        drop(tx);
        let nothing = if CLOSED.contains(&table.as_str()) { refused() } else { Ok(0) };
        assert_eq!((&select, &everything), (&nothing, &nothing), "select from {table}");
        for (what, found) in [("update", update), ("delete", delete)] {
            assert!(found == nothing || found == refused(), "{what} {table}: {found:?}");
        }
        assert_eq!((insert, give), (refused(), refused()), "insert into {table}, give a row of {table} away");
    }
    // Outside every workspace there is nothing to see.
    let mut tx = db.begin().await.unwrap();
    for table in tables.iter().filter(|table| !CLOSED.contains(&table.as_str())) {
        assert_eq!(run(&mut tx, &format!("select 1 from {table}"), None).await, Ok(0), "{table}");
    }
    drop(tx);
    db.close().await;
    app.close().await;
}
