//! Incidents: when a crisis began and ended, what the networks had been asked for then, and notes. What else a crisis
//! looks at is read by `crisis/facts.rs`.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AttemptId, IncidentId, MemberId, PostId, WorkspaceId},
    store::pauses::UnderWay,
};

pub mod facts;

#[derive(Debug, Clone)]
pub struct Incident {
    pub incident_id: IncidentId,
    pub reason: String,
    /// What was published from then on is looked at.
    pub since: Timestamp,
    /// As in the audit log.
    pub started_by: String,
    pub started_at: Timestamp,
    /// When everybody concerned was told.
    pub told_at: Option<Timestamp>,
    pub ended_by: Option<MemberId>,
    pub ended_at: Option<Timestamp>,
}

/// Begins an incident; `false` when one lasts already, once whoever is beginning it has committed.
pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, new: &Incident) -> Result<bool> {
    let done = sqlx::query!(
        "insert into incidents (workspace_id, incident_id, reason, since, started_by, started_at)
         values ($1, $2, $3, $4, $5, $6) on conflict (workspace_id) where ended_at is null do nothing",
        workspace.uuid(),
        new.incident_id.uuid(),
        new.reason,
        new.since,
        new.started_by,
        new.started_at
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The one that lasts.
pub async fn lasting(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Option<Incident>> {
    Ok(sqlx::query_as!(
        Incident,
        r#"select incident_id as "incident_id: IncidentId", reason, since, started_by, started_at, told_at,
                  ended_by as "ended_by: MemberId", ended_at
           from incidents where workspace_id = $1 and ended_at is null"#,
        workspace.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// [`lasting`], and nobody else works on it until the transaction ends. With `since`, it looks back that far at least.
pub async fn take(db: &mut PgConnection, workspace: WorkspaceId, since: Option<Timestamp>) -> Result<Option<Incident>> {
    Ok(sqlx::query_as!(
        Incident,
        r#"update incidents set since = least(since, $2)
           where workspace_id = $1 and ended_at is null
           returning incident_id as "incident_id: IncidentId", reason, since, started_by, started_at, told_at,
                     ended_by as "ended_by: MemberId", ended_at"#,
        workspace.uuid(),
        since
    )
    .fetch_optional(db)
    .await?)
}

/// One, or the newest.
pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: Option<IncidentId>) -> Result<Option<Incident>> {
    Ok(sqlx::query_as!(
        Incident,
        r#"select incident_id as "incident_id: IncidentId", reason, since, started_by, started_at, told_at,
                  ended_by as "ended_by: MemberId", ended_at
           from incidents where workspace_id = $1 and ($2::uuid is null or incident_id = $2)
           order by ended_at is null desc, started_at desc, incident_id desc limit 1"#,
        workspace.uuid(),
        id.map(IncidentId::uuid)
    )
    .fetch_optional(db)
    .await?)
}

pub async fn set_told(db: &mut PgConnection, workspace: WorkspaceId, id: IncidentId, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "update incidents set told_at = $3 where workspace_id = $1 and incident_id = $2",
        workspace.uuid(),
        id.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn end(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: IncidentId,
    by: MemberId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update incidents set ended_by = $3, ended_at = $4 where workspace_id = $1 and incident_id = $2 and ended_at is null",
        workspace.uuid(),
        id.uuid(),
        by.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes what the networks had been asked for; what is noted already stays.
pub async fn add_attempts(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: IncidentId,
    attempts: &[Uuid],
) -> Result<()> {
    sqlx::query!(
        "insert into incident_attempts (workspace_id, incident_id, attempt_id)
         select $1, $2, n.attempt from unnest($3::uuid[]) as n (attempt) on conflict do nothing",
        workspace.uuid(),
        id.uuid(),
        attempts
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How they stand now, oldest first.
pub async fn attempts(db: &mut PgConnection, workspace: WorkspaceId, id: IncidentId) -> Result<Vec<UnderWay>> {
    Ok(sqlx::query_as!(
        UnderWay,
        r#"select x.attempt_id as "attempt_id: AttemptId", p.post_id as "post_id: PostId", p.excerpt,
                  a.network, a.handle, x.state, x.armed_at, x.send_deadline
           from incident_attempts i
           join attempts x using (workspace_id, attempt_id)
           join targets t using (workspace_id, target_id)
           join posts p using (workspace_id, post_id)
           join accounts a using (workspace_id, account_id)
           where i.workspace_id = $1 and i.incident_id = $2 order by x.armed_at, x.attempt_id"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_all(db)
    .await?)
}

pub struct Note {
    pub note_id: Uuid,
    pub text: String,
    /// As in the audit log.
    pub actor: String,
    pub created_at: Timestamp,
}

/// Adds a note. `false`: the same was noted by the same actor already.
pub async fn add_note(db: &mut PgConnection, workspace: WorkspaceId, id: IncidentId, note: &Note) -> Result<bool> {
    let done = sqlx::query!(
        "insert into incident_notes (workspace_id, note_id, incident_id, text, actor, created_at)
         select $1, $2, $3, $4, $5, $6
         where not exists (select from incident_notes n where n.workspace_id = $1 and n.incident_id = $3
                           and n.text = $4 and n.actor = $5)",
        workspace.uuid(),
        note.note_id,
        id.uuid(),
        note.text,
        note.actor,
        note.created_at
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Oldest first.
pub async fn notes(db: &mut PgConnection, workspace: WorkspaceId, id: IncidentId) -> Result<Vec<Note>> {
    Ok(sqlx::query_as!(
        Note,
        "select note_id, text, actor, created_at from incident_notes
         where workspace_id = $1 and incident_id = $2 order by note_id",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_all(db)
    .await?)
}
