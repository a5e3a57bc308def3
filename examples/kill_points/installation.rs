//! A home folder of `allin`, used as a person uses it: through the command line, and with `allin serve` running.
//! Knows nothing of networks.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use allin::{clock::Clock as _, config::VARIABLES};
use serde_json::Value;
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::Result;

/// How long a network may take to answer, in milliseconds; leases and waiting times follow from it.
const ANSWER_WITHIN: &str = "600";

#[derive(Clone)]
pub struct Installation {
    pub allin: PathBuf,
    pub home: PathBuf,
    /// Environment variables besides those that every test installation has.
    pub settings: Vec<(&'static str, String)>,
}

/// A draft, ready to be scheduled.
pub struct Draft {
    pub id: String,
    pub text: String,
}

impl Installation {
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.allin);
        // What the caller's environment says of another installation must not reach this one.
        for (name, _) in VARIABLES.iter().filter(|(name, _)| *name != "ALLIN_PG_BINDIR") {
            command.env_remove(name);
        }
        command.env("ALLIN_HOME", &self.home).env("ALLIN_PG_DURABLE", "0").env("ALLIN_ANSWER_WITHIN_MS", ANSWER_WITHIN);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command that answers in JSON.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Result<Value> {
        let mut command = self.command();
        command.args(arguments).arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            return Err(format!("allin {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    pub async fn draft(&self, account: &str, text: &str, image: &Path) -> Result<Draft> {
        let image = image.to_str().ok_or("the image's path is not UTF-8")?;
        let made = self
            .run(&["post", "create", text, "--account", account, "--image", image, "--alt", "A plain square"], "")
            .await?;
        Ok(Draft { id: text_at(&made, "/post/id")?, text: text.to_owned() })
    }

    /// Has it go out in a moment. A machine that is too busy to say so in time gets more of it.
    pub async fn schedule(&self, draft: &Draft) -> Result<()> {
        let mut ahead = 700;
        loop {
            let at = allin::clock::SystemClock.now().plus_millis(ahead).to_string();
            match self.run(&["post", "schedule", &draft.id, &at], "").await {
                Err(error) if ahead < 20_000 && error.to_string().contains("time_in_past") => ahead *= 3,
                other => return other.map(drop),
            }
        }
    }

    pub async fn status(&self, draft: &Draft) -> Result<String> {
        text_at(&self.run(&["post", "show", &draft.id], "").await?, "/post/status")
    }

    /// Starts a server, and waits until it serves. Its log is `serve.log` in the home.
    pub async fn serve(&self) -> Result<Child> {
        let port_file = self.home.join("port");
        _ = std::fs::remove_file(&port_file);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = self.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--port-file"]).arg(&port_file);
        let mut server = command.stdout(Stdio::null()).stderr(log).spawn()?;
        let patience = Instant::now() + Duration::from_secs(60);
        while !port_file.exists() {
            if server.try_wait()?.is_some() || Instant::now() > patience {
                return Err(format!("the server did not start:\n{}", self.end_of_log()).into());
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(server)
    }

    fn log(&self) -> PathBuf {
        self.home.join("serve.log")
    }

    pub fn end_of_log(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

pub fn text_at(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found.ok_or_else(|| format!("the answer has no {pointer}: {value}"))?.to_owned())
}
