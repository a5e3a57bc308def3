//! Protocol sessions of clients from the eras that have them: who opened one, and how. Nothing else lives in a session.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{clock::Timestamp, error::Result};

/// Creates or renews a session. A session of another owner is left alone.
pub async fn put(
    db: &mut PgConnection,
    hash: &[u8; 32],
    owner_key: &str,
    state: &Value,
    expires_at: Timestamp,
) -> Result<()> {
    sqlx::query!("select session_put($1, $2, $3, $4)", hash.as_slice(), owner_key, state, expires_at)
        .execute(db)
        .await?;
    Ok(())
}

/// The owner and the opening of a session that has not expired.
pub async fn get(db: &mut PgConnection, hash: &[u8; 32], now: Timestamp) -> Result<Option<(String, Value)>> {
    let row = sqlx::query!(
        r#"select owner_key as "owner_key!", state as "state!" from session_get($1, $2)"#,
        hash.as_slice(),
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.owner_key, row.state)))
}

/// Ends a session, and forgets the expired ones.
pub async fn end(db: &mut PgConnection, hash: &[u8; 32], now: Timestamp) -> Result<()> {
    sqlx::query!("select session_drop($1, $2)", hash.as_slice(), now).execute(db).await?;
    Ok(())
}
