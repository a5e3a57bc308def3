//! Every dependency, on every platform, may be passed on under our own licence. The list holds what the tree needs; a
//! licence that is not on it is read by a person first.

use std::process::{Command, Output};

use serde_json::Value;

use super::source::root;

/// Permissive licences: they ask for their notice to be kept, and nothing of our own code.
const ALLOWED: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    // Asks for nothing at all.
    "0BSD",
    "Zlib",
    "Unlicense",
    "Unicode-3.0",
    // Certificates of authorities as data (webpki-roots): binds the data only.
    "CDLA-Permissive-2.0",
];

/// Packages whose terms a person has read: name, terms as the package states them, why they are all right.
const READ_BY_A_PERSON: &[(&str, &str, &str)] = &[];

#[test]
fn every_dependency_may_be_passed_on() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 200, "only {} packages", packages.len());
    let mut problems = Vec::new();
    for package in packages {
        let (name, version) =
            (package["name"].as_str().unwrap_or_default(), package["version"].as_str().unwrap_or_default());
        let terms = package["license"].as_str().unwrap_or("");
        if READ_BY_A_PERSON.iter().any(|(known, read, _)| *known == name && *read == terms) {
            continue;
        }
        match allows(terms) {
            Ok(true) => {}
            Ok(false) => problems.push(format!("{name} {version}: `{terms}`")),
            Err(problem) => problems.push(format!("{name} {version}: `{terms}`: {problem}")),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn metadata() -> Value {
    // Packages of other platforms are not always at hand.
    let offline = run(&["--offline"]);
    let output = if offline.status.success() { offline } else { run(&[]) };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn run(more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--format-version", "1", "--locked"]).args(more).current_dir(root());
    command.output().expect("cargo runs")
}

/// Whether an SPDX expression can be met with the licences above. `/` is the old way to write OR.
fn allows(expression: &str) -> Result<bool, String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = either(&mut rest)?;
    if rest.is_empty() { Ok(met) } else { Err(format!("`{}` is left over", rest.join(" "))) }
}

fn either(rest: &mut &[&str]) -> Result<bool, String> {
    let mut met = both(rest)?;
    while take(rest, "OR") {
        met |= both(rest)?;
    }
    Ok(met)
}

fn both(rest: &mut &[&str]) -> Result<bool, String> {
    let mut met = one(rest)?;
    while take(rest, "AND") {
        met &= one(rest)?;
    }
    Ok(met)
}

fn one(rest: &mut &[&str]) -> Result<bool, String> {
    if take(rest, "(") {
        let met = either(rest)?;
        return if take(rest, ")") { Ok(met) } else { Err("a bracket stays open".into()) };
    }
    let (name, after) = rest.split_first().ok_or("it ends early")?;
    if matches!(*name, ")" | "OR" | "AND" | "WITH") {
        return Err(format!("`{name}` is no licence"));
    }
    *rest = after;
    let mut terms = (*name).to_owned();
    if take(rest, "WITH") {
        let (exception, after) = rest.split_first().ok_or("it ends early")?;
        terms = format!("{terms} WITH {exception}");
        *rest = after;
    }
    Ok(ALLOWED.contains(&terms.as_str()))
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    match rest.split_first() {
        Some((first, after)) if *first == word => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let met = [
        "MIT",
        "MIT OR GPL-3.0",
        "GPL-3.0 OR (MIT AND Zlib)",
        "MIT/Apache-2.0",
        "(MIT OR GPL-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception",
    ];
    let unmet = [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR Zlib) AND GPL-3.0",
        "Apache-2.0 WITH Other-exception",
        "LGPL-2.1-or-later",
    ];
    for expression in met {
        assert_eq!(allows(expression), Ok(true), "{expression}");
    }
    for expression in unmet {
        assert_eq!(allows(expression), Ok(false), "{expression}");
    }
    for broken in ["", "MIT OR", "(MIT", "MIT Zlib", "AND MIT"] {
        assert!(allows(broken).is_err(), "{broken}");
    }
    // AND binds tighter than OR.
    assert_eq!(allows("MIT OR GPL-3.0 AND GPL-2.0"), Ok(true));
}
