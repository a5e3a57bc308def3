//! Erasing a workspace: what is public of it, and everything that goes.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    ids::WorkspaceId,
};

/// A message that is public: where, and its address if the network gives one.
#[derive(Debug, Clone)]
pub struct Public {
    pub account: String,
    pub excerpt: String,
    pub url: Option<String>,
}

/// What there is of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    pub posts: i64,
    /// Targets that are public.
    pub public: i64,
    pub accounts: i64,
    pub members: i64,
    pub assets: i64,
    /// Messages whose call is under way.
    pub under_way: i64,
}

pub async fn extent(db: &mut PgConnection, workspace: WorkspaceId) -> Result<Extent> {
    Ok(sqlx::query_as!(
        Extent,
        r#"select (select count(*) from posts where workspace_id = $1 and deleted_at is null) as "posts!",
                  (select count(*) from targets where workspace_id = $1 and published_at is not null and removed_at is null) as "public!",
                  (select count(*) from accounts where workspace_id = $1) as "accounts!",
                  (select count(*) from members where workspace_id = $1 and removed_at is null) as "members!",
                  (select count(*) from assets where workspace_id = $1) as "assets!",
                  (select count(*) from attempts where workspace_id = $1 and state = 'armed') as "under_way!""#,
        workspace.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// What is public on networks, newest first.
pub async fn public(db: &mut PgConnection, workspace: WorkspaceId, limit: i64) -> Result<Vec<Public>> {
    Ok(sqlx::query_as!(
        Public,
        r#"select a.network || '/' || a.handle as "account!", p.excerpt,
                  (select s.remote ->> 'url' from segments s where s.workspace_id = t.workspace_id and s.target_id = t.target_id
                   and s.ordinal = 0) as url
           from targets t join posts p using (workspace_id, post_id) join accounts a using (workspace_id, account_id)
           where t.workspace_id = $1 and t.published_at is not null and t.removed_at is null
           order by t.published_at desc, t.target_id limit $2"#,
        workspace.uuid(),
        limit
    )
    .fetch_all(db)
    .await?)
}

/// Everything but the audit log. Takes the decider's connection.
pub async fn erase(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<()> {
    sqlx::query!("select workspace_erase($1, $2, $3)", workspace.uuid(), workspace.to_string(), now)
        .execute(db)
        .await
        .map_err(|error| {
            let under_way = error.as_database_error().and_then(|error| error.constraint()) == Some("workspace_erase");
            if under_way { under_way_error() } else { Error::from(error) }
        })?;
    Ok(())
}

/// A message that is being sent would become public with nobody knowing.
pub fn under_way_error() -> Error {
    Error::conflict("under_way", "A message is being sent at this moment.")
        .next("Pause publishing (`allin pause REASON`), wait a minute, and try again.")
}
