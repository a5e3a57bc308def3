//! Erasing and forgetting what members asked and wrote to tickets. Documents are the workspace's and stay.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{MemberId, WorkspaceId},
    model::privacy::{ERASED, ERASED_MEMBER},
};

/// A member's conversations and ratings go; of tickets the words, and those that wait are closed.
pub async fn own(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId, now: Timestamp) -> Result<()> {
    let (id, who) = (workspace.uuid(), member.uuid());
    sqlx::query!(
        "update tickets set subject = $3, state = 'closed', closed_at = coalesce(closed_at, $4), updated_at = $4, version = version + 1
         where workspace_id = $1 and member_id = $2",
        id,
        who,
        ERASED,
        now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("update ticket_messages set text = $3 where workspace_id = $1 and member_id = $2", id, who, ERASED)
        .execute(&mut *db)
        .await?;
    sqlx::query!("delete from conversations where workspace_id = $1 and member_id = $2", id, who)
        .execute(&mut *db)
        .await?;
    sqlx::query!("delete from answer_ratings where workspace_id = $1 and member_id = $2", id, who)
        .execute(&mut *db)
        .await?;
    sqlx::query!("delete from chunk_ratings where workspace_id = $1 and member_id = $2", id, who).execute(db).await?;
    Ok(())
}

/// Puts something else in the place of a name in what others asked and wrote. `pattern` as in `erase::name_in_words`.
pub async fn name_in_words(db: &mut PgConnection, workspace: WorkspaceId, pattern: &str) -> Result<()> {
    let id = workspace.uuid();
    sqlx::query!(
        "update tickets set subject = left(regexp_replace(subject, $2, $3, 'g'), 300) where workspace_id = $1 and subject ~ $2",
        id,
        pattern,
        ERASED_MEMBER
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update ticket_messages set text = left(regexp_replace(text, $2, $3, 'g'), 10000) where workspace_id = $1 and text ~ $2",
        id,
        pattern,
        ERASED_MEMBER
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update answers set question = left(regexp_replace(question, $2, $3, 'g'), 4000),
                answer = regexp_replace(answer, $2, $3, 'g')
         where workspace_id = $1 and (question ~ $2 or answer ~ $2)",
        id,
        pattern,
        ERASED_MEMBER
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Conversations in which nothing was asked since then, with their answers and ratings.
pub async fn forget_conversations(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    before: Timestamp,
    limit: i64,
) -> Result<u64> {
    let done = sqlx::query!(
        "delete from conversations c using (select conversation_id from conversations
             where workspace_id = $1 and last_at < $2 order by last_at, conversation_id limit $3) old
         where c.workspace_id = $1 and c.conversation_id = old.conversation_id",
        workspace.uuid(),
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// The words of tickets that were closed before.
pub async fn forget_tickets(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    before: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<u64> {
    let done = sqlx::query!(
        "with old as (
             select ticket_id from tickets where workspace_id = $1 and closed_at < $2 and subject <> $3
             order by ticket_id limit $5
         ), words as (
             update ticket_messages w set text = $3 from old where w.workspace_id = $1 and w.ticket_id = old.ticket_id
         )
         update tickets t set subject = $3, updated_at = $4 from old where t.workspace_id = $1 and t.ticket_id = old.ticket_id",
        workspace.uuid(),
        before,
        ERASED,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
