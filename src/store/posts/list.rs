//! The list of posts: its lines, what it can be narrowed to, and the one statement behind it.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, CampaignId, MemberId, PostId, WorkspaceId},
    model::states::PostStatus,
};

/// A line of a list.
#[derive(Debug, Clone)]
pub struct ListedPost {
    pub post_id: PostId,
    pub title: Option<String>,
    pub excerpt: String,
    pub status: String,
    pub review: String,
    pub at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// `network/handle`, in the order of the handles.
    pub accounts: Vec<String>,
}

/// What a list is narrowed to. Every `None` means "any".
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<PostStatus>,
    pub account: Option<AccountId>,
    pub network: Option<String>,
    pub campaign: Option<CampaignId>,
    /// As it is stored: lower case, without `#`.
    pub tag: Option<String>,
    /// Occurs in title or in a message; case does not matter.
    pub text: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Only published posts and those of this member.
    pub published_or_by: Option<MemberId>,
    /// Go on after this line.
    pub after: Option<(Timestamp, Uuid)>,
}

impl Filter {
    fn narrows(&self) -> bool {
        let Self { status, account, network, campaign, tag, text, from, to, published_or_by: _, after } = self;
        let words = status.is_some() || account.is_some() || network.is_some() || text.is_some();
        words || campaign.is_some() || tag.is_some() || from.is_some() || to.is_some() || after.is_some()
    }
}

/// Newest first.
pub async fn list_by_age(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<ListedPost>> {
    if filter.narrows() {
        // Which index serves best hangs on the filters; the plan that connections keep is the one without any.
        sqlx::query!("set local plan_cache_mode = force_custom_plan").execute(&mut *db).await?;
    }
    let (after_at, after_id) = filter.after.unzip();
    Ok(sqlx::query_as!(
        ListedPost,
        r#"select p.post_id as "post_id: PostId", p.title, p.excerpt, p.status, p.review, p.at, p.created_at,
                  array(select a.network || '/' || a.handle from targets t join accounts a using (workspace_id, account_id)
                        where t.workspace_id = p.workspace_id and t.post_id = p.post_id order by a.handle) as "accounts!"
           from posts p
           where p.workspace_id = $1 and p.deleted_at is null
             and ($2::text is null or p.status = $2)
             and ($3::uuid is null or exists (select from targets t where t.workspace_id = p.workspace_id
                  and t.post_id = p.post_id and t.account_id = $3))
             and ($4::text is null or exists (select from targets t join accounts a using (workspace_id, account_id)
                  where t.workspace_id = p.workspace_id and t.post_id = p.post_id and a.network = $4))
             and ($5::text is null or strpos(lower(coalesce(p.title, '')), lower($5)) > 0
                  or exists (select from targets t join segments s using (workspace_id, target_id)
                             where t.workspace_id = p.workspace_id and t.post_id = p.post_id
                               and strpos(lower(s.text), lower($5)) > 0)
                  or strpos(lower(p.excerpt), lower($5)) > 0)
             and ($6::timestamptz is null or p.at >= $6) and ($7::timestamptz is null or p.at < $7)
             and ($8::uuid is null or p.author_id = $8 or p.status in ('published', 'partly_published'))
             and ($9::timestamptz is null or (p.created_at, p.post_id) < ($9, $10::uuid))
             and ($12::uuid is null or p.campaign_id = $12) and ($13::text is null or p.tags @> array[$13])
           order by p.created_at desc, p.post_id desc limit $11"#,
        workspace.uuid(),
        filter.status.map(PostStatus::as_str),
        filter.account.map(AccountId::uuid),
        filter.network.as_deref(),
        filter.text.as_deref(),
        filter.from,
        filter.to,
        filter.published_or_by.map(MemberId::uuid),
        after_at,
        after_id,
        limit,
        filter.campaign.map(CampaignId::uuid),
        filter.tag
    )
    .fetch_all(db)
    .await?)
}
