//! Whom a notification may concern, and what it is about in words.

use std::str::FromStr;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    ids::{AccountId, MemberId, PostId, WorkspaceId},
    model::{notifications::Choice, roles::Role},
};

/// A member, as far as notifications go.
pub struct Recipient {
    pub member_id: MemberId,
    pub role: Role,
    /// Those of the accounts asked about that were granted.
    pub granted: Vec<Uuid>,
    pub chosen: Vec<Choice>,
}

/// Everybody who is in the workspace now, in the order of their ids.
pub async fn recipients(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    accounts: &[AccountId],
) -> Result<Vec<Recipient>> {
    let accounts: Vec<_> = accounts.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select m.member_id as "member_id: MemberId", m.role,
                  array(select g.account_id from account_grants g where g.workspace_id = m.workspace_id
                        and g.member_id = m.member_id and g.account_id = any ($2)) as "granted!",
                  (select jsonb_agg(jsonb_build_array(c.kind, c.app, c.mail)) from notification_choices c
                   where c.workspace_id = m.workspace_id and c.member_id = m.member_id) as chosen
           from members m where m.workspace_id = $1 and m.removed_at is null order by m.member_id"#,
        workspace.uuid(),
        &accounts
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let chosen: Vec<(String, Option<bool>, Option<bool>)> =
                row.chosen.map(serde_json::from_value).transpose().map_err(Error::internal)?.unwrap_or_default();
            let chosen = chosen
                .into_iter()
                .map(|(kind, app, mail)| Ok(Choice { kind: kind.parse()?, app, mail }))
                .collect::<Result<_>>()?;
            Ok(Recipient { member_id: row.member_id, role: Role::from_str(&row.role)?, granted: row.granted, chosen })
        })
        .collect()
}

/// What a notification is about, in words.
pub struct Subjects {
    /// Author and beginning of the text.
    pub posts: Vec<(PostId, MemberId, String)>,
    /// Network and handle.
    pub accounts: Vec<(AccountId, String, String)>,
}

pub async fn subjects(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    posts: &[PostId],
    accounts: &[AccountId],
) -> Result<Subjects> {
    let posts: Vec<_> = posts.iter().map(|id| id.uuid()).collect();
    let accounts: Vec<_> = accounts.iter().map(|id| id.uuid()).collect();
    let posts = sqlx::query!(
        r#"select post_id as "post_id: PostId", author_id as "author_id: MemberId", excerpt
           from posts where workspace_id = $1 and post_id = any ($2)"#,
        workspace.uuid(),
        &posts
    )
    .fetch_all(&mut *db)
    .await?;
    let accounts = sqlx::query!(
        r#"select account_id as "account_id: AccountId", network, handle
           from accounts where workspace_id = $1 and account_id = any ($2)"#,
        workspace.uuid(),
        &accounts
    )
    .fetch_all(db)
    .await?;
    Ok(Subjects {
        posts: posts.into_iter().map(|row| (row.post_id, row.author_id, row.excerpt)).collect(),
        accounts: accounts.into_iter().map(|row| (row.account_id, row.network, row.handle)).collect(),
    })
}
