//! Credits of work that costs some: set aside before it begins, then spent or given back. What nobody comes back for is
//! given back when its time is over, so that a crash costs nothing.

use crate::{
    app::{App, plans::refusal},
    clock::Timestamp,
    error::{Error, Result},
    ids::{ReservationId, WorkspaceId},
    model::plans::{Limit, month},
    store::{
        db::{Entrance, Tx},
        plans,
    },
};

/// Longer than the work may take, in seconds.
const VALID_SECS: i64 = 900;

/// How long reservations that ended are kept, in days.
const KEPT_DAYS: i64 = 40;

/// Sets credits of the present month aside, or refuses. Commit the transaction before the work begins. `purpose` names
/// the use case.
pub async fn reserve(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    credits: u32,
    purpose: &str,
    now: Timestamp,
) -> Result<ReservationId> {
    let wanted = i32::try_from(credits).ok().filter(|credits| *credits > 0);
    let wanted = wanted.ok_or_else(|| Error::internal("a reservation of no credits"))?;
    let month = month(now);
    let mut held = plans::hold(tx, workspace, &month, wanted).await?;
    // Reservations whose time is over may be what is in the way.
    if !held && plans::expire(tx, workspace, now).await? > 0 {
        held = plans::hold(tx, workspace, &month, wanted).await?;
    }
    if !held {
        return Err(refused(tx, workspace, &month, wanted).await?);
    }
    let id = ReservationId(app.ids.next(now));
    plans::insert_reservation(tx, workspace, id, &month, wanted, purpose, now, now.plus_secs(VALID_SECS)).await?;
    Ok(id)
}

/// The work is done and cost `spent`, at most what was set aside; the rest is given back. A second time changes nothing.
/// When the time is over and the credits are not there any more, it is refused: then the result of the work must not be
/// handed out.
pub async fn commit(
    tx: &mut Tx,
    workspace: WorkspaceId,
    reservation: ReservationId,
    spent: u32,
    now: Timestamp,
) -> Result<()> {
    let found = known(tx, workspace, reservation).await?;
    let spent = i32::try_from(spent).ok().filter(|spent| *spent <= found.credits);
    let spent = spent.ok_or_else(|| Error::internal("more is spent than was set aside"))?;
    match found.state.as_str() {
        "held" => {}
        // As if it were set aside now, in its month.
        "expired" if plans::hold(tx, workspace, &found.month, found.credits).await? => {}
        "expired" => return Err(refused(tx, workspace, &found.month, found.credits).await?),
        "spent" => return Ok(()),
        _ => return Err(Error::internal("the reservation was given back")),
    }
    plans::settle(tx, workspace, &found.month, found.credits, spent).await?;
    plans::end_reservation(tx, workspace, reservation, "spent", spent, now).await
}

/// The work failed or was given up; it costs nothing. A second time changes nothing, and neither does it after `commit`.
pub async fn release(tx: &mut Tx, workspace: WorkspaceId, reservation: ReservationId, now: Timestamp) -> Result<()> {
    let found = known(tx, workspace, reservation).await?;
    if found.state != "held" {
        return Ok(());
    }
    plans::settle(tx, workspace, &found.month, found.credits, 0).await?;
    plans::end_reservation(tx, workspace, reservation, "released", 0, now).await
}

/// [`release`] where no transaction is open, as in the middle of a remote use case.
pub async fn give_back(app: &App, workspace: WorkspaceId, reservation: ReservationId) -> Result<()> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    release(&mut tx, workspace, reservation, now).await?;
    tx.commit().await
}

/// The house's part, for one workspace.
pub(crate) async fn tidy(tx: &mut Tx, workspace: WorkspaceId, now: Timestamp) -> Result<()> {
    plans::expire(tx, workspace, now).await?;
    plans::forget_before(tx, workspace, now.plus_secs(-KEPT_DAYS * 24 * 3600)).await
}

async fn known(tx: &mut Tx, workspace: WorkspaceId, id: ReservationId) -> Result<plans::Reservation> {
    plans::reservation(tx, workspace, id).await?.ok_or_else(|| Error::internal("no such reservation"))
}

async fn refused(tx: &mut Tx, workspace: WorkspaceId, month: &str, wanted: i32) -> Result<Error> {
    let standing = plans::standing(tx, workspace, month).await?;
    Ok(refusal(&standing, Limit::Credits, i64::from(wanted), month))
}
