//! Writes down what became of a call whose outcome nobody knew. Nothing is sent by this: what is not there stays held
//! until somebody gives it a time.

use serde_json::{Value, json};

use crate::{
    app::use_case::Scope,
    clients::networks::Remote as Public,
    clock::Timestamp,
    error::{Error, Result},
    model::states::TargetEvent,
    store::{
        attempts::{self, Attempt},
        targets::{self, Target, TargetError},
    },
};

/// What became of it, and on whose word.
pub enum Found {
    There { remote: Public, checked: bool },
    NotThere { proved: bool },
    Nobody { evidence: String },
}

/// What is said to the person, and what the audit log notes.
pub async fn settle(
    scope: &mut Scope<'_>,
    target: &mut Target,
    attempt: &Attempt,
    found: Found,
) -> Result<(String, Value)> {
    let (workspace, now) = (scope.ctx.workspace, scope.now);
    let whose = scope.ctx.actor.key();
    let name = format!("@{}", target.handle);
    let (state, evidence) = match &found {
        Found::There { checked: true, .. } => ("published", "found on the network".to_owned()),
        Found::There { checked: false, .. } => ("published", format!("{whose} says that it is there")),
        Found::NotThere { proved: true } => ("absent", "looked up and not there".to_owned()),
        Found::NotThere { proved: false } => ("absent", format!("{whose} says that it is not there")),
        Found::Nobody { evidence } => ("unknown", evidence.clone()),
    };
    if !attempts::finish(scope.tx, workspace, attempt.attempt_id, state, Some(&evidence), now).await? {
        return Err(Error::internal("the attempt was settled under its lock"));
    }
    // What a network said may name people.
    let why = match &found {
        Found::Nobody { evidence } => scope.committed(evidence.as_str()).await?,
        Found::There { .. } | Found::NotThere { .. } => json!(evidence),
    };
    let how = json!({ "attempt": attempt.attempt_id, "settled": state, "evidence": why });
    let message = match found {
        Found::There { remote, .. } => there(scope, target, attempt.ordinal, &remote, now).await?,
        Found::NotThere { .. } => {
            targets::forget_prepared(scope.tx, workspace, target.target_id).await?;
            target.error = Some(TargetError {
                code: "not_published".into(),
                message: "The call did not make it public.".into(),
                next_step: "Give it a new time or publish it now (held_release), change it, or drop it.".into(),
            });
            format!("It is not on {name}. It stays held; held_release gives it a new time or publishes it.")
        }
        Found::Nobody { evidence } => {
            if let Some(error) = &mut target.error {
                error.message.clone_from(&evidence);
            }
            format!("Still not known for {name}: {evidence}. Look there yourself, then say published or not_published.")
        }
    };
    Ok((message, how))
}

async fn there(
    scope: &mut Scope<'_>,
    target: &mut Target,
    ordinal: i32,
    remote: &Public,
    now: Timestamp,
) -> Result<String> {
    let workspace = scope.ctx.workspace;
    let kept = serde_json::to_value(remote).map_err(Error::internal)?;
    targets::set_remote(scope.tx, workspace, target.target_id, ordinal, &kept, now).await?;
    let segments = targets::segments(scope.tx, workspace, &[target.target_id]).await?;
    let left = segments.iter().filter(|segment| segment.remote.is_none()).count();
    let open = attempts::any_open(scope.tx, workspace, target.target_id).await?;
    if left > 0 {
        target.error = Some(TargetError {
            code: if open { "outcome_unknown" } else { "thread_incomplete" }.into(),
            message: format!("{left} of {} messages are not known to be public.", segments.len()),
            next_step: if open {
                "held_list shows the next attempt to settle (held_resolve)."
            } else {
                "Give it a new time or publish it now (held_release) to send the rest."
            }
            .into(),
        });
        return Ok(format!("That message is on @{}; {left} more of the thread are not.", target.handle));
    }
    target.state = target.state.apply(TargetEvent::Confirm, &format!("@{}", target.handle))?;
    target.published_at = Some(now);
    target.error = None;
    target.next_step_at = None;
    Ok(format!("It is published on @{}; it is not sent again.", target.handle))
}
