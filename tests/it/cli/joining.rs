//! Inviting, joining and changing workspaces at the command line.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::{people::PASSPHRASE, process::Fresh};

/// Exit code and everything that was printed.
fn typed(mut command: Command, input: &str) -> (i32, String) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may be gone already.
    _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let printed = child.wait_with_output().unwrap();
    let text = String::from_utf8(printed.stdout).unwrap() + &String::from_utf8(printed.stderr).unwrap();
    (printed.status.code().unwrap(), text)
}

fn json(text: &str) -> Value {
    let line = text.lines().find(|line| line.starts_with(['{', '['])).unwrap_or_else(|| panic!("no JSON in {text}"));
    serde_json::from_str(line).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_joins_and_makes_a_workspace_of_their_own() {
    let home = Fresh::home().await;
    let run = |arguments: &[&str], member: Option<&str>, input: &str| {
        let mut command = home.allin(arguments);
        if let Some(member) = member {
            command.env("ALLIN_MEMBER", member);
        }
        typed(command, input)
    };
    let (_, text) = run(&["workspace", "list", "--json"], None, "");
    let first = json(&text)[0]["id"].as_str().unwrap().to_owned();
    let cluster = home.serve().await;

    let (code, text) = run(&["member", "invite", "Kim", "--role", "publisher", "--days", "2"], None, "");
    let link = text.lines().find(|line| line.starts_with("http://127.0.0.1:7700/join/join_")).unwrap().to_owned();
    assert!(code == 0 && text.starts_with("Hand this link to Kim, and to nobody else."), "{text}");
    let (code, text) = run(&["member", "join", &link, "--json"], None, &format!("{PASSPHRASE}\n"));
    assert_eq!(code, 0, "{text}");
    let kim = json(&text)["member"].as_str().unwrap().to_owned();
    let (code, text) = run(&["member", "join", &link], None, &format!("{PASSPHRASE}\n"));
    assert!(code == 1 && text.contains("This link is over"), "{text}");

    // Another workspace as the same person, which is used from then on.
    let (_, text) = run(&["workspace", "create", "Kim's own", "--json"], Some(&kim), "");
    let second = json(&text)["workspace"].as_str().unwrap().to_owned();
    let (_, text) = run(&["workspace", "list"], Some(&kim), "");
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains(&first) && lines[0].contains("you are publisher"), "{text}");
    assert!(lines[0].ends_with(", in use") && lines[1].contains("Kim's own") && lines[1].contains("you are admin"));
    let (code, text) = run(&["workspace", "use", &second], Some(&kim), "");
    assert!(code == 0 && text.contains("“Kim's own” is in use from now on"), "{text}");
    let (_, text) = run(&["workspace", "list", "--json"], None, "");
    let all = json(&text);
    assert_eq!((all[0]["role"].as_str(), all[1]["role"].as_str()), (Some("publisher"), Some("admin")), "{text}");
    let (code, text) = run(&["workspace", "use", "ws_06h317h401zs5b5ch91g4f6emr"], None, "");
    assert!(code == 1 && text.contains("You are not in a workspace"), "{text}");

    // The passphrase is asked for what takes it, and the last Admin stays.
    let (code, text) = run(&["member", "invite", "Lee"], None, "not the right words\n");
    assert!(code == 1 && text.contains("This is not the member's passphrase."), "{text}");
    let (code, text) = run(&["member", "leave", "--yes"], None, &format!("{PASSPHRASE}\n"));
    assert!(code == 1 && text.contains("This is the last Admin of the workspace."), "{text}");

    cluster.leave().await.unwrap();
    home.remove().await;
}
