//! Held posts: what waits for a person and why, what becomes of it, and what is to be known of calls whose outcome
//! nobody can tell.

pub mod list;
mod planner;
pub mod release;
pub mod resolve;
mod settle;

use std::collections::{BTreeMap, BTreeSet};

use planner::Planner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        pauses,
        posts::{
            self, content,
            schedule::{sendable, set_time},
            stand_for,
        },
        queue,
        receipts::note_asked,
        use_case::Scope,
    },
    clock::Timestamp,
    error::{Error, Kind, Result},
    ids::{AccountId, PostId},
    model::{
        states::{TargetEvent, TargetState},
        times::{self, Moment},
    },
    store::{
        attempts, dispatch,
        held::Held,
        posts::Post,
        targets::{self, Target},
    },
};

/// Most targets that one call releases.
pub(crate) const AT_ONCE: i64 = 200;

/// What becomes of held posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Release {
    /// The next free times of each account, apart from each other.
    NewTimes,
    PublishNow,
    /// Cancelled; the posts are kept.
    Drop,
}

/// When released posts go out, as callers say it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    /// Not before this local time or instant.
    pub from: Option<String>,
    /// Minutes between two posts of an account.
    pub every_minutes: Option<i64>,
}

/// A post on an account, and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Moved {
    pub post_id: PostId,
    /// `network/handle`.
    pub account: String,
    pub excerpt: String,
    /// When it goes out now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The same, local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_local: Option<String>,
    /// Why it stays held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_held: Option<String>,
}

/// What became of all of them.
#[derive(Debug, Default)]
pub(crate) struct Released {
    pub posts: Vec<Moved>,
    /// What deserves a look at the new times, as scheduling tells it.
    pub warnings: Vec<String>,
}

/// How, checked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    NewTimes { from: Timestamp, distance: i64 },
    PublishNow,
    Drop,
}

impl How {
    pub fn of(scope: &Scope<'_>, choice: Release, times: &Times) -> Result<Self> {
        let every = times.every_minutes.unwrap_or(30);
        if !(1..=1440).contains(&every) {
            return Err(Error::invalid("distance_out_of_range", "The distance is 1 minute to a day.")
                .field("every_minutes", "between 1 and 1440"));
        }
        if choice != Release::NewTimes && (times.from.is_some() || times.every_minutes.is_some()) {
            return Err(Error::invalid("times_not_meant", "from and every_minutes go with new_times only.")
                .field("from", "leave it out, or choose new_times"));
        }
        Ok(match choice {
            Release::PublishNow => Self::PublishNow,
            Release::Drop => Self::Drop,
            Release::NewTimes => {
                let soon = scope.now.plus_secs(300);
                let from =
                    times.from.as_deref().map(|text| times::parse(text, &scope.entered.time_zone)).transpose()?;
                if from.as_ref().is_some_and(|from| from.instant <= scope.now) {
                    return Err(Error::invalid("time_in_past", "That time is over.")
                        .next("Name a later time, or leave it out to begin in 5 minutes.")
                        .field("from", "must be later than now"));
                }
                Self::NewTimes { from: from.map_or(soon, |moment| moment.instant), distance: every * 60_000 }
            }
        })
    }
}

/// Releases what can be, and says of the rest why it stays. Posts are locked in the order of their ids, accounts after
/// them likewise.
pub(crate) async fn release(scope: &mut Scope<'_>, rows: &[Held], how: How) -> Result<Released> {
    let ids: BTreeSet<PostId> = rows.iter().map(|row| row.post_id).collect();
    let mut locked: BTreeMap<PostId, (Post, Vec<Target>)> = BTreeMap::new();
    for id in ids {
        match posts::lock(scope, id).await {
            Ok(found) => drop(locked.insert(id, found)),
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let mut planner = Planner::default();
    if let How::NewTimes { from, distance } = how {
        let accounts: BTreeSet<AccountId> = rows.iter().map(|row| row.account_id).collect();
        planner = Planner::read(scope, &accounts.into_iter().collect::<Vec<_>>(), from, distance).await?;
    }
    let mut done = Released::default();
    let mut like_others = Vec::new();
    for row in rows {
        let mut moved = Moved {
            post_id: row.post_id,
            account: format!("{}/{}", row.network, row.handle),
            excerpt: row.excerpt.clone(),
            at: None,
            at_local: None,
            still_held: None,
        };
        let found = locked.get_mut(&row.post_id);
        let target = found.and_then(|(post, all)| {
            all.iter_mut().find(|target| target.target_id == row.target_id).map(|target| (&*post, target))
        });
        match target {
            Some((post, target)) => match one(scope, post, target, how, &mut planner).await {
                Ok((moment, warned)) => {
                    like_others.extend(warned.then_some((row, post.post_id)));
                    moved.at = moment.as_ref().map(|moment| moment.instant);
                    moved.at_local = moment.map(|moment| times::spoken(moment.instant, &moment.zone));
                }
                Err(error) if error.kind() == Kind::Internal => return Err(error),
                Err(error) => {
                    let said = error.public();
                    moved.still_held = Some(format!("{} {}", said.message, said.next_step).trim_end().to_owned());
                }
            },
            None => moved.still_held = Some("It is gone.".into()),
        }
        done.posts.push(moved);
    }
    for (row, post) in like_others {
        // Asked again now that the others have their new times too.
        let all = locked.get_mut(&post).map(|(_, all)| all.iter_mut()).into_iter().flatten();
        let target: Vec<_> = all.filter(|target| target.target_id == row.target_id).collect();
        let warnings = sendable(scope, &target).await?;
        done.warnings.extend(warnings.into_iter().map(|warning| format!("“{}” ({post}): {warning}", row.excerpt)));
    }
    for (id, (_, all)) in &locked {
        posts::save(scope, *id, all).await?;
        let states: Vec<_> =
            all.iter().map(|target| json!({ "target": target.target_id, "state": target.state })).collect();
        scope.changed("post", id, json!(states));
    }
    Ok(done)
}

/// The new time, `None` when it is dropped, and whether something deserves a look. An error means that nothing was changed.
async fn one(
    scope: &mut Scope<'_>,
    post: &Post,
    target: &mut Target,
    how: How,
    planner: &mut Planner,
) -> Result<(Option<Moment>, bool)> {
    let workspace = scope.ctx.workspace;
    let name = format!("@{}", target.handle);
    if target.state != TargetState::Held {
        return Err(Error::conflict("not_held", format!("It is {} by now.", target.state.as_str())));
    }
    content::may_use(scope, &[target.account_id]).await?;
    let event = if matches!(how, How::Drop) { TargetEvent::Cancel } else { TargetEvent::Schedule };
    let state = target.state.apply(event, &name)?;
    if matches!(how, How::Drop) {
        if attempts::any_open(scope.tx, workspace, target.target_id).await? {
            return Err(Error::conflict("outcome_open", "It may be public: nobody knows what became of a call.")
                .next("Settle that first with held_resolve."));
        }
        target.state = state;
        target.next_step_at = None;
        dispatch::remove(scope.tx, workspace, target.target_id).await?;
        return Ok((None, false));
    }
    pauses::must_be_open(scope, post.post_id, &[target.account_id]).await?;
    let warned = !sendable(scope, &[&mut *target]).await?.is_empty();
    stand_for(scope, post).await?;
    let zone = queue::zone_of(scope, target.account_id).await?;
    let moment = match how {
        How::NewTimes { distance, .. } => planner.next(scope, target, &zone, distance).await?,
        How::PublishNow | How::Drop => times::at_instant(scope.now, &zone)?,
    };
    target.state = state;
    targets::forget_stamp(scope.tx, workspace, target.target_id).await?;
    set_time(target, &moment);
    // Written at once: the caps of the next one count it.
    targets::save(scope.tx, workspace, target, scope.now).await?;
    note_asked(scope, [target.target_id]).await?;
    dispatch::put(scope.tx, workspace, target.target_id, target.account_id, moment.instant).await?;
    Ok((Some(moment), warned))
}

/// `3 get new times, 1 stays held.`
pub(crate) fn said(done: &[Moved], choice: Release) -> String {
    let held = done.iter().filter(|moved| moved.still_held.is_some()).count();
    let moved = done.len() - held;
    let what = match choice {
        Release::NewTimes => "got a new time",
        Release::PublishNow => "is published now",
        Release::Drop => "was dropped",
    };
    match (moved, held) {
        (0, 0) => "Nothing is held there.".into(),
        (moved, 0) => format!("Of the held posts {moved} {what}."),
        (moved, held) => format!("Of the held posts {moved} {what}, {held} stayed held."),
    }
}
