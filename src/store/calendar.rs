//! The calendar: what is or was to be published, by time.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, CampaignId, MemberId, PostId, WorkspaceId},
    model::{networks::NetworkId, states::TargetState},
};

/// A line of the calendar.
#[derive(Debug, Clone)]
pub struct Entry {
    pub post_id: PostId,
    /// Title, or the beginning of the text.
    pub excerpt: String,
    pub network: String,
    pub handle: String,
    pub state: String,
    pub at: Timestamp,
}

/// What it is narrowed to. Every `None` means "any", and any state but cancelled.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub account: Option<AccountId>,
    pub network: Option<NetworkId>,
    pub campaign: Option<CampaignId>,
    /// As it is stored.
    pub tag: Option<String>,
    pub state: Option<TargetState>,
    /// Only published ones and those of this member.
    pub published_or_by: Option<MemberId>,
}

/// What is or was to be published in `[from, to)`.
pub async fn entries(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    from: Timestamp,
    to: Timestamp,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Entry>> {
    Ok(sqlx::query_as!(
        Entry,
        r#"select p.post_id as "post_id: PostId", coalesce(p.title, p.excerpt) as "excerpt!", a.network, a.handle, t.state,
                  coalesce(t.published_at, t.due_at) as "at!"
           from targets t
           join posts p using (workspace_id, post_id)
           join accounts a using (workspace_id, account_id)
           where t.workspace_id = $1 and p.deleted_at is null
             and coalesce(t.published_at, t.due_at) >= $2 and coalesce(t.published_at, t.due_at) < $3
             and ($4::uuid is null or t.account_id = $4) and ($5::text is null or a.network = $5)
             and ($6::uuid is null or p.campaign_id = $6) and ($7::text is null or p.tags @> array[$7])
             and case when $8::text is null then t.state <> 'cancelled' else t.state = $8 end
             and ($9::uuid is null or p.author_id = $9 or t.state = 'published')
           order by coalesce(t.published_at, t.due_at), a.handle, p.post_id limit $10"#,
        workspace.uuid(),
        from,
        to,
        filter.account.map(AccountId::uuid),
        filter.network.map(NetworkId::as_str),
        filter.campaign.map(CampaignId::uuid),
        filter.tag,
        filter.state.map(TargetState::as_str),
        filter.published_or_by.map(MemberId::uuid),
        limit
    )
    .fetch_all(db)
    .await?)
}
