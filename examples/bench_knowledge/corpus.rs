//! Texts and vectors to search in, as many as wanted, the same in every run.

use allin::{
    app::{
        ctx::Ctx,
        knowledge::{evaluate::load::load as load_documents, find::model_key, product, read},
    },
    boot::Booted,
    error::{Error, Result},
    model::documents::{Language, ParsedChunk, ParsedDocument},
    platform::Role,
    store::{
        db::Entrance,
        knowledge::{
            chunks, documents, state,
            vectors::{self, Window},
        },
    },
};
use pgvector::HalfVector;
use sqlx::{ConnectOptions as _, Connection as _};

/// Vectors of a chunk.
pub const WINDOWS: usize = 4;
/// Chunks of a document.
const CHUNKS: usize = 50;
/// Of a real embedding, in each direction before it is brought back to length 1.
const NOISE: f32 = 0.03;

/// Numbers that look random and are the same in every run (Knuth's MMIX generator).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    pub fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % most.max(1)
    }

    /// From -1 to 1.
    fn share(&mut self) -> f32 {
        f32::from(u16::try_from(self.below(65_536)).unwrap_or_default()) / 32_768.0 - 1.0
    }
}

fn sentences() -> Vec<&'static str> {
    product::DOCUMENTS
        .iter()
        .flat_map(|(_, text)| text.split("<!--").map(|part| part.split_once("-->").map_or(part, |(_, text)| text)))
        .flat_map(|text| text.split(['.', '\n']))
        .map(str::trim)
        .filter(|sentence| sentence.len() > 40)
        .collect()
}

/// Questions that are all different, about what the texts are about.
pub fn questions(count: usize, mark: &str) -> Vec<String> {
    let headings: Vec<&str> = product::DOCUMENTS
        .iter()
        .flat_map(|(_, text)| text.lines().filter_map(|line| line.strip_prefix("### ")))
        .collect();
    let ways = ["What do I have to know about", "How does this work:", "Please explain", "Who may do this:", "Why"];
    let mut numbers = Numbers::new(mark.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte)));
    (0..count)
        .map(|number| {
            let way = ways.get(number % ways.len()).copied().unwrap_or_default();
            let heading = headings.get(numbers.below(headings.len())).copied().unwrap_or_default();
            format!("{way} {} ({mark} {number})?", heading.to_lowercase())
        })
        .collect()
}

/// Markdown of about that many chunks.
pub fn document(chunks: usize) -> String {
    let (all, mut numbers) = (sentences(), Numbers::new(3));
    let mut text = "# Measured\n".to_owned();
    for chunk in 0..chunks {
        text.push_str(&format!("\n## Part {chunk}\n\n{}\n", body(&all, &mut numbers, 20)));
    }
    text
}

fn body(all: &[&str], numbers: &mut Numbers, count: usize) -> String {
    let mut body = String::new();
    for _ in 0..count {
        body.push_str(all.get(numbers.below(all.len())).copied().unwrap_or_default());
        // Every document has words that hardly any other has.
        body.push_str(&format!(", as with w{}. ", numbers.below(40_000)));
    }
    body
}

pub struct Loaded {
    pub chunks: usize,
    /// Whether the index for many is used.
    pub indexed: bool,
}

/// A workspace with that many vectors.
pub async fn load(booted: &Booted, ctx: &Ctx, size: usize) -> Result<Loaded> {
    let app = &booted.app;
    let model = app.settings.embedder.prepare().await?;
    let seeds = seeds(booted).await?;
    let (all, mut numbers) = (sentences(), Numbers::new(size as u64));
    let count = size / WINDOWS;
    // Only what is loaded here is searched.
    let mut tx = app.db.tenant(ctx.workspace, Entrance::System, app.now()).await?.0;
    state::lock(&mut tx, ctx.workspace).await?;
    state::set_product(&mut tx, ctx.workspace, product::hash()).await?;
    tx.commit().await?;
    for from in (0..count).step_by(CHUNKS) {
        let chunk = |number: usize, numbers: &mut Numbers| ParsedChunk {
            questions: Vec::new(),
            heading_path: vec![format!("Part {number}")],
            section: format!("part-{number}"),
            also: Vec::new(),
            body: body(&all, numbers, 20),
            start: 0,
            end: 1,
            tokens: 700,
        };
        let parsed = ParsedDocument {
            title: format!("Document {from}"),
            language: Some(Language::English),
            category: None,
            audience: None,
            chunks: (from..count.min(from + CHUNKS)).map(|number| chunk(number, &mut numbers)).collect(),
            warnings: Vec::new(),
        };
        load_documents(app, ctx, &[(format!("{from}.md"), parsed)]).await?;
        embed(booted, ctx, model_key(&model), &format!("{from}.md"), &seeds, &mut numbers).await?;
    }
    // Nothing is left to embed; this counts, and puts many into the index.
    while read::step(app).await? {}
    tidy(booted).await?;
    let mut tx = app.db.tenant(ctx.workspace, Entrance::System, app.now()).await?.0;
    let state = state::get(&mut tx, ctx.workspace).await?;
    tx.finish_read();
    if usize::try_from(state.vectors).ok() != Some(count * WINDOWS) || state.model.is_none() {
        return Err(Error::internal("not all vectors are there"));
    }
    Ok(Loaded { chunks: count, indexed: state.indexed })
}

/// Real embeddings.
async fn seeds(booted: &Booted) -> Result<Vec<Vec<f32>>> {
    let texts = sentences().into_iter().step_by(6).map(str::to_owned).collect();
    booted.app.settings.embedder.passages(texts).await
}

async fn embed(
    booted: &Booted,
    ctx: &Ctx,
    model: i64,
    path: &str,
    seeds: &[Vec<f32>],
    numbers: &mut Numbers,
) -> Result<()> {
    let app = &booted.app;
    let mut tx = app.db.tenant(ctx.workspace, Entrance::System, app.now()).await?.0;
    let document = documents::by_path(&mut tx, ctx.workspace, path).await?;
    let document = document.ok_or_else(|| Error::internal("a document is missing"))?;
    for chunk in chunks::known(&mut tx, ctx.workspace, document.document_id).await? {
        let windows: Vec<Window> = (0..WINDOWS)
            .map(|_| Window {
                starts: 0,
                ends: 1,
                question: false,
                embedding: noisy(seeds.get(numbers.below(seeds.len())), numbers),
            })
            .collect();
        vectors::put(&mut tx, ctx.workspace, model, chunk.chunk_id, false, &windows).await?;
    }
    tx.commit().await
}

fn noisy(seed: Option<&Vec<f32>>, numbers: &mut Numbers) -> HalfVector {
    let moved: Vec<f32> =
        seed.map(Vec::as_slice).unwrap_or_default().iter().map(|value| value + NOISE * numbers.share()).collect();
    let length = moved.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    HalfVector::from_f32_slice(&moved.iter().map(|value| value / length).collect::<Vec<_>>())
}

/// What the database does by itself after a while.
async fn tidy(booted: &Booted) -> Result<()> {
    let Some(cluster) = &booted.cluster else { return Ok(()) };
    let mut owner = cluster.connect_options(Role::Owner).connect().await?;
    for table in ["chunks", "chunk_vectors", "chunk_terms", "term_stats", "documents"] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("vacuum analyze {table}"))).execute(&mut owner).await?;
    }
    owner.close().await?;
    Ok(())
}
