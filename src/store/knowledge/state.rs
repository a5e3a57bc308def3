//! What holds for all documents of a workspace. Its row is also the lock under which chunks and statistics change.

use sqlx::PgConnection;

use crate::{error::Result, ids::WorkspaceId};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Changes with everything that can change what a search finds.
    pub revision: i64,
    /// The model whose vectors are complete.
    pub model: Option<i64>,
    /// Of the product's own documents as they were last taken over.
    pub product_sha256: Option<Vec<u8>>,
    /// Of the model in use.
    pub vectors: i64,
    /// Whether the vectors are in the index for many.
    pub indexed: bool,
}

/// As it stands; all zero where nothing was ever asked.
pub async fn get(db: &mut PgConnection, workspace: WorkspaceId) -> Result<State> {
    let state = sqlx::query_as!(
        State,
        "select revision, model, product_sha256, vectors, indexed from knowledge_state where workspace_id = $1",
        workspace.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(state.unwrap_or_default())
}

/// Keeps everybody else from changing documents until the transaction ends.
pub async fn lock(db: &mut PgConnection, workspace: WorkspaceId) -> Result<State> {
    sqlx::query!("insert into knowledge_state (workspace_id) values ($1) on conflict do nothing", workspace.uuid())
        .execute(&mut *db)
        .await?;
    Ok(sqlx::query_as!(
        State,
        "select revision, model, product_sha256, vectors, indexed from knowledge_state where workspace_id = $1 for update",
        workspace.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// What was found before may not be found any more.
pub async fn changed(db: &mut PgConnection, workspace: WorkspaceId) -> Result<()> {
    sqlx::query!("update knowledge_state set revision = revision + 1 where workspace_id = $1", workspace.uuid())
        .execute(db)
        .await?;
    Ok(())
}

/// The product's documents are those with this hash.
pub async fn set_product(db: &mut PgConnection, workspace: WorkspaceId, sha256: &[u8]) -> Result<()> {
    sqlx::query!("update knowledge_state set product_sha256 = $2 where workspace_id = $1", workspace.uuid(), sha256)
        .execute(db)
        .await?;
    Ok(())
}

/// Says for which model there are vectors of every chunk, if any, and counts them.
pub async fn set_model(db: &mut PgConnection, workspace: WorkspaceId, model: Option<i64>, counted: i64) -> Result<()> {
    sqlx::query!(
        "update knowledge_state set model = $2, vectors = (select count(*) from chunk_vectors v
             where v.workspace_id = $1 and v.model = $3), revision = revision + 1 where workspace_id = $1",
        workspace.uuid(),
        model,
        counted
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn set_indexed(db: &mut PgConnection, workspace: WorkspaceId, indexed: bool) -> Result<()> {
    sqlx::query!("update knowledge_state set indexed = $2 where workspace_id = $1", workspace.uuid(), indexed)
        .execute(db)
        .await?;
    Ok(())
}
