//! The search itself, for the use cases that search: by meaning and by words, for one role. What was found is remembered
//! until something changes; the same question at the same time is searched for once.

use std::{collections::HashMap, sync::Arc};

use pgvector::HalfVector;
use uuid::Uuid;

use crate::{
    app::{
        App,
        ctx::Ctx,
        knowledge::{
            compare::Search,
            corrected::corrected,
            measures::Measures,
            product,
            question::Words,
            rated,
            remembered::Key,
            standing::{Standing, look},
        },
    },
    clients::embedder::{EmbeddingModel, Question, Readiness},
    error::{Error, Result},
    ids::{ChunkId, DocumentId},
    model::{
        confidence::{self, Signals, Weights},
        knowledge::{SearchMode, bit},
        roles::Role,
    },
    store::{
        db::Tx,
        knowledge::{
            chunks::{self, Chunk},
            search::{Meaning, Scored},
            state::State,
            vectors,
        },
    },
};

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Wanted {
    pub query: String,
    /// Most results.
    pub k: usize,
    pub category: Option<String>,
    /// BCP 47, the primary tag; of the documents.
    pub language: Option<String>,
    /// As if the caller had this role; never more than the caller's own.
    pub role: Option<Role>,
    /// Chunks that are not to be found, for measuring.
    pub without: Vec<ChunkId>,
}

/// What was found, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// What was searched for: the query, its mistyped words put right.
    pub query: String,
    pub hits: Vec<Hit>,
    pub mode: SearchMode,
    /// What the caller should know of how it was searched.
    pub note: Option<String>,
    /// How likely it is that the documents answer the question, from 0 to 1, calibrated.
    pub confidence: f32,
    /// Below this a person should answer.
    pub threshold: f32,
}

/// One chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub chunk: ChunkId,
    pub document: DocumentId,
    pub path: String,
    pub title: String,
    pub section: String,
    /// Anchors of other sections in it.
    pub also: Vec<String>,
    pub heading_path: Vec<String>,
    /// Markdown.
    pub body: String,
    pub category: String,
    /// BCP 47, the primary tag.
    pub language: String,
    /// Calibrated, from 0 to 1; never more than that of the hit before.
    pub score: f32,
    pub signals: Signals,
    /// Bytes of `body` that come nearest to the question; all of it where only words were compared.
    pub nearest: (usize, usize),
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Both,
    /// Meaning alone, for measuring.
    Meaning,
    Words,
}

/// Searches in read transactions of its own, with the rights of the caller.
pub async fn find(app: &App, ctx: &Ctx, wanted: &Wanted) -> Result<Arc<Findings>> {
    let standing = look(app, ctx, wanted).await?;
    find_at(app, ctx, standing, wanted).await
}

/// [`find`] for whoever has looked already.
pub async fn find_at(app: &App, ctx: &Ctx, mut standing: Standing, wanted: &Wanted) -> Result<Arc<Findings>> {
    if product::is_due(&standing.state) {
        product::adopt(app, ctx.workspace).await?;
        standing = look(app, ctx, wanted).await?;
    }
    let Standing { role, state } = standing;
    app.knowledge.wake(app, ctx.workspace, &state).await;
    let model = app.settings.embedder.model().filter(|_| state.vectors > 0);
    let key = Key::new(ctx.workspace, role, &state, model.as_ref(), wanted);
    app.knowledge.found.get(key, || search(app, ctx, role, &state, model, (wanted, By::Both))).await
}

/// Searches anew what documents there are, for measuring: nothing is taken over and nothing remembered.
pub async fn find_by(app: &App, ctx: &Ctx, wanted: &Wanted, by: By) -> Result<Findings> {
    let Standing { role, state } = look(app, ctx, wanted).await?;
    let model = app.settings.embedder.model().filter(|_| state.vectors > 0 && by != By::Words);
    search(app, ctx, role, &state, model, (wanted, by)).await
}

async fn search(
    app: &App,
    ctx: &Ctx,
    role: Role,
    state: &State,
    model: Option<EmbeddingModel>,
    (wanted, by): (&Wanted, By),
) -> Result<Findings> {
    let right = corrected(app, ctx, role, &wanted.query).await?;
    let query = right.as_ref().unwrap_or(&wanted.query);
    let (asked, mut note) = meaning_of(app, model.as_ref(), state, query).await;
    let _place = app.knowledge.searching.acquire().await.map_err(Error::internal)?;
    let mut tx = app.db.tenant(ctx.workspace, ctx.actor.entrance(), app.now()).await?.0;
    let known = model.as_ref().is_some_and(|model| confidence::knows(&model.sha256));
    if asked.is_some() && !known && note.is_none() {
        note = Some("The scores go by words alone: they were not fitted to this embedding model.".to_owned());
    }
    let search = Search { app, ctx, workspace: ctx.workspace, role: bit(role), wanted, state };
    let vector = asked.as_ref().map(|asked| HalfVector::from_f32_slice(&asked.vector));
    let weights = confidence::weights();
    let meaning = vector.as_ref().zip(model.as_ref()).map(|(vector, model)| Meaning {
        model: model_key(model),
        vector,
        weights: if by == By::Meaning { Weights { words: 0.0, ..weights } } else { weights },
    });
    let whole = asked.as_ref().map_or(&[][..], |asked| &asked.words);
    let words = Words::read(&mut tx, ctx.workspace, search.role, (query, whole)).await?;
    let scored = search.scored(&mut tx, &words, meaning.as_ref()).await?;
    // Measuring one way alone compares that and nothing else.
    let scored = if by == By::Both { rated::ranked(&mut tx, ctx.workspace, scored).await? } else { scored };
    let measures = Measures::of(query, &scored, words.worths, known);
    let hits = hits(&search, &mut tx, &scored, &measures, meaning.as_ref()).await?;
    tx.finish_read();
    let mode = if meaning.is_some() { SearchMode::Hybrid } else { SearchMode::Keyword };
    let confidence = hits.first().map_or(0.0, |hit| hit.score);
    if right.is_some() {
        let read = format!("Mistyped words were put right; searched for: {query}");
        note = Some(note.map_or_else(|| read.clone(), |note| format!("{note} {read}")));
    }
    Ok(Findings { query: query.clone(), hits, mode, note, confidence, threshold: confidence::threshold() })
}

/// First eight bytes of the hash of its weights.
pub fn model_key(model: &EmbeddingModel) -> i64 {
    i64::from_be_bytes(model.sha256.first_chunk().copied().unwrap_or_default())
}

/// The question as the model reads it; a reason instead where only words can be compared.
async fn meaning_of(
    app: &App,
    model: Option<&EmbeddingModel>,
    state: &State,
    query: &str,
) -> (Option<Arc<Question>>, Option<String>) {
    if model.is_none() {
        let why = match app.settings.embedder.readiness() {
            Readiness::Off => "the embedding model is switched off (ALLIN_EMBEDDINGS)".to_owned(),
            Readiness::Fetching => "the embedding model is being fetched".to_owned(),
            Readiness::Missing { why } => why,
            Readiness::Ready(_) => "the documents have no vectors yet".to_owned(),
        };
        return (None, Some(format!("Searched by words alone: {why}.")));
    }
    match app.settings.embedder.query(query).await {
        Ok(asked) => {
            let partly = model.map(model_key) != state.model;
            let note = partly.then(|| "Some documents are still being read; more may be found soon.".to_owned());
            (Some(asked), note)
        }
        Err(error) => {
            tracing::warn!(error = error.chain(), "a question was searched for by words alone");
            (None, Some(format!("Searched by words alone: {}", error.message())))
        }
    }
}

async fn hits(
    search: &Search<'_>,
    tx: &mut Tx,
    scored: &[Scored],
    measures: &Measures,
    meaning: Option<&Meaning<'_>>,
) -> Result<Vec<Hit>> {
    let best: Vec<ChunkId> = scored.iter().take(search.wanted.k).map(|scored| scored.chunk_id).collect();
    if best.is_empty() {
        return Ok(Vec::new());
    }
    let found = chunks::of_role(tx, search.workspace, search.role, &best).await?;
    let mut found: HashMap<ChunkId, Chunk> = found.into_iter().map(|chunk| (chunk.chunk_id, chunk)).collect();
    let nearest = match meaning {
        Some(Meaning { model, vector, .. }) => {
            let ids: Vec<Uuid> = best.iter().map(|id| id.uuid()).collect();
            vectors::nearest_windows(tx, search.workspace, *model, &ids, vector).await?
        }
        None => Vec::new(),
    };
    let mut hits = Vec::with_capacity(best.len());
    let mut most = 1.0_f32;
    for scored in scored.iter().take(search.wanted.k) {
        let Some(chunk) = found.remove(&scored.chunk_id) else { continue };
        let signals = measures.signals(scored, &chunk.language);
        most = most.min(confidence::confidence(&signals));
        let window = nearest.iter().find(|(id, ..)| *id == chunk.chunk_id);
        hits.push(hit(chunk, signals, most, window.map(|(_, starts, ends)| (*starts, *ends))));
    }
    Ok(hits)
}

fn hit(chunk: Chunk, signals: Signals, score: f32, window: Option<(i32, i32)>) -> Hit {
    let window = window.and_then(|(starts, ends)| Some((usize::try_from(starts).ok()?, usize::try_from(ends).ok()?)));
    Hit {
        nearest: window.filter(|(_, ends)| *ends <= chunk.body.len()).unwrap_or((0, chunk.body.len())),
        chunk: chunk.chunk_id,
        document: chunk.document_id,
        path: chunk.path,
        title: chunk.title,
        section: chunk.section,
        also: chunk.also,
        heading_path: chunk.heading_path,
        body: chunk.body,
        category: chunk.category,
        language: chunk.language,
        score,
        signals,
    }
}
