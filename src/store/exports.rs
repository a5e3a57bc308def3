//! Posts as they were written, many at once.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, PostId, WorkspaceId},
};

/// What a post says, and what it is sorted by.
#[derive(Debug, Clone)]
pub struct Written {
    pub post_id: PostId,
    pub status: String,
    pub tags: Vec<String>,
    pub campaign: Option<String>,
    /// As the present version keeps it.
    pub content: Value,
}

pub async fn written(db: &mut PgConnection, workspace: WorkspaceId, ids: &[PostId]) -> Result<Vec<Written>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    Ok(sqlx::query_as!(
        Written,
        r#"select p.post_id as "post_id: PostId", p.status, p.tags, c.name as "campaign?", v.content
           from posts p join post_versions v using (workspace_id, post_id, version)
           left join campaigns c on c.workspace_id = p.workspace_id and c.campaign_id = p.campaign_id
           where p.workspace_id = $1 and p.post_id = any ($2)"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?)
}

/// Where a post goes, and when.
#[derive(Debug, Clone)]
pub struct Going {
    pub post_id: PostId,
    pub account_id: AccountId,
    pub network: String,
    pub handle: String,
    pub state: String,
    pub due_at: Option<Timestamp>,
    pub due_zone: Option<String>,
    pub published_at: Option<Timestamp>,
}

/// By handle.
pub async fn going(db: &mut PgConnection, workspace: WorkspaceId, ids: &[PostId]) -> Result<Vec<Going>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    Ok(sqlx::query_as!(
        Going,
        r#"select t.post_id as "post_id: PostId", t.account_id as "account_id: AccountId", a.network, a.handle, t.state,
                  t.due_at, t.due_zone, t.published_at
           from targets t join accounts a using (workspace_id, account_id)
           where t.workspace_id = $1 and t.post_id = any ($2) order by t.post_id, a.network, a.handle, t.target_id"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?)
}
