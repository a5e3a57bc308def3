//! Notifications that still grow: what one cause holds is told together. Whoever is busy with one is not waited for.

use sqlx::PgConnection;

use super::{Notification, Row, tell};
use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, WorkspaceId},
};

/// Unread notifications with one of these codes that may tell of more posts, newest first; they stay locked. Older than
/// `since` they are left as they are, and where a mail is meant to carry them, older than `unmailed_since`: it may be
/// on its way, and says the same whenever it is tried again.
pub async fn growing(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    members: &[MemberId],
    codes: &[String],
    since: Timestamp,
    unmailed_since: Timestamp,
) -> Result<Vec<Notification>> {
    let members: Vec<_> = members.iter().map(|id| id.uuid()).collect();
    sqlx::query_as!(
        Row,
        r#"select notification_id as "notification_id: _", member_id as "member_id: _", kind,
                  account_id as "account_id: _", post_id as "post_id: _", code, title, cause, next_step,
                  created_at, read_at, mail, mail_problem, posts, names, shown
           from notifications
           where workspace_id = $1 and member_id = any ($2) and code = any ($3) and read_at is null and created_at > $4
             and (mail is distinct from 'waiting' or created_at > $5) and (posts > 0 or kind = 'reconnect_needed')
           order by notification_id desc for update skip locked"#,
        workspace.uuid(),
        &members,
        codes,
        since,
        unmailed_since
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}

/// Writes what they tell of by now, and tells whoever listens once the transaction is committed.
pub async fn grow(db: &mut PgConnection, workspace: WorkspaceId, grown: &[&Notification]) -> Result<()> {
    let ids: Vec<_> = grown.iter().map(|one| one.notification_id.uuid()).collect();
    let members: Vec<_> = grown.iter().map(|one| one.member_id.uuid()).collect();
    let accounts: Vec<_> = grown.iter().map(|one| one.account_id.map(AccountId::uuid)).collect();
    let titles: Vec<_> = grown.iter().map(|one| one.title.clone()).collect();
    let posts: Vec<_> = grown.iter().map(|one| one.posts).collect();
    // Names are lines.
    let names: Vec<_> = grown.iter().map(|one| one.names.join("\n")).collect();
    sqlx::query!(
        "update notifications n
         set account_id = u.account_id, post_id = null, title = u.title, posts = u.posts, names = string_to_array(u.names, chr(10))
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[]) as u(id, account_id, title, posts, names)
         where n.workspace_id = $1 and n.notification_id = u.id",
        workspace.uuid(),
        &ids,
        &accounts as &[Option<uuid::Uuid>],
        &titles,
        &posts,
        &names
    )
    .execute(&mut *db)
    .await?;
    tell(db, workspace, &members).await
}
