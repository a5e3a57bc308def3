//! Nothing leaves the machine unless somebody configured it: the built program in a network namespace that has only loopback.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::process::Fresh;

/// Runs what follows where no other machine can be reached.
const SHUT_IN: [&str; 4] = ["-r", "-n", "--", "env"];

/// Whether this machine can make such a namespace, and whether it really has nothing else.
fn can_be_shut_in() -> bool {
    let looked = Command::new("unshare").args(SHUT_IN).args(["cat", "/proc/net/dev"]).output();
    let looked = looked.ok().filter(|output| output.status.success());
    looked.is_some_and(|output| {
        let text = String::from_utf8(output.stdout).unwrap();
        let links: Vec<_> = text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim()).collect();
        assert_eq!(links, ["lo"], "the namespace is no namespace");
        true
    })
}

/// The command with the settings that it has, from within the namespace.
fn shut_in(command: &Command) -> Output {
    let mut inside = Command::new("unshare");
    inside.args(SHUT_IN).arg(command.get_program()).args(command.get_args()).env_clear();
    for (name, value) in command.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        inside.env(name, value);
    }
    inside.env("PATH", std::env::var_os("PATH").unwrap_or_default()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_added_found_and_asked_without_a_network() {
    if !can_be_shut_in() {
        println!("NOT TESTED: `unshare -rn` (util-linux, user namespaces) does not work on this machine");
        return;
    }
    let home = Fresh::home().await;
    // The cluster of a home belongs to a user that the namespace does not know; it is made outside.
    let made = home.allin(&["setup"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let file = home.root.with_extension("md");
    std::fs::write(&file, "# Returns\n\nBroken cakes are replaced within two days, with a photo of the damage.\n").unwrap();
    let run = |arguments: &[&str]| {
        let output = shut_in(&home.allin(arguments));
        let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{arguments:?}: {out}{error}");
        out
    };
    run(&["kb", "add", file.to_str().unwrap()]);
    let found: Value = serde_json::from_str(&run(&["kb", "search", "When are broken cakes replaced?", "--json"])).unwrap();
    assert!(found["results"][0]["content"].as_str().unwrap().contains("within two days"), "{found}");
    let answered: Value = serde_json::from_str(&run(&["kb", "ask", "When are broken cakes replaced?", "--json"])).unwrap();
    assert!(answered["answer"].as_str().unwrap().contains("within two days"), "{answered}");
    // An address is refused for what it is, and nothing hangs.
    let away = shut_in(&home.allin(&["kb", "add", "https://example.com/page.html"]));
    assert!(!away.status.success(), "{away:?}");
    std::fs::remove_file(file).unwrap();
    home.remove().await;
}
