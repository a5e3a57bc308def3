//! Why a target that is due must not go out now but wait for a person. Pure; the database has a say of its own when an
//! attempt is armed (`attempt_may_arm`).

use crate::{
    app::{
        pauses,
        publishing::{
            settle::Reason,
            world::{Place, World},
        },
    },
    clock::Timestamp,
    model::{accounts::AccountStatus, states::TargetState},
    store::{dispatch::Claimed, pauses::Pause},
};

pub fn paused(pause: &Pause) -> Reason {
    Reason::new(
        "paused",
        format!("It came due while publishing of {} was paused ({}).", pauses::what(pause), pause.reason),
        "Once publishing is resumed: give it a new time, publish it now, or drop it (held_release).",
    )
}

pub fn reason_to_hold(world: &World, place: &Place<'_>, claim: &Claimed, now: Timestamp) -> Option<Reason> {
    let account = &place.sender.account;
    if let Some(reason) = world.paused(place) {
        return Some(reason);
    }
    if !place.post.review.allows_sending() {
        return Some(Reason::new(
            "not_approved",
            "It came due without the approval that it needs.",
            "Have it approved, then schedule it again.",
        ));
    }
    if !world.is_genuine(place) {
        return Some(Reason::new(
            "approval_forged",
            "An approval that it stands on was not signed by the person it names.",
            "Have an Admin run `allin audit verify` and find out who wrote to the database; then have it approved again.",
        ));
    }
    if place.post.author_removed {
        return Some(Reason::new(
            "author_removed",
            format!("{} is no longer in the workspace.", place.post.author_name),
            "Whoever stands for it now schedules it again or deletes it.",
        ));
    }
    if account.status == AccountStatus::Disconnected {
        return Some(Reason::new(
            "account_disconnected",
            format!("@{} is disconnected.", account.handle),
            "Connect the account again with account_connect, then schedule the post again.",
        ));
    }
    missed(place, claim, now)
}

/// Later than the account tolerates. Waiting as the network asked does not make a post late.
fn missed(place: &Place<'_>, claim: &Claimed, now: Timestamp) -> Option<Reason> {
    let account = &place.sender.account;
    let due = place.target.next_step_at.or(place.target.due_at)?.max(account.not_before.unwrap_or(claim.due_at));
    let late = |at: Timestamp| at.millis_since(due) / 1000 > i64::from(account.tolerance_secs);
    if place.target.state != TargetState::Scheduled || !late(now) {
        return None;
    }
    let minutes = now.millis_since(due) / 60_000;
    let message = if late(claim.noticed_at) {
        format!("Nothing was running at its time; {minutes} minutes later is more than the account's tolerance.")
    } else {
        format!(
            "It could not go out at its time, because the network or the posts before it took too long; {minutes} \
             minutes later is more than the account's tolerance."
        )
    };
    let step = "Give it a new time, publish it now or drop it (held_release). Its account's tolerance can be changed.";
    Some(Reason::new("missed", message, step))
}
