//! Placeholder until the model is joined.

use std::sync::Arc;

use crate::error::{Error, Result};

/// Which model vectors are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingModel {
    pub name: String,
    pub dimension: u16,
    pub sha256: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    Ready(EmbeddingModel),
    Fetching,
    Missing { why: String },
    Off,
}

/// Bytes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone, Default)]
pub struct Embedder;

impl Embedder {
    pub fn off() -> Self {
        Self
    }
    pub fn readiness(&self) -> Readiness {
        Readiness::Off
    }
    pub fn model(&self) -> Option<EmbeddingModel> {
        None
    }
    pub async fn prepare(&self) -> Result<EmbeddingModel> {
        Err(unavailable())
    }
    pub async fn query(&self, _text: &str) -> Result<Arc<[f32]>> {
        Err(unavailable())
    }
    pub async fn windows(&self, _prefix: &str, body: &str) -> Result<Vec<Window>> {
        Ok(vec![Window { start: 0, end: body.len() }])
    }
    pub async fn passages(&self, _texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        Err(unavailable())
    }
}

fn unavailable() -> Error {
    Error::operator("embeddings_unavailable", "There is no embedding model.").next("Run `allin setup --knowledge`.")
}
