//! The accounts' queues, and which times on an account are taken.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, TargetId, WorkspaceId},
    model::queue::Rules,
};

struct RulesRow {
    account_id: AccountId,
    slots: Value,
    quiet_hours: Option<String>,
    daily_cap: Option<i32>,
    distance_minutes: i32,
    strict: bool,
}

impl RulesRow {
    fn read(self) -> Result<(AccountId, Rules)> {
        let rules = Rules {
            slots: serde_json::from_value(self.slots).map_err(Error::internal)?,
            quiet_hours: self.quiet_hours.as_deref().map(str::parse).transpose()?,
            daily_cap: self.daily_cap.and_then(|cap| u32::try_from(cap).ok()),
            distance_minutes: u32::try_from(self.distance_minutes).unwrap_or(0),
            strict: self.strict,
        };
        Ok((self.account_id, rules))
    }
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, account: AccountId) -> Result<Option<Rules>> {
    let row = sqlx::query_as!(
        RulesRow,
        r#"select account_id as "account_id: AccountId", slots, quiet_hours, daily_cap, distance_minutes, strict
           from queues where workspace_id = $1 and account_id = $2"#,
        workspace.uuid(),
        account.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(RulesRow::read).transpose()?.map(|(_, rules)| rules))
}

/// Locks the queues of these accounts, in order of their ids, until the transaction ends. Accounts without one are
/// missing.
pub async fn lock(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    accounts: &[AccountId],
) -> Result<Vec<(AccountId, Rules)>> {
    let ids: Vec<_> = accounts.iter().map(|id| id.uuid()).collect();
    sqlx::query_as!(
        RulesRow,
        r#"select account_id as "account_id: AccountId", slots, quiet_hours, daily_cap, distance_minutes, strict
           from queues where workspace_id = $1 and account_id = any ($2) order by account_id for update"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(RulesRow::read)
    .collect()
}

/// Makes a queue without rules where there is none, so that it can be locked.
pub async fn make(db: &mut PgConnection, workspace: WorkspaceId, account: AccountId, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "insert into queues (workspace_id, account_id, slots, updated_at) values ($1, $2, '[]', $3) on conflict do nothing",
        workspace.uuid(),
        account.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn set(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    rules: &Rules,
    now: Timestamp,
) -> Result<()> {
    let slots = serde_json::to_value(&rules.slots).map_err(Error::internal)?;
    sqlx::query!(
        "update queues set slots = $3, quiet_hours = $4, daily_cap = $5, distance_minutes = $6, strict = $7, updated_at = $8
         where workspace_id = $1 and account_id = $2",
        workspace.uuid(),
        account.uuid(),
        slots,
        rules.quiet_hours.map(|hours| hours.to_string()),
        rules.daily_cap.and_then(|cap| i32::try_from(cap).ok()),
        i32::try_from(rules.distance_minutes).unwrap_or(i32::MAX),
        rules.strict,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// When posts go out or went out on the account, in `[from, to]`; without `except`.
pub async fn booked(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    (from, to): (Timestamp, Timestamp),
    except: Option<TargetId>,
) -> Result<Vec<Timestamp>> {
    Ok(sqlx::query_scalar!(
        r#"select due_at as "at!" from targets
           where workspace_id = $1 and account_id = $2 and due_at between $3 and $4
             and state in ('scheduled', 'publishing', 'unknown', 'published') and removal_requested_at is null
             and ($5::uuid is null or target_id <> $5)
           order by due_at"#,
        workspace.uuid(),
        account.uuid(),
        from,
        to,
        except.map(TargetId::uuid)
    )
    .fetch_all(db)
    .await?)
}
