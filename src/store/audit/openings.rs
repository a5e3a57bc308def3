//! What opens commitments: salt and value, as long as nobody erased them.

use sqlx::PgConnection;

use crate::{clock::Timestamp, error::Result, ids::WorkspaceId};

pub struct Opening {
    /// SHA-256.
    pub commitment: Vec<u8>,
    pub salt: Vec<u8>,
    pub value: String,
}

pub async fn put_opening(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    opening: &Opening,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into audit_openings (workspace_id, commitment, salt, value, created_at) values ($1, $2, $3, $4, $5)",
        workspace.uuid(),
        opening.commitment,
        opening.salt,
        opening.value,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Those of these commitments that can still be opened.
pub async fn openings(db: &mut PgConnection, workspace: WorkspaceId, commitments: &[Vec<u8>]) -> Result<Vec<Opening>> {
    Ok(sqlx::query_as!(
        Opening,
        "select commitment, salt, value from audit_openings where workspace_id = $1 and commitment = any ($2)",
        workspace.uuid(),
        commitments
    )
    .fetch_all(db)
    .await?)
}
