//! Which embedding model an installation uses.

use std::{sync::Arc, time::Duration};

use crate::{
    clients::{
        embedder::{Embedder, LocalModel},
        http::Http,
    },
    config::{Config, Embeddings},
    platform,
};

/// How long the embedding model stays in memory when nobody asks.
const MODEL_IDLE: Duration = Duration::from_secs(300);

pub fn embedder(config: &Config, http: &Http) -> Embedder {
    match config.embeddings.clone() {
        Embeddings::Off => Embedder::off(),
        Embeddings::Endpoint(settings) => Embedder::endpoint(http, settings),
        Embeddings::Local => {
            let home = config.home.clone();
            Embedder::local(LocalModel {
                file: platform::model_file(&home),
                sha256: platform::MODEL_SHA256,
                fetch: Arc::new(move || {
                    let home = home.clone();
                    Box::pin(async move { platform::fetch_model(&home).await })
                }),
                idle: MODEL_IDLE,
            })
        }
    }
}
