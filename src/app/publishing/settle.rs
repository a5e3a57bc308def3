//! What an outcome means for one target: published, tried again later, held, failed, or not known. Callers hold the post's
//! lock.

use serde_json::{Value, json};

use crate::{
    app::{
        App,
        ctx::{Actor, Ctx, Origin},
        gate::record as audit_record,
        notifications::note::{Notice, note},
        posts::derive,
        publishing::tokens,
        receipts::issue,
    },
    clients::networks::{Failure, FailureKind},
    clock::Timestamp,
    error::Result,
    ids::WorkspaceId,
    model::{
        notifications::NotificationKind::{OutcomeUnknown, PostFailed, PostHeld},
        states::{TargetEvent, TargetState},
    },
    store::{
        accounts,
        db::Tx,
        dispatch::{self, Claimed},
        targets::{self, Target, TargetError},
    },
};

/// Tries of a passing fault before a person has to look.
pub const TRIES_MAX: i32 = 8;

/// Why a target waits or failed, for a person.
#[derive(Debug, Clone)]
pub struct Reason(TargetError);

impl Reason {
    pub fn new(code: &str, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self(TargetError { code: code.to_owned(), message: message.into(), next_step: next_step.into() })
    }
}

/// The creation time that the network shows: the time that was asked for, a millisecond later for each further message
/// of a thread, so that a thread keeps its order.
pub fn shown_time(target: &Target, ordinal: i32, now: Timestamp) -> Timestamp {
    target.due_at.unwrap_or(now).plus_millis(i64::from(ordinal))
}

pub fn system(app: &App, workspace: WorkspaceId) -> Ctx {
    Ctx { workspace, actor: Actor::System { job: "PublishPosts" }, origin: Origin::Job, request: app.new_request() }
}

/// Saves a target and what follows for its post.
pub async fn write(tx: &mut Tx, workspace: WorkspaceId, target: &Target, now: Timestamp) -> Result<()> {
    targets::save(tx, workspace, target, now).await?;
    let all = targets::of_post(tx, workspace, target.post_id).await?;
    derive(tx, workspace, target.post_id, &all, now).await
}

/// Everything of the target is public.
pub async fn complete(app: &App, tx: &mut Tx, claim: &Claimed, target: &mut Target, now: Timestamp) -> Result<()> {
    target.state = TargetState::Published;
    target.published_at = Some(now);
    target.error = None;
    target.next_step_at = None;
    dispatch::remove(tx, claim.workspace, claim.target).await?;
    write(tx, claim.workspace, target, now).await?;
    issue(app, tx, claim.workspace, &[claim.target], now).await
}

/// Waits for a person from now on.
pub async fn hold(
    app: &App,
    tx: &mut Tx,
    claim: &Claimed,
    target: &mut Target,
    reason: &Reason,
    now: Timestamp,
) -> Result<()> {
    if let Some(state) = target.state.after(TargetEvent::Hold) {
        target.state = state;
    }
    target.error = Some(reason.0.clone());
    target.next_step_at = None;
    tracing::warn!(target = %claim.target, code = reason.0.code, "held for review");
    dispatch::remove(tx, claim.workspace, claim.target).await?;
    write(tx, claim.workspace, target, now).await?;
    let kind = if reason.0.code == "outcome_unknown" { OutcomeUnknown } else { PostHeld };
    note(app, tx, claim.workspace, &[Notice::of_target(kind, target, &reason.0)], now).await
}

async fn audit(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    what: &str,
    change: &Value,
    now: Timestamp,
) -> Result<()> {
    audit_record(app, &system(app, workspace), tx, now, what, "done", change).await
}

/// The network proved that nothing became public; decides what that means. `used` are the sealed tokens of the call.
pub async fn refuse(
    app: &App,
    tx: &mut Tx,
    claim: &Claimed,
    target: &mut Target,
    failure: &Failure,
    used: Option<&[u8]>,
    now: Timestamp,
) -> Result<()> {
    let said = format!("{} said: {}", target.network, failure.message);
    // Networks throw away what was uploaded and not used.
    targets::forget_prepared(tx, claim.workspace, target.target_id).await?;
    match failure.kind {
        // Renewed just before and still refused: then it is no matter of renewing.
        FailureKind::TokenExpired if target.error.as_ref().is_none_or(|last| last.code != "token_expired") => {
            tokens::expire(tx, claim.workspace, target.account_id, used, now).await?;
            try_later(
                tx,
                claim,
                target,
                Reason::new("token_expired", said, "The token is renewed by itself."),
                now,
                now,
            )
            .await
        }
        FailureKind::TokenExpired | FailureKind::NeedsReconnect => {
            if tokens::lose(app, tx, claim.workspace, target.account_id, used, &failure.message, now).await? {
                let step = "Connect the account again with account_connect, then schedule the post again.";
                return hold(app, tx, claim, target, &Reason::new("account_disconnected", said, step), now).await;
            }
            let step = "Nothing to do: the account was connected anew meanwhile, and it is tried again by itself.";
            try_later(tx, claim, target, Reason::new("account_renewed", said, step), now, now).await
        }
        FailureKind::RateLimited { until } => {
            let until = self::until(until, now);
            accounts::set_not_before(tx, claim.workspace, target.account_id, until, now).await?;
            // Waiting as asked is no failed try.
            target.tries -= 1;
            let step = "Nothing to do: it is sent when the network allows it.";
            try_later(tx, claim, target, Reason::new("rate_limited", said, step), until, now).await
        }
        FailureKind::Transient | FailureKind::Delayed if target.tries < TRIES_MAX => {
            let at = now.plus_millis(backoff_millis(target.tries, claim.fence));
            try_later(
                tx,
                claim,
                target,
                Reason::new("network_trouble", said, "Nothing to do: it is tried again by itself."),
                at,
                now,
            )
            .await
        }
        FailureKind::Transient | FailureKind::Delayed => {
            fail(
                app,
                tx,
                claim,
                target,
                Reason::new(
                    "network_trouble",
                    said,
                    "Test the account with account_test, then schedule the post again.",
                ),
                now,
            )
            .await
        }
        FailureKind::Duplicate => {
            let step =
                "Look on the network whether it is there already. If not, change the text and schedule it again.";
            hold(app, tx, claim, target, &Reason::new("duplicate", said, step), now).await
        }
        FailureKind::Content => {
            fail(
                app,
                tx,
                claim,
                target,
                Reason::new("refused_by_network", said, "Change the post with post_update, then schedule it again."),
                now,
            )
            .await
        }
        FailureKind::Bug => {
            fail(
                app,
                tx,
                claim,
                target,
                Reason::new(
                    "refused_by_network",
                    said,
                    "This looks like a defect of AllIN; the log has the details. Changing the post may help.",
                ),
                now,
            )
            .await
        }
    }
}

/// When a network that asked us to wait is called again.
pub fn until(said: Option<Timestamp>, now: Timestamp) -> Timestamp {
    said.unwrap_or_else(|| now.plus_secs(60)).max(now.plus_secs(1))
}

/// 2 s, 4 s, 8 s … up to 10 minutes, and up to half as much again, so that many posts do not come back at once.
fn backoff_millis(tries: i32, salt: i64) -> i64 {
    let base = 2_000_i64.saturating_mul(1 << tries.clamp(0, 12)).min(600_000);
    base + (salt.unsigned_abs().wrapping_mul(2_654_435_761) % (base.unsigned_abs() / 2)).cast_signed()
}

async fn try_later(
    tx: &mut Tx,
    claim: &Claimed,
    target: &mut Target,
    reason: Reason,
    at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    if let Some(state) = target.state.after(TargetEvent::TryLater) {
        target.state = state;
    }
    target.tries += 1;
    target.next_step_at = Some(at);
    target.error = Some(reason.0);
    write(tx, claim.workspace, target, now).await?;
    dispatch::release(tx, claim, at).await?;
    Ok(())
}

async fn fail(
    app: &App,
    tx: &mut Tx,
    claim: &Claimed,
    target: &mut Target,
    reason: Reason,
    now: Timestamp,
) -> Result<()> {
    if let Some(state) = target.state.after(TargetEvent::Fail) {
        target.state = state;
    }
    target.next_step_at = None;
    tracing::warn!(target = %claim.target, code = reason.0.code, message = reason.0.message, "publishing failed");
    let change = json!([{ "what": "target", "id": target.target_id, "how": { "failed": reason.0.code } }]);
    target.error = Some(reason.0.clone());
    dispatch::remove(tx, claim.workspace, claim.target).await?;
    write(tx, claim.workspace, target, now).await?;
    audit(app, tx, claim.workspace, "target_fail", &change, now).await?;
    note(app, tx, claim.workspace, &[Notice::of_target(PostFailed, target, &reason.0)], now).await
}

/// An attempt was looked up and is proved not to be public: it may be sent again, at once after the first time. A network
/// that loses it every time is left alone with it.
pub async fn absent(app: &App, tx: &mut Tx, claim: &Claimed, target: &mut Target, now: Timestamp) -> Result<()> {
    targets::forget_prepared(tx, claim.workspace, target.target_id).await?;
    if target.tries >= TRIES_MAX {
        let said =
            format!("{} was called {TRIES_MAX} times, and each time it was not there afterwards", target.network);
        let step = "Look at the account with account_test, then schedule the post again.";
        return fail(app, tx, claim, target, Reason::new("network_trouble", said, step), now).await;
    }
    let reason = Reason::new("sent_again", "The call did not arrive; it is sent again.", "Nothing to do.");
    let at = if target.tries == 0 { now } else { now.plus_millis(backoff_millis(target.tries, claim.fence)) };
    try_later(tx, claim, target, reason, at, now).await
}

/// Still not known: look again later, or let a person look.
pub async fn still_unknown(
    app: &App,
    tx: &mut Tx,
    claim: &Claimed,
    target: &mut Target,
    evidence: &str,
    now: Timestamp,
) -> Result<()> {
    if target.tries >= TRIES_MAX {
        let step = "Look on the network whether it is there, then say so with held_resolve. Scheduling it again looks it up first and sends it only if it is not there.";
        return hold(app, tx, claim, target, &Reason::new("outcome_unknown", evidence, step), now).await;
    }
    let at = now.plus_millis(backoff_millis(target.tries, claim.fence));
    target.tries += 1;
    target.next_step_at = Some(at);
    target.error = Some(Reason::new("outcome_unknown", evidence, "Nothing to do: it is looked up again by itself.").0);
    write(tx, claim.workspace, target, now).await?;
    dispatch::release(tx, claim, at).await?;
    Ok(())
}
