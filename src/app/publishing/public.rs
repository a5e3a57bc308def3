//! Messages that are public: where they are is kept, targets are completed or go on, and the audit log is told.

use serde_json::{Value, json};

use crate::{
    app::{
        App,
        audit::write,
        publishing::{settle, world::World},
        receipts::issue,
    },
    clients::networks::Remote,
    clock::Timestamp,
    error::{Error, Result},
    ids::{PostId, TargetId, WorkspaceId},
    model::states::TargetState,
    store::{
        audit::NewEntry,
        db::Tx,
        dispatch::{self, Claimed},
        ledger,
        targets::{Target, TargetError},
    },
};

/// A message that became public.
pub struct Public<'a> {
    pub claim: &'a Claimed,
    pub post: PostId,
    pub ordinal: i32,
    pub remote: &'a Remote,
}

/// Messages of one workspace are public: keeps where, and completes the targets of which it was the last one.
pub async fn publish(app: &App, tx: &mut Tx, public: &[Public<'_>], now: Timestamp) -> Result<()> {
    let Some(first) = public.first() else { return Ok(()) };
    let workspace = first.claim.workspace;
    let mut remotes = Vec::with_capacity(public.len());
    for one in public {
        let remote = serde_json::to_value(one.remote).map_err(Error::internal)?;
        remotes.push((one.claim.target, one.ordinal, remote));
    }
    ledger::set_remotes(tx, workspace, &remotes, now).await?;
    let targets: Vec<TargetId> = public.iter().map(|one| one.claim.target).collect();
    let mut world = World::load(app, tx, workspace, public.iter().map(|one| one.post), &targets).await?;
    let mut complete = Vec::new();
    for target in &targets {
        let done = world.place(*target).is_some_and(|place| place.next().is_none());
        world.change(*target, |target| {
            target.tries = 0;
            if done {
                target.error = None;
                target.state = TargetState::Published;
                target.published_at = Some(now);
                target.next_step_at = None;
                complete.push(target.target_id);
            } else {
                go_on(target);
            }
        });
    }
    world.save(tx, &targets, now).await?;
    let public_now: Vec<_> = complete.iter().map(|target: &TargetId| target.uuid()).collect();
    dispatch::remove_all(tx, workspace, &public_now).await?;
    issue(app, tx, workspace, &complete, now).await?;
    note(app, tx, workspace, public, now).await
}

/// The rest of the thread follows, unless somebody has decided otherwise since the call: then the news comes late, and the
/// target stays where it is, in no queue.
fn go_on(target: &mut Target) {
    match target.state {
        TargetState::Publishing | TargetState::Unknown => {
            target.error = None;
            target.state = TargetState::Publishing;
        }
        TargetState::Held => {
            target.error = Some(TargetError {
                code: "thread_incomplete".into(),
                message: "A message of the thread became public after it was held; others are not.".into(),
                next_step: "Give it a new time or publish it now (held_release) to send the rest.".into(),
            });
        }
        _ => {}
    }
}

/// For the audit log, one entry a message.
async fn note(app: &App, tx: &mut Tx, workspace: WorkspaceId, public: &[Public<'_>], now: Timestamp) -> Result<()> {
    let changes: Vec<Value> = public
        .iter()
        .map(|one| {
            json!([{ "what": "segment", "id": one.claim.target,
                     "how": { "ordinal": one.ordinal, "published": one.remote.id } }])
        })
        .collect();
    let ctx = settle::system(app, workspace);
    let actor = ctx.actor.key();
    let entries: Vec<NewEntry<'_>> = changes
        .iter()
        .map(|changes| NewEntry {
            id: app.ids.next(now),
            workspace,
            at: now,
            actor: &actor,
            origin: ctx.origin.as_str(),
            request: app.new_request(),
            use_case: "segment_publish",
            outcome: "done",
            changes,
        })
        .collect();
    write(app, tx, &entries).await
}
