//! Exports: everything that is exported of any table, row by row, and nothing of others.

use std::collections::BTreeMap;

use allin::{
    app::{
        ctx::Ctx,
        privacy::{ExportPage, export_person::PersonExport, export_workspace::WorkspaceExport},
        use_case::UseCase,
    },
    ids::MemberId,
    model::{
        privacy::{Export, Holding},
        roles::Role,
    },
    vault::sha256,
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

use super::count;
use crate::{
    isolation::{Filled, two},
    support::{TestApp, people::Door},
};

/// Page after page, and how many.
async fn whole<U: UseCase<Output = ExportPage>>(
    app: &TestApp,
    ctx: &Ctx,
    input: impl Fn(Option<String>) -> U::Input,
) -> (String, usize) {
    let (mut text, mut pages, mut cursor) = (String::new(), 0, None);
    loop {
        let page = app.call_once::<U>(ctx, input(cursor)).await.unwrap();
        text.push_str(&page.lines);
        pages += 1;
        cursor = page.next_cursor;
        if cursor.is_none() {
            return (text, pages);
        }
    }
}

async fn of_workspace(app: &TestApp, ctx: &Ctx) -> (String, usize) {
    whole::<WorkspaceExport>(app, ctx, |cursor| WorkspaceExport { cursor }).await
}

async fn of_person(app: &TestApp, ctx: &Ctx, member_id: Option<MemberId>) -> String {
    whole::<PersonExport>(app, ctx, |cursor| PersonExport { member_id, cursor }).await.0
}

/// Rows by table; the first line says what the file is.
fn rows(text: &str) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let table = line["table"].as_str().unwrap().to_owned();
        found.entry(table).or_default().push(line["row"].take());
    }
    found
}

async fn rows_of(db: &mut PgConnection, table: &str, of: &Filled, and: &str) -> usize {
    let workspace = of.team.workspace.uuid();
    let sql = format!("select count(*) from {table} t where workspace_id = '{workspace}' and ({and})");
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(db).await.unwrap();
    usize::try_from(count).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_is_exported_whole_and_nothing_else() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let ctx = ours.team.person(&app);
    let (text, pages) = of_workspace(&app, &ctx).await;
    let found = rows(&text);
    let mut superuser = app.database.superuser().await;
    let mut seen = 0;
    for holding in Holding::all().filter(|holding| holding.export == Export::Rows) {
        let there = rows_of(&mut superuser, holding.table, &ours, "true").await;
        // The export itself is noted after it was read.
        let noted = usize::from(holding.table == "audit_entries") * pages.min(1);
        let exported = found.get(holding.table).map_or(0, Vec::len);
        assert_eq!(exported + noted, there, "{}", holding.table);
        assert!(exported > 0, "{} has no row: the test shows nothing", holding.table);
        let first = &found[holding.table][0];
        for (column, _) in holding.secrets {
            assert!(first.get(column).is_none(), "{} shows {column}", holding.table);
        }
        let shown =
            holding.columns.split_whitespace().filter(|name| !holding.secrets.iter().any(|(secret, _)| secret == name));
        assert!(shown.clone().all(|column| first.get(column).is_some()), "{}", holding.table);
        seen += 1;
    }
    assert!(seen > 45, "{seen} tables");
    // Persons are gathered: all that are members now, with their addresses.
    assert!(found["persons"].iter().any(|person| person["email"] == format!("{}@example.com", ours.mark)));
    assert!(!text.contains(theirs.mark), "nothing of the other workspace");
    assert!(!text.contains(&theirs.team.workspace.uuid().to_string()));
    // No secret, by its value: tokens, hashes of keys, public halves of passphrases.
    let secrets: Vec<String> = sqlx::query_scalar(
        "select encode(secret, 'hex') from accounts where secret is not null union select encode(hash, 'hex') from token_hashes
         union select encode(public_key, 'hex') from person_keys union select encode(salt, 'hex') from person_keys",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    assert!(secrets.len() > 5, "{}", secrets.len());
    assert!(secrets.iter().all(|secret| !text.contains(secret)), "a secret is in the export");
    let manifest: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(manifest["format"], "allin export 1");
    assert!(
        manifest["left_out"]["token_hashes"].is_string()
            && manifest["tables"]["accounts"]["left_out"]["secret"].is_string()
    );
    // A picture comes back from its pieces.
    let bytes: Vec<u8> = found["asset_chunks"]
        .iter()
        .flat_map(|row| {
            data_encoding::HEXLOWER.decode(row["data"].as_str().unwrap().trim_start_matches("\\x").as_bytes()).unwrap()
        })
        .collect();
    let hash = format!("\\x{}", data_encoding::HEXLOWER.encode(&sha256(&bytes)));
    assert_eq!(found["assets"][0]["sha256"], hash);
    let noted =
        count(&app, "select count(*) from audit_entries where use_case = 'workspace_export' and outcome = 'done'")
            .await;
    assert_eq!(noted, 1, "in the log, once");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn much_is_exported_in_pages_that_stay_small() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let mut superuser = app.database.superuser().await;
    app.draft(&ctx, "Bread", &[]).await;
    sqlx::query(
        "insert into post_versions select workspace_id, post_id, g, jsonb_build_object('words', repeat('bread ', 2000)), actor, created_at
         from post_versions, generate_series(2, 1500) g",
    )
    .execute(&mut superuser)
    .await
    .unwrap();
    let (mut cursor, mut pages, mut versions, mut largest) = (None, 0, 0, 0);
    loop {
        let page = app.call_once::<WorkspaceExport>(&ctx, WorkspaceExport { cursor }).await.unwrap();
        pages += 1;
        largest = largest.max(page.lines.len());
        versions += page.lines.matches("\"table\":\"post_versions\"").count();
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert!(pages > 5 && versions == 1500, "{pages} pages, {versions} versions");
    assert!(largest < 6 * 1024 * 1024, "{largest} bytes");
    // A cursor is for whoever got it.
    let other = app.member(&team, Role::Admin).await;
    let page = app.call_once::<WorkspaceExport>(&ctx, WorkspaceExport { cursor: None }).await.unwrap();
    let theirs = team.ctx(&app, other, Door::CommandLine);
    let stolen =
        app.call_once::<WorkspaceExport>(&theirs, WorkspaceExport { cursor: page.next_cursor }).await.unwrap_err();
    assert_eq!(stolen.code(), "cursor_invalid");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_names_a_person_is_in_the_persons_export() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let ctx = ours.team.person(&app);
    let member = ours.team.admin;
    let text = of_person(&app, &ctx, None).await;
    let found = rows(&text);
    let mut superuser = app.database.superuser().await;
    // Wherever the ids or the address of the person stand, as text, by a search that knows nothing of ties.
    let named = format!(
        "strpos(to_jsonb(t)::text, '{}') > 0 or strpos(to_jsonb(t)::text, '{member}') > 0 or strpos(to_jsonb(t)::text, '{}@example.com') > 0",
        member.uuid(),
        ours.mark
    );
    let mut seen = 0;
    for holding in Holding::all().filter(|holding| holding.export == Export::Rows && holding.table != "audit_openings")
    {
        let there = rows_of(&mut superuser, holding.table, &ours, &named).await;
        let noted = usize::from(holding.table == "audit_entries");
        let exported = found.get(holding.table).map_or(0, Vec::len);
        assert_eq!(exported + noted, there, "{}: add a tie in src/model/privacy", holding.table);
        seen += usize::from(there > 0);
    }
    assert!(seen > 15, "{seen} tables name the person");
    let values: Vec<&str> = found["audit_openings"].iter().filter_map(|row| row["value"].as_str()).collect();
    assert!(values.contains(&format!("{} reason", ours.mark).as_str()), "{values:?}");
    assert_eq!(found["persons"].len(), 1);
    assert!(!text.contains(theirs.mark));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_exports_oneself_and_an_admin_anybody() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let kim = app.member_called(&team, "Kim", Role::Contributor).await;
    let lee = app.member_called(&team, "Lee", Role::Manager).await;
    let (person, theirs) = (team.ctx(&app, kim, Door::CommandLine), team.ctx(&app, lee, Door::CommandLine));
    app.draft(&person, "Kim's own", &[]).await;
    let own = of_person(&app, &person, None).await;
    let by_admin = of_person(&app, &team.person(&app), Some(kim)).await;
    let posts = |text: &str| rows(text)["posts"].clone();
    assert_eq!((posts(&own).len(), posts(&own)), (1, posts(&by_admin)));
    let others = PersonExport { member_id: Some(kim), cursor: None };
    assert_eq!(app.call_once::<PersonExport>(&theirs, others.clone()).await.unwrap_err().code(), "data_not_yours");
    let program = team.ctx(&app, team.admin, Door::Stdio);
    assert_eq!(app.call_once::<PersonExport>(&program, others.clone()).await.unwrap_err().code(), "person_only");
    // With a passphrase it takes the passphrase.
    app.proven(&team, kim).await;
    let unproved = app.call_once::<PersonExport>(&person, PersonExport::default()).await.unwrap_err();
    assert_eq!(unproved.code(), "proof_needed");
    // No export changes anything.
    assert_eq!(count(&app, "select count(*) from posts").await, 1);
    app.close().await;
}
