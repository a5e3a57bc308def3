//! All networks by their id. Knows how to build the adapters and nothing else about them.

use std::sync::Arc;

use url::Url;

use super::{Network, bluesky::Bluesky, sandbox::Sandbox};
use crate::{
    clients::http::Http,
    clock::Clock,
    model::networks::{Capabilities, NetworkId},
};

/// The adapters. Cheap to clone.
#[derive(Clone)]
pub struct Networks {
    bluesky: Arc<Bluesky>,
    sandbox: Arc<Sandbox>,
}

impl Networks {
    /// `sandbox` is where this installation's sandbox serves, if it does.
    pub fn new(http: &Http, clock: Arc<dyn Clock>, sandbox: Option<Url>) -> Self {
        Self {
            bluesky: Arc::new(Bluesky::new(http.clone(), clock.clone())),
            sandbox: Arc::new(Sandbox::new(http, clock, sandbox)),
        }
    }

    pub fn get(&self, network: NetworkId) -> Arc<dyn Network> {
        match network {
            NetworkId::Bluesky => self.bluesky.clone(),
            NetworkId::Sandbox => self.sandbox.clone(),
        }
    }

    pub fn capabilities(&self) -> Vec<Capabilities> {
        NetworkId::ALL.into_iter().map(|network| self.get(network).capabilities()).collect()
    }
}
