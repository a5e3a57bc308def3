//! Posts: the row that lists and calendars read. The list itself is in `posts/list.rs`, what a post said in
//! `posts/versions.rs`; targets and segments have files of their own.

use std::str::FromStr;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{CampaignId, MemberId, PostId, WorkspaceId},
    model::states::{PostStatus, Review},
};

mod list;
mod versions;

pub use list::{Filter, ListedPost, list_by_age};
pub use versions::{Kept, insert_version, version, version_if_any, versions};

#[derive(Debug, Clone)]
pub struct Post {
    pub post_id: PostId,
    pub title: Option<String>,
    pub version: i32,
    pub status: PostStatus,
    pub review: Review,
    pub content_hash: Vec<u8>,
    pub author_id: MemberId,
    pub author_name: String,
    /// The author is no longer in the workspace.
    pub author_removed: bool,
    pub at: Option<Timestamp>,
    pub excerpt: String,
    pub campaign_id: Option<CampaignId>,
    pub campaign_name: Option<String>,
    pub tags: Vec<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

struct PostRow {
    post_id: PostId,
    title: Option<String>,
    version: i32,
    status: String,
    review: String,
    content_hash: Vec<u8>,
    author_id: MemberId,
    author_name: String,
    author_removed: bool,
    at: Option<Timestamp>,
    excerpt: String,
    campaign_id: Option<CampaignId>,
    campaign_name: Option<String>,
    tags: Vec<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    deleted_at: Option<Timestamp>,
}

impl PostRow {
    fn read(self) -> Result<Post> {
        Ok(Post {
            post_id: self.post_id,
            title: self.title,
            version: self.version,
            status: PostStatus::from_str(&self.status)?,
            review: Review::from_str(&self.review)?,
            content_hash: self.content_hash,
            author_id: self.author_id,
            author_name: self.author_name,
            author_removed: self.author_removed,
            at: self.at,
            excerpt: self.excerpt,
            campaign_id: self.campaign_id,
            campaign_name: self.campaign_name,
            tags: self.tags,
            created_at: self.created_at,
            updated_at: self.updated_at,
            deleted_at: self.deleted_at,
        })
    }
}

/// Also finds deleted posts: the caller decides what they mean to it.
pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: PostId) -> Result<Option<Post>> {
    sqlx::query_as!(
        PostRow,
        r#"select p.post_id as "post_id: PostId", p.title, p.version, p.status, p.review, p.content_hash,
                  p.author_id as "author_id: MemberId", m.display_name as author_name,
                  m.removed_at is not null as "author_removed!", p.at, p.excerpt,
                  p.campaign_id as "campaign_id: CampaignId", c.name as "campaign_name?", p.tags, p.created_at,
                  p.updated_at, p.deleted_at
           from posts p join members m on m.workspace_id = p.workspace_id and m.member_id = p.author_id
           left join campaigns c on c.workspace_id = p.workspace_id and c.campaign_id = p.campaign_id
           where p.workspace_id = $1 and p.post_id = $2"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?
    .map(PostRow::read)
    .transpose()
}

/// [`get`] for many, in no order.
pub async fn get_all(db: &mut PgConnection, workspace: WorkspaceId, ids: &[Uuid]) -> Result<Vec<Post>> {
    sqlx::query_as!(
        PostRow,
        r#"select p.post_id as "post_id: PostId", p.title, p.version, p.status, p.review, p.content_hash,
                  p.author_id as "author_id: MemberId", m.display_name as author_name,
                  m.removed_at is not null as "author_removed!", p.at, p.excerpt,
                  p.campaign_id as "campaign_id: CampaignId", c.name as "campaign_name?", p.tags, p.created_at,
                  p.updated_at, p.deleted_at
           from posts p join members m on m.workspace_id = p.workspace_id and m.member_id = p.author_id
           left join campaigns c on c.workspace_id = p.workspace_id and c.campaign_id = p.campaign_id
           where p.workspace_id = $1 and p.post_id = any ($2)"#,
        workspace.uuid(),
        ids
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(PostRow::read)
    .collect()
}

/// Holds the post until the transaction ends; every change of a post or its targets starts here.
pub async fn lock(db: &mut PgConnection, workspace: WorkspaceId, id: PostId) -> Result<Option<Post>> {
    sqlx::query!(
        "select 1 as one from posts where workspace_id = $1 and post_id = $2 for update",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(&mut *db)
    .await?;
    get(db, workspace, id).await
}

pub struct NewPost<'a> {
    pub post_id: PostId,
    pub title: Option<&'a str>,
    pub content_hash: [u8; 32],
    pub author_id: MemberId,
    pub excerpt: &'a str,
    pub now: Timestamp,
}

pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, post: &NewPost<'_>) -> Result<()> {
    sqlx::query!(
        "insert into posts (workspace_id, post_id, title, status, content_hash, author_id, excerpt, created_at, updated_at)
         values ($1, $2, $3, 'draft', $4, $5, $6, $7, $7)",
        workspace.uuid(),
        post.post_id.uuid(),
        post.title,
        post.content_hash.as_slice(),
        post.author_id.uuid(),
        post.excerpt,
        post.now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// New content: raises the version, and voids an approval that was given for other content.
pub async fn update_content(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    title: Option<&str>,
    content_hash: &[u8; 32],
    excerpt: &str,
    now: Timestamp,
) -> Result<i32> {
    Ok(sqlx::query_scalar!(
        "update posts set title = $3, content_hash = $4, excerpt = $5, version = version + 1, updated_at = $6,
                review = case when review in ('approved', 'requested') and content_hash <> $4 then 'void' else review end
         where workspace_id = $1 and post_id = $2 returning version",
        workspace.uuid(),
        id.uuid(),
        title,
        content_hash.as_slice(),
        excerpt,
        now
    )
    .fetch_one(db)
    .await?)
}

/// Writes what follows from the targets.
pub async fn set_derived(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    status: PostStatus,
    at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update posts set status = $3, at = $4, updated_at = $5 where workspace_id = $1 and post_id = $2",
        workspace.uuid(),
        id.uuid(),
        status.as_str(),
        at,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Which campaign the post belongs to, and its tags. Neither is sent anywhere.
pub async fn set_labels(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    campaign: Option<CampaignId>,
    tags: &[String],
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update posts set campaign_id = $3, tags = $4, updated_at = $5 where workspace_id = $1 and post_id = $2",
        workspace.uuid(),
        id.uuid(),
        campaign.map(CampaignId::uuid),
        tags,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Somebody else stands for the post from now on.
pub async fn set_author(db: &mut PgConnection, workspace: WorkspaceId, id: PostId, author: MemberId) -> Result<()> {
    sqlx::query!(
        "update posts set author_id = $3 where workspace_id = $1 and post_id = $2",
        workspace.uuid(),
        id.uuid(),
        author.uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn mark_deleted(db: &mut PgConnection, workspace: WorkspaceId, id: PostId, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "update posts set deleted_at = $3, updated_at = $3 where workspace_id = $1 and post_id = $2",
        workspace.uuid(),
        id.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How many posts there are of each status.
pub async fn count_by_status(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    only: Option<MemberId>,
) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select status, count(*) as "count!" from posts
           where workspace_id = $1 and deleted_at is null
             and ($2::uuid is null or author_id = $2 or status in ('published', 'partly_published'))
           group by status order by status"#,
        workspace.uuid(),
        only.map(MemberId::uuid)
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.status, row.count)).collect())
}
