//! Requests for approval: what was asked about, and where it stands.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{ApprovalId, PostId, WorkspaceId},
    model::approvals::RequestState,
    store::approvals::Window,
};

#[derive(Debug, Clone)]
pub struct Request {
    pub request_id: ApprovalId,
    pub post_id: PostId,
    pub version: i32,
    pub digest: Vec<u8>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub state: RequestState,
    pub requested_by: String,
    pub note: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

struct Row {
    request_id: ApprovalId,
    post_id: PostId,
    version: i32,
    digest: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    state: String,
    requested_by: String,
    note: Option<String>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl Request {
    /// When it may go out.
    pub fn window(&self) -> Window {
        (self.not_before, self.not_after)
    }
}

impl Row {
    fn read(self) -> Result<Request> {
        Ok(Request {
            request_id: self.request_id,
            post_id: self.post_id,
            version: self.version,
            digest: self.digest,
            not_before: self.not_before,
            not_after: self.not_after,
            state: self.state.parse()?,
            requested_by: self.requested_by,
            note: self.note,
            created_at: self.created_at,
            ended_at: self.ended_at,
        })
    }
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: ApprovalId) -> Result<Option<Request>> {
    sqlx::query_as!(
        Row,
        r#"select request_id as "request_id: ApprovalId", post_id as "post_id: PostId", version, digest, not_before, not_after,
                  state, requested_by, note, created_at, ended_at
           from approval_requests where workspace_id = $1 and request_id = $2"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?
    .map(Row::read)
    .transpose()
}

/// Requests, newest first: of a post or of all, those in a state or in all.
pub async fn list(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    post: Option<PostId>,
    state: Option<RequestState>,
    limit: i64,
) -> Result<Vec<Request>> {
    sqlx::query_as!(
        Row,
        r#"select request_id as "request_id: ApprovalId", post_id as "post_id: PostId", version, digest, not_before, not_after,
                  state, requested_by, note, created_at, ended_at
           from approval_requests
           where workspace_id = $1 and ($2::uuid is null or post_id = $2) and ($3::text is null or state = $3)
           order by created_at desc, request_id desc limit $4"#,
        workspace.uuid(),
        post.map(PostId::uuid),
        state.map(RequestState::as_str),
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}

/// Whether approvals mean anything to a post: something is in force, or its review stands somewhere.
pub async fn concerned(db: &mut PgConnection, workspace: WorkspaceId, post: PostId, now: Timestamp) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select (approvals_in_force($1, $3) or exists (
               select from posts where workspace_id = $1 and post_id = $2 and review <> 'not_needed')) as "yes!""#,
        workspace.uuid(),
        post.uuid(),
        now
    )
    .fetch_one(db)
    .await?)
}

/// Whether anybody is asked about anything.
pub async fn any_open(db: &mut PgConnection, workspace: WorkspaceId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from approval_requests where workspace_id = $1 and state = 'open') as "yes!""#,
        workspace.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// Posts about which people are asked because of a freeze that has run out.
pub async fn thawed(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<Vec<PostId>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct r.post_id as "id!: PostId" from approval_requests r
           join approval_turns t using (workspace_id, request_id)
           join approval_freezes f on f.workspace_id = r.workspace_id and f.freeze_id = t.policy_id
           where r.workspace_id = $1 and r.state = 'open' and f.ended_at is null and f.until <= $2 order by 1"#,
        workspace.uuid(),
        now
    )
    .fetch_all(db)
    .await?)
}

/// Ends open requests that no longer fit their posts; of one post or of all.
pub async fn void_stale(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    post: Option<PostId>,
    now: Timestamp,
) -> Result<Vec<ApprovalId>> {
    Ok(sqlx::query_scalar!(
        r#"update approval_requests r set state = 'void', ended_at = $3
           where r.workspace_id = $1 and r.state = 'open' and ($2::uuid is null or r.post_id = $2)
             and (r.digest <> post_digest(r.workspace_id, r.post_id)
                  or not exists (select from approval_demands(r.workspace_id, r.post_id, $3))
                  or exists (select from posts p where p.workspace_id = r.workspace_id and p.post_id = r.post_id and p.deleted_at is not null)
                  or exists (select from targets t where t.workspace_id = r.workspace_id and t.post_id = r.post_id
                             and t.state = 'scheduled' and t.due_at not between r.not_before and r.not_after))
           returning r.request_id as "id: ApprovalId""#,
        workspace.uuid(),
        post.map(PostId::uuid),
        now
    )
    .fetch_all(db)
    .await?)
}

/// Scheduled posts that need approval, have none, and for which nobody is asked: of one post or of all.
pub async fn unasked(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    post: Option<PostId>,
    now: Timestamp,
) -> Result<Vec<PostId>> {
    Ok(sqlx::query_scalar!(
        r#"select p.post_id as "id: PostId" from posts p
           where p.workspace_id = $1 and p.deleted_at is null and ($2::uuid is null or p.post_id = $2)
             and exists (select from targets t where t.workspace_id = $1 and t.post_id = p.post_id and t.state = 'scheduled')
             and approval_state($1, p.post_id, $3) in ('not_needed', 'void')
             and exists (select from approval_demands($1, p.post_id, $3))
           order by p.post_id"#,
        workspace.uuid(),
        post.map(PostId::uuid),
        now
    )
    .fetch_all(db)
    .await?)
}

/// When the scheduled targets of a post are due: the first and the last.
pub async fn due_range(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
) -> Result<Option<(Timestamp, Timestamp)>> {
    let row = sqlx::query!(
        r#"select min(due_at) as first, max(due_at) as last from targets
           where workspace_id = $1 and post_id = $2 and state = 'scheduled'"#,
        workspace.uuid(),
        post.uuid()
    )
    .fetch_one(db)
    .await?;
    Ok(row.first.zip(row.last))
}

pub struct NewRequest<'a> {
    pub request_id: ApprovalId,
    pub post_id: PostId,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub requested_by: &'a str,
    pub note: Option<&'a str>,
    pub now: Timestamp,
}

/// Asks for approval of what the post says now.
pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, request: &NewRequest<'_>) -> Result<()> {
    sqlx::query!(
        "insert into approval_requests (workspace_id, request_id, post_id, version, digest, not_before, not_after, state,
                                        requested_by, note, created_at)
         select $1, $2, $3, p.version, post_digest($1, $3), $4, $5, 'open', $6, $7, $8
         from posts p where p.workspace_id = $1 and p.post_id = $3",
        workspace.uuid(),
        request.request_id.uuid(),
        request.post_id.uuid(),
        request.not_before,
        request.not_after,
        request.requested_by,
        request.note,
        request.now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn end(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    request: ApprovalId,
    state: RequestState,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update approval_requests set state = $3, ended_at = $4 where workspace_id = $1 and request_id = $2 and state = 'open'",
        workspace.uuid(),
        request.uuid(),
        state.as_str(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes where the review of a post stands: of one post, or of all that are scheduled or under review.
pub async fn derive_reviews(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    post: Option<PostId>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update posts p set review = s.state, approved_hash = case when s.state = 'approved' then p.content_hash end
         from (select o.post_id, approval_state($1, o.post_id, $3) as state from posts o
               where o.workspace_id = $1 and ($2::uuid is null or o.post_id = $2)
                 and ($2 is not null or (o.deleted_at is null and o.status <> 'published'
                      and (o.review <> 'not_needed' or o.status in ('scheduled', 'held', 'publishing'))))) s
         where p.workspace_id = $1 and p.post_id = s.post_id
           and (p.review <> s.state or (s.state = 'approved' and p.approved_hash is distinct from p.content_hash))",
        workspace.uuid(),
        post.map(PostId::uuid),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
