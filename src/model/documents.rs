//! What a document is once it was read: title, language, who may see it, and chunks that citations point to. Plain types;
//! how bytes become one is the business of `documents`, where they are kept that of the store.

mod detect;
pub mod joined;
mod language;

use serde::{Deserialize, Serialize};

pub use self::language::Language;
use super::roles::Role;

/// Longest chunk in tokens of o200k_base.
pub const CHUNK_TOKENS: u32 = 800;
/// Most tokens that a chunk repeats of the one before.
pub const OVERLAP_TOKENS: u32 = 120;

/// A document, read and cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParsedDocument {
    /// From the document itself, else from its file name. Never empty.
    pub title: String,
    /// As the document declares it, else as its text looks.
    pub language: Option<Language>,
    pub category: Option<String>,
    /// Exactly the roles that the document names, from least to most; `None` when it names none.
    pub audience: Option<Vec<Role>>,
    /// In the order of the text; at least one.
    pub chunks: Vec<ParsedChunk>,
    /// What was left out or read otherwise than it was declared, for the person who added it.
    pub warnings: Vec<String>,
}

/// A passage of a document, as it is shown and cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParsedChunk {
    /// The headings above it, from the outermost; of a PDF its page.
    pub heading_path: Vec<String>,
    /// Anchor of the innermost heading as GitHub makes it, `page=3` in a PDF; empty before the first.
    pub section: String,
    /// Anchors of other sections in it, which were too short to stand alone.
    pub also: Vec<String>,
    /// Markdown.
    pub body: String,
    /// Where the body lies in the document's Markdown, in bytes.
    pub start: u32,
    pub end: u32,
    /// Of o200k_base.
    pub tokens: u32,
    /// What it is asked for, as the document says; for finding it only.
    #[serde(default)]
    pub questions: Vec<String>,
}
