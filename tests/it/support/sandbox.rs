//! A practice network of a test's own, and what its append-only log says happened there.

use std::{path::PathBuf, sync::Arc, time::Duration};

use allin::{
    clock::Clock,
    model::sandbox::Mode,
    sandbox::{self, Manners, Running, Served},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;

pub struct Sandbox {
    pub url: Url,
    folder: PathBuf,
    stop: CancellationToken,
    running: Option<Running>,
}

impl Sandbox {
    pub async fn start(folder: PathBuf, mode: Mode, clock: Arc<dyn Clock>) -> Self {
        let manners = Manners { mode, list_after: Duration::from_secs(60), ..Manners::default() };
        Self::with(folder, manners, clock).await
    }

    pub async fn with(folder: PathBuf, manners: Manners, clock: Arc<dyn Clock>) -> Self {
        let stop = CancellationToken::new();
        let options = sandbox::Options { folder: folder.clone(), port: None, manners, faults: true, clock };
        let Served::Started(running) = sandbox::serve(options, stop.clone()).await.unwrap() else {
            panic!("somebody else serves {}", folder.display())
        };
        let url = format!("http://{}/", running.addr).parse().unwrap();
        Self { url, folder, stop, running: Some(running) }
    }

    /// Orders a fault, as the control interface takes it.
    pub async fn order(&self, fault: Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = self.url.join("/control/faults").unwrap();
        let answer = client.post(url).json(&fault).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{fault}");
    }

    /// Takes a post away, as its owner can, without the application.
    pub async fn forget(&self, post: &str) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let session = json!({ "handle": "bakery", "password": "correct horse" });
        let session = client.post(self.url.join("/v1/sessions").unwrap()).json(&session).send().await.unwrap();
        let session: Value = session.json().await.unwrap();
        let call = client.delete(self.url.join(&format!("/v1/posts/{post}")).unwrap());
        let answer = call.bearer_auth(session["token"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(answer.status(), 204);
    }

    /// Every entry of the log.
    pub fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join("log.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Calls that made a post, or would have without de-duplication.
    pub fn accepted(&self) -> Vec<Value> {
        self.log()
            .into_iter()
            .filter(|entry| matches!(entry["event"].as_str(), Some("post_created" | "post_repeated")))
            .collect()
    }

    /// The posts that are public now, oldest first.
    pub fn posts(&self) -> Vec<Value> {
        let log = self.log();
        let deleted: Vec<_> =
            log.iter().filter(|entry| entry["event"] == "post_deleted").map(|entry| &entry["post_id"]).collect();
        let made = log.iter().filter(|entry| entry["event"] == "post_created").map(|entry| &entry["post"]);
        made.filter(|post| !deleted.contains(&&post["id"])).cloned().collect()
    }

    /// Texts of the public posts.
    pub fn texts(&self) -> Vec<String> {
        self.posts().iter().map(|post| post["text"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn stop(&mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            running.stopped().await.unwrap();
        }
    }
}
