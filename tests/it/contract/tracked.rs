//! Files that go into the repository carry no path of one machine and no address of one package registry.

use std::{fs, process::Command};

use super::source::root;

/// Put together here, so that this file does not find itself.
const FOREIGN: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a folder of one machine"),
    (concat!("/ro", "ot/"), "a folder of one machine"),
    (concat!("/ho", "me/runner"), "a folder of one machine"),
    (concat!("\"resolved\": \"", "http"), "the registry that a lock file was made with"),
    (concat!("index", "-url"), "a registry's address belongs to the machine's settings"),
    (concat!("registry = \"", "http"), "a registry's address belongs to the machine's settings"),
    (concat!("registry=", "http"), "a registry's address belongs to the machine's settings"),
    (concat!("replace", "-with ="), "a registry's address belongs to the machine's settings"),
];

/// Larger files are data.
const MOST_BYTES: u64 = 4_000_000;

#[test]
fn nothing_of_one_machine_is_kept() {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("UTF-8");
    let mut read = 0;
    let mut problems = Vec::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let path = root().join(name);
        // Deleted and not committed yet, a link, or data.
        if !fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_file() && facts.len() < MOST_BYTES) {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        read += 1;
        for (number, line) in text.lines().enumerate() {
            let hits = FOREIGN.iter().filter(|(needle, _)| line.contains(needle));
            problems.extend(hits.map(|(needle, why)| format!("{name}:{}: `{needle}`: {why}", number + 1)));
        }
    }
    assert!(read > 100, "only {read} files were read");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
