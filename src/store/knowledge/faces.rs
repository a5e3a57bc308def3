//! What changed of documents, for those who want to hear of it: the channel, and what is compared.

use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{DocumentId, WorkspaceId},
};

/// The channel on which the database tells processes that a document changed: `workspace document`, as UUIDs. Whom it is
/// for is looked up by who listens.
pub const CHANNEL: &str = "allin_documents";

/// Heard when the transaction is committed.
pub(super) async fn tell(db: &mut PgConnection, workspace: WorkspaceId, id: DocumentId) -> Result<()> {
    sqlx::query!("select pg_notify($1, $2::uuid::text || ' ' || $3::uuid::text)", CHANNEL, workspace.uuid(), id.uuid())
        .execute(db)
        .await?;
    Ok(())
}

/// What a list shows of a document, and which content it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    pub document_id: DocumentId,
    pub path: String,
    pub title: String,
    pub category: String,
    pub language: String,
    pub content_sha256: Option<Vec<u8>>,
}

/// Of the documents that are for a role: of one, of those with these paths, or of all.
pub async fn faces(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    role: i16,
    one: Option<DocumentId>,
    paths: Option<&[String]>,
) -> Result<Vec<Face>> {
    Ok(sqlx::query_as!(
        Face,
        r#"select document_id as "document_id: DocumentId", path, title, category, language, content_sha256 from documents
           where workspace_id = $1 and audience & $2 <> 0 and ($3::uuid is null or document_id = $3)
                 and ($4::text[] is null or path = any($4))"#,
        workspace.uuid(),
        role,
        one.map(DocumentId::uuid),
        paths
    )
    .fetch_all(db)
    .await?)
}
