//! The embedding model, fetched once for the whole run and kept where the tests' PostgreSQL is.

use std::{path::PathBuf, sync::Arc, time::Duration};

use allin::{
    clients::embedder::{Embedder, LocalModel},
    platform,
};

use super::database;

/// The model's file.
pub async fn file() -> PathBuf {
    platform::fetch_model(&database::home()).await.expect("the tests' embedding model")
}

/// The model as `allin serve` runs it.
pub async fn embedder() -> Embedder {
    idle_after(Duration::from_secs(300)).await
}

/// The same, with another time until it is dropped.
pub async fn idle_after(idle: Duration) -> Embedder {
    let file = file().await;
    let fetched = file.clone();
    Embedder::local(LocalModel {
        file,
        sha256: platform::MODEL_SHA256,
        fetch: Arc::new(move || {
            let file = fetched.clone();
            Box::pin(async move { Ok(file) })
        }),
        idle,
    })
}
