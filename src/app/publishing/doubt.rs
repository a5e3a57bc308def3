//! After a restore nobody knows what was sent since the backup. A target in doubt is looked up, message by message, before
//! anything of it is sent: an attempt of somebody unknown is written down, and its outcome is open like that of any other.

use crate::{
    app::{App, publishing::settle::shown_time},
    clock::Timestamp,
    error::Result,
    ids::{AttemptId, WorkspaceId},
    model::posts::fingerprint,
    store::{
        attempts::{self, Attempt, NewAttempt},
        db::Tx,
        targets::{self, Segment, Target},
    },
};

/// Notes that the first message that is not known to be public may have been sent. The messages after it reply to it: if it
/// is not there, they cannot be. `None` when some attempt is open already, or nothing is left to send.
pub async fn write_down(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    target: &Target,
    segments: &[Segment],
    now: Timestamp,
) -> Result<Option<Attempt>> {
    let Some(segment) = segments.iter().find(|segment| segment.remote.is_none()) else { return Ok(None) };
    if attempts::any_open(tx, workspace, target.target_id).await? {
        return Ok(None);
    }
    targets::stamp(tx, workspace, target.target_id, segment.ordinal, shown_time(target, segment.ordinal, now)).await?;
    // No call of this installation is under way: it can be looked up at once.
    let long_ago = now.plus_millis(-(app.settings.send.answer_within + app.settings.send.margin));
    let attempt = NewAttempt {
        attempt_id: AttemptId(app.ids.next(now)),
        target_id: target.target_id,
        ordinal: segment.ordinal,
        fingerprint: fingerprint(&segment.message),
        fence: 0,
        armed_at: long_ago,
        send_deadline: long_ago,
    };
    let evidence = "restored from a backup; it may have been sent since";
    attempts::insert_unknown(tx, workspace, &attempt, evidence).await?;
    let written = attempts::open_of(tx, workspace, &[target.target_id.uuid()]).await?;
    Ok(written.into_iter().next().map(|(_, attempt)| attempt))
}
