//! What waits for a person: held targets with why, and the attempt whose outcome is open, if there is one.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, AttemptId, CampaignId, MemberId, PostId, TargetId, WorkspaceId},
};

#[derive(Debug, Clone)]
pub struct Held {
    pub post_id: PostId,
    pub target_id: TargetId,
    pub account_id: AccountId,
    pub network: String,
    pub handle: String,
    pub excerpt: String,
    pub version: i32,
    pub due_at: Option<Timestamp>,
    pub due_zone: Option<String>,
    pub held_at: Timestamp,
    pub code: String,
    pub message: String,
    pub next_step: String,
    pub tolerance_secs: i32,
    /// The first message whose outcome is open.
    pub attempt_id: Option<AttemptId>,
    pub attempt_ordinal: Option<i32>,
    pub attempt_armed_at: Option<Timestamp>,
    pub attempt_evidence: Option<String>,
}

/// What a list is narrowed to. Every `None` means "any".
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub posts: Option<Vec<PostId>>,
    pub account: Option<AccountId>,
    pub campaign: Option<CampaignId>,
    pub tag: Option<String>,
    /// The code of why it is held.
    pub code: Option<String>,
    /// Only posts of this member.
    pub author: Option<MemberId>,
    /// Go on after this line.
    pub after: Option<(Timestamp, Uuid)>,
}

/// By the time that was asked for.
pub async fn list(db: &mut PgConnection, workspace: WorkspaceId, filter: &Filter, limit: i64) -> Result<Vec<Held>> {
    let posts: Option<Vec<Uuid>> = filter.posts.as_ref().map(|posts| posts.iter().map(|id| id.uuid()).collect());
    let (after_at, after_id) = filter.after.unzip();
    Ok(sqlx::query_as!(
        Held,
        r#"select p.post_id as "post_id: PostId", t.target_id as "target_id: TargetId", t.account_id as "account_id: AccountId",
                  a.network, a.handle, p.excerpt, p.version, t.due_at, t.due_zone, t.updated_at as held_at,
                  coalesce(t.error_code, 'held') as "code!", coalesce(t.error_message, '') as "message!",
                  coalesce(t.error_next_step, '') as "next_step!", a.tolerance_secs,
                  x.attempt_id as "attempt_id?: AttemptId", x.ordinal as "attempt_ordinal?", x.armed_at as "attempt_armed_at?",
                  x.evidence as "attempt_evidence?"
           from targets t
           join posts p using (workspace_id, post_id)
           join accounts a using (workspace_id, account_id)
           left join lateral (select attempt_id, ordinal, armed_at, evidence from attempts
                where workspace_id = t.workspace_id and target_id = t.target_id and state in ('armed', 'unknown')
                order by ordinal, number limit 1) x on true
           where t.workspace_id = $1 and t.state = 'held' and p.deleted_at is null
             and ($2::uuid[] is null or t.post_id = any ($2))
             and ($3::uuid is null or t.account_id = $3)
             and ($4::uuid is null or p.campaign_id = $4)
             and ($5::text is null or $5 = any (p.tags))
             and ($6::text is null or t.error_code = $6)
             and ($7::uuid is null or p.author_id = $7)
             and ($8::timestamptz is null or (coalesce(t.due_at, t.updated_at), t.target_id) > ($8, $9::uuid))
           order by coalesce(t.due_at, t.updated_at), t.target_id limit $10"#,
        workspace.uuid(),
        posts.as_deref(),
        filter.account.map(AccountId::uuid),
        filter.campaign.map(CampaignId::uuid),
        filter.tag.as_deref(),
        filter.code.as_deref(),
        filter.author.map(MemberId::uuid),
        after_at,
        after_id,
        limit
    )
    .fetch_all(db)
    .await?)
}

/// When something is to go out, or went out, on an account from `from` on.
pub async fn occupied(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    from: Timestamp,
) -> Result<Vec<Timestamp>> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce(published_at, due_at) as "at!" from targets
           where workspace_id = $1 and account_id = $2 and coalesce(published_at, due_at) >= $3
             and state in ('scheduled', 'publishing', 'unknown', 'published')"#,
        workspace.uuid(),
        account.uuid(),
        from
    )
    .fetch_all(db)
    .await?)
}
