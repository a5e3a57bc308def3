//! A crisis at the command line, on a practice network that runs beside it.

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
async fn a_crisis_from_its_beginning_to_its_report() {
    let home = Fresh::home().await;
    let run = |arguments: &[&str], input: &str| typed(home.allin(arguments), input);
    let done = |arguments: &[&str], input: &str| {
        let (code, text) = run(arguments, input);
        assert_eq!(code, 0, "{arguments:?}: {text}");
        text
    };
    let once = format!("{PASSPHRASE}\n");
    let twice = once.repeat(2);
    done(&["workspace", "list"], "");
    let cluster = home.serve().await;
    let mut network = home.allin(&["simulate"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    let mut printed = std::io::BufReader::new(network.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut printed, &mut ready).unwrap();

    done(&["account", "connect", "sandbox", "bakery"], "secret\n");
    let account = json(&done(&["account", "list", "--json"], ""))["accounts"][0]["id"].as_str().unwrap().to_owned();
    let draft = done(&["post", "create", "Cake for 1 euro", "--account", &account, "--json"], "");
    let post = json(&draft)["post"]["id"].as_str().unwrap().to_owned();
    done(&["post", "publish", &post, "--yes"], "");
    let (code, text) = run(&["crisis", "end"], "");
    assert!(code == 1 && text.contains("You have no passphrase yet"), "{text}");
    done(&["passphrase", "set"], &once);

    let started = done(&["crisis", "start", "A wrong price went out"], "");
    for part in ["A crisis has begun.", "Publishing of everything is paused", "needs a Manager's approval", &post] {
        assert!(started.contains(part), "{part} is not in {started}");
    }
    assert!(started.contains("“Cake for 1 euro” on sandbox/bakery") && started.contains("asked by Anna"), "{started}");
    assert!(json(&done(&["crisis", "start", "Again", "--json"], ""))["joined"].as_bool().unwrap());
    let (code, text) = run(&["crisis", "delete", "--all-since"], "");
    assert!(code == 1 && text.contains("Likes and replies there are lost."), "{text}");
    let deleted = done(&["crisis", "delete", &post, "--yes"], "");
    assert!(deleted.starts_with("1 of 1 removed."), "{deleted}");
    done(&["crisis", "note", "The old price list was used"], "");
    let (code, text) = run(&["crisis", "revoke", "--yes"], "not the right words\n");
    assert!(code == 1 && text.contains("This is not the member's passphrase."), "{text}");
    let revoked = done(&["crisis", "revoke", "--yes"], &twice);
    assert!(revoked.contains("Revoked: 0 API key(s), the tokens of 1 account(s)"), "{revoked}");
    assert!(done(&["crisis", "status"], "").contains("removed"), "it lasts");
    let ended = done(&["crisis", "end"], &once);
    for part in ["The crisis is over.", "`allin resume`", "`allin approval unfreeze`", "`allin account connect`"] {
        assert!(ended.contains(part), "{part} is not in {ended}");
    }
    let report = done(&["crisis", "report"], "");
    for part in
        ["# Crisis: A wrong price went out", "1 deleted, 0 being deleted", "The old price list was used", "Again"]
    {
        assert!(report.contains(part), "{part} is not in {report}");
    }
    let whole = json(&done(&["crisis", "report", "--json"], ""));
    assert_eq!(whole["published"][0]["standing"], "removed");
    assert!(whole["timeline"].as_array().unwrap().iter().any(|event| event["use_case"] == "crisis_revoke"), "{whole}");
    assert_eq!(done(&["crisis", "status"], "").trim(), "No crisis lasts.");
    done(&["resume", "--yes"], "");
    done(&["approval", "unfreeze"], &once);

    network.kill().unwrap();
    network.wait().unwrap();
    cluster.leave().await.unwrap();
    home.remove().await;
}
