//! Whether anything is running that will publish, and how to say so.

use sqlx::PgConnection;

use crate::{clock::Timestamp, error::Result, store::workers};

/// A worker that was not seen for this long counts as gone, in seconds; it reports every 5.
pub const SILENT_AFTER_SECS: i64 = 20;

/// Said with every scheduling when nothing is sure to be running at the due time.
pub async fn warning(db: &mut PgConnection, now: Timestamp) -> Result<Option<String>> {
    let alive = workers::alive(db, now.plus_secs(-SILENT_AFTER_SECS)).await?;
    if alive.is_empty() {
        return Ok(Some(
            "Nothing is running that would publish this. Start `allin serve`, or keep an MCP client connected.".into(),
        ));
    }
    if alive.iter().all(|worker| worker.kind != "serve") {
        return Ok(Some(
            "It goes out while this client stays open. To publish with the client closed, keep `allin serve` running."
                .into(),
        ));
    }
    Ok(None)
}
