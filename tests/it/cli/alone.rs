//! Nothing leaves the machine unless somebody configured it: the built program in a network namespace that has only loopback.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::process::Fresh;

/// How `unshare` makes such a namespace: root may, others in a namespace of users in which they stay who they are.
const WAYS: [&[&str]; 2] = [&["-n", "--"], &["-c", "-n", "--"]];

/// The way that works on this machine, and leaves nothing but loopback.
fn way_in() -> Option<&'static [&'static str]> {
    WAYS.into_iter().find(|way| {
        let looked = Command::new("unshare").args(*way).args(["cat", "/proc/net/dev"]).output();
        let Some(looked) = looked.ok().filter(|output| output.status.success()) else { return false };
        let text = String::from_utf8(looked.stdout).unwrap();
        let links: Vec<_> = text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim()).collect();
        assert_eq!(links, ["lo"], "the namespace has more than loopback");
        true
    })
}

/// The command with the settings that it has, from within the namespace.
fn shut_in(way: &[&str], command: &Command) -> Output {
    let mut inside = Command::new("unshare");
    inside.args(way).arg(command.get_program()).args(command.get_args()).env_clear();
    for (name, value) in command.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        inside.env(name, value);
    }
    inside.env("PATH", std::env::var_os("PATH").unwrap_or_default()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_added_found_and_asked_without_a_network() {
    let Some(way) = way_in() else {
        println!("NOT TESTED: `unshare -n` (util-linux) makes no network namespace on this machine");
        return;
    };
    let home = Fresh::home().await;
    let file = home.root.with_extension("md");
    std::fs::write(&file, "# Returns\n\nBroken cakes are replaced within two days, with a photo of the damage.\n")
        .unwrap();
    let run = |arguments: &[&str]| {
        let output = shut_in(way, &home.allin(arguments));
        let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{arguments:?}: {out}{error}");
        out
    };
    run(&["kb", "add", file.to_str().unwrap()]);
    let found: Value =
        serde_json::from_str(&run(&["kb", "search", "When are broken cakes replaced?", "--json"])).unwrap();
    assert!(found["results"][0]["content"].as_str().unwrap().contains("within two days"), "{found}");
    let answered: Value =
        serde_json::from_str(&run(&["kb", "ask", "When are broken cakes replaced?", "--json"])).unwrap();
    assert!(answered["answer"].as_str().unwrap().contains("within two days"), "{answered}");
    // An address is refused for what it is, and nothing hangs.
    let away = shut_in(way, &home.allin(&["kb", "add", "https://example.com/page.html"]));
    assert!(!away.status.success(), "{away:?}");
    std::fs::remove_file(file).unwrap();
    home.remove().await;
}
