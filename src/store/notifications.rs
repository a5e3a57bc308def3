//! What members are told. The mail that carries it is in `mail`.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, NotificationId, PostId, WorkspaceId},
    model::notifications::{MailState, NotificationKind},
};

mod choices;
mod growing;
mod recipients;

pub use choices::{choices, choose};
pub use growing::{grow, growing};
pub use recipients::{Recipient, Subjects, recipients, subjects};

/// The channel on which the database tells processes that a member has news: `workspace member`, as UUIDs.
pub const CHANNEL: &str = "allin_notices";

/// One line for one member.
#[derive(Debug, Clone)]
pub struct Notification {
    pub notification_id: NotificationId,
    pub member_id: MemberId,
    pub kind: NotificationKind,
    pub account_id: Option<AccountId>,
    pub post_id: Option<PostId>,
    pub code: String,
    pub title: String,
    pub cause: String,
    pub next_step: String,
    pub created_at: Timestamp,
    pub read_at: Option<Timestamp>,
    pub mail: Option<MailState>,
    pub mail_problem: Option<String>,
    /// Posts that it tells of; 0 when it tells of an account only.
    pub posts: i32,
    /// How the first of them begin, each a line.
    pub names: Vec<String>,
    /// Listed in the app; else it is there for its mail only.
    pub shown: bool,
}

struct Row {
    notification_id: NotificationId,
    member_id: MemberId,
    kind: String,
    account_id: Option<AccountId>,
    post_id: Option<PostId>,
    code: String,
    title: String,
    cause: String,
    next_step: String,
    created_at: Timestamp,
    read_at: Option<Timestamp>,
    mail: Option<String>,
    mail_problem: Option<String>,
    posts: i32,
    names: Vec<String>,
    shown: bool,
}

impl Row {
    fn read(self) -> Result<Notification> {
        Ok(Notification {
            notification_id: self.notification_id,
            member_id: self.member_id,
            kind: self.kind.parse()?,
            account_id: self.account_id,
            post_id: self.post_id,
            code: self.code,
            title: self.title,
            cause: self.cause,
            next_step: self.next_step,
            created_at: self.created_at,
            read_at: self.read_at,
            mail: self.mail.as_deref().map(str::parse).transpose()?,
            mail_problem: self.mail_problem,
            posts: self.posts,
            names: self.names,
            shown: self.shown,
        })
    }
}

/// Writes them, and tells whoever listens once the transaction is committed.
pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, new: &[Notification], now: Timestamp) -> Result<()> {
    let ids: Vec<_> = new.iter().map(|one| one.notification_id.uuid()).collect();
    let members: Vec<_> = new.iter().map(|one| one.member_id.uuid()).collect();
    let kinds: Vec<_> = new.iter().map(|one| one.kind.as_str().to_owned()).collect();
    let accounts: Vec<_> = new.iter().map(|one| one.account_id.map(AccountId::uuid)).collect();
    let posts: Vec<_> = new.iter().map(|one| one.post_id.map(PostId::uuid)).collect();
    let posts_told: Vec<_> = new.iter().map(|one| one.posts).collect();
    let names: Vec<_> = new.iter().map(|one| one.names.join("\n")).collect();
    let shown: Vec<_> = new.iter().map(|one| one.shown).collect();
    let text =
        |field: fn(&Notification) -> &String| -> Vec<String> { new.iter().map(|one| field(one).clone()).collect() };
    sqlx::query!(
        "insert into notifications (workspace_id, notification_id, member_id, kind, account_id, post_id, code, title, cause,
                                    next_step, posts, names, shown, created_at)
         select $1, n.id, n.member_id, n.kind, n.account_id, n.post_id, n.code, n.title, n.cause, n.next_step, n.posts,
                string_to_array(n.names, chr(10)), n.shown, $13
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[],
                     $11::int[], $12::text[], $14::boolean[])
             as n(id, member_id, kind, account_id, post_id, code, title, cause, next_step, posts, names, shown)",
        workspace.uuid(),
        &ids,
        &members,
        &kinds,
        &accounts as &[Option<Uuid>],
        &posts as &[Option<Uuid>],
        &text(|one| &one.code),
        &text(|one| &one.title),
        &text(|one| &one.cause),
        &text(|one| &one.next_step),
        &posts_told,
        &names,
        now,
        &shown
    )
    .execute(&mut *db)
    .await?;
    tell(db, workspace, &members).await
}

/// The members have something new to read, or have read something.
async fn tell(db: &mut PgConnection, workspace: WorkspaceId, members: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "select pg_notify($1, $2::uuid::text || ' ' || m::text) from unnest($3::uuid[]) as m",
        CHANNEL,
        workspace.uuid(),
        members
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What one member has, newest first, from before `after` on.
pub async fn list(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    unread: bool,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Notification>> {
    sqlx::query_as!(
        Row,
        r#"select notification_id as "notification_id: NotificationId", member_id as "member_id: MemberId", kind,
                  account_id as "account_id: AccountId", post_id as "post_id: PostId", code, title, cause, next_step,
                  created_at, read_at, mail, mail_problem, posts, names, shown
           from notifications
           where workspace_id = $1 and member_id = $2 and shown and (not $3 or read_at is null)
             and ($4::uuid is null or notification_id < $4)
           order by notification_id desc limit $5"#,
        workspace.uuid(),
        member.uuid(),
        unread,
        after,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}

pub async fn unread(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from notifications where workspace_id = $1 and member_id = $2 and shown and read_at is null"#,
        workspace.uuid(),
        member.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// Marks these, or with `None` all, as read. Returns how many were unread.
pub async fn mark_read(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    only: Option<&[Uuid]>,
    now: Timestamp,
) -> Result<u64> {
    let done = sqlx::query!(
        "update notifications set read_at = $4
         where workspace_id = $1 and member_id = $2 and shown and read_at is null and ($3::uuid[] is null or notification_id = any ($3))",
        workspace.uuid(),
        member.uuid(),
        only,
        now
    )
    .execute(&mut *db)
    .await?;
    if done.rows_affected() > 0 {
        tell(db, workspace, &[member.uuid()]).await?;
    }
    Ok(done.rows_affected())
}

/// Which of these ids a member has.
pub async fn known(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select notification_id from notifications where workspace_id = $1 and member_id = $2 and shown and notification_id = any ($3)",
        workspace.uuid(),
        member.uuid(),
        ids
    )
    .fetch_all(db)
    .await?)
}
