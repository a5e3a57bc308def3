//! `docs/permissions.md`, written from the same rules that the matrix holds the program to.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use allin::model::roles::{Permission, ProofNeeded, Role};

use super::{Caller, Verdict, expected};
use crate::support::cases::{self, Case};

const HEAD: &str = "# Permissions

Who may do what. This page is written by a test from the list of operations and the table of rights in
`src/model/roles.rs`; another test calls every operation as every role, by every kind of caller, with and without a grant
on the account, and with things of another workspace, and finds exactly this. To write it anew after a change:
`ALLIN_WRITE_DOCS=1 cargo nextest run --test it -E 'test(permissions::document)'`.

* **yes**: this role may. What it may see and change is narrowed further by the operation itself: Contributors and
  Publishers change their own posts, Viewers see what is published.
* **granted**: on accounts that were granted to the member (`allin account grant`). Managers and Admins use all accounts.
* **Who**: *anybody* is a person at the command line or on a page, a connected program (over stdio) or an API key of the
  member; *a person* means no connection, key, agent or job; *a person, who proves it* types the passphrase if one is
  set, and *a proven person* always; *the operator* is whoever runs AllIN, on its machine, and no
  member of any role.
* What belongs to another workspace does not exist, whoever asks: it is answered like an id that never was.
";

fn cell(case: &Case, role: Role) -> &'static str {
    match (expected(case, role, Caller::Person, true), expected(case, role, Caller::Person, false)) {
        (Verdict::Proof, _) => "yes",
        (Verdict::Yes, Verdict::Yes) => "yes",
        (Verdict::Yes, _) => "granted",
        _ => "–",
    }
}

fn who(case: &Case) -> &'static str {
    match expected(case, Role::Admin, Caller::Key, true) {
        Verdict::Operator => "the operator",
        Verdict::Person => match case.needs.rule().proof {
            ProofNeeded::No => "a person",
            ProofNeeded::IfSet => "a person, who proves it",
            ProofNeeded::Always => "a proven person",
        },
        _ => "anybody",
    }
}

fn title(area: &str) -> String {
    let words = area.replace('_', " ");
    words[..1].to_uppercase() + &words[1..]
}

fn written() -> String {
    let mut text = HEAD.to_owned();
    let mut areas: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for case in cases::all() {
        areas.entry(case.area).or_default().push(case);
    }
    let names = Role::ALL.map(|role| title(role.as_str())).join(" | ");
    for (area, mut cases) in areas {
        cases.sort_by_key(|case| case.name);
        _ = write!(
            text,
            "\n## {}\n\n| Operation | {names} | Who | Why |\n|---|---|---|---|---|---|---|---|\n",
            title(area)
        );
        for case in cases {
            let cells = Role::ALL.map(|role| cell(&case, role)).join(" | ");
            _ = writeln!(text, "| `{}` | {cells} | {} | {} |", case.name, who(&case), case.needs.rule().reason);
        }
    }
    text.push_str("\n## Rights that operations look at besides\n\n| Right | From | Who | Why |\n|---|---|---|---|\n");
    let own: Vec<Permission> = cases::all().iter().map(|case| case.needs).collect();
    for right in Permission::ALL.iter().filter(|right| !own.contains(right)) {
        let rule = right.rule();
        let who = if rule.person_only { "a person" } else { "anybody" };
        _ = writeln!(text, "| {} | {} | {who} | {} |", words(*right), title(rule.least.as_str()), rule.reason);
    }
    text
}

/// `PublishEmergencies` → publish emergencies.
fn words(right: Permission) -> String {
    serde_json::to_value(right).unwrap().as_str().unwrap().replace('_', " ")
}

#[test]
fn the_page_says_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/permissions.md");
    let text = written();
    if std::env::var_os("ALLIN_WRITE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "docs/permissions.md is not what the code says. Write it anew with \
         `ALLIN_WRITE_DOCS=1 cargo nextest run --test it -E 'test(permissions::document)'` and look at the change."
    );
}
