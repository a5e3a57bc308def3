//! How long a workspace keeps what, what its runs removed, and the removing itself: at most `limit` rows a statement.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::WorkspaceId,
    model::privacy::{ERASED, RetentionKind},
    store::privacy::knowledge,
};

/// What a workspace has set: the kind, and its days; without days it is kept for good.
pub async fn rules(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<(RetentionKind, Option<i32>)>> {
    let rows = sqlx::query!("select kind, days from retention_rules where workspace_id = $1", workspace.uuid())
        .fetch_all(db)
        .await?;
    rows.into_iter().map(|row| Ok((row.kind.parse()?, row.days))).collect()
}

pub async fn set_rule(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    kind: RetentionKind,
    days: Option<i32>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into retention_rules (workspace_id, kind, days, set_at) values ($1, $2, $3, $4)
         on conflict (workspace_id, kind) do update set days = excluded.days, set_at = excluded.set_at",
        workspace.uuid(),
        kind.as_str(),
        days,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

#[derive(Debug, Clone)]
pub struct Run {
    pub ran_at: Timestamp,
    pub removed: Value,
    /// False: more was left.
    pub complete: bool,
}

pub async fn add_run(db: &mut PgConnection, workspace: WorkspaceId, id: Uuid, run: &Run) -> Result<()> {
    sqlx::query!(
        "insert into retention_runs (workspace_id, run_id, ran_at, removed, complete) values ($1, $2, $3, $4, $5)",
        workspace.uuid(),
        id,
        run.ran_at,
        run.removed,
        run.complete
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Newest first.
pub async fn runs(db: &mut PgConnection, workspace: WorkspaceId, limit: i64) -> Result<Vec<Run>> {
    Ok(sqlx::query_as!(
        Run,
        "select ran_at, removed, complete from retention_runs where workspace_id = $1 order by ran_at desc, run_id desc limit $2",
        workspace.uuid(),
        limit
    )
    .fetch_all(db)
    .await?)
}

/// Removes what is older. Returns how many rows; `limit` of them means that more may be left.
pub async fn remove(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    kind: RetentionKind,
    before: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<u64> {
    let (id, most) = (workspace.uuid(), i32::try_from(limit).unwrap_or(i32::MAX));
    let done = match kind {
        RetentionKind::Notifications => sqlx::query!(
            "delete from notifications n using (select notification_id from notifications
                 where workspace_id = $1 and created_at < $2 order by notification_id limit $3) old
             where n.workspace_id = $1 and n.notification_id = old.notification_id",
            id,
            before,
            limit
        )
        .execute(db)
        .await?,
        RetentionKind::Invitations => return invitations(db, workspace, before, limit).await,
        RetentionKind::Comments => sqlx::query!(
            "update post_comments c set text = null, mentioned = '{}', deleted_at = $3 from (select comment_id from post_comments
                 where workspace_id = $1 and created_at < $2 and text is not null order by comment_id limit $4) old
             where c.workspace_id = $1 and c.comment_id = old.comment_id",
            id,
            before,
            now,
            limit
        )
        .execute(db)
        .await?,
        RetentionKind::Tasks => sqlx::query!(
            "update tasks t set title = $3, note = '', updated_at = $4 from (select task_id from tasks
                 where workspace_id = $1 and closed_at < $2 and (title <> $3 or note <> '') order by task_id limit $5) old
             where t.workspace_id = $1 and t.task_id = old.task_id",
            id,
            before,
            ERASED,
            now,
            limit
        )
        .execute(db)
        .await?,
        RetentionKind::MetricSamples => return samples(db, workspace, before, limit).await,
        RetentionKind::AuditOpenings => sqlx::query!(
            "delete from audit_openings o using (select commitment from audit_openings
                 where workspace_id = $1 and created_at < $2 limit $3) old
             where o.workspace_id = $1 and o.commitment = old.commitment",
            id,
            before,
            limit
        )
        .execute(db)
        .await?,
        RetentionKind::Conversations => return knowledge::forget_conversations(db, workspace, before, limit).await,
        RetentionKind::Tickets => return knowledge::forget_tickets(db, workspace, before, now, limit).await,
        RetentionKind::DeletedPosts => {
            let forgotten = sqlx::query_scalar!(r#"select posts_forget($1, $2, $3, $4) as "count!""#, id, before, now, most)
                .fetch_one(db)
                .await?;
            return Ok(forgotten.unsigned_abs());
        }
    };
    Ok(done.rows_affected())
}

/// Those that ended before, and letters that were done with before.
async fn invitations(db: &mut PgConnection, workspace: WorkspaceId, before: Timestamp, limit: i64) -> Result<u64> {
    let invitations = sqlx::query!(
        "delete from invitations i using (select invitation_id from invitations
             where workspace_id = $1 and least(expires_at, used_at, revoked_at) < $2 order by invitation_id limit $3) old
         where i.workspace_id = $1 and i.invitation_id = old.invitation_id",
        workspace.uuid(),
        before,
        limit
    )
    .execute(&mut *db)
    .await?;
    let letters = sqlx::query!(
        "delete from letters l using (select letter_id from letters
             where workspace_id = $1 and created_at < $2 and state <> 'waiting' order by letter_id limit $3) old
         where l.workspace_id = $1 and l.letter_id = old.letter_id",
        workspace.uuid(),
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(invitations.rows_affected().max(letters.rows_affected()))
}

/// The newest samples of a message and of an account stay.
async fn samples(db: &mut PgConnection, workspace: WorkspaceId, before: Timestamp, limit: i64) -> Result<u64> {
    let messages = sqlx::query!(
        "delete from metric_samples s using (select o.target_id, o.ordinal, o.metric, o.collected_at from metric_samples o
             where o.workspace_id = $1 and o.collected_at < $2
               and exists (select from metric_samples n where n.workspace_id = $1 and n.target_id = o.target_id
                           and n.ordinal = o.ordinal and n.metric = o.metric and n.collected_at > o.collected_at)
             limit $3) old
         where s.workspace_id = $1 and s.target_id = old.target_id and s.ordinal = old.ordinal and s.metric = old.metric
           and s.collected_at = old.collected_at",
        workspace.uuid(),
        before,
        limit
    )
    .execute(&mut *db)
    .await?;
    let accounts = sqlx::query!(
        "delete from account_samples s using (select o.account_id, o.metric, o.collected_at from account_samples o
             where o.workspace_id = $1 and o.collected_at < $2
               and exists (select from account_samples n where n.workspace_id = $1 and n.account_id = o.account_id
                           and n.metric = o.metric and n.collected_at > o.collected_at)
             limit $3) old
         where s.workspace_id = $1 and s.account_id = old.account_id and s.metric = old.metric
           and s.collected_at = old.collected_at",
        workspace.uuid(),
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(messages.rows_affected().max(accounts.rows_affected()))
}
