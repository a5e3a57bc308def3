//! Set the time at which a post goes out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        approvals, pauses,
        posts::{
            content, lock, moved, repeats, save, stand_for,
            view::{self, PostChanged},
            waiting,
        },
        publishing::presence,
        queue,
        receipts::note_asked,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, FieldIssue, Result},
    ids::{AccountId, PostId},
    model::{
        accounts::AccountStatus,
        roles::Permission,
        states::TargetEvent,
        times::{self, Moment},
    },
    store::{
        dispatch,
        targets::{self, Target},
    },
};

/// How far ahead a post may be scheduled: further is a typing error.
const YEARS_AHEAD: i64 = 5;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostSchedule {
    pub post_id: PostId,
    /// Local time (2026-12-01T09:00, tomorrow 9:00), instant (2026-12-01T09:00:00+01:00), or `next free slot` of the account's queue.
    pub at: String,
    /// IANA zone of a local time. Default: the account's, else the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Only these accounts of the post. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_ids: Vec<AccountId>,
}

impl UseCase for PostSchedule {
    type Input = Self;
    type Output = PostChanged;
    type Form = Locally;
    const NAME: &'static str = "post_schedule";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for PostSchedule {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostChanged> {
        let (post, mut all) = lock(scope, input.post_id).await?;
        let mut chosen = waiting(&mut all, &input.account_ids)?;
        let mut warnings = sendable(scope, &chosen).await?;
        stand_for(scope, &post).await?;
        let accounts: Vec<_> = chosen.iter().map(|target| target.account_id).collect();
        let queues = queue::lock(scope, &accounts).await?;
        let mut said = Vec::new();
        for target in &mut chosen {
            let moment = moment_for(scope, target, &input).await?;
            if let Some(rules) = queues.get(&target.account_id) {
                let account = (target.account_id, target.handle.as_str());
                warnings.extend(queue::judge(scope, account, rules, &moment, Some(target.target_id)).await?);
            }
            target.state = target.state.apply(TargetEvent::Schedule, &format!("@{}", target.handle))?;
            targets::forget_stamp(scope.tx, scope.ctx.workspace, target.target_id).await?;
            set_time(target, &moment);
            dispatch::put(scope.tx, scope.ctx.workspace, target.target_id, target.account_id, moment.instant).await?;
            said.push(format!(
                "{} on @{} ({})",
                times::spoken(moment.instant, &moment.zone),
                target.handle,
                target.network
            ));
            warnings.extend(moment.note);
        }
        let change = moved(&chosen);
        let accounts: Vec<_> = chosen.iter().map(|target| target.account_id).collect();
        let set: Vec<_> = chosen.iter().map(|target| target.target_id).collect();
        save(scope, post.post_id, &all).await?;
        note_asked(scope, set).await?;
        scope.changed("post", post.post_id, change);
        warnings.dedup();
        warnings.extend(approvals::warning(scope, post.post_id).await?);
        warnings.extend(pauses::warnings(scope, post.post_id, &accounts).await?);
        warnings.extend(presence::warning(scope.tx, scope.now).await?);
        let view = view::load(scope, post.post_id).await?;
        Ok(PostChanged { message: format!("Scheduled for {}.", said.join("; ")), post: view, warnings })
    }
}

pub(crate) fn set_time(target: &mut Target, moment: &Moment) {
    target.due_at = Some(moment.instant);
    target.due_local = Some(moment.local.clone());
    target.due_zone = Some(moment.zone.clone());
    target.due_fold = moment.fold;
    target.due_tzdb = moment.tzdb.clone();
    target.next_step_at = Some(moment.instant);
    target.tries = 0;
    target.error = None;
}

async fn moment_for(scope: &mut Scope<'_>, target: &Target, input: &PostSchedule) -> Result<Moment> {
    if queue::is_meant_by(&input.at) {
        if input.time_zone.is_some() {
            return Err(Error::invalid("time_zone_unused", "A queue has the time zone of its account.")
                .field("time_zone", "leave it out for the next free slot"));
        }
        return queue::next_free(scope, target.account_id, None, Some(target.target_id)).await;
    }
    let zone = match &input.time_zone {
        Some(zone) => zone.clone(),
        None => queue::zone_of(scope, target.account_id).await?,
    };
    let moment = times::read(&input.at, &zone, scope.now)?;
    in_the_future(scope.now, &moment)?;
    Ok(moment)
}

pub(crate) fn in_the_future(now: Timestamp, moment: &Moment) -> Result<()> {
    let spoken = times::spoken(moment.instant, &moment.zone);
    if moment.instant <= now {
        return Err(Error::invalid(
            "time_in_past",
            format!("{spoken} is over; it is {} now.", times::spoken(now, &moment.zone)),
        )
        .next("Name a later time, or use post_publish to publish now.")
        .field("at", "must be later than now"));
    }
    if moment.instant > now.plus_secs(YEARS_AHEAD * 366 * 24 * 3600) {
        return Err(Error::invalid("time_too_far", format!("{spoken} is more than {YEARS_AHEAD} years ahead."))
            .next("Check the year.")
            .field("at", format!("at most {YEARS_AHEAD} years ahead")));
    }
    Ok(())
}

/// Refuses what could not be sent: foreign or disconnected accounts, and messages that the network would refuse. Returns
/// what deserves a look.
pub(crate) async fn sendable(scope: &mut Scope<'_>, chosen: &[&mut Target]) -> Result<Vec<String>> {
    let ids: Vec<_> = chosen.iter().map(|target| target.account_id).collect();
    content::may_use(scope, &ids).await?;
    let accounts = content::known_accounts(scope, &ids).await?;
    if let Some(account) = accounts.iter().find(|account| account.status == AccountStatus::Disconnected) {
        return Err(Error::conflict("account_disconnected", format!("@{} is disconnected.", account.handle))
            .next("Connect it again with account_connect, then repeat this."));
    }
    let target_ids: Vec<_> = chosen.iter().map(|target| target.target_id).collect();
    let segments = targets::segments(scope.tx, scope.ctx.workspace, &target_ids).await?;
    let mut problems: Vec<FieldIssue> = Vec::new();
    let mut warnings = Vec::new();
    for (target, account) in chosen.iter().zip(&accounts) {
        let messages: Vec<_> = segments
            .iter()
            .filter(|segment| segment.target_id == target.target_id)
            .map(|segment| segment.message.clone())
            .collect();
        problems.extend(content::recheck(scope, account.network, &messages).await?);
        let repeats = repeats::find(scope, &[(account, &messages)], Some(target.post_id)).await?;
        problems.extend(repeats.problems);
        warnings.extend(repeats.warnings);
    }
    if problems.is_empty() {
        return Ok(warnings);
    }
    problems.dedup();
    Err(Error::invalid("post_unsendable", "The network would refuse this post.")
        .next("Correct it with post_update; network_rules tells the limits.")
        .fields(problems))
}
