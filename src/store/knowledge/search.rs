//! The search in SQL: BM25 over the keyword index, cosines over the vectors, and both on one scale. Everything here is
//! for one role and sees nothing that is not for it, statistics included.
//!
//! Words are looked up one by one (`lateral`, with an offset so that it stays so): before PostgreSQL has looked at new rows it takes
//! reading every word of the workspace for cheaper, which takes longer than all the rest of a search.

use pgvector::HalfVector;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{ChunkId, WorkspaceId},
    model::confidence::Weights,
};

/// The question as the database compares it.
#[derive(Debug, Clone)]
pub struct Compared<'a> {
    pub role: i16,
    /// Side by side: of each word its language, lexeme, rarity, the mean length of chunks of that language, and the rarity
    /// of all of the question's words in it.
    pub languages: &'a [String],
    pub lexemes: &'a [String],
    pub rarities: &'a [f32],
    pub lengths: &'a [f32],
    pub wholes: &'a [f32],
    pub category: Option<&'a str>,
    pub language: Option<&'a str>,
    /// Chunks that are not to be found.
    pub without: &'a [Uuid],
    pub limit: i64,
}

/// A vector, its model, and how both measures weigh.
#[derive(Debug, Clone)]
pub struct Meaning<'a> {
    pub model: i64,
    pub vector: &'a HalfVector,
    pub weights: Weights,
}

/// Chunks whose ids are in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    from: Uuid,
    /// Not in it.
    until: Uuid,
}

impl Part {
    pub const ALL: Self = Self { from: Uuid::nil(), until: Uuid::max() };

    /// Those before an id, and the others.
    pub const fn halves(middle: Uuid) -> [Self; 2] {
        [Self { until: middle, ..Self::ALL }, Self { from: middle, ..Self::ALL }]
    }
}

/// One chunk and what was measured of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    pub chunk_id: ChunkId,
    pub cosine: Option<f32>,
    pub words: f32,
    pub coverage: f32,
}

/// By words alone.
pub async fn by_words(db: &mut PgConnection, workspace: WorkspaceId, compared: &Compared<'_>) -> Result<Vec<Scored>> {
    Ok(sqlx::query_as!(
        Scored,
        r#"with q as materialized (
               select * from unnest($3::text[], $4::text[], $5::real[], $6::real[], $7::real[])
                             q (language, lexeme, rarity, mean, whole))
           select t.chunk_id as "chunk_id!: ChunkId", null::real as "cosine",
                  sum(q.rarity * t.count / (t.count + 1.2 * (0.25 + 0.75 * t.length / q.mean)) / q.whole)::real as "words!",
                  sum(q.rarity / q.whole)::real as "coverage!"
           from q cross join lateral (
               select * from chunk_terms t where t.workspace_id = $1 and t.language = q.language and t.lexeme = q.lexeme
                      and t.audience & $2 <> 0 offset 0) t
           where t.chunk_id <> all($10)
                 and ($8::text is null or t.chunk_id in (
                     select c.chunk_id from chunks c join documents d using (workspace_id, document_id)
                     where c.workspace_id = $1 and d.category = $8))
                 and ($9::text is null or t.language = $9)
           group by t.chunk_id order by 3 desc, 1 limit $11"#,
        workspace.uuid(),
        compared.role,
        compared.languages,
        compared.lexemes,
        compared.rarities,
        compared.lengths,
        compared.wholes,
        compared.category,
        compared.language,
        compared.without,
        compared.limit
    )
    .fetch_all(db)
    .await?)
}

/// By meaning and by words, every chunk compared. The cosine is that of the nearest window; where a chunk says what it is asked
/// for, the mean of that and of the nearest of those questions, which is lowered by `Weights::question`. Both measures go through one
/// grouping: it takes less than joining two, and where PostgreSQL sorts for it, as it does before it has looked at new rows, it sorts
/// numbers and not vectors.
///
/// Only chunks of `part` are compared. Its ends are compared as rows: PostgreSQL takes a range whose ends it does not know for
/// a two-hundredth of the rows, and then sorts them all instead of hashing them, which takes longer.
pub async fn exact(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    compared: &Compared<'_>,
    meaning: &Meaning<'_>,
    part: Part,
) -> Result<Vec<Scored>> {
    let Weights { cosine, words, missing, question } = meaning.weights;
    Ok(sqlx::query_as!(
        Scored,
        r#"with q as materialized (
               select * from unnest($3::text[], $4::text[], $5::real[], $6::real[], $7::real[])
                             q (language, lexeme, rarity, mean, whole)),
           measured as (
               select chunk_id, case when not question then embedding <#> $13 end body,
                      case when question then embedding <#> $13 end asked, null::double precision words, null::real coverage
               from chunk_vectors where workspace_id = $1 and model = $12 and audience & $2 <> 0
                    and (chunk_id, 0) >= ($18::uuid, 0) and (chunk_id, 0) < ($19::uuid, 0)
               union all
               select t.chunk_id, null, null,
                      q.rarity * t.count / (t.count + 1.2 * (0.25 + 0.75 * t.length / q.mean)) / q.whole, q.rarity / q.whole
               from q cross join lateral (
                   select * from chunk_terms t where t.workspace_id = $1 and t.language = q.language and t.lexeme = q.lexeme
                          and t.audience & $2 <> 0 and (t.chunk_id, 0) >= ($18::uuid, 0)
                          and (t.chunk_id, 0) < ($19::uuid, 0) offset 0) t),
           best as (
               select chunk_id, -min(body) body, -min(asked) - $17 asked, coalesce(sum(words), 0)::real words,
                      coalesce(sum(coverage), 0)::real coverage
               from measured group by chunk_id),
           -- Filters are for chunks; without the offset they would run for every vector.
           scored as (
               select chunk_id, ((coalesce(body, asked) + coalesce(asked, body)) / 2)::real cosine, words, coverage
               from best offset 0)
           select chunk_id as "chunk_id!: ChunkId", cosine, words as "words!", coverage as "coverage!" from scored
           where chunk_id <> all($10)
                 and ($8::text is null or chunk_id in (
                     select c.chunk_id from chunks c join documents d using (workspace_id, document_id)
                     where c.workspace_id = $1 and d.category = $8))
                 and ($9::text is null or chunk_id in (
                     select c.chunk_id from chunks c where c.workspace_id = $1 and c.language = $9))
           order by coalesce(cosine, $16) * $14 + words * $15 desc, chunk_id limit $11"#,
        workspace.uuid(),
        compared.role,
        compared.languages,
        compared.lexemes,
        compared.rarities,
        compared.lengths,
        compared.wholes,
        compared.category,
        compared.language,
        compared.without,
        compared.limit,
        meaning.model,
        meaning.vector.clone() as HalfVector,
        cosine,
        words,
        missing,
        f64::from(question),
        part.from,
        part.until
    )
    .fetch_all(db)
    .await?)
}

/// By meaning and by words, in a workspace with many vectors: the nearest by the index, the best by words, and both
/// measures of all of these, as in [`exact`]. Of vectors with 384 dimensions only; without category and language.
pub async fn indexed(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    compared: &Compared<'_>,
    meaning: &Meaning<'_>,
) -> Result<Vec<Scored>> {
    let Weights { cosine, words, missing, question } = meaning.weights;
    Ok(sqlx::query_as!(
        Scored,
        r#"with q as materialized (
               select * from unnest($3::text[], $4::text[], $5::real[], $6::real[], $7::real[])
                             q (language, lexeme, rarity, mean, whole)),
           k as materialized (
               select t.chunk_id, sum(q.rarity / q.whole)::real coverage,
                      sum(q.rarity * t.count / (t.count + 1.2 * (0.25 + 0.75 * t.length / q.mean)) / q.whole)::real words
               from q cross join lateral (
                   select * from chunk_terms t where t.workspace_id = $1 and t.language = q.language and t.lexeme = q.lexeme
                          and t.audience & $2 <> 0 offset 0) t
               group by t.chunk_id),
           best as materialized (select chunk_id from k order by words desc, chunk_id limit 100),
           near as materialized (
               select chunk_id from chunk_vectors
               where workspace_id = $1 and model = $10 and indexed and audience & $2 <> 0
               order by embedding::halfvec(384) <#> $11::halfvec(384) limit 300),
           both_legs as (select chunk_id from near union select chunk_id from best),
           nearest as (
               select b.chunk_id, max(-(cv.embedding <#> $11)) filter (where not cv.question) body,
                      max(-(cv.embedding <#> $11)) filter (where cv.question) - $15 asked from both_legs b
               join chunk_vectors cv on cv.workspace_id = $1 and cv.model = $10 and cv.chunk_id = b.chunk_id
               group by b.chunk_id),
           v as materialized (
               select chunk_id, ((coalesce(body, asked) + coalesce(asked, body)) / 2)::real cosine from nearest)
           select b.chunk_id as "chunk_id!: ChunkId", v.cosine as "cosine", coalesce(k.words, 0)::real as "words!",
                  coalesce(k.coverage, 0)::real as "coverage!"
           from both_legs b left join v using (chunk_id) left join k using (chunk_id)
           where b.chunk_id <> all($8)
           order by coalesce(v.cosine, $14) * $12 + coalesce(k.words, 0) * $13 desc, b.chunk_id limit $9"#,
        workspace.uuid(),
        compared.role,
        compared.languages,
        compared.lexemes,
        compared.rarities,
        compared.lengths,
        compared.wholes,
        compared.without,
        compared.limit,
        meaning.model,
        meaning.vector.clone() as HalfVector,
        cosine,
        words,
        missing,
        f64::from(question)
    )
    .fetch_all(db)
    .await?)
}
