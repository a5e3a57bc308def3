//! Personal data: exported whole, erased without a trace but proof, kept for its days, agreed to.

mod consents;
mod erasure;
mod exports;
mod kept;
mod workspaces;

use std::collections::BTreeSet;

use allin::model::privacy::{Export, Holding, Tie};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{TestApp, database::Database};

/// Every table of ours, with its columns.
async fn catalog(db: &mut PgConnection) -> Vec<(String, BTreeSet<String>)> {
    let rows: Vec<(String, Vec<String>)> = sqlx::query_as(
        "select c.relname::text, array_agg(a.attname::text) from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
           and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') group by 1 order by 1",
    )
    .fetch_all(db)
    .await
    .unwrap();
    rows.into_iter().map(|(table, columns)| (table, columns.into_iter().collect())).collect()
}

/// Tables in which a text stands somewhere, whoever it belongs to.
async fn where_it_stands(db: &mut PgConnection, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (table, _) in catalog(db).await {
        let sql = format!("select count(*) from {table} t where strpos(to_jsonb(t)::text, $1) > 0");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).bind(needle).fetch_one(&mut *db).await.unwrap();
        if count > 0 {
            found.push(format!("{table}: {count}"));
        }
    }
    found
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut app.database.superuser().await).await.unwrap()
}

/// What `model/privacy` forgets, nobody exports and nobody erases.
fn unlisted(catalog: &[(String, BTreeSet<String>)], listed: &[&Holding]) -> Vec<String> {
    let mut problems = Vec::new();
    for (table, columns) in catalog {
        let Some(holding) = listed.iter().find(|holding| holding.table == table) else {
            problems.push(format!(
                "{table} is not listed: say in src/model/privacy what it holds, and what is done with it"
            ));
            continue;
        };
        let named: BTreeSet<String> = holding.columns.split_whitespace().map(str::to_owned).collect();
        problems.extend(columns.difference(&named).map(|column| format!("{table}.{column} is not listed")));
        problems.extend(named.difference(columns).map(|column| format!("{table}.{column} is listed and is not there")));
        let secrets = holding.secrets.iter().map(|(column, _)| *column);
        let ties = holding.ties.iter().filter_map(|tie| match tie {
            Tie::Member(column)
            | Tie::Members(column)
            | Tie::Actor(column)
            | Tie::Within(column)
            | Tie::Address(column) => Some(*column),
            Tie::Commitment => None,
        });
        // The tables of persons are tied by the membership.
        for column in secrets.chain(ties.filter(|_| holding.export != Export::Persons)) {
            if !columns.contains(column) {
                problems.push(format!("{table} names the column {column}, which it does not have"));
            }
        }
        // Whoever adds a column with a member's id, an actor or an address says so.
        let telling = ["member_id", "author_id", "creator_id", "assignee_id", "created_by", "actor", "requested_by"];
        let tied = holding.ties.iter().any(|tie| !matches!(tie, Tie::Commitment));
        if let (false, Some(column)) = (tied, telling.iter().find(|column| columns.contains(**column))) {
            problems.push(format!("{table} has {column} and is tied to nobody"));
        }
    }
    for holding in listed {
        if !catalog.iter().any(|(table, _)| table == holding.table) {
            problems.push(format!("{} is listed and is no table", holding.table));
        }
    }
    problems
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_and_column_is_listed() {
    let database = Database::create().await;
    let mut superuser = database.superuser().await;
    let listed: Vec<&Holding> = Holding::all().collect();
    let names: BTreeSet<_> = listed.iter().map(|holding| holding.table).collect();
    assert_eq!(names.len(), listed.len(), "no table twice");
    let before = unlisted(&catalog(&mut superuser).await, &listed);
    assert!(before.is_empty(), "{}", before.join("\n"));
    // A new table, and a new column, are noticed.
    sqlx::raw_sql("create table diaries (workspace_id uuid, words text); alter table tasks add column mood text")
        .execute(&mut superuser)
        .await
        .unwrap();
    let after = unlisted(&catalog(&mut superuser).await, &listed);
    assert!(after[0].starts_with("diaries is not listed") && after[1] == "tasks.mood is not listed", "{after:?}");
    drop(superuser);
    database.close().await;
}
