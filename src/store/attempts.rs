//! Attempts to publish: written down before the network is called, ended by what the call proved.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, AttemptId, TargetId, WorkspaceId},
    store::targets::Segment,
};

/// One try to make a message public.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub attempt_id: AttemptId,
    pub ordinal: i32,
    pub number: i32,
    pub state: String,
    pub armed_at: Timestamp,
    pub send_deadline: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub evidence: Option<String>,
}

/// Every attempt at a target, oldest first.
pub async fn of_target(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<Vec<Attempt>> {
    Ok(sqlx::query_as!(
        Attempt,
        r#"select attempt_id as "attempt_id: AttemptId", ordinal, number, state, armed_at, send_deadline, finished_at, evidence
           from attempts where workspace_id = $1 and target_id = $2 order by ordinal, number"#,
        workspace.uuid(),
        target.uuid()
    )
    .fetch_all(db)
    .await?)
}

/// The network's ids of the account's other messages with the same text: whoever looks for this one must not take one of
/// them for it.
pub async fn alike(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    target: TargetId,
    segment: &Segment,
) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select s.remote ->> 'id' as "id!" from targets t
           join segments s on s.workspace_id = t.workspace_id and s.target_id = t.target_id
           where t.workspace_id = $1 and t.account_id = $2 and s.remote ->> 'id' is not null
             and s.text = $5 and (t.target_id <> $3 or s.ordinal <> $4)"#,
        workspace.uuid(),
        account.uuid(),
        target.uuid(),
        segment.ordinal,
        segment.message.text
    )
    .fetch_all(db)
    .await?)
}

pub struct NewAttempt<'a> {
    pub attempt_id: AttemptId,
    pub target_id: TargetId,
    pub ordinal: i32,
    pub fingerprint: &'a [u8; 32],
    pub fence: i64,
    pub armed_at: Timestamp,
    pub send_deadline: Timestamp,
}

/// Arms an attempt. The database refuses when the post must not be sent: then the reason comes back as text.
pub async fn arm(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    attempt: &NewAttempt<'_>,
) -> Result<std::result::Result<(), String>> {
    let done = sqlx::query!(
        "insert into attempts (workspace_id, attempt_id, target_id, ordinal, number, state, fingerprint, fence, armed_at,
                               send_deadline)
         select $1, $2, $3, $4, 1 + coalesce(max(number), 0), 'armed', $5, $6, $7, $8
         from attempts where workspace_id = $1 and target_id = $3 and ordinal = $4",
        workspace.uuid(),
        attempt.attempt_id.uuid(),
        attempt.target_id.uuid(),
        attempt.ordinal,
        attempt.fingerprint.as_slice(),
        attempt.fence,
        attempt.armed_at,
        attempt.send_deadline
    )
    .execute(db)
    .await;
    match done {
        Ok(_) => Ok(Ok(())),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("attempt_may_arm") => {
            Ok(Err(error.message().to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends an attempt that is armed or whose outcome was unknown. `false`: somebody else ended it.
pub async fn finish(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    attempt: AttemptId,
    state: &str,
    evidence: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "update attempts set state = $3, evidence = coalesce($4, evidence), finished_at = $5
         where workspace_id = $1 and attempt_id = $2 and state in ('armed', 'unknown')",
        workspace.uuid(),
        attempt.uuid(),
        state,
        evidence,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether anything was ever sent, or tried to be.
pub async fn any(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from attempts where workspace_id = $1 and target_id = $2) as "any!""#,
        workspace.uuid(),
        target.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// Notes that a message may have been sent by somebody we know nothing of: it is looked up before it is sent.
pub async fn insert_unknown(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    attempt: &NewAttempt<'_>,
    evidence: &str,
) -> Result<()> {
    sqlx::query!(
        "insert into attempts (workspace_id, attempt_id, target_id, ordinal, number, state, fingerprint, fence, armed_at,
                               send_deadline, finished_at, evidence)
         select $1, $2, $3, $4, 1 + coalesce(max(number), 0), 'unknown', $5, $6, $7, $8, $7, $9
         from attempts where workspace_id = $1 and target_id = $3 and ordinal = $4",
        workspace.uuid(),
        attempt.attempt_id.uuid(),
        attempt.target_id.uuid(),
        attempt.ordinal,
        attempt.fingerprint.as_slice(),
        attempt.fence,
        attempt.armed_at,
        attempt.send_deadline,
        evidence
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether the outcome of some attempt is open: the target may be public without our knowing.
pub async fn any_open(db: &mut PgConnection, workspace: WorkspaceId, target: TargetId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from attempts where workspace_id = $1 and target_id = $2 and state in ('armed', 'unknown')) as "any!""#,
        workspace.uuid(),
        target.uuid()
    )
    .fetch_one(db)
    .await?)
}
