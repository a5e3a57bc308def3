//! What may be done in one place only: SQL, calls to the outside, the tenant setting, the environment, transactions.

use std::fs;

use super::source::{Source, files, sources, words};

struct Rule {
    what: &'static str,
    /// Paths as code spells them; a whole word each.
    code: &'static [&'static str],
    /// Files or folders, and why.
    places: &'static [(&'static str, &'static str)],
}

const RULES: &[Rule] = &[
    Rule {
        what: "SQL",
        code: &[
            "query",
            "query_as",
            "query_scalar",
            "query_with",
            "raw_sql",
            "QueryBuilder",
            "AssertSqlSafe",
            "migrate",
        ],
        places: &[
            ("src/store/", "SQL and nothing else lives there"),
            ("src/platform/roles.rs", "roles and database of a cluster that has no schema yet"),
            ("src/platform/renew.rs", "a new password for the superuser of such a cluster"),
            ("src/platform/runtime.rs", "tries out whether an installation has pgvector"),
        ],
    },
    Rule {
        what: "pools and transactions",
        code: &["PgPool", "PgPoolOptions", "Pool", "Transaction", "try_begin"],
        places: &[("src/store/db.rs", "the one place that opens transactions")],
    },
    Rule {
        what: "HTTP to others",
        code: &["reqwest", "hyper", "hyper_util", "ureq"],
        places: &[
            ("src/clients/http.rs", "the one outbound client, behind the guard"),
            ("src/clients/http/client.rs", "how the library is set up for it"),
        ],
    },
    Rule {
        what: "mail to others",
        code: &["lettre"],
        places: &[
            ("src/clients/mail.rs", "the one way to send mail"),
            ("src/clients/mail/way.rs", "its connections, and what stands in their way"),
        ],
    },
    Rule {
        what: "the environment",
        code: &["var", "var_os", "vars", "vars_os", "set_var", "remove_var", "dotenvy"],
        places: &[("src/config.rs", "read once, into one struct")],
    },
    Rule {
        what: "the machine's clock",
        code: &["SystemTime", "Zoned::now", "Timestamp::now", "clock_gettime"],
        places: &[("src/clock.rs", "time comes from the Clock")],
    },
    Rule {
        what: "randomness",
        code: &["getrandom", "rand", "now_v7", "new_v4", "thread_rng", "OsRng"],
        places: &[("src/ids.rs", "ids come from the IdGen, other bytes from fill_random")],
    },
];

/// Words that are a path of a crate only when that crate stands before them.
const ONLY_AFTER: &[(&str, &str)] = &[
    ("query", "sqlx::"),
    ("query_as", "sqlx::"),
    ("query_scalar", "sqlx::"),
    ("query_with", "sqlx::"),
    ("migrate", "sqlx::"),
    ("Pool", "sqlx::"),
    ("Transaction", "sqlx::"),
    ("var", "env::"),
    ("var_os", "env::"),
    ("vars", "env::"),
    ("vars_os", "env::"),
    ("set_var", "env::"),
    ("remove_var", "env::"),
    ("SystemTime", "time::"),
];

#[test]
fn things_are_done_where_they_belong() {
    let all = sources();
    let mut problems = Vec::new();
    for rule in RULES {
        for (place, _) in rule.places {
            let kept = all.iter().any(|source| source.path.starts_with(place) && uses(source, rule).next().is_some());
            if !kept {
                problems.push(format!("{place} is named for {} and does not do it", rule.what));
            }
        }
        for source in all.iter().filter(|source| !rule.places.iter().any(|(place, _)| source.path.starts_with(place))) {
            problems.extend(uses(source, rule).map(|(line, word)| {
                format!("{}:{line}: `{word}`: {} belongs to {}", source.path, rule.what, rule.places[0].0)
            }));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn uses<'a>(source: &'a Source, rule: &'a Rule) -> impl Iterator<Item = (usize, &'static str)> + 'a {
    let code = source.product_code();
    rule.code.iter().flat_map(move |word| {
        let before = ONLY_AFTER.iter().find(|(only, _)| only == word).map(|(_, before)| *before);
        let sites = words(code, word).into_iter().filter(move |at| {
            let macro_or_path = before.is_none_or(|before| code[..*at].ends_with(before));
            // A group such as `use sqlx::{query, …}` and `use std::env::{var, …}` counts too.
            macro_or_path || before.is_some_and(|before| imported_in_group(code, *at, before))
        });
        sites.map(|at| (source.line_of(at), *word))
    })
}

fn imported_in_group(code: &str, at: usize, before: &str) -> bool {
    let statement = code[..at].rfind(';').map_or(0, |end| end + 1);
    let text = code[statement..at].trim_start();
    text.starts_with("use ") && text.contains(&format!("{before}{{"))
}

/// Text that reads like a statement has no business outside the store either.
#[test]
fn no_statement_hides_in_a_string() {
    let sql_rule = &RULES[0];
    let mut problems = Vec::new();
    for source in
        sources().iter().filter(|source| !sql_rule.places.iter().any(|(place, _)| source.path.starts_with(place)))
    {
        for text in source.product_strings().filter(|text| is_statement(text)) {
            problems.push(format!("{}: {text}", source.path));
        }
    }
    assert!(problems.is_empty(), "SQL outside the store:\n{}", problems.join("\n"));
}

fn is_statement(text: &str) -> bool {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let has = |part: &str| flat.contains(part);
    (flat.starts_with("select ") && (has(" from ") || has("(")))
        || flat.starts_with("insert into ")
        || flat.starts_with("delete from ")
        || (flat.starts_with("update ") && has(" set ") && has("="))
        || (flat.starts_with("with ") && has(" as (select "))
        || (["grant ", "revoke "].iter().any(|start| flat.starts_with(start))
            && has(" on ")
            && (has(" to ") || has(" from ")))
        || [
            "create table ",
            "create role ",
            "create database ",
            "alter table ",
            "alter role ",
            "drop table ",
            "truncate ",
        ]
        .iter()
        .any(|start| flat.starts_with(start))
}

#[test]
fn statements_are_told_from_prose() {
    for statement in ["SELECT 1 FROM x", "insert into a values (1)", "update a set b = 1", "grant select on a to b"] {
        assert!(is_statement(statement), "{statement}");
    }
    for prose in
        ["Update the post, then set its time.", "select one", "Grant access to it.", "with the key", "Revoke a key"]
    {
        assert!(!is_statement(prose), "{prose}");
    }
}

/// Who may change the tenant setting: the function of the migrations, called by the one place that opens transactions.
#[test]
fn only_one_place_changes_the_tenant() {
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| source.path != "src/store/db.rs") {
        for word in
            ["set_config", "allin.workspace_id", "tenant_enter", "set_tenant", "row_security", "session authorization"]
        {
            let named = source.text.to_lowercase().contains(word);
            if named {
                problems.push(format!("{} names `{word}`", source.path));
            }
        }
    }
    let mut entrances = 0;
    for (path, file) in files("migrations", ".sql") {
        let text = without_sql_comments(&fs::read_to_string(file).expect("UTF-8")).to_lowercase();
        for (at, _) in text.match_indices("set_config") {
            entrances += 1;
            if !inside_tenant_enter(&text, at) {
                problems.push(format!("{path} changes a setting outside of tenant_enter"));
            }
        }
        for word in ["set allin.", "set local allin.", "set session allin.", "disable row level security"] {
            if text.contains(word) {
                problems.push(format!("{path} says `{word}`"));
            }
        }
        // The owner may step round the policy to bring rows up to date, and puts it back in the same file.
        for (at, lifted) in text.match_indices("no force row level security") {
            let table = text[..at].trim_end().rsplit(' ').next().unwrap_or_default();
            if !text[at + lifted.len()..].contains(&format!("alter table {table} force row level security")) {
                problems.push(format!("{path} does not put the policy of {table} back"));
            }
        }
    }
    assert!(entrances > 0, "tenant_enter was not found");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn inside_tenant_enter(text: &str, at: usize) -> bool {
    let start = text[..at].rfind("create function").max(text[..at].rfind("create or replace function"));
    let Some(start) = start else { return false };
    let named = text[start..]
        .split_whitespace()
        .find(|word| word.contains('('))
        .is_some_and(|word| word.starts_with("tenant_enter("));
    let body_opened = text[start..at].matches("$$").count() == 1;
    named && body_opened
}

fn without_sql_comments(text: &str) -> String {
    text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}
