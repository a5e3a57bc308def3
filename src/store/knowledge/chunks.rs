//! Chunks of documents: what is shown and cited.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{ChunkId, DocumentId, WorkspaceId},
    store::knowledge::terms::uuids,
};

/// A chunk as it is written.
#[derive(Debug, Clone)]
pub struct NewChunk {
    pub chunk_id: ChunkId,
    pub position: i32,
    pub section: String,
    pub also: Vec<String>,
    pub heading_path: Vec<String>,
    pub body: String,
    pub tokens: i32,
    /// What it is asked for.
    pub questions: Vec<String>,
    pub sha256: Vec<u8>,
}

/// A chunk with what its document says.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub chunk_id: ChunkId,
    pub document_id: DocumentId,
    pub position: i32,
    pub section: String,
    pub also: Vec<String>,
    pub heading_path: Vec<String>,
    pub body: String,
    /// What it is asked for; never shown.
    pub questions: Vec<String>,
    pub language: String,
    pub audience: i16,
    pub path: String,
    pub title: String,
    pub category: String,
    pub source: String,
}

/// What is the same in old and new versions of a document.
#[derive(Debug, Clone)]
pub struct Known {
    pub chunk_id: ChunkId,
    pub sha256: Vec<u8>,
}

pub async fn known(db: &mut PgConnection, workspace: WorkspaceId, document: DocumentId) -> Result<Vec<Known>> {
    Ok(sqlx::query_as!(
        Known,
        r#"select chunk_id as "chunk_id: ChunkId", sha256 from chunks where workspace_id = $1 and document_id = $2
           order by position"#,
        workspace.uuid(),
        document.uuid()
    )
    .fetch_all(db)
    .await?)
}

pub async fn insert(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    document: DocumentId,
    language: &str,
    audience: i16,
    chunk: &NewChunk,
) -> Result<()> {
    sqlx::query!(
        "insert into chunks (workspace_id, chunk_id, document_id, position, section, also, heading_path, body, tokens, questions,
                             sha256, language, audience)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        workspace.uuid(),
        chunk.chunk_id.uuid(),
        document.uuid(),
        chunk.position,
        chunk.section,
        &chunk.also,
        &chunk.heading_path,
        chunk.body,
        chunk.tokens,
        &chunk.questions,
        chunk.sha256,
        language,
        audience
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Chunks that stay may lie elsewhere in the document.
pub async fn place(db: &mut PgConnection, workspace: WorkspaceId, kept: &[(ChunkId, i32)]) -> Result<()> {
    let ids: Vec<Uuid> = kept.iter().map(|(id, _)| id.uuid()).collect();
    let positions: Vec<i32> = kept.iter().map(|(_, position)| *position).collect();
    sqlx::query!(
        "update chunks c set position = given.position from unnest($2::uuid[], $3::integer[]) given (chunk_id, position)
         where c.workspace_id = $1 and c.chunk_id = given.chunk_id and c.position <> given.position",
        workspace.uuid(),
        &ids,
        &positions
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn delete(db: &mut PgConnection, workspace: WorkspaceId, chunks: &[ChunkId]) -> Result<()> {
    sqlx::query!("delete from chunks where workspace_id = $1 and chunk_id = any($2)", workspace.uuid(), &uuids(chunks))
        .execute(db)
        .await?;
    Ok(())
}

macro_rules! chunk_query {
    ($tail:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Chunk,
            r#"select c.chunk_id as "chunk_id: ChunkId", c.document_id as "document_id: DocumentId", c.position, c.section, c.also,
                      c.heading_path, c.body, c.questions, c.language, c.audience, d.path, d.title, d.category, d.source
               from chunks c join documents d on d.workspace_id = c.workspace_id and d.document_id = c.document_id "# + $tail,
            $($argument),*
        )
    };
}

/// Those that are for a role, in no order.
pub async fn of_role(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    role: i16,
    chunks: &[ChunkId],
) -> Result<Vec<Chunk>> {
    let found = chunk_query!(
        "where c.workspace_id = $1 and c.audience & $2 <> 0 and c.chunk_id = any($3)",
        workspace.uuid(),
        role,
        &uuids(chunks)
    );
    Ok(found.fetch_all(db).await?)
}

/// Those of a document that are for a role, in its order.
pub async fn of_document_for(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    document: DocumentId,
    role: i16,
) -> Result<Vec<Chunk>> {
    let found = chunk_query!(
        "where c.workspace_id = $1 and c.document_id = $2 and c.audience & $3 <> 0 order by c.position",
        workspace.uuid(),
        document.uuid(),
        role
    );
    Ok(found.fetch_all(db).await?)
}

/// A document's, in its order.
pub async fn of_document(db: &mut PgConnection, workspace: WorkspaceId, document: DocumentId) -> Result<Vec<Chunk>> {
    let found = chunk_query!(
        "where c.workspace_id = $1 and c.document_id = $2 order by c.position",
        workspace.uuid(),
        document.uuid()
    );
    Ok(found.fetch_all(db).await?)
}

/// Up to `limit` chunks of a document that lack vectors of the model, in its order.
pub async fn without_vectors(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    document: DocumentId,
    model: i64,
    limit: i64,
) -> Result<Vec<Chunk>> {
    let found = chunk_query!(
        "where c.workspace_id = $1 and c.document_id = $2 and c.model is distinct from $3 order by c.position limit $4",
        workspace.uuid(),
        document.uuid(),
        model,
        limit
    );
    Ok(found.fetch_all(db).await?)
}

/// Chunks of a document, and how many of them have vectors of the model.
pub async fn counted(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    document: DocumentId,
    model: Option<i64>,
) -> Result<(i64, i64)> {
    let counted = sqlx::query!(
        r#"select count(*) as "all!", count(*) filter (where model = $3) as "embedded!" from chunks
           where workspace_id = $1 and document_id = $2"#,
        workspace.uuid(),
        document.uuid(),
        model
    )
    .fetch_one(db)
    .await?;
    Ok((counted.all, counted.embedded))
}
