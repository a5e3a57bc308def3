//! Documents and the files they were read from. Reading one for a role leaves out what is not for it.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{DocumentId, MemberId, WorkspaceId},
    store::knowledge::faces::tell,
};

#[derive(Debug, Clone)]
pub struct Document {
    pub document_id: DocumentId,
    pub source: String,
    pub path: String,
    pub url: Option<String>,
    pub title: String,
    pub category: String,
    /// Bits of `model::knowledge::Audience`.
    pub audience: i16,
    pub language: String,
    /// What whoever added it said, before what the document says itself.
    pub given: Value,
    pub state: String,
    pub problem_code: Option<String>,
    pub problem: Option<String>,
    pub content_sha256: Option<Vec<u8>>,
    pub chunks: i32,
    pub tokens: i32,
    /// What was left out of it or read otherwise than it was declared.
    pub notes: Vec<String>,
    pub added_by: Option<MemberId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A file as it was given.
#[derive(Debug, Clone)]
pub struct Content {
    pub name: String,
    pub content_type: Option<String>,
    pub content: Vec<u8>,
    pub sha256: Vec<u8>,
}

/// Which documents are listed: those for a role, from after a path on.
#[derive(Debug, Clone, Default)]
pub struct Listed<'a> {
    /// The bit of the role; all documents without one.
    pub role: Option<i16>,
    pub category: Option<&'a str>,
    pub state: Option<&'a str>,
    pub after: Option<&'a str>,
    pub limit: i64,
}

pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, document: &Document) -> Result<()> {
    sqlx::query!(
        "insert into documents (workspace_id, document_id, source, path, url, title, category, audience, language, given, state,
                                added_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        workspace.uuid(),
        document.document_id.uuid(),
        document.source,
        document.path,
        document.url,
        document.title,
        document.category,
        document.audience,
        document.language,
        document.given,
        document.state,
        document.added_by.map(MemberId::uuid),
        document.created_at,
        document.updated_at
    )
    .execute(&mut *db)
    .await?;
    tell(db, workspace, document.document_id).await
}

/// Another content or other properties: to be read again.
pub async fn replace(db: &mut PgConnection, workspace: WorkspaceId, document: &Document) -> Result<()> {
    sqlx::query!(
        "update documents set source = $3, url = $4, title = $5, category = $6, audience = $7, given = $8, state = 'waiting',
                problem_code = null, problem = null, added_by = $9, updated_at = $10
         where workspace_id = $1 and document_id = $2",
        workspace.uuid(),
        document.document_id.uuid(),
        document.source,
        document.url,
        document.title,
        document.category,
        document.audience,
        document.given,
        document.added_by.map(MemberId::uuid),
        document.updated_at
    )
    .execute(&mut *db)
    .await?;
    tell(db, workspace, document.document_id).await
}

/// What was read out of it.
pub async fn set_read(db: &mut PgConnection, workspace: WorkspaceId, document: &Document) -> Result<()> {
    sqlx::query!(
        "update documents set title = $3, category = $4, audience = $5, language = $6, state = $7, content_sha256 = $8,
                chunks = $9, tokens = $10, problem_code = null, problem = null, updated_at = $11, notes = $12
         where workspace_id = $1 and document_id = $2",
        workspace.uuid(),
        document.document_id.uuid(),
        document.title,
        document.category,
        document.audience,
        document.language,
        document.state,
        document.content_sha256.as_deref(),
        document.chunks,
        document.tokens,
        document.updated_at,
        &document.notes
    )
    .execute(&mut *db)
    .await?;
    tell(db, workspace, document.document_id).await
}

/// It cannot be read; what was read of it before stays.
pub async fn set_failed(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: DocumentId,
    code: &str,
    problem: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update documents set state = 'failed', problem_code = $3, problem = $4, updated_at = $5
         where workspace_id = $1 and document_id = $2",
        workspace.uuid(),
        id.uuid(),
        code,
        problem,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Every chunk has the vectors that it will have.
pub async fn set_ready(db: &mut PgConnection, workspace: WorkspaceId, id: DocumentId, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "update documents set state = 'ready', updated_at = $3
         where workspace_id = $1 and document_id = $2 and state = 'embedding'",
        workspace.uuid(),
        id.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Its chunks and all that is kept of them go, too; statistics are the caller's business.
pub async fn delete(db: &mut PgConnection, workspace: WorkspaceId, id: DocumentId) -> Result<()> {
    sqlx::query!("delete from documents where workspace_id = $1 and document_id = $2", workspace.uuid(), id.uuid())
        .execute(&mut *db)
        .await?;
    tell(db, workspace, id).await
}

macro_rules! document_query {
    ($tail:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Document,
            r#"select document_id as "document_id: DocumentId", source, path, url, title, category, audience, language, given, state,
                      problem_code, problem, content_sha256, chunks, tokens, notes, added_by as "added_by: MemberId", created_at,
                      updated_at from documents "# + $tail,
            $($argument),*
        )
    };
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: DocumentId) -> Result<Option<Document>> {
    let found = document_query!("where workspace_id = $1 and document_id = $2", workspace.uuid(), id.uuid());
    Ok(found.fetch_optional(db).await?)
}

pub async fn by_path(db: &mut PgConnection, workspace: WorkspaceId, path: &str) -> Result<Option<Document>> {
    let found = document_query!("where workspace_id = $1 and path = $2", workspace.uuid(), path);
    Ok(found.fetch_optional(db).await?)
}

/// In the order of their paths.
pub async fn list(db: &mut PgConnection, workspace: WorkspaceId, listed: &Listed<'_>) -> Result<Vec<Document>> {
    let found = document_query!(
        "where workspace_id = $1 and ($2::smallint is null or audience & $2 <> 0) and ($3::text is null or category = $3)
               and ($4::text is null or state = $4) and ($5::text is null or path > $5)
         order by path limit $6",
        workspace.uuid(),
        listed.role,
        listed.category,
        listed.state,
        listed.after,
        listed.limit
    );
    Ok(found.fetch_all(db).await?)
}

/// The next to be read, or to be given vectors: the one that waits longest.
pub async fn next(db: &mut PgConnection, workspace: WorkspaceId, state: &str) -> Result<Option<Document>> {
    let found = document_query!(
        "where workspace_id = $1 and state = $2 order by updated_at, document_id limit 1",
        workspace.uuid(),
        state
    );
    Ok(found.fetch_optional(db).await?)
}

pub async fn put_content(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: DocumentId,
    content: &Content,
) -> Result<()> {
    sqlx::query!(
        "insert into document_contents (workspace_id, document_id, name, content_type, content, sha256)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (workspace_id, document_id) do update
         set name = excluded.name, content_type = excluded.content_type, content = excluded.content, sha256 = excluded.sha256",
        workspace.uuid(),
        id.uuid(),
        content.name,
        content.content_type,
        content.content,
        content.sha256
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn content(db: &mut PgConnection, workspace: WorkspaceId, id: DocumentId) -> Result<Option<Content>> {
    Ok(sqlx::query_as!(
        Content,
        "select name, content_type, content, sha256 from document_contents where workspace_id = $1 and document_id = $2",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// How many documents a workspace has, of any audience.
pub async fn count(db: &mut PgConnection, workspace: WorkspaceId) -> Result<i64> {
    let count =
        sqlx::query_scalar!(r#"select count(*) as "count!" from documents where workspace_id = $1"#, workspace.uuid());
    Ok(count.fetch_one(db).await?)
}

/// How far the documents of a workspace are, of any audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remaining {
    /// Documents to be read.
    pub waiting: i64,
    /// Documents to be given vectors.
    pub embedding: i64,
    pub chunks: i64,
    /// Chunks without vectors of the model.
    pub lacking: i64,
}

pub async fn remaining(db: &mut PgConnection, workspace: WorkspaceId, model: Option<i64>) -> Result<Remaining> {
    Ok(sqlx::query_as!(
        Remaining,
        r#"select count(*) filter (where state = 'waiting') as "waiting!",
                  count(*) filter (where state = 'embedding') as "embedding!",
                  (select count(*) from chunks where workspace_id = $1) as "chunks!",
                  (select count(*) from chunks where workspace_id = $1 and model is distinct from $2) as "lacking!"
           from documents where workspace_id = $1"#,
        workspace.uuid(),
        model
    )
    .fetch_one(db)
    .await?)
}
