//! Approval policies, freezes and outside reviewers. What people decided about posts is in `approvals/decisions.rs`,
//! requests in `approvals/requests.rs`. Writing policies, reviewers and decisions takes the decider's connection.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{FreezeId, MemberId, PolicyId, PostId, ReviewerId, WorkspaceId},
    model::{approvals::StepSpec, roles::Role},
};

pub mod decisions;
pub mod links;
pub mod requests;
pub mod turns;

/// Whether anything needs approval in this workspace at all.
pub async fn in_force(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select approvals_in_force($1, $2) as "yes!""#, workspace.uuid(), now)
        .fetch_one(db)
        .await?)
}

/// A policy with the conditions a post must meet for it; without any it is for every post.
#[derive(Debug, Clone)]
pub struct PolicyRow {
    pub policy_id: PolicyId,
    pub name: String,
    pub account_ids: Option<Vec<Uuid>>,
    pub tags: Option<Vec<String>>,
    pub contents: Option<Vec<String>>,
    pub window_minutes: i32,
    pub own_allowed: bool,
    pub created_at: Timestamp,
}

/// Those in force, oldest first.
pub async fn policies(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<PolicyRow>> {
    Ok(sqlx::query_as!(
        PolicyRow,
        r#"select policy_id as "policy_id: PolicyId", name, account_ids, tags, contents, window_minutes, own_allowed, created_at
           from approval_policies where workspace_id = $1 and ended_at is null order by created_at, policy_id"#,
        workspace.uuid()
    )
    .fetch_all(db)
    .await?)
}

pub async fn insert_policy(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    policy: &PolicyRow,
    by: MemberId,
    steps: &[StepSpec],
) -> Result<()> {
    sqlx::query!(
        "insert into approval_policies (workspace_id, policy_id, name, account_ids, tags, contents, window_minutes, own_allowed,
                                        created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        workspace.uuid(),
        policy.policy_id.uuid(),
        policy.name,
        policy.account_ids.as_deref(),
        policy.tags.as_deref(),
        policy.contents.as_deref(),
        policy.window_minutes,
        policy.own_allowed,
        by.uuid(),
        policy.created_at
    )
    .execute(&mut *db)
    .await?;
    for (ordinal, step) in (1_i32..).zip(steps) {
        let members: Vec<Uuid> = step.member_ids.iter().map(|member| member.uuid()).collect();
        let reviewers: Vec<Uuid> = step.reviewer_ids.iter().map(|reviewer| reviewer.uuid()).collect();
        sqlx::query!(
            "insert into approval_steps (workspace_id, policy_id, ordinal, role, member_ids, reviewer_ids, need, deadline_hours, escalate_to)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            workspace.uuid(),
            policy.policy_id.uuid(),
            ordinal,
            step.role.map(Role::as_str),
            &members,
            &reviewers,
            step.need.as_str(),
            step.deadline_hours.and_then(|hours| i32::try_from(hours).ok()),
            step.escalate_to.map(Role::as_str)
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// `false` when there is no such policy in force.
pub async fn end_policy(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    policy: PolicyId,
    by: MemberId,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "update approval_policies set ended_by = $3, ended_at = $4
         where workspace_id = $1 and policy_id = $2 and ended_at is null",
        workspace.uuid(),
        policy.uuid(),
        by.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A step, of a policy or as a post has to pass it.
#[derive(Debug, Clone)]
pub struct Step {
    pub policy_id: Uuid,
    pub ordinal: i32,
    /// Of the policy.
    pub name: String,
    pub role: Option<Role>,
    pub member_ids: Vec<MemberId>,
    pub reviewer_ids: Vec<ReviewerId>,
    pub need: crate::model::approvals::Need,
    pub deadline_hours: Option<i32>,
    pub escalate_to: Option<Role>,
    pub window_minutes: i32,
    /// Passed for what the post says now; false where no post is looked at.
    pub passed: bool,
}

struct StepRow {
    policy_id: Uuid,
    ordinal: i32,
    name: String,
    role: Option<String>,
    member_ids: Vec<Uuid>,
    reviewer_ids: Vec<Uuid>,
    need: String,
    deadline_hours: Option<i32>,
    escalate_to: Option<String>,
    window_minutes: i32,
    passed: bool,
}

impl StepRow {
    fn read(self) -> Result<Step> {
        Ok(Step {
            policy_id: self.policy_id,
            ordinal: self.ordinal,
            name: self.name,
            role: self.role.map(|role| role.parse()).transpose()?,
            member_ids: self.member_ids.into_iter().map(MemberId).collect(),
            reviewer_ids: self.reviewer_ids.into_iter().map(ReviewerId).collect(),
            need: self.need.parse()?,
            deadline_hours: self.deadline_hours,
            escalate_to: self.escalate_to.map(|role| role.parse()).transpose()?,
            window_minutes: self.window_minutes,
            passed: self.passed,
        })
    }
}

/// The steps of the policies in force, in order.
pub async fn steps(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<Step>> {
    sqlx::query_as!(
        StepRow,
        r#"select s.policy_id, s.ordinal, p.name, s.role, s.member_ids, s.reviewer_ids, s.need, s.deadline_hours, s.escalate_to,
                  p.window_minutes, false as "passed!"
           from approval_steps s join approval_policies p using (workspace_id, policy_id)
           where s.workspace_id = $1 and p.ended_at is null order by p.created_at, s.policy_id, s.ordinal"#,
        workspace.uuid()
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(StepRow::read)
    .collect()
}

/// A time between two instants, both included.
pub type Window = (Timestamp, Timestamp);

/// The steps that a post has to pass now, and which are passed for what it says now and all of the window.
pub async fn demands(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    now: Timestamp,
    window: Window,
) -> Result<Vec<Step>> {
    sqlx::query_as!(
        StepRow,
        r#"select d.policy_id as "policy_id!", d.ordinal as "ordinal!", d.name as "name!", d.role,
                  d.member_ids as "member_ids!", d.reviewer_ids as "reviewer_ids!", d.need as "need!", d.deadline_hours,
                  d.escalate_to, d.window_minutes as "window_minutes!",
                  approval_passed($1, $2, d.policy_id, d.ordinal, d.role, d.member_ids, d.reviewer_ids, d.need,
                                  post_digest($1, $2), $4, $5) as "passed!"
           from approval_demands($1, $2, $3) d order by d.policy_id, d.ordinal"#,
        workspace.uuid(),
        post.uuid(),
        now,
        window.0,
        window.1
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(StepRow::read)
    .collect()
}

/// Why a post must not be sent in a window for want of approval; nothing when it may.
pub async fn missing(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    now: Timestamp,
    window: Window,
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        r#"select approval_missing($1, $2, $3, $4, $5) as "why?""#,
        workspace.uuid(),
        post.uuid(),
        now,
        window.0,
        window.1
    )
    .fetch_one(db)
    .await?)
}

/// A while in which everything needs approval.
#[derive(Debug, Clone)]
pub struct Freeze {
    pub freeze_id: FreezeId,
    pub reason: String,
    pub started_by: String,
    pub started_at: Timestamp,
    pub until: Timestamp,
}

pub async fn freezes(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<Vec<Freeze>> {
    Ok(sqlx::query_as!(
        Freeze,
        r#"select freeze_id as "freeze_id: FreezeId", reason, started_by, started_at, until from approval_freezes
           where workspace_id = $1 and ended_at is null and until > $2 order by started_at, freeze_id"#,
        workspace.uuid(),
        now
    )
    .fetch_all(db)
    .await?)
}

pub async fn insert_freeze(db: &mut PgConnection, workspace: WorkspaceId, freeze: &Freeze) -> Result<()> {
    sqlx::query!(
        "insert into approval_freezes (workspace_id, freeze_id, reason, started_by, started_at, until) values ($1, $2, $3, $4, $5, $6)",
        workspace.uuid(),
        freeze.freeze_id.uuid(),
        freeze.reason,
        freeze.started_by,
        freeze.started_at,
        freeze.until
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends all that last. Returns how many.
pub async fn end_freezes(db: &mut PgConnection, workspace: WorkspaceId, by: MemberId, now: Timestamp) -> Result<u64> {
    let done = sqlx::query!(
        "update approval_freezes set ended_by = $2, ended_at = $3 where workspace_id = $1 and ended_at is null and until > $3",
        workspace.uuid(),
        by.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
