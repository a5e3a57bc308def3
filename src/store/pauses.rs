//! Pauses, and what was under way when one began. That of the whole workspace is kept in its own row, the narrower ones
//! in a table; here they are one list.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, AttemptId, CampaignId, PostId, WorkspaceId},
    model::pauses::PauseScope,
};

/// A pause that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub scope: PauseScope,
    /// `network/handle` of the account, name of the campaign, or the tag; `None` for the workspace.
    pub name: Option<String>,
    pub reason: String,
    /// Who paused, as in the audit log.
    pub actor: Option<String>,
    pub since: Timestamp,
}

struct PauseRow {
    account_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    tag: Option<String>,
    name: Option<String>,
    reason: String,
    actor: Option<String>,
    since: Timestamp,
}

impl PauseRow {
    fn read(self) -> Pause {
        let scope = match (self.account_id, self.campaign_id, self.tag) {
            (Some(account), ..) => PauseScope::Account(AccountId(account)),
            (_, Some(campaign), _) => PauseScope::Campaign(CampaignId(campaign)),
            (.., Some(tag)) => PauseScope::Tag(tag),
            (None, None, None) => PauseScope::Workspace,
        };
        Pause { scope, name: self.name, reason: self.reason, actor: self.actor, since: self.since }
    }
}

/// Every pause of the workspace: its own first, then the oldest.
pub async fn list(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<Pause>> {
    let rows = sqlx::query_as!(
        PauseRow,
        r#"select account_id, campaign_id, tag, name, reason as "reason!", actor, since as "since!"
           from (select null::uuid as account_id, null::uuid as campaign_id, null::text as tag, null::text as name,
                        coalesce(w.paused_reason, '') as reason, w.paused_by as actor, w.paused_at as since
                 from workspaces w where w.workspace_id = $1 and w.paused_at is not null
                 union all
                 select s.account_id, s.campaign_id, s.tag, coalesce(a.network || '/' || a.handle, c.name, s.tag),
                        s.reason, s.actor, s.created_at
                 from pauses s
                 left join accounts a on a.workspace_id = s.workspace_id and a.account_id = s.account_id
                 left join campaigns c on c.workspace_id = s.workspace_id and c.campaign_id = s.campaign_id
                 where s.workspace_id = $1) every
           order by num_nonnulls(account_id, campaign_id, tag), since"#,
        workspace.uuid()
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(PauseRow::read).collect())
}

/// Campaign and tags of a post, which decide what pauses it.
pub async fn subject(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
) -> Result<(Option<CampaignId>, Vec<String>)> {
    let row = sqlx::query!(
        r#"select campaign_id as "campaign_id: CampaignId", tags from posts where workspace_id = $1 and post_id = $2"#,
        workspace.uuid(),
        post.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map_or((None, Vec::new()), |row| (row.campaign_id, row.tags)))
}

/// Begins a pause, once everybody who is arming an attempt in the workspace has committed; nobody arms one after it.
/// `false`: the scope is paused already.
pub async fn insert(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: Uuid,
    scope: &PauseScope,
    reason: &str,
    actor: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = if *scope == PauseScope::Workspace {
        sqlx::query!(
            "update workspaces set paused_at = $2, paused_reason = $3, paused_by = $4
             where workspace_id = $1 and paused_at is null",
            workspace.uuid(),
            now,
            reason,
            actor
        )
        .execute(db)
        .await?
    } else {
        sqlx::query!(
            "insert into pauses (workspace_id, pause_id, account_id, campaign_id, tag, reason, actor, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
            workspace.uuid(),
            id,
            scope.account().map(AccountId::uuid),
            scope.campaign().map(CampaignId::uuid),
            scope.tag(),
            reason,
            actor,
            now
        )
        .execute(db)
        .await?
    };
    Ok(done.rows_affected() == 1)
}

/// Ends a pause.
pub async fn delete(db: &mut PgConnection, workspace: WorkspaceId, scope: &PauseScope) -> Result<()> {
    if *scope == PauseScope::Workspace {
        sqlx::query!(
            "update workspaces set paused_at = null, paused_reason = null, paused_by = null where workspace_id = $1",
            workspace.uuid()
        )
        .execute(db)
        .await?;
    } else {
        sqlx::query!(
            "delete from pauses where workspace_id = $1 and account_id is not distinct from $2
             and campaign_id is not distinct from $3 and tag is not distinct from $4",
            workspace.uuid(),
            scope.account().map(AccountId::uuid),
            scope.campaign().map(CampaignId::uuid),
            scope.tag()
        )
        .execute(db)
        .await?;
    }
    Ok(())
}

/// What the network has been asked for, or may have been.
#[derive(Debug, Clone)]
pub struct UnderWay {
    pub attempt_id: AttemptId,
    pub post_id: PostId,
    pub excerpt: String,
    pub network: String,
    pub handle: String,
    /// `armed`, or how it ended.
    pub state: String,
    pub armed_at: Timestamp,
    /// After this instant its call is not started any more.
    pub send_deadline: Timestamp,
}

/// Attempts in the scope that have no outcome yet, oldest first. What waits for a person is not under way.
pub async fn under_way(db: &mut PgConnection, workspace: WorkspaceId, scope: &PauseScope) -> Result<Vec<UnderWay>> {
    Ok(sqlx::query_as!(
        UnderWay,
        r#"select x.attempt_id as "attempt_id: AttemptId", p.post_id as "post_id: PostId", p.excerpt, a.network, a.handle,
                  x.state, x.armed_at, x.send_deadline
           from attempts x
           join targets t using (workspace_id, target_id)
           join posts p using (workspace_id, post_id)
           join accounts a using (workspace_id, account_id)
           where x.workspace_id = $1 and x.state in ('armed', 'unknown') and t.state not in ('held', 'cancelled')
             and ($2::uuid is null or t.account_id = $2) and ($3::uuid is null or p.campaign_id = $3)
             and ($4::text is null or $4 = any (p.tags))
           order by x.armed_at, x.attempt_id"#,
        workspace.uuid(),
        scope.account().map(AccountId::uuid),
        scope.campaign().map(CampaignId::uuid),
        scope.tag()
    )
    .fetch_all(db)
    .await?)
}

/// How these attempts stand now.
pub async fn states(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    attempts: &[AttemptId],
) -> Result<Vec<(AttemptId, String)>> {
    let ids: Vec<_> = attempts.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select attempt_id as "id: AttemptId", state from attempts where workspace_id = $1 and attempt_id = any ($2)"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.state)).collect())
}

/// Targets in the scope that are to go out later, or are due.
pub async fn scheduled(db: &mut PgConnection, workspace: WorkspaceId, scope: &PauseScope) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from targets t join posts p using (workspace_id, post_id)
           where t.workspace_id = $1 and t.state = 'scheduled' and p.deleted_at is null
             and ($2::uuid is null or t.account_id = $2) and ($3::uuid is null or p.campaign_id = $3)
             and ($4::text is null or $4 = any (p.tags))"#,
        workspace.uuid(),
        scope.account().map(AccountId::uuid),
        scope.campaign().map(CampaignId::uuid),
        scope.tag()
    )
    .fetch_one(db)
    .await?)
}

/// The name of a campaign.
pub async fn campaign(db: &mut PgConnection, workspace: WorkspaceId, id: CampaignId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "select name from campaigns where workspace_id = $1 and campaign_id = $2",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}
