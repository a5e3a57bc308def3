//! What was read of a document takes the place of what was read before: chunks that are the same stay with their vectors,
//! the others go and come. Under the lock of the workspace's knowledge.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    clock::Timestamp,
    error::{Error, Result},
    ids::{ChunkId, DocumentId, WorkspaceId},
    model::{
        documents::{Language, ParsedChunk, ParsedDocument},
        knowledge::Audience,
        lexemes,
        roles::Role,
    },
    store::{
        db::Tx,
        knowledge::{
            chunks::{self, NewChunk},
            documents::{self, Document},
            terms::{self, Counted},
        },
    },
    vault::sha256,
};

/// What whoever added a document said of it; it holds before what the document says itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Given {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Vec<Role>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

pub struct Written<'a> {
    pub parsed: &'a ParsedDocument,
    /// Of the bytes that were read.
    pub content_sha256: &'a [u8],
    pub now: Timestamp,
}

/// Returns how many chunks are new.
pub async fn write(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: &mut Document,
    written: Written<'_>,
) -> Result<usize> {
    let Written { parsed, content_sha256, now } = written;
    let given: Given = serde_json::from_value(document.given.clone()).map_err(Error::internal)?;
    let language = given.language.or(parsed.language).unwrap_or(Language::Other);
    let roles = given.audience.as_deref().or(parsed.audience.as_deref());
    let audience = roles.and_then(Audience::of).unwrap_or(Audience::EVERYBODY);
    document.title = given.title.unwrap_or_else(|| parsed.title.chars().take(300).collect());
    document.category =
        given.category.or_else(|| parsed.category.clone()).unwrap_or_default().chars().take(60).collect();
    document.audience = audience.bits();
    language.code().clone_into(&mut document.language);

    let known = chunks::known(tx, workspace, document.document_id).await?;
    let mut known: HashMap<Vec<u8>, Vec<ChunkId>> = known.into_iter().rev().fold(HashMap::new(), |mut known, chunk| {
        known.entry(chunk.sha256).or_default().push(chunk.chunk_id);
        known
    });
    let mut kept = Vec::new();
    let mut fresh = Vec::new();
    for (position, chunk) in (0_i32..).zip(&parsed.chunks) {
        let hash = hash(document, chunk);
        match known.get_mut(&hash).and_then(Vec::pop) {
            Some(id) => kept.push((id, position)),
            None => fresh.push(new_chunk(app, now, position, chunk, hash)?),
        }
    }
    let gone: Vec<ChunkId> = known.into_values().flatten().collect();
    terms::forget(tx, workspace, &gone).await?;
    chunks::delete(tx, workspace, &gone).await?;
    chunks::place(tx, workspace, &kept).await?;
    for chunk in &fresh {
        let (id, code) = (document.document_id, language.code());
        chunks::insert(tx, workspace, id, code, audience.bits(), chunk).await?;
    }
    index(tx, workspace, &document.title, language, &fresh).await?;

    let tokens: u32 = parsed.chunks.iter().map(|chunk| chunk.tokens).sum();
    document.chunks = i32::try_from(parsed.chunks.len()).map_err(Error::internal)?;
    document.tokens = i32::try_from(tokens).map_err(Error::internal)?;
    document.notes.clone_from(&parsed.warnings);
    document.content_sha256 = Some(content_sha256.to_vec());
    "embedding".clone_into(&mut document.state);
    document.updated_at = now;
    documents::set_read(tx, workspace, document).await?;
    Ok(fresh.len())
}

/// Takes a document's chunks out of the statistics, before it is deleted.
pub async fn forget(tx: &mut Tx, workspace: WorkspaceId, document: DocumentId) -> Result<()> {
    let known = chunks::known(tx, workspace, document).await?;
    let ids: Vec<ChunkId> = known.into_iter().map(|chunk| chunk.chunk_id).collect();
    terms::forget(tx, workspace, &ids).await
}

/// What stands before a chunk where it is embedded and indexed.
pub fn prefix(title: &str, heading_path: &[String]) -> String {
    let mut prefix = title.to_owned();
    // The outermost heading often is the title.
    for heading in heading_path.iter().filter(|heading| *heading != title) {
        prefix.push_str(" > ");
        prefix.push_str(heading);
    }
    prefix
}

/// Of everything that is indexed, embedded or shown of a chunk.
fn hash(document: &Document, chunk: &ParsedChunk) -> Vec<u8> {
    let (audience, prefix) = (document.audience.to_string(), prefix(&document.title, &chunk.heading_path));
    let (also, questions) = (chunk.also.join(" "), chunk.questions.join("\n"));
    let mut parts = vec![document.language.as_str(), &audience, &prefix, &chunk.section, &also, &chunk.body];
    // What has none is the same as before there were any.
    parts.extend((!questions.is_empty()).then_some(questions.as_str()));
    sha256(parts.join("\0").as_bytes()).to_vec()
}

fn new_chunk(app: &App, now: Timestamp, position: i32, chunk: &ParsedChunk, hash: Vec<u8>) -> Result<NewChunk> {
    Ok(NewChunk {
        chunk_id: ChunkId(app.ids.next(now)),
        position,
        section: chunk.section.clone(),
        also: chunk.also.clone(),
        heading_path: chunk.heading_path.clone(),
        body: chunk.body.clone(),
        tokens: i32::try_from(chunk.tokens).map_err(Error::internal)?,
        questions: chunk.questions.clone(),
        sha256: hash,
    })
}

async fn index(tx: &mut Tx, workspace: WorkspaceId, title: &str, language: Language, fresh: &[NewChunk]) -> Result<()> {
    let text = |chunk: &NewChunk| {
        [&prefix(title, &chunk.heading_path), &chunk.body, &chunk.questions.join("\n")].map(String::as_str).join("\n")
    };
    // Of a long document at once, so that a statement stays small.
    for some in fresh.chunks(200) {
        let ids: Vec<ChunkId> = some.iter().map(|chunk| chunk.chunk_id).collect();
        let texts: Vec<String> = some.iter().map(text).collect();
        let counted = |of: &dyn Fn(&str) -> Vec<(String, u32)>| -> Vec<Counted> {
            let own = ids.iter().zip(&texts);
            own.flat_map(|(chunk, text)| of(text).into_iter().map(|(lexeme, count)| counted(*chunk, lexeme, count)))
                .collect()
        };
        if language.has_spaces() {
            let names = counted(&lexemes::identifiers);
            let language = (language.code(), language.text_search_config());
            terms::index(tx, workspace, language, &ids, &texts, &names).await?;
            continue;
        }
        let counted = counted(&|text| lexemes::lexemes(text, language));
        terms::index_counted(tx, workspace, language.code(), &counted).await?;
    }
    Ok(())
}

fn counted(chunk: ChunkId, lexeme: String, count: u32) -> Counted {
    Counted { chunk, lexeme, count: u16::try_from(count).map_or(f32::from(u16::MAX), f32::from) }
}
