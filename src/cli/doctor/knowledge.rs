//! What the doctor sees of the embedding model.

use super::Check;
use crate::{
    config::{Config, Embeddings},
    platform,
};

/// Not having it is fine: it is fetched when somebody first asks the documents something.
pub fn look(config: &Config) -> Check {
    let name = "embedding_model";
    match &config.embeddings {
        Embeddings::Off => Check::ok(name, "switched off; documents are found by their words alone"),
        Embeddings::Endpoint(settings) => Check::ok(name, format!("{} at {}", settings.model, settings.url)),
        Embeddings::Local if platform::model_file(&config.home).is_file() => Check::ok(name, "is here"),
        Embeddings::Local => {
            Check::ok(name, "not fetched yet: 91 MB, on the first question or with `allin setup --knowledge`")
        }
    }
}
