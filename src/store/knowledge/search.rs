//! The search in SQL: BM25 over the keyword index, cosines over the vectors, and both on one scale. Everything here is
//! for one role and sees nothing that is not for it, statistics included.

use pgvector::HalfVector;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{ChunkId, WorkspaceId},
    model::confidence::Weights,
};

/// What a role may find in one language.
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    pub language: String,
    pub chunks: i64,
    /// Lexemes in all chunks.
    pub length: f64,
}

pub async fn corpora(db: &mut PgConnection, workspace: WorkspaceId, role: i16) -> Result<Vec<Corpus>> {
    Ok(sqlx::query_as!(
        Corpus,
        r#"select language, sum(chunks) as "chunks!", sum(length) as "length!" from chunk_stats
           where workspace_id = $1 and audience & $2 <> 0 group by language having sum(chunks) > 0 order by language"#,
        workspace.uuid(),
        role
    )
    .fetch_all(db)
    .await?)
}

/// A word of the question in the form in which one language's chunks have it, and in how many they do.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub language: String,
    pub lexeme: String,
    pub chunks: i64,
}

/// The question's words: by the text search configurations of `languages`, and `counted` ones found elsewhere.
pub async fn terms(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    role: i16,
    query: &str,
    languages: (&[String], &[String]),
    counted: (&[String], &[String]),
) -> Result<Vec<Term>> {
    Ok(sqlx::query_as!(
        Term,
        r#"with wanted as (
               select l.language, u.lexeme from unnest($4::text[], $5::text[]) l (language, config),
                      unnest(to_tsvector(l.config::regconfig, $3)) u
               union
               select language, lexeme from unnest($6::text[], $7::text[]) g (language, lexeme))
           select w.language as "language!", w.lexeme as "lexeme!", coalesce(sum(s.chunks), 0) as "chunks!"
           from wanted w left join term_stats s on s.workspace_id = $1 and s.language = w.language
                and s.lexeme = w.lexeme and s.audience & $2 <> 0
           group by w.language, w.lexeme order by w.language, w.lexeme"#,
        workspace.uuid(),
        role,
        query,
        languages.0,
        languages.1,
        counted.0,
        counted.1
    )
    .fetch_all(db)
    .await?)
}

/// A word, and in how many chunks its form in some language is.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub word: String,
    pub chunks: i64,
}

/// Which words chunks have, by the text search configurations of `languages`. Words that they do not tell apart from none, such as
/// `the`, are in no chunk.
pub async fn known(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    role: i16,
    words: &[String],
    languages: &(Vec<String>, Vec<String>),
) -> Result<Vec<Known>> {
    Ok(sqlx::query_as!(
        Known,
        r#"select w.word as "word!", sum(s.chunks) as "chunks!"
           from unnest($3::text[]) w (word) cross join unnest($4::text[], $5::text[]) l (language, config)
           cross join unnest(to_tsvector(l.config::regconfig, w.word)) u
           join term_stats s on s.workspace_id = $1 and s.language = l.language and s.lexeme = u.lexeme
                and s.audience & $2 <> 0
           group by w.word"#,
        workspace.uuid(),
        role,
        words,
        &languages.0,
        &languages.1
    )
    .fetch_all(db)
    .await?)
}

/// Words that chunks of a language have and that begin with one of the prefixes, for spelling: lexeme, chunks.
pub async fn vocabulary(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    role: i16,
    language: &str,
    prefixes: &[String],
) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select s.lexeme, sum(s.chunks) as "chunks!" from unnest($4::text[]) p (prefix)
           join term_stats s on s.workspace_id = $1 and s.language = $3 and s.lexeme >= p.prefix
                and s.lexeme < p.prefix || chr(1114111) and s.audience & $2 <> 0
           group by s.lexeme limit 5000"#,
        workspace.uuid(),
        role,
        language,
        prefixes
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.lexeme, row.chunks)).collect())
}

/// Words that begin as the stems do, as they stand in a few of the chunks that have those: word in small letters, how often.
pub async fn forms(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    role: i16,
    language: &str,
    stems: &[String],
) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select lower(m.found[1]) as "word!", count(*) as "times!"
           from unnest($4::text[]) s (stem)
           cross join lateral (
               select t.chunk_id from chunk_terms t where t.workspace_id = $1 and t.language = $3 and t.lexeme = s.stem
                      and t.audience & $2 <> 0 order by t.chunk_id limit 4) t
           join chunks c on c.workspace_id = $1 and c.chunk_id = t.chunk_id
           cross join lateral regexp_matches(
               concat_ws(' ', array_to_string(c.heading_path, ' '), c.body, array_to_string(c.questions, ' ')),
               '\m' || left(s.stem, 3) || '[[:alpha:]]*', 'gi') m (found)
           group by 1"#,
        workspace.uuid(),
        role,
        language,
        stems
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.word, row.times)).collect())
}

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
           from q join chunk_terms t on t.workspace_id = $1 and t.language = q.language and t.lexeme = q.lexeme
           where t.audience & $2 <> 0 and t.chunk_id <> all($10)
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
pub async fn exact(
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
           measured as (
               select chunk_id, case when not question then embedding <#> $13 end body,
                      case when question then embedding <#> $13 end asked, null::double precision words, null::real coverage
               from chunk_vectors where workspace_id = $1 and model = $12 and audience & $2 <> 0
               union all
               select t.chunk_id, null, null,
                      q.rarity * t.count / (t.count + 1.2 * (0.25 + 0.75 * t.length / q.mean)) / q.whole, q.rarity / q.whole
               from q join chunk_terms t on t.workspace_id = $1 and t.language = q.language and t.lexeme = q.lexeme
               where t.audience & $2 <> 0),
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
        f64::from(question)
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
               from q join chunk_terms t on t.workspace_id = $1 and t.language = q.language and t.lexeme = q.lexeme
               where t.audience & $2 <> 0 group by t.chunk_id),
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
