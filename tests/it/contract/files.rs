//! Sizes, names and heads of the source files.

use super::source::sources;

/// Aim; what is longer stands in the table below.
const AIM: usize = 300;
const MOST: usize = 400;

/// Longer than the aim today. A file may shrink or leave this table, not grow in it.
const LONG: &[(&str, usize)] = &[
    ("src/platform/os_unix.rs", 304),
    ("src/store/accounts.rs", 315),
    ("src/store/targets.rs", 362),
    ("src/transport/http_tests.rs", 343),
];

const FORBIDDEN: [&str; 12] = [
    "util", "utils", "common", "helper", "helpers", "manager", "managers", "service", "services", "misc", "stuff",
    "base",
];

#[test]
fn files_stay_short() {
    let all = sources();
    let mut problems = Vec::new();
    for source in &all {
        let lines = source.text.lines().count();
        let listed = LONG.iter().find(|(path, _)| *path == source.path).map(|(_, most)| *most);
        match listed {
            _ if lines > MOST => {
                problems.push(format!("{} has {lines} lines; past {MOST} it is split by verb", source.path))
            }
            Some(most) if lines > most => problems.push(format!("{} grew from {most} to {lines} lines", source.path)),
            Some(_) if lines <= AIM => {
                problems.push(format!("{} is short enough now: take it off the table", source.path))
            }
            None if lines > AIM => problems.push(format!("{} has {lines} lines; the aim is {AIM}", source.path)),
            _ => {}
        }
    }
    for (path, _) in LONG {
        if !all.iter().any(|source| source.path == *path) {
            problems.push(format!("{path} is gone: take it off the table"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn names_say_what_is_inside() {
    let mut problems = Vec::new();
    for source in sources() {
        for part in source.path.trim_end_matches(".rs").split('/') {
            if part.split('_').any(|word| FORBIDDEN.contains(&word)) {
                problems.push(source.path.clone());
            }
        }
    }
    assert!(problems.is_empty(), "a reader cannot guess what is in: {problems:?}");
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|source| !source.is_test())
        .filter(|source| {
            source
                .text
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("//! "))
                .is_none_or(|head| head.trim().is_empty())
        })
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "these modules do not begin with `//! …`: {silent:?}");
}
