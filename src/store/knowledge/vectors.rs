//! Vectors of windows of chunks and of what chunks are asked for, per model. Narrow rows, read all at once or through the index for many.

use pgvector::HalfVector;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{ChunkId, WorkspaceId},
};

/// Vectors a workspace may have before they go into the index for many (facts: up to here reading all is as fast, and
/// finds everything).
pub const INDEXED_FROM: i64 = 10_000;

/// A vector of length 1, and the bytes of the chunk's body that it is of; none, from 0 to 0, of a question.
#[derive(Debug, Clone)]
pub struct Window {
    pub starts: i32,
    pub ends: i32,
    /// Not of the body, but of something that it is asked for.
    pub question: bool,
    pub embedding: HalfVector,
}

/// The id of the chunk that has the vector in the middle, in the order of ids.
pub async fn middle(db: &mut PgConnection, workspace: WorkspaceId, model: i64, vectors: i64) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select chunk_id from chunk_vectors where workspace_id = $1 and model = $2 order by chunk_id offset $3 limit 1",
        workspace.uuid(),
        model,
        vectors / 2
    )
    .fetch_optional(db)
    .await?)
}

/// The vectors of a chunk, all of its windows and questions; it counts as embedded then.
pub async fn put(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    model: i64,
    chunk: ChunkId,
    indexed: bool,
    windows: &[Window],
) -> Result<bool> {
    let found = sqlx::query!(
        "update chunks set model = $3 where workspace_id = $1 and chunk_id = $2 returning audience",
        workspace.uuid(),
        chunk.uuid(),
        model
    )
    .fetch_optional(&mut *db)
    .await?;
    // It was removed meanwhile.
    let Some(found) = found else { return Ok(false) };
    sqlx::query!("delete from chunk_vectors where workspace_id = $1 and chunk_id = $2", workspace.uuid(), chunk.uuid())
        .execute(&mut *db)
        .await?;
    for (number, window) in (0_i16..).zip(windows) {
        sqlx::query!(
            "insert into chunk_vectors (workspace_id, model, chunk_id, window_no, audience, starts, ends, question, indexed,
                                        embedding)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            workspace.uuid(),
            model,
            chunk.uuid(),
            number,
            found.audience,
            window.starts,
            window.ends,
            window.question,
            (indexed && !window.question).then_some(true),
            window.embedding.clone() as HalfVector
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(true)
}

/// Puts the vectors of a workspace's windows into the index for many, or takes them out. Those of questions are never in it: they come
/// nearer than windows do, and would leave no place for chunks that have none.
pub async fn set_indexed(db: &mut PgConnection, workspace: WorkspaceId, model: i64, indexed: bool) -> Result<()> {
    sqlx::query!(
        "update chunk_vectors set indexed = $3 where workspace_id = $1 and model = $2 and not question and indexed is distinct from $3",
        workspace.uuid(),
        model,
        indexed.then_some(true)
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Documents whose chunks lack vectors of the model wait for them from now on. Returns how many.
pub async fn want(db: &mut PgConnection, workspace: WorkspaceId, model: i64, now: Timestamp) -> Result<u64> {
    let wanted = sqlx::query!(
        "update documents d set state = 'embedding', updated_at = $3
         where d.workspace_id = $1 and d.state = 'ready'
               and exists (select from chunks c where c.workspace_id = d.workspace_id and c.document_id = d.document_id
                           and c.model is distinct from $2)",
        workspace.uuid(),
        model,
        now
    )
    .execute(db)
    .await?;
    Ok(wanted.rows_affected())
}

/// Vectors of the product's own texts that are known, by the hash of the text.
pub async fn of_product(db: &mut PgConnection, model: i64, sha256: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, HalfVector)>> {
    let rows = sqlx::query!(
        r#"select sha256, embedding as "embedding: HalfVector" from product_vectors where model = $1 and sha256 = any($2)"#,
        model,
        sha256
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.sha256, row.embedding)).collect())
}

pub async fn put_of_product(db: &mut PgConnection, model: i64, sha256: &[u8], embedding: &HalfVector) -> Result<()> {
    sqlx::query!(
        "insert into product_vectors (model, sha256, embedding) values ($1, $2, $3) on conflict do nothing",
        model,
        sha256,
        embedding.clone() as HalfVector
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Where in each chunk the window lies that comes nearest to the vector.
pub async fn nearest_windows(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    model: i64,
    chunks: &[Uuid],
    vector: &HalfVector,
) -> Result<Vec<(ChunkId, i32, i32)>> {
    let rows = sqlx::query!(
        r#"select distinct on (chunk_id) chunk_id as "chunk_id: ChunkId", starts, ends from chunk_vectors
           where workspace_id = $1 and model = $2 and chunk_id = any($3) and not question
           order by chunk_id, embedding <#> $4"#,
        workspace.uuid(),
        model,
        chunks,
        vector.clone() as HalfVector
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.chunk_id, row.starts, row.ends)).collect())
}
