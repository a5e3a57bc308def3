//! A person at the command line, from a new home on.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{named::Names, process::Fresh};

/// What was typed and what came back, with ids numbered.
struct Terminal {
    home: Fresh,
    names: Names,
    story: String,
}

impl Terminal {
    fn finish(&mut self, shown: &str, mut command: Command, input: &str) -> (i32, String) {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let printed = child.wait_with_output().unwrap();
        let text = String::from_utf8(printed.stdout).unwrap() + &String::from_utf8(printed.stderr).unwrap();
        let code = printed.status.code().unwrap();
        let said =
            format!("$ allin {shown}\n{text}{}\n", if code == 0 { String::new() } else { format!("[{code}]\n") });
        let said = self.names.text(&said);
        self.story.push_str(&said);
        (code, text)
    }

    fn run(&mut self, arguments: &[&str]) -> String {
        let (code, text) = self.finish(&arguments.join(" "), self.home.allin(arguments), "");
        assert_eq!(code, 0, "{arguments:?}: {text}");
        text
    }

    fn fail(&mut self, arguments: &[&str]) -> String {
        let (code, text) = self.finish(&arguments.join(" "), self.home.allin(arguments), "");
        assert_eq!(code, 1, "{arguments:?}: {text}");
        text
    }
}

/// The first word in a text that is an id of this kind.
fn id(text: &str, kind: &str) -> String {
    let word = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .find(|word| word.starts_with(kind) && word.len() == kind.len() + 26);
    word.unwrap_or_else(|| panic!("no {kind} in {text}")).to_owned()
}

/// What the team says and does about a post. Times are those of the machine, so what shows them is not in the story.
fn team_talk(terminal: &mut Terminal, post: &str, member: &str) {
    let timed = |terminal: &Terminal, arguments: &[&str], says: &str| {
        let text = String::from_utf8(terminal.home.allin(arguments).output().unwrap().stdout).unwrap();
        assert!(text.contains(says), "{arguments:?}: {text}");
        text
    };
    let said = timed(terminal, &["comment", "add", post, "@Ben and @Otto: 7 or 8?"], "1 mentioned and told");
    let comment = id(&said, "cmt_");
    timed(terminal, &["comment", "list", post], "7 or 8?");
    terminal.run(&["comment", "delete", &comment]);
    let task = id(&terminal.run(&["task", "create", "Find a picture", "--post", post, "--assignee", member]), "task_");
    terminal.run(&["task", "list", "--post", post]);
    terminal.run(&["task", "update", &task, "--unassign", "--note", "With the oven"]);
    terminal.run(&["task", "done", &task]);
    terminal.run(&["task", "list", "--mine"]);
    timed(terminal, &["post", "history", post], "is at version 1");
    terminal.run(&["post", "diff", post]);
    terminal.fail(&["post", "restore", post, "1"]);
    terminal.run(&["notification", "app", "off", "--kind", "comment"]);
    timed(terminal, &["member", "activity", "--limit", "3"], "chose which notifications to get");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_at_the_command_line() {
    let mut terminal = Terminal { home: Fresh::home().await, names: Names::default(), story: String::new() };
    terminal.run(&["workspace", "list"]);
    let cluster = terminal.home.serve().await;

    terminal.run(&["workspace", "change", "--name", "Bakery", "--time-zone", "Europe/Berlin"]);
    let member = id(&terminal.run(&["member", "add", "Ben", "--role", "publisher"]), "mbr_");
    let made = terminal.home.allin(&["key", "create", "--name", "Ben's laptop", "--member", &member]).output().unwrap();
    assert!(String::from_utf8_lossy(&made.stdout).contains("allin_"), "the key is shown once");
    let keys = String::from_utf8(terminal.home.allin(&["key", "list"]).output().unwrap().stdout).unwrap();
    let key = id(&keys, "key_");
    terminal.run(&["key", "revoke", &key]);
    terminal.fail(&["key", "revoke", &key]);

    let post = id(&terminal.run(&["post", "create", "Fresh bread at 7"]), "post_");
    terminal.fail(&["post", "schedule", &post, "2040-01-01T09:00"]);
    terminal.run(&["post", "list"]);
    terminal.run(&["post", "show", &post]);
    team_talk(&mut terminal, &post, &member);
    terminal.fail(&["post", "delete", &post]);
    terminal.run(&["post", "delete", &post, "--yes"]);
    terminal.run(&["post", "list", "--json"]);
    terminal.run(&["post", "calendar", "--from", "2030-01-01"]);
    let connect = ["account", "connect", "sandbox", "bakery"];
    let (code, said) = terminal.finish(&connect.join(" "), terminal.home.allin(&connect), "secret\n");
    assert!(code == 1 && said.contains("sandbox_not_running"), "{said}");
    terminal.run(&["account", "list"]);
    terminal.run(&["pause", "A crisis"]);
    terminal.run(&["resume", "--yes"]);
    let members = terminal.run(&["member", "list"]);
    let anna = members.lines().find(|line| line.contains("Anna")).unwrap().to_owned();
    terminal.fail(&["member", "role", &id(&anna, "mbr_"), "viewer"]);
    terminal.run(&["plan", "set", "starter"]);
    terminal.fail(&["member", "add", "Cleo"]);
    let pack = id(&terminal.run(&["plan", "add-pack", "500"]), "pack_");
    let shown = terminal.home.allin(&["plan", "show", "--json"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&shown["packs"][0]["id"], &shown["usage"][2]["limit"]), (&json!(pack), &json!(530)), "{shown}");
    let ended = terminal.home.allin(&["plan", "end-pack", &pack]).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    terminal.run(&["member", "remove", &member]);
    terminal.run(&["audit", "verify"]);
    terminal.run(&["audit", "verify", "--all"]);
    terminal.run(&["audit", "key"]);
    let exported = terminal.home.allin(&["audit", "export", "--use-case", "post_delete"]).output().unwrap();
    let lines = String::from_utf8(exported.stdout).unwrap();
    assert!(!lines.is_empty() && lines.lines().all(|line| line.contains("\"use_case\":\"post_delete\"")), "{lines}");
    terminal.fail(&["receipt", "verify", "/nowhere.json"]);
    insta::assert_snapshot!(terminal.story);
    cluster.leave().await.unwrap();
    terminal.home.remove().await;
}
