//! What an answer names as its sources: as they are shown, and as they are kept with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::knowledge::{find::Hit, view::uri},
    error::{Error, Result},
    ids::{ChunkId, DocumentId},
};

/// Where a part of an answer is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AnswerSource {
    pub title: String,
    pub path: String,
    /// Anchor of the heading; empty before the first.
    pub section: String,
    pub document_id: DocumentId,
    pub chunk_id: ChunkId,
    /// The passage, as a resource.
    pub address: String,
}

pub fn of_hit(hit: &Hit) -> AnswerSource {
    AnswerSource {
        title: hit.title.clone(),
        path: hit.path.clone(),
        section: hit.section.clone(),
        document_id: hit.document,
        chunk_id: hit.chunk,
        address: uri(hit.chunk),
    }
}

/// As the store looks into it.
#[derive(Serialize, Deserialize)]
struct Kept {
    document: Uuid,
    chunk: Uuid,
    title: String,
    path: String,
    section: String,
}

pub fn stored(sources: &[AnswerSource]) -> Value {
    let kept = sources.iter().map(|source| Kept {
        document: source.document_id.uuid(),
        chunk: source.chunk_id.uuid(),
        title: source.title.clone(),
        path: source.path.clone(),
        section: source.section.clone(),
    });
    json!(kept.collect::<Vec<_>>())
}

/// The sources of an answer that was kept.
pub fn read(kept: &Value) -> Result<Vec<AnswerSource>> {
    let kept: Vec<Kept> = serde_json::from_value(kept.clone()).map_err(Error::internal)?;
    let source = |kept: Kept| AnswerSource {
        address: uri(ChunkId(kept.chunk)),
        title: kept.title,
        path: kept.path,
        section: kept.section,
        document_id: DocumentId(kept.document),
        chunk_id: ChunkId(kept.chunk),
    };
    Ok(kept.into_iter().map(source).collect())
}
