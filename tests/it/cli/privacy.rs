//! Taking data along and erasing a workspace at the command line.

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_leaves_as_a_file_and_a_workspace_for_good() {
    let home = Fresh::home().await;
    let proof = format!("{PASSPHRASE}\n");
    let run = |arguments: &[&str], input: &str| typed(home.allin(arguments), input);
    let done = |arguments: &[&str], input: &str| {
        let (code, text) = run(arguments, input);
        assert_eq!(code, 0, "{arguments:?}: {text}");
        text
    };
    done(&["workspace", "change", "--name", "Bakery"], "");
    let cluster = home.serve().await;
    done(&["post", "create", "Fresh bread"], "");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.jsonl");
    let text = done(&["privacy", "export", "--workspace", file.to_str().unwrap()], "");
    assert!(text.starts_with("Wrote "), "{text}");
    let lines: Vec<Value> =
        std::fs::read_to_string(&file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["format"], "allin export 1");
    assert_eq!(lines.last().unwrap()["end"]["rows"], lines.len() - 2);
    done(&["passphrase", "set"], &proof);
    let own = done(&["privacy", "export", "--me", "--everywhere"], &proof);
    assert!(own.contains("\"table\":\"posts\"") && own.contains("\"end\""), "{own}");
    let (code, text) = run(&["privacy", "export", "--me"], "not the right words\n");
    assert!(code == 1 && text.contains("This is not the member's passphrase."), "{text}");

    let text = done(&["privacy", "retention", "--set", "comments=365"], &proof);
    assert!(text.contains("comments        365 days: "), "{text}");
    let (code, text) = run(&["privacy", "retention", "--set", "comments"], &proof);
    assert!(code == 1 && text.contains("Write KIND=DAYS"), "{text}");
    done(&["privacy", "consent", "give"], &proof);
    let text = done(&["privacy", "consent", "list"], "");
    assert!(text.starts_with("processing: given"), "{text}");
    let (code, text) = run(&["privacy", "erase", "--me", "--yes"], &proof);
    assert!(code == 1 && text.contains("This is the last Admin of the workspace."), "{text}");

    let whole = ["privacy", "erase", "--workspace", "--name", "Bakery"];
    let (code, text) = run(&whole, &proof);
    assert!(code == 1 && text.contains("Erase the workspace Bakery: 1 post(s)"), "it asks: {text}");
    let text = done(&[whole.as_slice(), &["--yes"]].concat(), &proof);
    assert!(text.contains("The workspace is erased.") && text.contains("In use from now on: ws_"), "{text}");
    let text = done(&["workspace", "list"], "");
    assert!(!text.contains("Bakery") && text.contains("My workspace"), "{text}");
    cluster.leave().await.unwrap();
    home.remove().await;
}
