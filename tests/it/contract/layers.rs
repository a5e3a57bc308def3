//! Which room may know which. The table is the truth about the tree: a room that reaches further fails, and so does a
//! line that allows more than is used.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, sources, words};

/// Room, the rooms it uses, and why no others.
const ROOMS: &[(&str, &[&str], &str)] = &[
    ("error", &[], "everybody may fail, so it knows nobody"),
    ("clock", &["error"], "time is asked by all; a malformed time is an error"),
    ("ids", &["clock", "error"], "ids carry the time they were made at"),
    ("vault", &["error", "ids"], "keys seal for an account of a workspace, whatever it is that is sealed"),
    ("model", &["clock", "error", "ids"], "plain types and pure rules; no I/O, so nothing that does any"),
    (
        "documents",
        &["error", "model"],
        "reads files in a process of its own; knows no store, no network and no setting",
    ),
    ("store", &["clock", "error", "ids", "model", "vault"], "SQL only; of the vault it uses the hash, never a key"),
    ("clients", &["clock", "error", "model"], "the outside world; knows no tenant, no row, no id of ours"),
    (
        "sandbox",
        &["clock", "error", "ids", "model"],
        "a network of its own: shares its rules with the adapter through model, and no code",
    ),
    ("platform", &["error", "ids"], "operating system and private server; knows no schema (ids: randomness)"),
    (
        "transport",
        &["clock", "error", "ids"],
        "connections for any handler; the conformance fixtures run on it without the product",
    ),
    (
        "backup",
        &["clock", "error", "ids", "platform", "store", "vault"],
        "the whole installation as one file; knows no post and no network",
    ),
    (
        "app",
        &["clients", "clock", "documents", "error", "ids", "model", "store", "vault"],
        "use cases; knows no protocol and no page",
    ),
    ("tools", &["app", "error", "model"], "translates for MCP and calls one use case; never the store"),
    ("resources", &["app", "error", "model"], "reads through use cases; never the store"),
    (
        "jobs",
        &["app", "error", "ids", "store"],
        "claims from the queue, which is no tenant's, and delivers through app",
    ),
    (
        "mcp",
        &["app", "error", "ids", "model", "resources", "store", "tools", "transport", "vault"],
        "joins the registry to the transport; the store for sessions and for the role that filters lists",
    ),
    (
        "pages",
        &["app", "clients", "error", "ids", "model", "store", "vault"],
        "finds the request behind a link before a workspace is known; health tells whether the embedding model is there",
    ),
    ("rest", &["app", "mcp", "transport"], "the same bearer keys as /mcp"),
    ("config", &["app", "clients", "error", "ids", "platform", "tools"], "the types that settings become"),
    (
        "boot",
        &["app", "clients", "clock", "config", "documents", "error", "ids", "platform", "sandbox", "store", "vault"],
        "the one wiring place",
    ),
    (
        "cli",
        &[
            "app",
            "backup",
            "boot",
            "clients",
            "clock",
            "config",
            "documents",
            "error",
            "ids",
            "jobs",
            "mcp",
            "model",
            "pages",
            "platform",
            "rest",
            "sandbox",
            "store",
            "tools",
            "transport",
            "vault",
        ],
        "chooses what runs in a process",
    ),
    ("lib", &[], "declares the modules"),
    ("main", &["cli", "config", "error"], "arguments, configuration, the chosen mode"),
];

/// Outside crates that belong to some rooms only.
const CRATES: &[(&str, &[&str], &str)] = &[
    ("rmcp", &["mcp", "resources", "tools", "transport"], "the protocol stays outside of the use cases"),
    (
        "axum",
        &["cli", "pages", "rest", "sandbox", "transport"],
        "HTTP stays outside of the use cases; stdio serves the pages beside it",
    ),
    ("clap", &["cli", "main"], "arguments are read at the command line"),
    ("reqwest", &["clients"], "one way out, through the guard"),
    ("pdf_extract", &["documents"], "readers of foreign files run in the process that has limits"),
    ("undoc", &["documents"], "readers of foreign files run in the process that has limits"),
    ("htmd", &["documents"], "readers of foreign files run in the process that has limits"),
    ("lettre", &["clients"], "mail goes out in one place"),
    ("ed25519_dalek", &["vault"], "keys stay in the vault, and so does how they sign and verify"),
    ("chacha20poly1305", &["backup", "vault"], "sealing happens in the vault; backup wraps the keys themselves"),
];

#[test]
fn rooms_know_only_what_the_table_says() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut problems = Vec::new();
    for source in sources() {
        let room = source.room().to_owned();
        let Some((_, allowed, reason)) = ROOMS.iter().find(|(name, ..)| *name == room) else {
            problems.push(format!("{}: the room `{room}` has no line in the table", source.path));
            continue;
        };
        for (at, other) in known(&source) {
            if other == room {
                continue;
            }
            if !allowed.contains(&other.as_str()) {
                problems.push(format!(
                    "{}:{}: `{room}` must not know `{other}`: {reason}",
                    source.path,
                    source.line_of(at)
                ));
            }
            used.entry(room.clone()).or_default().insert(other);
        }
    }
    for (room, allowed, _) in ROOMS {
        let used = used.get(*room).cloned().unwrap_or_default();
        let unused = allowed.iter().filter(|other| !used.contains(**other));
        problems.extend(unused.map(|other| format!("the table lets `{room}` know `{other}`, which it does not use")));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The table itself must have one direction.
#[test]
fn no_two_rooms_know_each_other() {
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    while placed.len() < ROOMS.len() {
        let before = placed.len();
        for (room, allowed, _) in ROOMS {
            if allowed.iter().all(|other| placed.contains(other)) {
                placed.insert(room);
            }
        }
        let left: Vec<_> = ROOMS.iter().map(|(room, ..)| room).filter(|room| !placed.contains(**room)).collect();
        assert!(placed.len() > before, "these rooms know each other in a circle: {left:?}");
    }
}

#[test]
fn outside_crates_stay_in_their_rooms() {
    let mut problems = Vec::new();
    for source in sources() {
        for (name, rooms, reason) in CRATES.iter().filter(|(_, rooms, _)| !rooms.contains(&source.room())) {
            let code = source.product_code();
            let uses = words(code, name).into_iter().filter(|at| code[at + name.len()..].starts_with("::"));
            problems.extend(
                uses.map(|at| {
                    format!("{}:{}: `{name}` belongs to {rooms:?}: {reason}", source.path, source.line_of(at))
                }),
            );
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Position and name of every room that a file names: through `crate::`, `allin::` or enough `super::`.
fn known(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for root in ["crate", "allin"] {
        for at in words(&source.code, root) {
            let after = at + root.len();
            if let Some(rest) = source.code[after..].strip_prefix("::") {
                found.extend(first_names(rest).into_iter().map(|name| (at, name)));
            }
        }
    }
    for at in words(&source.code, "super") {
        let chain = source.code[at..].split("::").take_while(|part| part.trim() == "super").count();
        let inside_chain = source.code[..at].trim_end().ends_with("super::");
        if !inside_chain && chain >= depth(source, at) {
            let rest = source.code[at..].splitn(chain + 1, "::").last().unwrap_or_default();
            found.extend(first_names(rest).into_iter().filter(|name| name != "*").map(|name| (at, name)));
        }
    }
    found
}

/// How many `super` lead from here to the crate's root.
fn depth(source: &Source, at: usize) -> usize {
    let below =
        source.path.strip_prefix("src/").unwrap_or(&source.path).trim_end_matches(".rs").trim_end_matches("/mod");
    let before = &source.code[..at];
    // `origin_tests.rs` is the module `origin::tests`.
    let attached = usize::from(source.path.ends_with("_tests.rs"));
    let inline = words(before, "mod").into_iter().filter(|start| {
        let Some(open) = before[*start..].find(['{', ';']).map(|offset| start + offset) else { return false };
        let body = &before[open..];
        body.starts_with('{') && body.matches('{').count() > body.matches('}').count()
    });
    below.split('/').count() + attached + inline.count()
}

/// `a::b` → a; `{a::b, c::{d, e}}` → a, c.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| {
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*')).unwrap_or(text.len());
        text[..end].to_owned()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut level, mut start, mut names) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => level += 1,
            '}' if level > 0 => level -= 1,
            ',' | '}' if level == 0 => {
                names.push(name(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn every_way_to_name_a_room_is_seen() {
    let rooms = |path: &str, text: &str| {
        let mut names: Vec<_> =
            known(&Source::parse(path.into(), text.into())).into_iter().map(|(_, name)| name).collect();
        names.dedup();
        names
    };
    assert_eq!(rooms("src/app/x.rs", "use crate::{\n a::{b, c::D},\n e,\n f::g };"), ["a", "e", "f"]);
    assert_eq!(rooms("src/app/x.rs", "fn f() -> crate::store::X {} // crate::not"), ["store"]);
    assert_eq!(rooms("src/app/x.rs", "use super::super::store::db; use super::y;"), ["store"]);
    assert_eq!(rooms("src/app/mod.rs", "use super::store;"), ["store"]);
    assert_eq!(rooms("src/vault.rs", "mod tests { use super::*; use super::super::store; }"), ["store"]);
}
