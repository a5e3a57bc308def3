//! Who may use which account.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, WorkspaceId},
};

pub async fn grant(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    member: MemberId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into account_grants (workspace_id, account_id, member_id, created_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        workspace.uuid(),
        account.uuid(),
        member.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn revoke(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    member: MemberId,
) -> Result<bool> {
    let done = sqlx::query!(
        "delete from account_grants where workspace_id = $1 and account_id = $2 and member_id = $3",
        workspace.uuid(),
        account.uuid(),
        member.uuid()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Which of these accounts a member was granted. A grant that is found stays until the transaction ends, so that whoever
/// takes it back finds what was scheduled by it.
pub async fn granted(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>> {
    let ids: Vec<_> = accounts.iter().map(|id| id.uuid()).collect();
    Ok(sqlx::query_scalar!(
        r#"select account_id as "id: AccountId" from account_grants
           where workspace_id = $1 and member_id = $2 and account_id = any ($3) for key share"#,
        workspace.uuid(),
        member.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?)
}
