//! The home's practice network: who runs it, and where the others find it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::SandboxUse;
use crate::{
    clock::SystemClock,
    config::Config,
    error::{Error, Result},
    sandbox,
};

fn sandbox_folder(config: &Config) -> PathBuf {
    config.home.root().join("sandbox")
}

pub(super) async fn network(config: &Config, wanted: SandboxUse, stop: &CancellationToken) -> Result<Option<Url>> {
    if let Some(elsewhere) = &config.sandbox_url {
        return Ok(Some(elsewhere.clone()));
    }
    let folder = sandbox_folder(config);
    let exists = folder.join("place.json").exists();
    match wanted {
        SandboxUse::Serve | SandboxUse::Create if exists || wanted == SandboxUse::Create => {
            let served = sandbox::serve(practice_options(&folder), stop.clone()).await?;
            let address = served.addr();
            if matches!(served, sandbox::Served::AlreadyRunning(_)) {
                tokio::spawn(take_over(folder, stop.clone()));
            }
            address_url(&address.to_string()).map(Some)
        }
        _ => remembered(&folder),
    }
}

fn practice_options(folder: &Path) -> sandbox::Options {
    sandbox::Options {
        folder: folder.to_owned(),
        port: None,
        manners: sandbox::Manners::default(),
        faults: false,
        clock: Arc::new(SystemClock),
    }
}

/// Runs the practice network from when the process that runs it now has gone.
async fn take_over(folder: PathBuf, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
            () = stop.cancelled() => return,
        }
        match sandbox::serve(practice_options(&folder), stop.clone()).await {
            Ok(sandbox::Served::Started(_)) => return,
            Ok(sandbox::Served::AlreadyRunning(_)) => {}
            Err(error) => tracing::debug!(error = error.chain(), "the practice network cannot be taken over"),
        }
    }
}

/// Where the practice network was last.
fn remembered(folder: &Path) -> Result<Option<Url>> {
    let Ok(text) = std::fs::read_to_string(folder.join("place.json")) else { return Ok(None) };
    let place: Value = serde_json::from_str(&text).map_err(Error::internal)?;
    let port = place.get("port").and_then(Value::as_u64);
    port.map(|port| address_url(&format!("127.0.0.1:{port}"))).transpose()
}

fn address_url(address: &str) -> Result<Url> {
    format!("http://{address}/").parse().map_err(Error::internal)
}
