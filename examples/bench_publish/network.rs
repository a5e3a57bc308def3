//! The practice network in a process of its own, called directly with the product's own adapter, and what its log says it
//! accepted.

use std::{
    collections::HashMap,
    ffi::OsStr,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use allin::{
    app::App,
    clients::{
        http::SendBy,
        networks::{NetworkAccount, Outcome, Outgoing},
    },
    clock::Timestamp,
    error::{Error, Result},
    model::networks::NetworkId,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::Url;

use crate::product::{self, Server};

pub struct Network {
    server: Server,
    folder: PathBuf,
    pub url: Url,
}

impl Network {
    pub async fn start(folder: &Path, answer_after_ms: u64) -> Result<Self> {
        let millis = answer_after_ms.to_string();
        let arguments = [product::AS_PRODUCT, "simulate", "--mode", "lookup", "--answer-after-ms", &millis, "--folder"]
            .map(OsStr::new);
        let home = folder.join("home");
        let command = product::command(&home, &[arguments.as_slice(), &[folder.as_os_str()]].concat())?;
        let place = folder.join("place.json");
        let (server, address) = product::serve(command, || {
            let place: Value = serde_json::from_slice(&std::fs::read(&place).ok()?).ok()?;
            let port = u16::try_from(place.get("port")?.as_u64()?).ok()?;
            Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        })
        .await?;
        let url = format!("http://{address}/").parse().map_err(Error::internal)?;
        Ok(Self { server, folder: folder.to_owned(), url })
    }

    pub async fn stop(self) -> Result<()> {
        self.server.stop().await
    }

    /// When each text was accepted, the first time.
    pub fn accepted(&self) -> Result<HashMap<String, Timestamp>> {
        let log = std::fs::read_to_string(self.folder.join("log.jsonl")).map_err(Error::internal)?;
        let mut accepted = HashMap::new();
        for line in log.lines().filter(|line| line.contains("post_created")) {
            let entry: Value = serde_json::from_str(line).map_err(Error::internal)?;
            let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
            let (Some(said), Some(at)) = (text("/post/text"), text("/at")) else { continue };
            let doubled = accepted.insert(said.to_owned(), at.parse::<Timestamp>()?).is_some();
            if doubled {
                return Err(Error::internal(format!("accepted twice: {said}")));
            }
        }
        Ok(accepted)
    }
}

/// Posts a second, `connections` calls at once, each made when the one before was answered.
pub async fn call_directly(
    app: &Arc<App>,
    accounts: &Arc<Vec<NetworkAccount>>,
    posts: usize,
    connections: usize,
) -> Result<f64> {
    let next = Arc::new(AtomicUsize::new(0));
    let round = app.ids.next(app.now());
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..connections {
        let (app, accounts, next) = (Arc::clone(app), Arc::clone(accounts), Arc::clone(&next));
        callers.spawn(async move {
            let network = app.networks.get(NetworkId::Sandbox);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(account) = accounts.get(number % accounts.len()).filter(|_| number < posts) else {
                    return Ok(());
                };
                let send_by = SendBy::new(Arc::clone(&app.clock), u64::MAX);
                let outgoing = Outgoing {
                    key: app.ids.next(app.now()),
                    created_at: app.now(),
                    text: text(&round.simple().to_string(), number),
                    media: Vec::new(),
                    prepared: json!({ "media": [] }),
                    root: None,
                    parent: None,
                };
                let outcome = network.publish(account, &outgoing, &send_by).await;
                if !matches!(outcome, Outcome::Published { .. }) {
                    return Err(Error::internal(format!("the network did not take a post: {outcome:?}")));
                }
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.map_err(Error::internal)??;
    }
    Ok(posts as f64 / began.elapsed().as_secs_f64())
}

/// What every post of this bench says.
pub fn text(round: &str, number: usize) -> String {
    format!("Round {round}, post {number}: what we have been working on this week, and where to read more about it.")
}
