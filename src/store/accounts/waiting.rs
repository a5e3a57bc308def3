//! Accounts that wait because their network asked for it.

use sqlx::PgConnection;

use super::Account;
use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, WorkspaceId},
};

/// How long a network may ask us to wait, in seconds. Longer comes from a clock that was wrong, and is over.
const LONGEST_WAIT_SECS: i64 = 48 * 3600;

impl Account {
    /// Until when its network asked us to wait, if that is not over.
    pub fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.not_before.filter(|until| *until > now && *until <= now.plus_secs(LONGEST_WAIT_SECS))
    }
}

/// The network asked us to wait.
pub async fn set_not_before(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: AccountId,
    until: Timestamp,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update accounts set not_before = greatest(case when not_before <= $4 then not_before end, $3)
         where workspace_id = $1 and account_id = $2",
        workspace.uuid(),
        id.uuid(),
        until,
        now.plus_secs(LONGEST_WAIT_SECS)
    )
    .execute(db)
    .await?;
    Ok(())
}
