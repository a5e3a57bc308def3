//! Erasing a person in a workspace, and a workspace. Names and words go, ids stay. Some of it takes functions of the
//! database that only the role of proven persons may call.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{InvitationId, MemberId, PersonId, ReviewerId, WorkspaceId},
    model::privacy::{ERASED, ERASED_MEMBER},
};

/// What is to be erased, for the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    pub posts: i64,
    pub comments: i64,
    pub tasks: i64,
    pub notifications: i64,
    pub questions: i64,
}

pub async fn extent(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<Extent> {
    Ok(sqlx::query_as!(
        Extent,
        r#"select (select count(*) from posts where workspace_id = $1 and author_id = $2 and deleted_at is null) as "posts!",
                  (select count(*) from post_comments where workspace_id = $1 and member_id = $2 and text is not null) as "comments!",
                  (select count(*) from tasks where workspace_id = $1 and creator_id = $2 and state <> 'open') as "tasks!",
                  (select count(*) from notifications where workspace_id = $1 and member_id = $2) as "notifications!",
                  (select count(*) from answers where workspace_id = $1 and member_id = $2) as "questions!""#,
        workspace.uuid(),
        member.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// Makes the member's person nameless, here. Returns the address that it had. Takes the decider's connection.
pub async fn person(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    blank: PersonId,
    now: Timestamp,
) -> Result<Option<String>> {
    sqlx::query!(
        "update members set display_name = $3 where workspace_id = $1 and member_id = $2",
        workspace.uuid(),
        member.uuid(),
        ERASED_MEMBER
    )
    .execute(&mut *db)
    .await?;
    let (id, member) = (workspace.uuid(), member.uuid());
    Ok(sqlx::query_scalar!("select person_erase($1, $2, $3, $4)", id, member, blank.uuid(), now).fetch_one(db).await?)
}

/// What the member wrote to others, and what others were told for the member only.
pub async fn own_words(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId, now: Timestamp) -> Result<()> {
    let (id, who) = (workspace.uuid(), member.uuid());
    sqlx::query!(
        "update post_comments set text = null, mentioned = '{}', deleted_at = $3
         where workspace_id = $1 and member_id = $2 and text is not null",
        id,
        who,
        now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update tasks set title = $3, note = '', updated_at = $4
         where workspace_id = $1 and creator_id = $2 and state <> 'open'",
        id,
        who,
        ERASED,
        now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("delete from notifications where workspace_id = $1 and member_id = $2", id, who)
        .execute(&mut *db)
        .await?;
    sqlx::query!("delete from notification_choices where workspace_id = $1 and member_id = $2", id, who)
        .execute(&mut *db)
        .await?;
    sqlx::query!("update api_keys set name = $3 where workspace_id = $1 and member_id = $2", id, who, ERASED)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "update approval_requests set note = null
         where workspace_id = $1 and note is not null and (requested_by = $2 or starts_with(requested_by, $2 || '/'))",
        id,
        member.to_string()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Comments on decisions and reasons of freezes; decisions stay. Takes the decider's connection.
pub async fn decision_words(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: Option<MemberId>,
    reviewer: Option<ReviewerId>,
) -> Result<()> {
    let actor = member.map(|member| member.to_string());
    sqlx::query_scalar!(
        "select person_words_erase($1, $2, $3, $4)",
        workspace.uuid(),
        member.map(MemberId::uuid),
        reviewer.map(ReviewerId::uuid),
        actor
    )
    .fetch_one(db)
    .await?;
    Ok(())
}

/// Invitations for the person, and letters that they or the address got. Returns the invitations, whose links are to be
/// dropped.
pub async fn invitations(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: Option<MemberId>,
    email: Option<&str>,
) -> Result<Vec<InvitationId>> {
    let gone = sqlx::query_scalar!(
        r#"delete from invitations where workspace_id = $1 and (member_id = $2 or lower(email) = lower($3))
           returning invitation_id as "id: InvitationId""#,
        workspace.uuid(),
        member.map(MemberId::uuid),
        email
    )
    .fetch_all(&mut *db)
    .await?;
    let subjects: Vec<Uuid> = gone.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "delete from letters where workspace_id = $1 and (subject_id = any ($2) or lower(address) = lower($3))",
        workspace.uuid(),
        &subjects,
        email
    )
    .execute(db)
    .await?;
    Ok(gone)
}

/// Letters to an address.
pub async fn letters(db: &mut PgConnection, workspace: WorkspaceId, address: &str) -> Result<()> {
    sqlx::query!(
        "delete from letters where workspace_id = $1 and lower(address) = lower($2)",
        workspace.uuid(),
        address
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What opens commitments in the member's audit entries, or is the name or address itself.
pub async fn openings(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    known_as: &[String],
) -> Result<u64> {
    let done = sqlx::query!(
        "delete from audit_openings o where o.workspace_id = $1 and (o.value = any ($3) or encode(o.commitment, 'hex') in (
             select c #>> '{}' from audit_entries e, jsonb_path_query(e.changes, '$.**.commitment') c
             where e.workspace_id = $1 and (e.actor = $2 or starts_with(e.actor, $2 || '/'))))",
        workspace.uuid(),
        member.to_string(),
        known_as
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Stored results of calls that the member made or that name the member.
pub async fn results(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    known_as: &[String],
) -> Result<()> {
    sqlx::query!(
        "delete from idempotency where workspace_id = $1 and (actor_key = $2 or starts_with(actor_key, $2 || '/')
             or exists (select from unnest($3::text[] || array[$2]) known (name) where strpos(output::text, known.name) > 0))",
        workspace.uuid(),
        member.to_string(),
        known_as
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts something else in the place of a name in what others wrote or were told. `pattern`: the name as a whole word, as a
/// regular expression.
pub async fn name_in_words(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    pattern: &str,
) -> Result<()> {
    let id = workspace.uuid();
    sqlx::query!(
        "update post_comments set text = left(regexp_replace(text, $3, $4, 'g'), 5000)
         where workspace_id = $1 and $2 = any (mentioned) and text ~ $3",
        id,
        member.uuid(),
        pattern,
        ERASED_MEMBER
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update tasks set title = left(regexp_replace(title, $2, $3, 'g'), 200), note = left(regexp_replace(note, $2, $3, 'g'), 5000)
         where workspace_id = $1 and (title ~ $2 or note ~ $2)",
        id,
        pattern,
        ERASED_MEMBER
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update notifications set title = regexp_replace(title, $2, $3, 'g'), cause = regexp_replace(cause, $2, $3, 'g'),
                next_step = regexp_replace(next_step, $2, $3, 'g')
         where workspace_id = $1 and (title ~ $2 or cause ~ $2 or next_step ~ $2)",
        id,
        pattern,
        ERASED_MEMBER
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update letters set title = regexp_replace(title, $2, $3, 'g'), opening = regexp_replace(opening, $2, $3, 'g'),
                closing = regexp_replace(closing, $2, $3, 'g')
         where workspace_id = $1 and (title ~ $2 or opening ~ $2 or closing ~ $2)",
        id,
        pattern,
        ERASED_MEMBER
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Reviewers with an address: the id, and whether it was removed.
pub async fn reviewers(db: &mut PgConnection, workspace: WorkspaceId, email: &str) -> Result<Vec<(ReviewerId, bool)>> {
    let rows = sqlx::query!(
        r#"select reviewer_id as "id: ReviewerId", removed_at is not null as "removed!" from reviewers
           where workspace_id = $1 and lower(email) = lower($2)"#,
        workspace.uuid(),
        email
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.removed)).collect())
}

/// Name and address of a reviewer who was removed. `false` when there is none. Takes the decider's connection.
pub async fn reviewer(db: &mut PgConnection, workspace: WorkspaceId, reviewer: ReviewerId) -> Result<bool> {
    let erased =
        sqlx::query_scalar!(r#"select reviewer_erase($1, $2) as "erased!""#, workspace.uuid(), reviewer.uuid());
    Ok(erased.fetch_one(db).await?)
}

/// Name and address of a reviewer, and whether they were removed.
pub async fn known_reviewer(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    reviewer: ReviewerId,
) -> Result<Option<(String, String, bool)>> {
    let row = sqlx::query!(
        r#"select name, email, removed_at is not null as "removed!" from reviewers
           where workspace_id = $1 and reviewer_id = $2"#,
        workspace.uuid(),
        reviewer.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.name, row.email, row.removed)))
}
