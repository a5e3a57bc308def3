//! Vectors of the windows of chunks that lack them, and of what the chunks are asked for. Those of the product's own
//! documents are made once an installation.

use std::collections::HashMap;

use pgvector::HalfVector;

use crate::{
    app::{
        App,
        knowledge::{
            find::model_key,
            read::{enter, half, holds},
            write::prefix,
        },
    },
    clients::embedder::{EmbeddingModel, Readiness, Window as Cut},
    clock::Timestamp,
    error::{Error, Result},
    ids::{ChunkId, DocumentId, WorkspaceId},
    store::knowledge::{
        chunks::{self, Chunk},
        documents,
        due::Claim,
        state,
        vectors::{self, INDEXED_FROM, Window},
    },
    vault::sha256,
};

/// Chunks that are embedded before what was made is kept.
const BATCH: i64 = 8;
/// Until a model that cannot be had is asked for again.
const AGAIN_SECS: i64 = 600;

/// Embeds whatever lacks vectors. Says when to come back where there is no model to do it with.
pub(super) async fn all(app: &App, claim: Claim) -> Result<Option<Timestamp>> {
    let workspace = claim.workspace;
    if matches!(app.settings.embedder.readiness(), Readiness::Off) {
        return words_only(app, workspace).await;
    }
    let mut tx = enter(app, workspace).await?;
    let waits = documents::next(&mut tx, workspace, "embedding").await?.is_some();
    tx.finish_read();
    if !waits {
        return Ok(None);
    }
    let model = match app.settings.embedder.prepare().await {
        Ok(model) => model,
        Err(error) => {
            tracing::info!(error = error.chain(), "there is no embedding model; documents are found by their words");
            return Ok(Some(app.now().plus_secs(AGAIN_SECS)));
        }
    };
    loop {
        let mut tx = enter(app, workspace).await?;
        let next = documents::next(&mut tx, workspace, "embedding").await?;
        tx.finish_read();
        let Some(document) = next else { break };
        if !embed_document(app, claim, &model, document.document_id).await? {
            return Ok(None);
        }
    }
    finish(app, workspace, model_key(&model)).await?;
    Ok(None)
}

/// Without a model there is nothing to wait for.
async fn words_only(app: &App, workspace: WorkspaceId) -> Result<Option<Timestamp>> {
    loop {
        let mut tx = enter(app, workspace).await?;
        let Some(document) = documents::next(&mut tx, workspace, "embedding").await? else {
            tx.finish_read();
            return Ok(None);
        };
        documents::set_ready(&mut tx, workspace, document.document_id, app.now()).await?;
        tx.commit().await?;
    }
}

/// False when somebody else has taken the workspace over.
async fn embed_document(app: &App, claim: Claim, model: &EmbeddingModel, document: DocumentId) -> Result<bool> {
    let (workspace, key) = (claim.workspace, model_key(model));
    loop {
        if !holds(app, claim).await? {
            return Ok(false);
        }
        let mut tx = enter(app, workspace).await?;
        let lacking = chunks::without_vectors(&mut tx, workspace, document, key, BATCH).await?;
        tx.finish_read();
        if lacking.is_empty() {
            break;
        }
        let made = make(app, key, &lacking).await?;
        let mut tx = enter(app, workspace).await?;
        let state = state::lock(&mut tx, workspace).await?;
        for (chunk, windows) in made {
            vectors::put(&mut tx, workspace, key, chunk, state.indexed, &windows).await?;
        }
        tx.commit().await?;
    }
    let mut tx = enter(app, workspace).await?;
    state::lock(&mut tx, workspace).await?;
    documents::set_ready(&mut tx, workspace, document, app.now()).await?;
    // What is there can be searched already.
    state::set_model(&mut tx, workspace, None, key).await?;
    tx.commit().await?;
    app.announce(workspace);
    Ok(true)
}

/// The vectors of some chunks, window by window, then question by question.
async fn make(app: &App, model: i64, lacking: &[Chunk]) -> Result<Vec<(ChunkId, Vec<Window>)>> {
    let mut cut: Vec<(&Chunk, Option<Cut>, String)> = Vec::new();
    for chunk in lacking {
        let prefix = prefix(&chunk.title, &chunk.heading_path);
        for window in app.settings.embedder.windows(&prefix, &chunk.body).await? {
            let text = chunk.body.get(window.start..window.end).unwrap_or_default();
            cut.push((chunk, Some(window), format!("{prefix}\n{text}")));
        }
        cut.extend(chunk.questions.iter().map(|question| (chunk, None, question.clone())));
    }
    let known = known(app, model, &cut).await?;
    let lacks = |text: &String| !known.contains_key(sha256(text.as_bytes()).as_slice());
    let texts: Vec<String> = cut.iter().map(|(_, _, text)| text.clone()).filter(lacks).collect();
    let mut made = app.settings.embedder.passages(texts.clone()).await?.into_iter();
    let mut fresh: HashMap<&String, HalfVector> = HashMap::new();
    for text in &texts {
        let vector = made.next().ok_or_else(|| Error::internal("the model gave too few vectors"))?;
        fresh.insert(text, half(&vector));
    }
    remember(app, model, &cut, &fresh).await?;
    let mut windows: Vec<(ChunkId, Vec<Window>)> = lacking.iter().map(|chunk| (chunk.chunk_id, Vec::new())).collect();
    for (chunk, window, text) in &cut {
        let embedding = known.get(sha256(text.as_bytes()).as_slice()).or_else(|| fresh.get(text));
        let embedding = embedding.ok_or_else(|| Error::internal("a window without a vector"))?.clone();
        let place = |byte: usize| i32::try_from(byte).map_err(Error::internal);
        if let Some((_, of_chunk)) = windows.iter_mut().find(|(id, _)| *id == chunk.chunk_id) {
            let of_body = window.unwrap_or(Cut { start: 0, end: 0 });
            let (starts, ends) = (place(of_body.start)?, place(of_body.end)?);
            of_chunk.push(Window { starts, ends, question: window.is_none(), embedding });
        }
    }
    Ok(windows)
}

/// Vectors of the product's own texts that another workspace has made.
async fn known(app: &App, model: i64, cut: &[(&Chunk, Option<Cut>, String)]) -> Result<HashMap<Vec<u8>, HalfVector>> {
    let product = cut.iter().filter(|(chunk, ..)| chunk.source == "product");
    let hashes: Vec<Vec<u8>> = product.map(|(_, _, text)| sha256(text.as_bytes()).to_vec()).collect();
    if hashes.is_empty() {
        return Ok(HashMap::new());
    }
    let mut tx = app.db.begin().await?;
    let known = vectors::of_product(&mut tx, model, &hashes).await?;
    tx.finish_read();
    Ok(known.into_iter().collect())
}

async fn remember(
    app: &App,
    model: i64,
    cut: &[(&Chunk, Option<Cut>, String)],
    fresh: &HashMap<&String, HalfVector>,
) -> Result<()> {
    let product = cut.iter().filter(|(chunk, _, text)| chunk.source == "product" && fresh.contains_key(text));
    let mut tx = app.db.begin().await?;
    for (_, _, text) in product {
        if let Some(vector) = fresh.get(text) {
            vectors::put_of_product(&mut tx, model, &sha256(text.as_bytes()), vector).await?;
        }
    }
    tx.commit().await
}

/// Every chunk has its vectors; many of them are found through the index from now on.
async fn finish(app: &App, workspace: WorkspaceId, model: i64) -> Result<()> {
    let mut tx = enter(app, workspace).await?;
    state::lock(&mut tx, workspace).await?;
    state::set_model(&mut tx, workspace, Some(model), model).await?;
    let state = state::get(&mut tx, workspace).await?;
    let many = if state.indexed { state.vectors > INDEXED_FROM / 2 } else { state.vectors > INDEXED_FROM };
    if many != state.indexed {
        vectors::set_indexed(&mut tx, workspace, model, many).await?;
        state::set_indexed(&mut tx, workspace, many).await?;
    }
    tx.commit().await?;
    app.announce(workspace);
    Ok(())
}
