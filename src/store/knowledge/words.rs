//! Words as the documents of a role have them: for comparing a question with them, and for telling which of it are mistyped.
//! Looked up one by one, as in `search`.

use sqlx::PgConnection;

use crate::{error::Result, ids::WorkspaceId};

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
           from wanted w left join lateral (
               select s.chunks from term_stats s where s.workspace_id = $1 and s.language = w.language
                      and s.lexeme = w.lexeme and s.audience & $2 <> 0 offset 0) s on true
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
           cross join lateral (
               select s.chunks from term_stats s where s.workspace_id = $1 and s.language = l.language
                      and s.lexeme = u.lexeme and s.audience & $2 <> 0 offset 0) s
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
           cross join lateral (
               select s.lexeme, s.chunks from term_stats s where s.workspace_id = $1 and s.language = $3
                      and s.lexeme >= p.prefix and s.lexeme < p.prefix || chr(1114111) and s.audience & $2 <> 0 offset 0) s
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
