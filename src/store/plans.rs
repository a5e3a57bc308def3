//! Plans, what is in use of them, and credits.

use std::str::FromStr;

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{PackId, ReservationId, WorkspaceId},
    model::plans::Plan,
};

/// What a workspace has and uses.
#[derive(Debug, Clone)]
pub struct Standing {
    /// `None`: nobody set one.
    pub plan: Option<Plan>,
    pub set_at: Option<Timestamp>,
    pub users: i64,
    pub accounts: i64,
    /// Credits of the month that are spent.
    pub used: i64,
    /// Credits of the month that are set aside.
    pub held: i64,
    /// Credits of the month beyond the plan's.
    pub packs: i64,
}

pub async fn standing(db: &mut PgConnection, workspace: WorkspaceId, month: &str) -> Result<Standing> {
    let row = sqlx::query!(
        r#"select p.plan as "plan?", p.set_at as "set_at?", plan_users($1) as "users!", plan_accounts($1) as "accounts!",
                  coalesce(m.used, 0) as "used!", coalesce(m.held, 0) as "held!", plan_packs($1, $2) as "packs!"
           from (values (1)) as one
           left join workspace_plans p on p.workspace_id = $1
           left join credit_months m on m.workspace_id = $1 and m.month = $2"#,
        workspace.uuid(),
        month
    )
    .fetch_one(db)
    .await?;
    Ok(Standing {
        plan: row.plan.as_deref().map(Plan::from_str).transpose()?,
        set_at: row.set_at,
        users: row.users,
        accounts: row.accounts,
        used: row.used,
        held: row.held,
        packs: row.packs,
    })
}

/// Whoever adds a user or an account holds the plan until the transaction ends, so that two do not take the last place.
pub async fn lock(db: &mut PgConnection, workspace: WorkspaceId) -> Result<()> {
    sqlx::query!("select 1 as one from workspace_plans where workspace_id = $1 for update", workspace.uuid())
        .fetch_optional(db)
        .await?;
    Ok(())
}

pub async fn set(db: &mut PgConnection, workspace: WorkspaceId, plan: Plan, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "insert into workspace_plans (workspace_id, plan, set_at) values ($1, $2, $3)
         on conflict (workspace_id) do update set plan = excluded.plan, set_at = excluded.set_at",
        workspace.uuid(),
        plan.as_str(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

#[derive(Debug, Clone)]
pub struct Pack {
    pub pack_id: PackId,
    pub credits: i32,
    pub first_month: String,
    pub last_month: Option<String>,
}

/// Those that count in the month or later, oldest first.
pub async fn packs(db: &mut PgConnection, workspace: WorkspaceId, month: &str) -> Result<Vec<Pack>> {
    Ok(sqlx::query_as!(
        Pack,
        r#"select pack_id as "pack_id: PackId", credits, first_month, last_month from credit_packs
           where workspace_id = $1 and (last_month is null or last_month >= $2) order by pack_id"#,
        workspace.uuid(),
        month
    )
    .fetch_all(db)
    .await?)
}

pub async fn insert_pack(db: &mut PgConnection, workspace: WorkspaceId, pack: &Pack, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "insert into credit_packs (workspace_id, pack_id, credits, first_month, last_month, created_at)
         values ($1, $2, $3, $4, $5, $6)",
        workspace.uuid(),
        pack.pack_id.uuid(),
        pack.credits,
        pack.first_month,
        pack.last_month,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// It counts in this month for the last time. `false` when there is no such pack, or it ends by then anyway.
pub async fn end_pack(db: &mut PgConnection, workspace: WorkspaceId, pack: PackId, month: &str) -> Result<bool> {
    let done = sqlx::query!(
        "update credit_packs set last_month = $3
         where workspace_id = $1 and pack_id = $2 and (last_month is null or last_month > $3)",
        workspace.uuid(),
        pack.uuid(),
        month
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a reservation is at the moment.
pub struct Reservation {
    pub month: String,
    pub credits: i32,
    pub state: String,
}

/// Sets credits of the month aside. `false` when they are not there.
pub async fn hold(db: &mut PgConnection, workspace: WorkspaceId, month: &str, credits: i32) -> Result<bool> {
    sqlx::query!(
        "insert into credit_months (workspace_id, month, used, held) values ($1, $2, 0, 0) on conflict do nothing",
        workspace.uuid(),
        month
    )
    .execute(&mut *db)
    .await?;
    let done = sqlx::query!(
        "update credit_months set held = held + $3::bigint
         where workspace_id = $1 and month = $2 and coalesce(used + held + $3::bigint <= plan_credits($1, $2), true)",
        workspace.uuid(),
        month,
        i64::from(credits)
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

#[expect(clippy::too_many_arguments, reason = "one row")]
pub async fn insert_reservation(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: ReservationId,
    month: &str,
    credits: i32,
    purpose: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into credit_reservations (workspace_id, reservation_id, month, credits, state, purpose, created_at, expires_at)
         values ($1, $2, $3, $4, 'held', $5, $6, $7)",
        workspace.uuid(),
        id.uuid(),
        month,
        credits,
        purpose,
        now,
        expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Locks it.
pub async fn reservation(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: ReservationId,
) -> Result<Option<Reservation>> {
    Ok(sqlx::query_as!(
        Reservation,
        "select month, credits, state from credit_reservations where workspace_id = $1 and reservation_id = $2 for update",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// Ends a reservation that is locked.
pub async fn end_reservation(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: ReservationId,
    state: &str,
    spent: i32,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update credit_reservations set state = $3, spent = $4, ended_at = $5
         where workspace_id = $1 and reservation_id = $2",
        workspace.uuid(),
        id.uuid(),
        state,
        spent,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What was set aside is no longer, and `spent` of it is used.
pub async fn settle(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    month: &str,
    credits: i32,
    spent: i32,
) -> Result<()> {
    sqlx::query!(
        "update credit_months set held = held - $3::integer, used = used + $4::integer
         where workspace_id = $1 and month = $2",
        workspace.uuid(),
        month,
        credits,
        spent
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives back what nobody came back for. Those that are being ended at this moment are left to whoever does.
pub async fn expire(db: &mut PgConnection, workspace: WorkspaceId, now: Timestamp) -> Result<u64> {
    let done = sqlx::query!(
        "with over as (
             select reservation_id from credit_reservations
             where workspace_id = $1 and state = 'held' and expires_at <= $2 for update skip locked
         ), ended as (
             update credit_reservations r set state = 'expired', ended_at = $2 from over
             where r.workspace_id = $1 and r.reservation_id = over.reservation_id returning r.month, r.credits
         )
         update credit_months m set held = m.held - back.credits
         from (select month, sum(credits) as credits from ended group by month) back
         where m.workspace_id = $1 and m.month = back.month",
        workspace.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets reservations that ended before.
pub async fn forget_before(db: &mut PgConnection, workspace: WorkspaceId, before: Timestamp) -> Result<()> {
    sqlx::query!("delete from credit_reservations where workspace_id = $1 and ended_at < $2", workspace.uuid(), before)
        .execute(db)
        .await?;
    Ok(())
}
