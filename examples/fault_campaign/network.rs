//! The practice network in a process of its own, so that kills do not touch it: its control interface, and its log, read
//! from the file, which is the only truth about what was accepted.

use std::{collections::HashMap, path::PathBuf, process::Stdio, time::Duration};

use allin::{clock::Timestamp, model::sandbox::Mode};
use serde_json::{Value, json};
use tokio::{
    process::Child,
    time::{Instant, sleep},
};

use crate::{
    Result,
    installation::{Installation, text_at},
};

/// How long the list keeps a post back in the mode that does, in milliseconds.
const LIST_AFTER: &str = "1500";

pub struct Network {
    folder: PathBuf,
    port: u16,
    client: reqwest::Client,
    /// Ends with us.
    _process: Child,
}

/// What the network accepted with one text.
#[derive(Debug, Default)]
pub struct Accepted {
    /// Posts made: more than one is a double.
    pub posts: Vec<(String, Timestamp)>,
    /// Calls that were recognised as repetitions.
    pub repeated: u32,
}

impl Network {
    /// `elsewhere` is an installation that only lends its program.
    pub async fn start(elsewhere: &Installation, mode: Mode) -> Result<Self> {
        let folder = elsewhere.home.join("network");
        let mut command = elsewhere.command();
        command.args(["simulate", "--faults", "--list-after-ms", LIST_AFTER, "--mode", mode.as_str(), "--folder"]);
        let process = command.arg(&folder).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
        let patience = Instant::now() + Duration::from_secs(60);
        let port = loop {
            let place = std::fs::read(folder.join("place.json")).ok();
            let port = place.and_then(|place| serde_json::from_slice::<Value>(&place).ok()?.get("port")?.as_u64());
            if let Some(port) = port.and_then(|port| u16::try_from(port).ok())
                && client.get(format!("http://127.0.0.1:{port}/healthz")).send().await.is_ok()
            {
                break port;
            }
            if Instant::now() > patience {
                return Err("the practice network did not start".into());
            }
            sleep(Duration::from_millis(20)).await;
        };
        Ok(Self { folder, port, client, _process: process })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/control/faults", self.port)
    }

    /// Everything that networks do now and then, all the time.
    pub async fn misbehave(&self, seed: u64) -> Result<()> {
        let faults = [
            ("publish", "accept_then_reset", 0.02, 0),
            ("publish", "accept_then_error", 0.02, 0),
            ("publish", "accept_then_hang", 0.01, 0),
            ("publish", "error", 0.02, 0),
            ("publish", "reset", 0.02, 0),
            ("publish", "hang", 0.01, 0),
            // Within the margin that is waited for.
            ("publish", "late", 0.02, 100),
            ("publish", "too_many", 0.01, 0),
            ("publish", "token_expired", 0.002, 0),
            // The rest answers late more often than not, so that kills come between acceptance and answer.
            ("publish", "slow", 0.6, 80),
            ("look_up", "error", 0.05, 0),
            ("look_up", "reset", 0.03, 0),
            ("look_up", "hang", 0.01, 0),
            ("prepare", "error", 0.02, 0),
        ];
        for (number, (calls, fault, chance, millis)) in (0_u64..).zip(faults) {
            let order =
                json!({ "calls": calls, "fault": fault, "chance": chance, "millis": millis, "seed": seed + number });
            self.client.post(self.url()).json(&order).send().await?.error_for_status()?;
        }
        Ok(())
    }

    /// How often each fault happened; lifts them all.
    pub async fn behave(&self) -> Result<Value> {
        let standing: Value = self.client.get(self.url()).send().await?.error_for_status()?.json().await?;
        self.client.delete(self.url()).send().await?.error_for_status()?;
        let mut happened = serde_json::Map::new();
        for fault in standing.get("faults").and_then(Value::as_array).into_iter().flatten() {
            let name = format!("{}_{}", text_at(fault, "/calls")?, text_at(fault, "/fault")?);
            happened.insert(name, fault.get("happened").cloned().unwrap_or_default());
        }
        Ok(happened.into())
    }

    /// By text: each message of the campaign has one of its own.
    pub fn accepted(&self) -> Result<HashMap<String, Accepted>> {
        let mut by_text: HashMap<String, Accepted> = HashMap::new();
        let mut texts = HashMap::new();
        for line in std::fs::read_to_string(self.folder.join("log.jsonl"))?.lines() {
            let entry: Value = serde_json::from_str(line)?;
            match entry.get("event").and_then(Value::as_str) {
                Some("post_created") => {
                    let (id, text) = (text_at(&entry, "/post/id")?, text_at(&entry, "/post/text")?);
                    texts.insert(id.clone(), text.clone());
                    by_text.entry(text).or_default().posts.push((id, text_at(&entry, "/at")?.parse()?));
                }
                Some("post_repeated") => {
                    if let Some(text) = texts.get(&text_at(&entry, "/post_id")?) {
                        by_text.entry(text.clone()).or_default().repeated += 1;
                    }
                }
                _ => {}
            }
        }
        Ok(by_text)
    }
}
