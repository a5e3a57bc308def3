//! Results of calls that must not be carried out twice.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    ids::WorkspaceId,
};

/// What became of trying to take a key.
pub enum Claim {
    /// Ours: carry the call out.
    Taken,
    /// Carried out before, with this output.
    Done(Value),
    /// Somebody is carrying it out now.
    UnderWay,
}

fn other_input() -> Error {
    Error::conflict("idempotency_key_reused", "This idempotency key was used with different input.")
        .next("Use a new key for a new call; use the old key only to repeat the very same call.")
}

/// The result of an earlier call with this key, if it is done.
pub async fn find(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    actor: &str,
    use_case: &str,
    key: &str,
    input_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Value>> {
    let row = sqlx::query!(
        "select input_hash, output from idempotency
         where workspace_id = $1 and actor_key = $2 and use_case = $3 and key = $4 and expires_at > $5",
        workspace.uuid(),
        actor,
        use_case,
        key,
        now
    )
    .fetch_optional(db)
    .await?;
    match row {
        Some(row) if row.input_hash != input_hash => Err(other_input()),
        Some(row) => Ok(row.output),
        None => Ok(None),
    }
}

/// Takes the key. A concurrent call with the same key waits here until the first one ends.
#[expect(clippy::too_many_arguments, reason = "one row")]
pub async fn claim(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    actor: &str,
    use_case: &str,
    key: &str,
    input_hash: &[u8; 32],
    now: Timestamp,
    lease_until: Option<Timestamp>,
    expires_at: Timestamp,
) -> Result<Claim> {
    let taken = sqlx::query!(
        "insert into idempotency as i (workspace_id, actor_key, use_case, key, input_hash, lease_until, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (workspace_id, actor_key, use_case, key) do update
             set input_hash = excluded.input_hash, output = null, lease_until = excluded.lease_until,
                 expires_at = excluded.expires_at
             where i.expires_at <= $8 or (i.output is null and i.lease_until <= $8 and i.input_hash = excluded.input_hash)",
        workspace.uuid(),
        actor,
        use_case,
        key,
        input_hash.as_slice(),
        lease_until,
        expires_at,
        now
    )
    .execute(&mut *db)
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(Claim::Taken);
    }
    match find(db, workspace, actor, use_case, key, input_hash, now).await? {
        Some(output) => Ok(Claim::Done(output)),
        None => Ok(Claim::UnderWay),
    }
}

/// Keeps the result for whoever repeats the call.
pub async fn store(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    actor: &str,
    use_case: &str,
    key: &str,
    output: &Value,
) -> Result<()> {
    sqlx::query!(
        "update idempotency set output = $5, lease_until = null
         where workspace_id = $1 and actor_key = $2 and use_case = $3 and key = $4",
        workspace.uuid(),
        actor,
        use_case,
        key,
        output
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The call is known to have done nothing: let it be made again.
pub async fn give_up(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    actor: &str,
    use_case: &str,
    key: &str,
) -> Result<()> {
    sqlx::query!(
        "delete from idempotency
         where workspace_id = $1 and actor_key = $2 and use_case = $3 and key = $4 and output is null",
        workspace.uuid(),
        actor,
        use_case,
        key
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What a call created, `output.<noun>.id`, is gone: the same call without a key creates it anew instead of returning what is no more.
pub async fn forget_created(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    use_case: &str,
    noun: &str,
    id: &str,
) -> Result<()> {
    sqlx::query!(
        "delete from idempotency where workspace_id = $1 and use_case = $2 and key like 'same:%'
         and output -> $3 ->> 'id' = $4",
        workspace.uuid(),
        use_case,
        noun,
        id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets results past their time.
pub async fn forget_expired(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<()> {
    sqlx::query!("delete from idempotency where workspace_id = $1 and expires_at < $2", workspace.uuid(), now)
        .execute(db)
        .await?;
    Ok(())
}
