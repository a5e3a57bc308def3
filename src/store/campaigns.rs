//! Campaigns, and how the posts in them stand.

use std::str::FromStr;

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{CampaignId, MemberId, PostId, WorkspaceId},
    model::states::{PostStatus, TargetState},
};

#[derive(Debug, Clone)]
pub struct Campaign {
    pub campaign_id: CampaignId,
    pub name: String,
    pub description: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub archived_at: Option<Timestamp>,
}

/// `false` when the name is taken.
pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, campaign: &Campaign) -> Result<bool> {
    let done = sqlx::query!(
        "insert into campaigns (workspace_id, campaign_id, name, description, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $5) on conflict (workspace_id, name) do nothing",
        workspace.uuid(),
        campaign.campaign_id.uuid(),
        campaign.name,
        campaign.description,
        campaign.created_at
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: CampaignId) -> Result<Option<Campaign>> {
    Ok(sqlx::query_as!(
        Campaign,
        r#"select campaign_id as "campaign_id: CampaignId", name, description, created_at, updated_at, archived_at
           from campaigns where workspace_id = $1 and campaign_id = $2"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// The open campaign of that name.
pub async fn find(db: &mut PgConnection, workspace: WorkspaceId, name: &str) -> Result<Option<CampaignId>> {
    Ok(sqlx::query_scalar!(
        r#"select campaign_id as "id: CampaignId" from campaigns where workspace_id = $1 and name = $2 and archived_at is null"#,
        workspace.uuid(),
        name
    )
    .fetch_optional(db)
    .await?)
}

/// Holds the campaign until the transaction ends.
pub async fn lock(db: &mut PgConnection, workspace: WorkspaceId, id: CampaignId) -> Result<Option<Campaign>> {
    Ok(sqlx::query_as!(
        Campaign,
        r#"select campaign_id as "campaign_id: CampaignId", name, description, created_at, updated_at, archived_at
           from campaigns where workspace_id = $1 and campaign_id = $2 for update"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// By name.
pub async fn list(db: &mut PgConnection, workspace: WorkspaceId, archived: bool, limit: i64) -> Result<Vec<Campaign>> {
    Ok(sqlx::query_as!(
        Campaign,
        r#"select campaign_id as "campaign_id: CampaignId", name, description, created_at, updated_at, archived_at
           from campaigns where workspace_id = $1 and ($2 or archived_at is null) order by name, campaign_id limit $3"#,
        workspace.uuid(),
        archived,
        limit
    )
    .fetch_all(db)
    .await?)
}

pub async fn update(db: &mut PgConnection, workspace: WorkspaceId, campaign: &Campaign, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "update campaigns set name = $3, description = $4, archived_at = $5, updated_at = $6
         where workspace_id = $1 and campaign_id = $2",
        workspace.uuid(),
        campaign.campaign_id.uuid(),
        campaign.name,
        campaign.description,
        campaign.archived_at,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether another campaign has this name.
pub async fn is_taken(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    name: &str,
    by_other_than: CampaignId,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from campaigns where workspace_id = $1 and name = $2 and campaign_id <> $3) as "taken!""#,
        workspace.uuid(),
        name,
        by_other_than.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// How many targets of a campaign are in which state.
#[derive(Debug, Clone)]
pub struct StateCount {
    pub campaign: CampaignId,
    pub state: TargetState,
    pub count: i64,
}

/// Of these campaigns' posts; with `published_or_by`, only those that this member sees.
pub async fn state_counts(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    campaigns: &[CampaignId],
    published_or_by: Option<MemberId>,
) -> Result<Vec<StateCount>> {
    let ids: Vec<_> = campaigns.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select p.campaign_id as "campaign!: CampaignId", t.state, count(*) as "count!"
           from posts p join targets t using (workspace_id, post_id)
           where p.workspace_id = $1 and p.campaign_id = any ($2) and p.deleted_at is null
             and ($3::uuid is null or p.author_id = $3 or p.status in ('published', 'partly_published'))
           group by 1, 2 order by 1, 2"#,
        workspace.uuid(),
        &ids,
        published_or_by.map(MemberId::uuid)
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(StateCount { campaign: row.campaign, state: TargetState::from_str(&row.state)?, count: row.count })
        })
        .collect()
}

/// A post of a campaign.
#[derive(Debug, Clone)]
pub struct Member {
    pub post_id: PostId,
    /// Title, or the beginning of the text.
    pub excerpt: String,
    pub status: PostStatus,
}

/// The posts of a campaign in the order of their times; with `published_or_by`, only those that this member sees.
pub async fn posts(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: CampaignId,
    published_or_by: Option<MemberId>,
    limit: i64,
) -> Result<Vec<Member>> {
    let rows = sqlx::query!(
        r#"select post_id as "post_id: PostId", coalesce(title, excerpt) as "excerpt!", status from posts
           where workspace_id = $1 and campaign_id = $2 and deleted_at is null
             and ($3::uuid is null or author_id = $3 or status in ('published', 'partly_published'))
           order by at nulls last, post_id limit $4"#,
        workspace.uuid(),
        id.uuid(),
        published_or_by.map(MemberId::uuid),
        limit
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Member { post_id: row.post_id, excerpt: row.excerpt, status: PostStatus::from_str(&row.status)? })
        })
        .collect()
}
