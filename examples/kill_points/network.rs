//! The two networks that are published to: a sandbox of its own process that knows no idempotency keys, and a real
//! AT Protocol server. Says what is there, from the network's own mouth and past the proxy.

use std::{path::Path, process::Stdio, time::Duration};

use allin::ids::fill_random;
use clap::ValueEnum;
use serde_json::{Value, json};
use tokio::{
    process::Child,
    time::{Instant, sleep},
};
use url::Url;

use crate::{
    Result,
    installation::{Installation, text_at},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Sandbox,
    Bluesky,
}

pub struct Network {
    kind: Kind,
    pub url: Url,
    client: reqwest::Client,
    handle: String,
    password: String,
    /// Bluesky's id of the account.
    did: String,
    /// Ends with us.
    _sandbox: Option<Child>,
}

/// A post as the network has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub id: String,
    pub text: String,
}

impl Network {
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Sandbox => "sandbox",
            Kind::Bluesky => "bluesky",
        }
    }

    /// `elsewhere` is an installation that only lends its program.
    pub async fn sandbox(elsewhere: &Installation, client: reqwest::Client) -> Result<Self> {
        let folder = elsewhere.home.join("network");
        let mut command = elsewhere.command();
        command.args(["simulate", "--mode", "lookup", "--folder"]).arg(&folder);
        let sandbox = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
        let url = wait_for_sandbox(&folder, &client).await?;
        let random = random_name();
        Ok(Self {
            kind: Kind::Sandbox,
            url,
            client,
            handle: random.clone(),
            password: random,
            did: String::new(),
            _sandbox: Some(sandbox),
        })
    }

    /// Makes an account on a running server.
    pub async fn bluesky(pds: Url, client: reqwest::Client) -> Result<Self> {
        let name = random_name();
        let handle = format!("{name}.test");
        let account = json!({ "handle": handle, "email": format!("{name}@example.test"), "password": name });
        let call = client.post(pds.join("/xrpc/com.atproto.server.createAccount")?).json(&account);
        let made: Value = call.send().await?.error_for_status()?.json().await?;
        let did = text_at(&made, "/did")?;
        Ok(Self { kind: Kind::Bluesky, url: pds, client, handle, password: name, did, _sandbox: None })
    }

    /// What the installation needs to know to reach the network through the proxy, and only so.
    pub fn settings(&self, proxy: u16) -> Vec<(&'static str, String)> {
        match self.kind {
            Kind::Sandbox => vec![("ALLIN_SANDBOX_URL", format!("http://127.0.0.1:{proxy}"))],
            // The server's own address is left out: an account is served from there when the guard lets it be.
            Kind::Bluesky => vec![("ALLIN_ALLOW_ORIGINS", format!("localhost:{proxy}"))],
        }
    }

    /// Connects our account in this installation; its id there.
    pub async fn connect(&self, installation: &Installation, proxy: u16) -> Result<String> {
        let server = format!("http://localhost:{proxy}");
        let mut arguments = vec!["account", "connect", self.name(), self.handle.as_str()];
        if self.kind == Kind::Bluesky {
            arguments.extend(["--server", &server]);
        }
        let connected = installation.run(&arguments, &format!("{}\n", self.password)).await?;
        text_at(&connected, "/account/id")
    }

    /// Everything that was ever accepted (sandbox), or is there (Bluesky).
    pub async fn shown(&self) -> Result<Vec<Shown>> {
        match self.kind {
            Kind::Sandbox => self.log().await,
            Kind::Bluesky => self.records().await,
        }
    }

    async fn log(&self) -> Result<Vec<Shown>> {
        let log: Value = self.client.get(self.url.join("/v1/log")?).send().await?.error_for_status()?.json().await?;
        let entries = log.get("entries").and_then(Value::as_array).ok_or("the sandbox has no log")?;
        let created = entries.iter().filter(|entry| entry.get("event").is_some_and(|event| event == "post_created"));
        created
            .map(|entry| Ok(Shown { id: text_at(entry, "/post/id")?, text: text_at(entry, "/post/text")? }))
            .collect()
    }

    async fn records(&self) -> Result<Vec<Shown>> {
        let mut shown = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut url = self.url.join("/xrpc/com.atproto.repo.listRecords")?;
            let parameters = [("repo", self.did.as_str()), ("collection", "app.bsky.feed.post"), ("limit", "100")];
            url.query_pairs_mut().extend_pairs(parameters);
            if !cursor.is_empty() {
                url.query_pairs_mut().append_pair("cursor", &cursor);
            }
            let page: Value = self.client.get(url).send().await?.error_for_status()?.json().await?;
            let records = page.get("records").and_then(Value::as_array).ok_or("the server lists no records")?;
            for record in records {
                shown.push(Shown { id: text_at(record, "/uri")?, text: text_at(record, "/value/text")? });
            }
            match page.get("cursor").and_then(Value::as_str) {
                Some(next) if !records.is_empty() => cursor = next.to_owned(),
                _ => return Ok(shown),
            }
        }
    }
}

async fn wait_for_sandbox(folder: &Path, client: &reqwest::Client) -> Result<Url> {
    let patience = Instant::now() + Duration::from_secs(30);
    while Instant::now() < patience {
        if let Some(port) = port_of(folder) {
            let url: Url = format!("http://127.0.0.1:{port}/").parse()?;
            if let Ok(answer) = client.get(url.join("/healthz")?).send().await {
                let health: Value = answer.json().await?;
                if health.get("mode").and_then(Value::as_str) != Some("lookup") {
                    return Err("this sandbox would hide doubles".into());
                }
                return Ok(url);
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err("the sandbox did not start".into())
}

fn port_of(folder: &Path) -> Option<u64> {
    let place: Value = serde_json::from_slice(&std::fs::read(folder.join("place.json")).ok()?).ok()?;
    place.get("port")?.as_u64()
}

/// Short enough for a handle's first part.
fn random_name() -> String {
    let mut random = [0; 6];
    fill_random(&mut random);
    format!("kill{}", data_encoding::HEXLOWER.encode(&random))
}
