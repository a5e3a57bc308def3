//! Attempts to publish: written down before the network is called, ended by what the call proved.

use std::collections::HashSet;

use sqlx::PgConnection;
use uuid::Uuid;

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

pub struct NewAttempt {
    pub attempt_id: AttemptId,
    pub target_id: TargetId,
    pub ordinal: i32,
    pub fingerprint: [u8; 32],
    pub fence: i64,
    pub armed_at: Timestamp,
    pub send_deadline: Timestamp,
}

/// Arms attempts, in this order. The database refuses all of them when one of the posts must not be sent: then the reason
/// comes back as text, and the transaction is of no further use.
pub async fn arm(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    attempts: &[NewAttempt],
) -> Result<std::result::Result<(), String>> {
    let ids: Vec<Uuid> = attempts.iter().map(|attempt| attempt.attempt_id.uuid()).collect();
    let targets: Vec<Uuid> = attempts.iter().map(|attempt| attempt.target_id.uuid()).collect();
    let ordinals: Vec<i32> = attempts.iter().map(|attempt| attempt.ordinal).collect();
    let fingerprints: Vec<Vec<u8>> = attempts.iter().map(|attempt| attempt.fingerprint.to_vec()).collect();
    let fences: Vec<i64> = attempts.iter().map(|attempt| attempt.fence).collect();
    let armed: Vec<Timestamp> = attempts.iter().map(|attempt| attempt.armed_at).collect();
    let deadlines: Vec<Timestamp> = attempts.iter().map(|attempt| attempt.send_deadline).collect();
    let done = sqlx::query!(
        "insert into attempts (workspace_id, attempt_id, target_id, ordinal, number, state, fingerprint, fence, armed_at,
                               send_deadline)
         select $1, n.id, n.target, n.ordinal,
                1 + coalesce((select max(a.number) from attempts a
                              where a.workspace_id = $1 and a.target_id = n.target and a.ordinal = n.ordinal), 0),
                'armed', n.fingerprint, n.fence, n.armed_at, n.deadline
         from unnest($2::uuid[], $3::uuid[], $4::int[], $5::bytea[], $6::bigint[], $7::timestamptz[], $8::timestamptz[])
              with ordinality as n (id, target, ordinal, fingerprint, fence, armed_at, deadline, place)
         order by n.place",
        workspace.uuid(),
        &ids,
        &targets,
        &ordinals,
        &fingerprints,
        &fences,
        &armed as &[Timestamp],
        &deadlines as &[Timestamp]
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

/// Attempts without a known outcome at these targets, with the target of each.
pub async fn open_of(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    targets: &[Uuid],
) -> Result<Vec<(TargetId, Attempt)>> {
    let rows = sqlx::query!(
        r#"select target_id, attempt_id, ordinal, number, state, armed_at, send_deadline, finished_at, evidence
           from attempts where workspace_id = $1 and target_id = any ($2) and state in ('armed', 'unknown')
           order by target_id, ordinal, number"#,
        workspace.uuid(),
        targets
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let attempt = Attempt {
                attempt_id: AttemptId(row.attempt_id),
                ordinal: row.ordinal,
                number: row.number,
                state: row.state,
                armed_at: row.armed_at,
                send_deadline: row.send_deadline,
                finished_at: row.finished_at,
                evidence: row.evidence,
            };
            (TargetId(row.target_id), attempt)
        })
        .collect())
}

/// What ends an attempt: its id, the state it gets, and the evidence for it.
pub type End<'a> = (AttemptId, &'static str, Option<&'a str>);

/// [`finish`] for many; returns those that nobody else had ended.
pub async fn finish_all(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    ends: &[End<'_>],
    now: Timestamp,
) -> Result<HashSet<AttemptId>> {
    let ids: Vec<Uuid> = ends.iter().map(|end| end.0.uuid()).collect();
    let states: Vec<String> = ends.iter().map(|end| end.1.to_owned()).collect();
    let evidence: Vec<Option<String>> = ends.iter().map(|end| end.2.map(str::to_owned)).collect();
    let ended = sqlx::query_scalar!(
        r#"update attempts a set state = e.state, evidence = coalesce(e.evidence, a.evidence), finished_at = $5
           from unnest($2::uuid[], $3::text[], $4::text[]) as e (id, state, evidence)
           where a.workspace_id = $1 and a.attempt_id = e.id and a.state in ('armed', 'unknown')
           returning a.attempt_id as "id: AttemptId""#,
        workspace.uuid(),
        &ids,
        &states,
        &evidence as &[Option<String>],
        now
    )
    .fetch_all(db)
    .await?;
    Ok(ended.into_iter().collect())
}

/// Ends an attempt that is armed or whose outcome was unknown. `false`: somebody else ended it. What is not there was not
/// sent by anybody: a doubt that a restore left ends, too.
pub async fn finish(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    attempt: AttemptId,
    state: &str,
    evidence: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "with ended as (
             update attempts set state = $3, evidence = coalesce($4, evidence), finished_at = $5
             where workspace_id = $1 and attempt_id = $2 and state in ('armed', 'unknown') returning target_id
         ), known as (
             update targets set doubted_at = null
             where workspace_id = $1 and target_id in (select target_id from ended) and doubted_at is not null and $3 = 'absent'
         )
         select target_id from ended",
        workspace.uuid(),
        attempt.uuid(),
        state,
        evidence,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(done.is_some())
}

pub async fn state(db: &mut PgConnection, workspace: WorkspaceId, attempt: AttemptId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "select state from attempts where workspace_id = $1 and attempt_id = $2",
        workspace.uuid(),
        attempt.uuid()
    )
    .fetch_optional(db)
    .await?)
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
    attempt: &NewAttempt,
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
