//! A backup, restored into a new home: nothing is lost, and nothing goes out twice.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use allin::{clock::SystemClock, model::sandbox::Mode};
use serde_json::Value;

use crate::support::{process::Fresh, sandbox::Sandbox};

fn run(mut command: Command, input: &str) -> (bool, String, String) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

struct Homes<'a> {
    network: &'a Sandbox,
}

impl Homes<'_> {
    fn try_allin(&self, home: &Fresh, arguments: &[&str], input: &str) -> (bool, String, String) {
        let mut command = home.allin(arguments);
        command.env("ALLIN_SANDBOX_URL", self.network.url.as_str());
        run(command, input)
    }

    fn allin(&self, home: &Fresh, arguments: &[&str], input: &str) -> String {
        let (ok, out, err) = self.try_allin(home, arguments, input);
        assert!(ok, "{arguments:?}\n{out}\n{err}");
        out
    }

    fn json(&self, home: &Fresh, arguments: &[&str], input: &str) -> Value {
        serde_json::from_str(&self.allin(home, arguments, input)).unwrap()
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_out_after_the_backup_is_found_and_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut network = Sandbox::start(folder.path().join("network"), Mode::Lookup, Arc::new(SystemClock)).await;
    let homes = Homes { network: &network };
    let (old, new) = (Fresh::home().await, Fresh::home().await);
    let (file, passphrase) = (folder.path().join("backup.allin"), folder.path().join("passphrase"));
    std::fs::write(&passphrase, "a long enough passphrase\n").unwrap();

    let connected = homes.json(&old, &["account", "connect", "sandbox", "bakery", "--json"], "password\n");
    let account = text(&connected, "/account/id").to_owned();
    let mut posts = Vec::new();
    for words in ["Went out after the backup", "Never went out"] {
        let created = homes.json(&old, &["post", "create", words, "--account", &account, "--json"], "");
        let post = text(&created, "/post/id").to_owned();
        homes.allin(&old, &["post", "schedule", &post, "2029-06-01T09:00"], "");
        posts.push(post);
    }
    homes.allin(&old, &["db", "backup", path(&file), "--passphrase-file", path(&passphrase)], "");
    homes.allin(&old, &["post", "publish", &posts[0], "--yes"], "");
    assert_eq!(network.texts(), ["Went out after the backup"]);

    let wrong = folder.path().join("wrong");
    std::fs::write(&wrong, "another long passphrase\n").unwrap();
    let (ok, _, error) = homes.try_allin(&new, &["db", "restore", path(&file), "--passphrase-file", path(&wrong)], "");
    assert!(!ok && error.contains("Next:"), "{error}");
    homes.allin(&new, &["db", "restore", path(&file), "--passphrase-file", path(&passphrase)], "");

    // The first start pauses everything, and says why to whoever looks.
    let overview = homes.allin(&new, &["workspace", "show"], "");
    assert!(overview.contains("restored from a backup"), "{overview}");
    let accounts = homes.allin(&new, &["account", "list"], "");
    assert!(accounts.contains("@bakery on sandbox: connected"), "{accounts}");
    homes.allin(&new, &["resume", "--yes"], "");
    for post in &posts {
        let published = homes.allin(&new, &["post", "publish", post, "--yes"], "");
        assert!(published.contains("Published on @bakery"), "{published}");
    }
    assert_eq!(network.texts(), ["Went out after the backup", "Never went out"]);
    let verified = homes.json(&new, &["audit", "verify", "--json"], "");
    assert_eq!(verified["broken"], Value::Array(Vec::new()));
    // Found by looking it up, and sent; both have receipts, which the home that made the backup can check, having the same key.
    for post in &posts {
        let receipts = homes.json(&new, &["receipt", "show", post, "--json"], "").to_string();
        let genuine = homes.allin(&old, &["receipt", "verify", "-"], &receipts);
        assert!(genuine.starts_with(&format!("Genuine: {post} on @bakery (sandbox)")), "{genuine}");
        let forged = receipts.replacen("\"handle\":\"bakery\"", "\"handle\":\"butcher\"", 1);
        let (ok, _, error) = homes.try_allin(&new, &["receipt", "verify", "-"], &forged);
        assert!(!ok && error.contains("receipt_forged"), "{error}");
        let key = homes.allin(&old, &["audit", "key"], "");
        homes.allin(&new, &["receipt", "verify", "-", "--key", key.trim()], &receipts);
    }

    network.stop().await;
    old.remove().await;
    new.remove().await;
}

/// The old installation went on after the backup, and mailed what waits in it.
#[tokio::test(flavor = "multi_thread")]
async fn mail_that_waited_in_the_backup_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut network = Sandbox::start(folder.path().join("network"), Mode::Lookup, Arc::new(SystemClock)).await;
    // A network that knows nobody: the account has to be connected again, which is mailed.
    let mut empty = Sandbox::start(folder.path().join("empty"), Mode::Lookup, Arc::new(SystemClock)).await;
    let (homes, strangers) = (Homes { network: &network }, Homes { network: &empty });
    let (old, new) = (Fresh::home().await, Fresh::home().await);
    let file = folder.path().join("backup.allin");
    let connected = homes.json(&old, &["account", "connect", "sandbox", "bakery", "--json"], "password\n");
    let owned: Value = serde_json::from_slice(&std::fs::read(old.root.join("home.json")).unwrap()).unwrap();
    homes.allin(&old, &["member", "email", text(&owned, "/member"), "anna@example.com"], "");
    strangers.allin(&old, &["account", "test", text(&connected, "/account/id")], "");
    let told = |home: &Fresh| {
        let listed = homes.json(home, &["notification", "list", "--all", "--json"], "");
        let found = listed["notifications"].as_array().unwrap().iter();
        found.map(|one| (one["kind"].clone(), one["mail"].clone(), one["mail_problem"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(&old), [("reconnect_needed".into(), "waiting".into(), Value::Null)]);

    homes.allin(&old, &["db", "backup", path(&file), "--without-keys"], "");
    homes.allin(&new, &["db", "restore", path(&file), "--without-keys"], "");
    let why = "the database was restored from a backup";
    assert_eq!(told(&new), [("reconnect_needed".into(), "given_up".into(), why.into())]);
    let (_, doctor, _) = homes.try_allin(&new, &["doctor", "--json"], "");
    assert!(doctor.contains("no mail server is set; nothing waits"), "{doctor}");

    network.stop().await;
    empty.stop().await;
    old.remove().await;
    new.remove().await;
}
