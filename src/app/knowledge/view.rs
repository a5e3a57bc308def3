//! How documents and results are shown. Shapes of the fixed contract of retrieval.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::knowledge::find::Hit,
    clock::Timestamp,
    error::{Error, Result},
    ids::{ChunkId, DocumentId},
    model::{knowledge::Audience, roles::Role},
    store::knowledge::documents::Document,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct DocumentView {
    pub id: DocumentId,
    /// What citations name.
    pub path: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// The roles it is for, exactly.
    pub audience: Vec<Role>,
    /// BCP 47.
    pub language: String,
    /// product (the program's own), file, text, url or ticket.
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub state: DocumentState,
    /// Why it could not be read, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What was left out of it, such as hidden text, or read otherwise than it was declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    pub chunks: i32,
    pub tokens: i32,
    pub updated_at: Timestamp,
}

/// How far a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DocumentState {
    /// It will be read.
    Waiting,
    /// It is found by its words, and soon by its meaning.
    Embedding,
    Ready,
    /// It cannot be read; what was read of it before stays.
    Failed,
}

impl DocumentState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Embedding, Self::Ready, Self::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Embedding => "embedding",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for DocumentState {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            Error::invalid("state_unknown", "There is no such state of a document.")
                .next(format!("Use one of: {}.", Self::ALL.map(Self::as_str).join(", ")))
        })
    }
}

impl From<Document> for DocumentView {
    fn from(document: Document) -> Self {
        let state = document.state.parse().unwrap_or(DocumentState::Failed);
        Self {
            id: document.document_id,
            path: document.path,
            title: document.title,
            category: document.category,
            audience: Audience::from(document.audience).roles(),
            language: document.language,
            source: document.source,
            url: document.url,
            state,
            problem: document.problem,
            notes: document.notes,
            chunks: document.chunks,
            tokens: document.tokens,
            updated_at: document.updated_at,
        }
    }
}

/// A chunk that was found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ResultView {
    pub id: ChunkId,
    pub path: String,
    pub title: String,
    /// Anchor of the heading in the document; empty before the first.
    pub section: String,
    /// Markdown, as it is in the document.
    pub content: String,
    pub category: String,
    /// Calibrated: how likely it is that this answers the question, from 0 to 1.
    pub score: f32,
    pub citations: Vec<Citation>,
}

/// Which part of a document a text is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ChunkView {
    pub id: ChunkId,
    /// Anchor of the heading in the document; empty before the first.
    pub section: String,
    /// The headings above it, from the outermost.
    pub headings: Vec<String>,
}

/// Where a text is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Citation {
    /// Address of the chunk as a resource.
    pub uri: String,
    /// The headings above it, from the outermost.
    pub headings: Vec<String>,
    /// What comes nearest to the question, from the content.
    pub quote: String,
}

/// Address of a chunk.
pub fn uri(chunk: ChunkId) -> String {
    format!("kb://chunks/{chunk}")
}

/// Longest quote, in characters.
const QUOTE_MOST: usize = 300;

impl From<&Hit> for ResultView {
    fn from(hit: &Hit) -> Self {
        let nearest = hit.body.get(hit.nearest.0..hit.nearest.1).unwrap_or(&hit.body).trim();
        let citation = Citation {
            uri: uri(hit.chunk),
            headings: hit.heading_path.clone(),
            quote: nearest.chars().take(QUOTE_MOST).collect(),
        };
        Self {
            id: hit.chunk,
            path: hit.path.clone(),
            title: hit.title.clone(),
            section: hit.section.clone(),
            content: hit.body.clone(),
            category: hit.category.clone(),
            score: rounded(hit.score),
            citations: vec![citation],
        }
    }
}

/// To three decimals: more would claim more than was measured.
pub fn rounded(score: f32) -> f32 {
    (score * 1000.0).round() / 1000.0
}

/// The same whether it never was or is for other roles.
pub fn no_such_document() -> Error {
    Error::not_found("document_not_found", "There is no such document in this workspace.")
        .next("knowledge_list (`allin kb list`) shows the documents that are for you.")
}
