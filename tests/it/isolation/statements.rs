//! Every statement of the program and every function of the database, run by the application's role inside one
//! workspace's transaction with the other's ids: it sees and changes nothing of the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use allin::{
    ids::WorkspaceId,
    store::db::{Entrance, Tx},
};
use futures::TryStreamExt as _;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Either, PgConnection, Row as _, ValueRef as _};

use super::{Filled, two};
use crate::support::TestApp;

/// Functions that are not called: they are how one gets into a workspace.
const DOORS: [&str; 1] = ["tenant_enter"];

/// What is known of the other workspace, by table and column, as literals.
struct Known {
    workspace: String,
    rows: BTreeMap<String, BTreeMap<String, String>>,
    /// Whatever names the other: its ids and its mark.
    traces: Vec<String>,
    /// Parameters of the database's functions, in order.
    functions: BTreeMap<String, Vec<(String, String)>>,
}

impl Known {
    async fn new(db: &mut PgConnection, other: &Filled) -> Self {
        let workspace = other.team.workspace.uuid().to_string();
        // One published target; rows of other tables that belong to it are taken before others.
        let chosen: (Value,) = sqlx::query_as(
            "select to_jsonb(t) from targets t where workspace_id = $1 and published_at is not null order by target_id limit 1",
        )
        .bind(other.team.workspace.uuid())
        .fetch_one(&mut *db)
        .await
        .unwrap();
        let wanted: Vec<String> = ["target_id", "post_id", "account_id"]
            .iter()
            .map(|column| {
                format!(
                    "coalesce((to_jsonb(t)->>'{column}') = '{}', false)::integer",
                    chosen.0[column].as_str().unwrap()
                )
            })
            .collect();
        let mut rows = BTreeMap::new();
        let mut traces = BTreeSet::from([workspace.clone(), other.mark.to_owned()]);
        for table in with_workspace(db).await {
            let sql = format!(
                "select c.key, c.value from (select to_jsonb(t) as row from {table} t where workspace_id = '{workspace}'
                    order by {} desc, t::text limit 1) one, jsonb_each_text(one.row) c",
                wanted.join(" + ")
            );
            let columns: Vec<(String, Option<String>)> =
                sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut *db).await.unwrap();
            assert!(
                !columns.is_empty(),
                "the other workspace has no row in {table}: make one in tests/it/isolation.rs"
            );
            let columns: BTreeMap<_, _> =
                columns.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            traces.extend(columns.iter().filter(|(name, _)| name.ends_with("_id")).map(|(_, value)| value.clone()));
            rows.insert(table, columns);
        }
        let functions: Vec<(String, Vec<String>, Vec<String>)> = sqlx::query_as(
            "select p.proname::text, coalesce(p.proargnames[1:p.pronargs], '{}')::text[],
                    array(select format_type(t, null) from unnest(p.proargtypes::oid[]) t)
             from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
               and has_function_privilege('allin_app', p.oid, 'execute')
               and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') order by 1, p.pronargs",
        )
        .fetch_all(db)
        .await
        .unwrap();
        let functions =
            functions.into_iter().map(|(name, names, types)| (name, names.into_iter().zip(types).collect()));
        Self { workspace, rows, traces: traces.into_iter().collect(), functions: functions.collect() }
    }

    /// A value of the other's for something of this name, as a literal.
    fn literal(&self, name: &str, kind: &str, tables: &[&str]) -> String {
        if let Some(item) = kind.strip_suffix("[]") {
            return format!("array[{}]::{kind}", self.literal(name, item, tables));
        }
        let name = name.strip_prefix("p_").unwrap_or(name);
        if name == "ids" {
            // What it names is made by the call.
            return format!("gen_random_uuid()::{kind}");
        }
        let single = name.strip_suffix('s').unwrap_or(name);
        let names = [
            name.to_owned(),
            format!("{name}_id"),
            single.to_owned(),
            format!("{single}_id"),
            single.replace("after_", "") + "_id",
        ];
        let within = tables.iter().filter_map(|table| self.rows.get(*table)).chain(self.rows.values());
        let value = within
            .flat_map(|columns| names.iter().filter_map(|name| columns.get(name)))
            .find(|value| fits(value, kind))
            .cloned();
        let value = value.unwrap_or_else(|| match kind {
            "uuid" => self.workspace.clone(),
            // A text search configuration, too.
            "text" => "simple".into(),
            "timestamp with time zone" => "2036-01-01T00:00:00Z".into(),
            "boolean" => "true".into(),
            "bytea" => "\\x00".into(),
            "jsonb" => "{}".into(),
            "interval" => "1 minute".into(),
            "halfvec" => format!("[{}1]", "0,".repeat(383)),
            _ => "1".into(),
        });
        format!("'{}'::{kind}", value.replace('\'', "''"))
    }
}

fn fits(value: &str, kind: &str) -> bool {
    match kind {
        "uuid" => value.parse::<uuid::Uuid>().is_ok(),
        "integer" | "bigint" | "smallint" => value.parse::<i16>().is_ok(),
        "boolean" => matches!(value, "true" | "false"),
        "timestamp with time zone" => value.contains('T') && value.contains(':'),
        "bytea" => value.starts_with("\\x"),
        "jsonb" => value.starts_with(['{', '[']),
        "text" => true,
        _ => false,
    }
}

async fn with_workspace(db: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'workspace_id' order by 1",
    )
    .fetch_all(db)
    .await
    .unwrap()
}

/// Everything that belongs to a workspace, in short.
async fn fingerprint(db: &mut PgConnection, of: WorkspaceId) -> BTreeMap<String, String> {
    let parts = with_workspace(db).await.into_iter().map(|table| {
        format!(
            "select '{table}' as name, md5(string_agg(md5(t::text), '' order by md5(t::text))) as print
             from {table} t where workspace_id = '{}'",
            of.uuid()
        )
    });
    let persons = format!(
        "select 'persons', md5(string_agg(p::text, '' order by p::text)) from persons p
         where person_id in (select person_id from members where workspace_id = '{}')",
        of.uuid()
    );
    let sql = parts.chain([persons]).collect::<Vec<_>>().join(" union all ");
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(db).await.unwrap();
    rows.into_iter().map(|(name, print)| (name, print.unwrap_or_default())).collect()
}

/// What a statement came to: its rows as text, how many it changed, or the code with which it was refused.
#[derive(Debug)]
struct Came {
    rows: Vec<String>,
    changed: u64,
    refused: Option<String>,
}

impl Came {
    /// Something was there: an empty count is nothing.
    fn found(&self) -> bool {
        self.changed > 0 && self.rows.is_empty()
            || self.rows.iter().any(|row| !matches!(row.as_str(), "" | "0" | "f" | "()"))
    }
}

async fn run(tx: &mut Tx, sql: &str) -> Came {
    let mut came = Came { rows: Vec::new(), changed: 0, refused: None };
    let mut answers = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_many(&mut **tx);
    loop {
        match answers.try_next().await {
            Ok(Some(Either::Left(done))) => came.changed += done.rows_affected(),
            Ok(Some(Either::Right(row))) => {
                let cells = (0..row.len()).map(|at| {
                    let value = row.try_get_raw(at).unwrap();
                    if value.is_null() { String::new() } else { value.as_str().unwrap().to_owned() }
                });
                came.rows.push(cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" "));
            }
            Ok(None) => return came,
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
                came.refused = Some(format!("{} {error}", code.unwrap_or_default()));
                return came;
            }
        }
    }
}

/// Runs statements as the one workspace with the other's ids, and as the other as a control.
struct Trial<'a> {
    app: &'a TestApp,
    ours: &'a Filled,
    theirs: &'a Filled,
    superuser: PgConnection,
    known: Known,
    problems: Vec<String>,
    tried: usize,
    /// Those that find or change something when the other itself runs them.
    found_by_the_other: usize,
}

impl<'a> Trial<'a> {
    async fn new(app: &'a TestApp, ours: &'a Filled, theirs: &'a Filled) -> Self {
        // Not chained yet.
        app.draft(&theirs.person(app), "zebra waiting", &[]).await;
        let mut superuser = app.database.superuser().await;
        let known = Known::new(&mut superuser, theirs).await;
        Self { app, ours, theirs, superuser, known, problems: Vec::new(), tried: 0, found_by_the_other: 0 }
    }

    async fn of(&mut self, what: &str, sql: &str) {
        self.tried += 1;
        let there = self.theirs.team.workspace;
        // As the other, and rolled back.
        let (mut tx, _) = self.app.db.tenant(there, Entrance::System, self.app.now()).await.unwrap();
        let own = run(&mut tx, sql).await;
        drop(tx);
        self.found_by_the_other += usize::from(own.refused.is_none() && own.found());

        let before = fingerprint(&mut self.superuser, there).await;
        let (mut tx, _) = self.app.db.tenant(self.ours.team.workspace, Entrance::System, self.app.now()).await.unwrap();
        let came = run(&mut tx, sql).await;
        match &came.refused {
            None => tx.commit().await.unwrap(),
            // By policy or right; or by a constraint, since keys begin with the workspace.
            Some(code) if code.starts_with("42501") || code.starts_with("23") => drop(tx),
            Some(code) => self.problems.push(format!("{what} does not run: {code}\n    {sql}")),
        }
        let after = fingerprint(&mut self.superuser, there).await;
        let changed: Vec<_> =
            before.iter().filter(|(name, print)| after.get(*name) != Some(print)).map(|(name, _)| name).collect();
        if !changed.is_empty() {
            self.problems.push(format!("{what} changed {changed:?} of the other workspace\n    {sql}"));
        }
        let seen = |row: &&String| self.known.traces.iter().any(|trace| row.contains(trace.as_str()));
        if let Some(row) = came.rows.iter().find(seen) {
            self.problems.push(format!("{what} shows of the other workspace: {row}\n    {sql}"));
        }
    }
}

/// The types as the query data names them.
fn sql_type(kind: &Value) -> String {
    let custom = kind.pointer("/Custom/name");
    let name = custom.unwrap_or(kind).as_str().unwrap_or_else(|| panic!("a parameter of the type {kind}"));
    let (item, array) = name.strip_suffix("Array").map_or((name, ""), |item| (item, "[]"));
    let item = match item {
        "Uuid" => "uuid",
        "Text" => "text",
        "Timestamptz" => "timestamp with time zone",
        "Int2" => "smallint",
        "Int4" => "integer",
        "Int8" => "bigint",
        "Float4" => "real",
        "Float8" => "double precision",
        "Bool" => "boolean",
        "Bytea" => "bytea",
        "Jsonb" => "jsonb",
        "halfvec" => "halfvec",
        other => panic!("tests/it/isolation/statements.rs knows no type {other}"),
    };
    format!("{item}{array}")
}

/// Words, numbers, `$1` and single signs.
fn tokens(sql: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    for c in sql.chars() {
        match found.last_mut() {
            Some(last) if word(c) && last.ends_with(word) => last.push(c),
            _ if c.is_whitespace() => found.push(" ".into()),
            _ => found.push(c.to_string()),
        }
    }
    found.retain(|token| token != " ");
    found
}

/// What each parameter is compared with, inserted into or handed to, by the words around it.
fn parameter_names(sql: &str, known: &Known) -> BTreeMap<usize, String> {
    let tokens = tokens(&sql.to_lowercase());
    let number = |token: &str| token.strip_prefix('$').and_then(|rest| rest.parse::<usize>().ok());
    let plain = |token: &&String| token.starts_with(|c: char| c.is_ascii_alphabetic());
    let mut names = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(parameter) = number(token) else { continue };
        // `column = $1`, `column = any ($1)`, `column <= $1`.
        let before: Vec<&String> = tokens[..at]
            .iter()
            .rev()
            .filter(|token| !["any", "(", "=", "<", ">"].contains(&token.as_str()))
            .take(1)
            .collect();
        let compared = at > 0 && ["=", "<", ">"].contains(&tokens[at - 1].as_str())
            || at > 2 && tokens[at - 2] == "any" && tokens[at - 3] == "=";
        if compared && let Some(column) = before.first().copied().filter(|token| plain(token)) {
            names.insert(parameter, column.clone());
        }
    }
    // Lists in brackets: `insert into t (a, b) values ($1, $2)`, `f($1, $2)`, `unnest($1, $2) as x (a, b)`.
    for (at, token) in tokens.iter().enumerate() {
        let Some(list) = tokens.get(at + 1).filter(|next| *next == "(").map(|_| items(&tokens, at + 1)) else {
            continue;
        };
        let called: Option<Vec<String>> = match token.as_str() {
            "values" => {
                let into = tokens[..at].iter().rposition(|token| token == "into");
                into.and_then(|into| {
                    tokens[into..at].iter().position(|token| token == "(").map(|open| items(&tokens, into + open).1)
                })
                .map(|columns| columns.into_iter().map(|column| column.concat()).collect())
            }
            "unnest" => {
                let open = tokens[list.0..].iter().take(6).position(|token| token == "(").map(|open| list.0 + open);
                open.map(|open| {
                    items(&tokens, open)
                        .1
                        .into_iter()
                        .map(|column| column.first().cloned().unwrap_or_default())
                        .collect()
                })
            }
            name => {
                known.functions.get(name).map(|parameters| parameters.iter().map(|(name, _)| name.clone()).collect())
            }
        };
        for (item, name) in list.1.iter().zip(called.unwrap_or_default()) {
            if let Some(parameter) = item.first().and_then(|token| number(token)) {
                names.insert(parameter, name);
            }
        }
    }
    names
}

/// The items of a list whose bracket opens at `open`, and where it ends.
fn items(tokens: &[String], open: usize) -> (usize, Vec<Vec<String>>) {
    let (mut level, mut found, mut item) = (0, Vec::new(), Vec::new());
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "(" if level == 0 => level = 1,
            ")" if level == 1 => {
                found.push(item);
                return (at + 1, found);
            }
            "," if level == 1 => found.push(std::mem::take(&mut item)),
            other => {
                level += usize::from(other == "(");
                level -= usize::from(other == ")");
                item.push(token.clone());
            }
        }
    }
    (tokens.len(), found)
}

fn filled_in(sql: &str, kinds: &[Value], known: &Known) -> String {
    let words = tokens(&sql.to_lowercase());
    let tables: Vec<&str> =
        known.rows.keys().map(String::as_str).filter(|table| words.iter().any(|word| word == table)).collect();
    let names = parameter_names(sql, known);
    let mut text = sql.to_owned();
    for (at, kind) in kinds.iter().enumerate().rev() {
        let name = names.get(&(at + 1)).map_or("?", String::as_str);
        text = text.replace(&format!("${}", at + 1), &known.literal(name, &sql_type(kind), &tables));
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_of_the_program_finds_what_belongs_to_another_workspace() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let mut trial = Trial::new(&app, &ours, &theirs).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        let data: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let sql = data["query"].as_str().unwrap();
        let kinds = data["describe"]["parameters"]["Left"].as_array().cloned().unwrap_or_default();
        let sql = filled_in(sql, &kinds, &trial.known);
        trial.of("a statement", &sql).await;
    }
    assert_eq!(trial.problems, Vec::<String>::new(), "{}", trial.problems.join("\n"));
    assert!(trial.tried == files.len() && trial.tried > 250, "{} of {} statements", trial.tried, files.len());
    // With the other's ids most find something where they may: the ids are such that there is something to find.
    println!(
        "{} of {} statements find something in the workspace whose ids they get",
        trial.found_by_the_other, trial.tried
    );
    assert!(trial.found_by_the_other * 10 >= trial.tried * 5, "{} of {}", trial.found_by_the_other, trial.tried);
    drop(trial);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_function_of_the_database_reaches_another_workspace() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let mut trial = Trial::new(&app, &ours, &theirs).await;
    let functions = trial.known.functions.clone();
    for (name, parameters) in functions.iter().filter(|(name, _)| !DOORS.contains(&name.as_str())) {
        let arguments: Vec<String> =
            parameters.iter().map(|(name, kind)| trial.known.literal(name, kind, &[])).collect();
        trial.of(name, &format!("select * from {name}({})", arguments.join(", "))).await;
    }
    assert_eq!(trial.problems, Vec::<String>::new(), "{}", trial.problems.join("\n"));
    assert!(trial.tried > 45, "{} functions", trial.tried);
    println!(
        "{} of {} functions find something in the workspace whose ids they get",
        trial.found_by_the_other, trial.tried
    );
    drop(trial);
    app.close().await;
}
