//! Bearer keys and single-use links, by the SHA-256 of what the caller holds. They lead to ids and nothing else.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{error::Result, ids::WorkspaceId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    ApiKey,
    Connect,
    Invitation,
    /// An outside reviewer's page.
    Review,
}

impl TokenKind {
    pub const ALL: [Self; 4] = [Self::ApiKey, Self::Connect, Self::Invitation, Self::Review];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Connect => "connect",
            Self::Invitation => "invitation",
            Self::Review => "review",
        }
    }
}

/// Where a token leads, when it is of this kind.
pub async fn find(db: &mut PgConnection, kind: TokenKind, hash: &[u8; 32]) -> Result<Option<(WorkspaceId, Uuid)>> {
    let row = sqlx::query!(
        r#"select kind as "kind!", workspace_id as "workspace_id!", subject_id as "subject_id!" from token_find($1)"#,
        hash.as_slice()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.filter(|row| row.kind == kind.as_str()).map(|row| (WorkspaceId(row.workspace_id), row.subject_id)))
}

pub async fn add(
    db: &mut PgConnection,
    kind: TokenKind,
    hash: &[u8; 32],
    workspace: WorkspaceId,
    subject: Uuid,
) -> Result<()> {
    sqlx::query!("select token_add($1, $2, $3, $4)", hash.as_slice(), kind.as_str(), workspace.uuid(), subject)
        .execute(db)
        .await?;
    Ok(())
}

/// Makes every token of a key or page useless.
pub async fn drop_of(db: &mut PgConnection, workspace: WorkspaceId, subject: Uuid) -> Result<()> {
    sqlx::query!("select token_drop($1, $2)", workspace.uuid(), subject).execute(db).await?;
    Ok(())
}
