//! Erasing a workspace: only its log is left, and the others' rows are as they were.

use std::collections::BTreeMap;

use allin::{
    app::{
        audit::verify,
        members::list::MemberList,
        privacy::erase_workspace::WorkspaceErase,
        use_case::{CallOptions, Reply},
    },
    ids::WorkspaceId,
    jobs::keep_house,
    model::privacy::Holding,
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

use super::{catalog, count, where_it_stands};
use crate::{isolation::two, support::TestApp};

/// Rows of a workspace by table, as one number each.
async fn prints(db: &mut PgConnection, of: WorkspaceId) -> BTreeMap<String, (i64, String)> {
    let mut found = BTreeMap::new();
    for (table, columns) in catalog(db).await {
        if columns.contains("workspace_id") {
            let sql = format!(
                "select count(*), coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') from {table} t
                 where workspace_id = '{}'",
                of.uuid()
            );
            let row: (i64, String) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut *db).await.unwrap();
            found.insert(table, row);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_workspace_leaves_its_log_and_nothing_else() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let mut superuser = app.database.superuser().await;
    let before = prints(&mut superuser, theirs.team.workspace).await;
    let own = prints(&mut superuser, ours.team.workspace).await;
    assert!(own.values().all(|(rows, _)| *rows > 0), "a row in every table: {own:?}");
    let erase = |name: String| WorkspaceErase { name };
    let name = format!("{} workspace", ours.mark);
    let unproved = app.agreed::<WorkspaceErase>(&ours.team.person(&app), erase(name.clone())).await.unwrap_err();
    assert_eq!(unproved.code(), "proof_needed");
    let admin = app.proven(&ours.team, ours.team.admin).await;
    let wrong = app.agreed::<WorkspaceErase>(&admin, erase("zebra workspace".into())).await.unwrap_err();
    assert_eq!(wrong.code(), "name_differs");
    let Reply::Ask(asked) =
        app.call::<WorkspaceErase>(&admin, erase(name.clone()), CallOptions::default()).await.unwrap()
    else {
        panic!("it asks")
    };
    let question = asked.question.text;
    assert!(question.starts_with("1 post(s) are public"), "what stays outside comes first: {question}");
    assert!(question.contains(&format!("sandbox/{}-account: {} published", ours.mark, ours.mark)), "{question}");
    let options = CallOptions { confirmation: Some(asked.state), ..CallOptions::default() };
    let done = app.call::<WorkspaceErase>(&admin, erase(name), options).await.unwrap().done().unwrap();
    assert_eq!(done.public, 1);

    // Every table that goes is empty, and those that stay are those of which the list says so.
    let after = prints(&mut superuser, ours.team.workspace).await;
    let left: Vec<&str> = after.iter().filter(|(_, (rows, _))| *rows > 0).map(|(table, _)| table.as_str()).collect();
    assert_eq!(left, ["audit_entries", "audit_heads", "workspaces"]);
    let staying = |table: &&str| Holding::all().any(|holding| holding.table == *table && !holding.goes);
    assert!(left.iter().all(staying), "{left:?}");
    assert_eq!(where_it_stands(&mut superuser, ours.mark).await, Vec::<String>::new());
    assert_eq!(prints(&mut superuser, theirs.team.workspace).await, before, "the other workspace is as it was");

    // The log verifies, with the erasure in it.
    keep_house::step(&app).await.unwrap();
    let verified = verify::verify(&app.app, ours.team.workspace).await.unwrap();
    assert_eq!(verified.broken, Vec::<Value>::new());
    let noted = "select count(*) from audit_entries where use_case = 'workspace_erase' and outcome = 'done' and position is not null";
    assert_eq!(count(&app, noted).await, 1);
    // Nobody gets in any more.
    let out = ours.team.person(&app);
    let out = app.call_once::<MemberList>(&out, MemberList::default()).await.unwrap_err();
    assert_eq!(out.code(), "access_ended");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_erased_while_a_message_is_under_way() {
    let app = TestApp::start().await;
    let [ours, _] = two(&app).await;
    let admin = app.proven(&ours.team, ours.team.admin).await;
    sqlx::query("update attempts set state = 'armed', finished_at = null where workspace_id = $1")
        .bind(ours.team.workspace.uuid())
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    let name = format!("{} workspace", ours.mark);
    let refused = app.agreed::<WorkspaceErase>(&admin, WorkspaceErase { name }).await.unwrap_err();
    assert_eq!(refused.code(), "under_way");
    app.close().await;
}
