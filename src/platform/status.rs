//! What is known about the cluster from outside, for `allin db` and the doctor. Starts nothing, changes nothing.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    cluster,
    home::Home,
    link::{Facts, Passwords},
    place::Place,
    roles, server,
};
use crate::error::{Error, Result};

/// A look at the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClusterStatus {
    /// A database was made in this home.
    pub created: bool,
    pub running: bool,
    /// The server's process.
    pub pid: Option<u32>,
    /// `18.4` of a running server, else the major version of the data.
    pub version: Option<String>,
    /// Where the data really lies: for root it can be outside the home.
    pub data: Option<PathBuf>,
    pub data_bytes: u64,
    /// The server's log files.
    pub logs: Option<PathBuf>,
    /// The numeric user the server runs as, when that is not the one who asks.
    pub server_uid: Option<u32>,
    /// Some AllIN process uses it.
    pub in_use: bool,
    /// Open sessions of a running server that answers.
    pub sessions: Option<i64>,
    /// Why a running server does not answer.
    pub problem: Option<String>,
}

pub async fn status(home: &Home) -> Result<ClusterStatus> {
    let Some(place) = Place::find(home)? else { return Ok(nothing()) };
    let data = place.data();
    let running = server::find(&data);
    let facts = Facts::read(home).filter(|_| running.is_some());
    let (sessions, problem) = match (&facts, Passwords::read(home)?) {
        (Some(facts), Some(passwords)) => match roles::sessions(&facts.endpoint, &passwords).await {
            Ok(count) => (Some(count), None),
            Err(error) => (None, Some(error.message().to_owned())),
        },
        (None, _) if running.is_some() => {
            (None, Some("The server is not set up yet, or its starter was killed.".into()))
        }
        _ => (None, None),
    };
    let major = place.data_major()?.map(|major| major.to_string());
    let counted = data.clone();
    Ok(ClusterStatus {
        created: major.is_some(),
        running: running.is_some(),
        pid: running.map(|running| running.pid),
        version: facts.map(|facts| facts.version).or(major),
        data_bytes: tokio::task::spawn_blocking(move || size_of(&counted)).await.map_err(Error::internal)?,
        data: Some(data),
        logs: Some(place.log()),
        server_uid: place.account.map(|account| account.uid),
        in_use: home.run().is_dir() && cluster::in_use(home)?,
        sessions,
        problem,
    })
}

fn nothing() -> ClusterStatus {
    ClusterStatus {
        created: false,
        running: false,
        pid: None,
        version: None,
        data: None,
        data_bytes: 0,
        logs: None,
        server_uid: None,
        in_use: false,
        sessions: None,
        problem: None,
    }
}

/// Files come and go under a running server; what vanishes while counting is not counted.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size_of(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}
