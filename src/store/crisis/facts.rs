//! What a crisis looks at: what was published since, who approved it, which deletions are open, who decided and did what.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, ApprovalId, MemberId, PostId, ReviewerId, WorkspaceId},
};

/// A post that became public on an account, with all of its messages or some.
pub struct Published {
    pub post_id: PostId,
    pub excerpt: String,
    pub account_id: AccountId,
    pub network: String,
    pub handle: String,
    pub connected: bool,
    /// The first of its messages.
    pub published_at: Timestamp,
    pub links: Vec<String>,
    /// Who set the time or published, as a receipt says it.
    pub asked: Option<Value>,
    /// Who wrote the words, as in the audit log.
    pub written_by: String,
    pub removal_requested_at: Option<Timestamp>,
    pub removed_at: Option<Timestamp>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
}

/// Which publications are meant.
pub struct Span<'a> {
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// Only these posts.
    pub posts: Option<&'a [Uuid]>,
}

/// Newest first, what was deleted since, too. The receipt goes before what the rows say now.
pub async fn published(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    span: &Span<'_>,
    limit: i64,
) -> Result<Vec<Published>> {
    Ok(sqlx::query_as!(
        Published,
        r#"with shown as (
               select target_id, min(published_at) as at,
                      array_remove(array_agg(remote->>'url' order by ordinal), null) as links
               from segments
               where workspace_id = $1 and remote is not null and published_at >= $2
                 and ($3::timestamptz is null or published_at <= $3)
               group by target_id)
           select t.post_id as "post_id: PostId", p.excerpt,
                  t.account_id as "account_id: AccountId", a.network, a.handle, a.secret is not null as "connected!",
                  s.at as "published_at!", s.links as "links!",
                  coalesce(nullif(r.document::jsonb->'asked', 'null'), t.asked) as asked,
                  coalesce(r.document::jsonb->>'written_by', v.actor) as "written_by!",
                  t.removal_requested_at, t.removed_at, t.error_code, t.error_message
           from shown s
           join targets t on t.workspace_id = $1 and t.target_id = s.target_id
           join posts p on p.workspace_id = $1 and p.post_id = t.post_id
           join accounts a on a.workspace_id = $1 and a.account_id = t.account_id
           join post_versions v on v.workspace_id = $1 and v.post_id = p.post_id and v.version = p.version
           left join receipts r on r.workspace_id = $1 and r.target_id = t.target_id
           where $4::uuid[] is null or t.post_id = any ($4)
           order by s.at desc, t.target_id limit $5"#,
        workspace.uuid(),
        span.since,
        span.until,
        span.posts,
        limit
    )
    .fetch_all(db)
    .await?)
}

/// Deletions on these accounts that a network has not done yet.
pub async fn removals_open(db: &mut PgConnection, workspace: WorkspaceId, accounts: &[Uuid]) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from targets
           where workspace_id = $1 and account_id = any ($2) and removal_requested_at is not null and removed_at is null"#,
        workspace.uuid(),
        accounts
    )
    .fetch_one(db)
    .await?)
}

/// Somebody decided on a post.
pub struct Decided {
    pub request_id: ApprovalId,
    pub post_id: PostId,
    pub excerpt: String,
    pub verdict: String,
    pub member_id: Option<MemberId>,
    pub reviewer_id: Option<ReviewerId>,
    pub comment: Option<String>,
    pub decided_at: Timestamp,
}

/// Decisions on these posts, or on any, oldest first.
pub async fn decided(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    posts: Option<&[Uuid]>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Vec<Decided>> {
    Ok(sqlx::query_as!(
        Decided,
        r#"select d.request_id as "request_id: ApprovalId", d.post_id as "post_id: PostId", p.excerpt, d.verdict,
                  d.member_id as "member_id: MemberId", d.reviewer_id as "reviewer_id: ReviewerId", d.comment, d.decided_at
           from approval_decisions d join posts p using (workspace_id, post_id)
           where d.workspace_id = $1 and ($2::uuid[] is null or d.post_id = any ($2))
             and ($3::timestamptz is null or d.decided_at >= $3) and ($4::timestamptz is null or d.decided_at <= $4)
           order by d.decided_at, d.decision_id"#,
        workspace.uuid(),
        posts,
        since,
        until
    )
    .fetch_all(db)
    .await?)
}

/// An entry of the audit log, as far as it tells what happened.
pub struct Happened {
    pub entry_id: Uuid,
    pub at: Timestamp,
    pub actor: String,
    pub origin: String,
    pub use_case: String,
    pub outcome: String,
    pub changes: Value,
}

/// Oldest first, those after `after`.
pub async fn happened(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    since: Timestamp,
    until: Timestamp,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Happened>> {
    // An id begins with the millisecond in which it was made.
    let first = Uuid::from_u128(u128::try_from(since.as_micros() / 1000).unwrap_or(0) << 80);
    Ok(sqlx::query_as!(
        Happened,
        "select entry_id, at, actor, origin, use_case, outcome, changes from audit_entries
         where workspace_id = $1 and entry_id > $2 and at >= $3 and at <= $4 order by entry_id limit $5",
        workspace.uuid(),
        after.unwrap_or(first),
        since,
        until,
        limit
    )
    .fetch_all(db)
    .await?)
}
