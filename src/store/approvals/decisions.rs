//! What people decided about posts. Written once, over the decider's connection; the database checks that the person may.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    ids::{ApprovalId, DecisionId, MemberId, PostId, ReviewerId, WorkspaceId},
    model::approvals::Verdict,
};

#[derive(Debug, Clone)]
pub struct Decision {
    pub decision_id: DecisionId,
    pub request_id: ApprovalId,
    pub post_id: PostId,
    pub policy_id: Uuid,
    pub ordinal: i32,
    pub verdict: Verdict,
    pub member_id: Option<MemberId>,
    pub reviewer_id: Option<ReviewerId>,
    pub on_behalf_of: Option<MemberId>,
    pub digest: Vec<u8>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub comment: Option<String>,
    pub key_id: Option<Uuid>,
    pub signature: Vec<u8>,
    pub decided_at: Timestamp,
}

struct Row {
    decision_id: DecisionId,
    request_id: ApprovalId,
    post_id: PostId,
    policy_id: Uuid,
    ordinal: i32,
    verdict: String,
    member_id: Option<MemberId>,
    reviewer_id: Option<ReviewerId>,
    on_behalf_of: Option<MemberId>,
    digest: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    comment: Option<String>,
    key_id: Option<Uuid>,
    signature: Vec<u8>,
    decided_at: Timestamp,
}

impl Row {
    fn read(self) -> Result<Decision> {
        Ok(Decision {
            decision_id: self.decision_id,
            request_id: self.request_id,
            post_id: self.post_id,
            policy_id: self.policy_id,
            ordinal: self.ordinal,
            verdict: self.verdict.parse()?,
            member_id: self.member_id,
            reviewer_id: self.reviewer_id,
            on_behalf_of: self.on_behalf_of,
            digest: self.digest,
            not_before: self.not_before,
            not_after: self.not_after,
            comment: self.comment,
            key_id: self.key_id,
            signature: self.signature,
            decided_at: self.decided_at,
        })
    }
}

/// Writes a decision. The inner error is the database's own refusal.
pub async fn insert(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    decision: &Decision,
) -> Result<std::result::Result<(), String>> {
    let done = sqlx::query!(
        "insert into approval_decisions (workspace_id, decision_id, request_id, post_id, policy_id, ordinal, verdict, member_id,
             reviewer_id, on_behalf_of, digest, not_before, not_after, comment, proof, key_id, signature, decided_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        workspace.uuid(),
        decision.decision_id.uuid(),
        decision.request_id.uuid(),
        decision.post_id.uuid(),
        decision.policy_id,
        decision.ordinal,
        decision.verdict.as_str(),
        decision.member_id.map(MemberId::uuid),
        decision.reviewer_id.map(ReviewerId::uuid),
        decision.on_behalf_of.map(MemberId::uuid),
        decision.digest,
        decision.not_before,
        decision.not_after,
        decision.comment,
        if decision.member_id.is_some() { "passphrase" } else { "link" },
        decision.key_id,
        decision.signature,
        decision.decided_at
    )
    .execute(db)
    .await;
    match done {
        Ok(_) => Ok(Ok(())),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("decision_may_be_made") => {
            Ok(Err(error.message().trim_start_matches("must not decide: ").to_owned()))
        }
        Err(error) => Err(Error::from(error)),
    }
}

/// All decisions on a post, oldest first.
pub async fn of_post(db: &mut PgConnection, workspace: WorkspaceId, post: PostId) -> Result<Vec<Decision>> {
    sqlx::query_as!(
        Row,
        r#"select decision_id as "decision_id: DecisionId", request_id as "request_id: ApprovalId", post_id as "post_id: PostId",
                  policy_id, ordinal, verdict, member_id as "member_id: MemberId", reviewer_id as "reviewer_id: ReviewerId",
                  on_behalf_of as "on_behalf_of: MemberId", digest, not_before, not_after, comment, key_id, signature, decided_at
           from approval_decisions where workspace_id = $1 and post_id = $2 order by decided_at, decision_id"#,
        workspace.uuid(),
        post.uuid()
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}

/// The approvals that posts are sent on: those of what these posts say now.
pub async fn standing(db: &mut PgConnection, workspace: WorkspaceId, posts: &[Uuid]) -> Result<Vec<Decision>> {
    sqlx::query_as!(
        Row,
        r#"select d.decision_id as "decision_id: DecisionId", d.request_id as "request_id: ApprovalId",
                  d.post_id as "post_id: PostId", d.policy_id, d.ordinal, d.verdict, d.member_id as "member_id: MemberId",
                  d.reviewer_id as "reviewer_id: ReviewerId", d.on_behalf_of as "on_behalf_of: MemberId", d.digest,
                  d.not_before, d.not_after, d.comment, d.key_id, d.signature, d.decided_at
           from unnest($2::uuid[]) p (post_id)
           join approval_decisions d on d.workspace_id = $1 and d.post_id = p.post_id
           where d.verdict = 'approve' and d.digest = post_digest($1, p.post_id)"#,
        workspace.uuid(),
        posts
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}

/// Who would decide, and in whose place.
#[derive(Debug, Clone, Copy)]
pub struct Seat {
    pub member: MemberId,
    pub on_behalf_of: Option<MemberId>,
}

/// Why a member may not decide on a step now, as a code.
pub async fn barred(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    request: ApprovalId,
    step: (Uuid, i32),
    seat: Seat,
    approves: bool,
    now: Timestamp,
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        r#"select approval_barred($1, $2, $3, $4, $5, $6, $7, $8) as "why?""#,
        workspace.uuid(),
        request.uuid(),
        step.0,
        step.1,
        seat.member.uuid(),
        seat.on_behalf_of.map(MemberId::uuid),
        approves,
        now
    )
    .fetch_one(db)
    .await?)
}

/// A step that a named member has handed to somebody else.
#[derive(Debug, Clone, Copy)]
pub struct Delegation {
    pub policy_id: Uuid,
    pub ordinal: i32,
    pub from_member: MemberId,
    pub to_member: MemberId,
}

pub async fn delegations(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    request: ApprovalId,
) -> Result<Vec<Delegation>> {
    Ok(sqlx::query_as!(
        Delegation,
        r#"select policy_id, ordinal, from_member as "from_member: MemberId", to_member as "to_member: MemberId"
           from approval_delegations where workspace_id = $1 and request_id = $2"#,
        workspace.uuid(),
        request.uuid()
    )
    .fetch_all(db)
    .await?)
}

/// `false` when the member has handed this step on already.
pub async fn delegate(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    request: ApprovalId,
    delegation: &Delegation,
    by: MemberId,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into approval_delegations (workspace_id, request_id, policy_id, ordinal, from_member, to_member, delegated_by, delegated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        workspace.uuid(),
        request.uuid(),
        delegation.policy_id,
        delegation.ordinal,
        delegation.from_member.uuid(),
        delegation.to_member.uuid(),
        by.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
