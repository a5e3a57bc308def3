//! Mail that carries notifications and letters: the queue, which holds ids and times only, and addresses.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    ids::{LetterId, MemberId, NotificationId, WorkspaceId},
    model::notifications::MailState,
    store::letters,
};

/// Queues notifications for those members that have an address, and notes it with them.
pub async fn put(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    wanted: &[(NotificationId, MemberId)],
    now: Timestamp,
    due: Timestamp,
) -> Result<()> {
    let notifications: Vec<_> = wanted.iter().map(|(notification, _)| notification.uuid()).collect();
    let members: Vec<_> = wanted.iter().map(|(_, member)| member.uuid()).collect();
    let queued = sqlx::query_scalar!(
        r#"select notification_id as "id!" from mail_put($1, $2, $3, $4, $5)"#,
        workspace.uuid(),
        &notifications,
        &members,
        now,
        due
    )
    .fetch_all(&mut *db)
    .await?;
    if queued.is_empty() {
        return Ok(());
    }
    mark(db, workspace, &queued, MailState::Waiting, None).await
}

/// A mail that this process sends until its lease ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub workspace: WorkspaceId,
    pub member: MemberId,
    pub mail: Uuid,
    pub notifications: Vec<Uuid>,
    /// Failed tries so far.
    pub tries: i32,
    /// The letter that it is, when it carries no notifications.
    pub letter: Option<LetterId>,
}

/// Takes up to as many due mails as there are `ids` for new ones.
pub async fn claim(
    db: &mut PgConnection,
    now: Timestamp,
    lease_until: Timestamp,
    ids: &[Uuid],
) -> Result<Vec<Claimed>> {
    let rows = sqlx::query!(
        r#"select workspace_id as "workspace!", member_id as "member!", mail_id as "mail!", notification_id as "notification!", tries as "tries!", letter as "letter!"
           from mail_claim($1, $2, $3) order by mail_id, notification_id"#,
        now,
        lease_until,
        ids
    )
    .fetch_all(db)
    .await?;
    let mut claims: Vec<Claimed> = Vec::new();
    for row in rows {
        match claims.last_mut().filter(|claim| claim.mail == row.mail) {
            Some(claim) => claim.notifications.push(row.notification),
            None => claims.push(Claimed {
                workspace: WorkspaceId(row.workspace),
                member: MemberId(row.member),
                mail: row.mail,
                notifications: vec![row.notification],
                tries: row.tries,
                letter: row.letter.then_some(LetterId(row.notification)),
            }),
        }
    }
    Ok(claims)
}

/// Takes a mail off the queue.
pub async fn remove(db: &mut PgConnection, claim: &Claimed) -> Result<()> {
    sqlx::query!("select mail_drop($1, $2)", claim.workspace.uuid(), claim.mail).execute(db).await?;
    Ok(())
}

/// Gives a mail back, to be tried again at `due`.
pub async fn later(db: &mut PgConnection, claim: &Claimed, due: Timestamp) -> Result<()> {
    sqlx::query!("select mail_later($1, $2, $3)", claim.workspace.uuid(), claim.mail, due).execute(db).await?;
    Ok(())
}

/// Takes what has waited since before `before` off the queue, and says why with the notifications.
pub async fn give_up_before(db: &mut PgConnection, workspace: WorkspaceId, before: Timestamp, why: &str) -> Result<()> {
    let ids =
        sqlx::query_scalar!(r#"select notification_id as "id!" from mail_expire($1, $2)"#, workspace.uuid(), before)
            .fetch_all(&mut *db)
            .await?;
    // Ids of both kinds: each finds its own.
    letters::end(db, workspace, &ids, MailState::GivenUp, Some(why)).await?;
    mark(db, workspace, &ids, MailState::GivenUp, Some(why)).await
}

/// Notes what became of the mail.
pub async fn mark(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    notifications: &[Uuid],
    state: MailState,
    problem: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update notifications set mail = $3, mail_problem = $4 where workspace_id = $1 and notification_id = any ($2)",
        workspace.uuid(),
        notifications,
        state.as_str(),
        problem
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A line of a mail.
#[derive(Debug, Clone)]
pub struct Line {
    pub title: String,
    pub cause: String,
    pub next_step: String,
    pub created_at: Timestamp,
}

/// What a mail says, oldest first, `most` of it.
pub async fn lines(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    notifications: &[Uuid],
    most: i64,
) -> Result<Vec<Line>> {
    Ok(sqlx::query_as!(
        Line,
        "select title, cause, next_step, created_at from notifications
         where workspace_id = $1 and notification_id = any ($2) order by notification_id limit $3",
        workspace.uuid(),
        notifications,
        most
    )
    .fetch_all(db)
    .await?)
}

/// The name and the address that a mail goes to; nothing for a member who was removed or has no address.
pub async fn addressee(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
) -> Result<Option<(String, String)>> {
    let row = sqlx::query!(
        "select display_name, person_email(workspace_id, member_id) as email from members
         where workspace_id = $1 and member_id = $2 and removed_at is null",
        workspace.uuid(),
        member.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|row| Some((row.display_name, row.email?))))
}

/// Sets or takes away a person's address. The database knows who else has it.
pub async fn set_email(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    email: Option<&str>,
) -> Result<()> {
    let done = sqlx::query_scalar!(
        r#"select person_set_email($1, $2, $3) as "done!""#,
        workspace.uuid(),
        member.uuid(),
        email
    )
    .fetch_one(db)
    .await?;
    match done.as_str() {
        "set" => Ok(()),
        "shared" => Err(Error::conflict("person_shared", "This person is in other workspaces too, and the address is theirs everywhere.")
            .next("The operator of this installation can take them out of the other workspaces first, or leave the address as it is.")),
        _ => Err(Error::conflict("email_taken", "Another person of this installation has this address.")
            .next("Use another address, or take it away from the other person first.")
            .field("email", "is in use")),
    }
}

/// How the queue of mail stands.
pub struct MailHealth {
    /// Notifications that wait to be mailed.
    pub waiting: i64,
    pub oldest: Option<Timestamp>,
    /// Of those, how many have failed at least once.
    pub retried: i64,
}

pub async fn health(db: &mut PgConnection) -> Result<MailHealth> {
    Ok(sqlx::query_as!(MailHealth, r#"select waiting as "waiting!", oldest, retried as "retried!" from mail_health()"#)
        .fetch_one(db)
        .await?)
}

/// Mail that was given up since, in one workspace.
pub async fn given_up_since(db: &mut PgConnection, workspace: WorkspaceId, since: Timestamp) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from notifications where workspace_id = $1 and mail = 'given_up' and created_at >= $2"#,
        workspace.uuid(),
        since
    )
    .fetch_one(db)
    .await?)
}
