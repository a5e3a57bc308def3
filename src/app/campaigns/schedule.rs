//! Launch a campaign: everything of it that waits goes out at one instant.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        campaigns::{self, CampaignChanged, must_be_open, no_such_campaign},
        pauses,
        posts::{
            self, moved, save,
            schedule::{in_the_future, sendable, set_time},
            stand_for,
        },
        publishing::presence,
        queue,
        receipts::note_asked,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, FieldIssue, Result},
    ids::{AccountId, CampaignId, PostId},
    model::{
        queue::Rules,
        roles::Permission,
        states::{TargetEvent, TargetState},
        times::{self, Moment},
    },
    store::{
        self, dispatch,
        posts::Post,
        targets::{self, Target},
    },
};

/// Most posts that are launched in one transaction.
const MOST: i64 = 500;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignSchedule {
    pub campaign_id: CampaignId,
    /// Local time (2026-12-01T09:00) or instant (2026-12-01T09:00:00+01:00), the same for all.
    pub at: String,
    /// IANA zone of a local time. Default: the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

impl UseCase for CampaignSchedule {
    type Input = Self;
    type Output = CampaignChanged;
    type Form = Locally;
    const NAME: &'static str = "campaign_schedule";
    const NEEDS: Permission = Permission::ManageCampaigns;
    const EFFECT: Effect = Effect::Write;
}

/// What was done and what was left.
#[derive(Default)]
struct Tally {
    posts: usize,
    targets: usize,
    /// Targets in other states, which a launch leaves alone.
    left: Vec<String>,
    problems: Vec<FieldIssue>,
    /// What the networks advise against, rules of queues that it breaks, and pauses that hold it.
    warnings: Vec<String>,
}

impl Local for CampaignSchedule {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<CampaignChanged> {
        let workspace = scope.ctx.workspace;
        let zone = input.time_zone.clone().unwrap_or_else(|| scope.entered.time_zone.clone());
        let moment = times::read(&input.at, &zone, scope.now)?;
        in_the_future(scope.now, &moment)?;
        let found = store::campaigns::lock(scope.tx, workspace, input.campaign_id).await?;
        must_be_open(&found.ok_or_else(no_such_campaign)?)?;
        let members = store::campaigns::posts(scope.tx, workspace, input.campaign_id, None, MOST + 1).await?;
        if i64::try_from(members.len()).unwrap_or(i64::MAX) > MOST {
            return Err(Error::limit("campaign_too_large", format!("The campaign has more than {MOST} posts."))
                .next("Split it, or schedule its posts with post_schedule."));
        }
        // In the order of their ids, as everybody locks posts.
        let mut ids: Vec<PostId> = members.iter().map(|member| member.post_id).collect();
        ids.sort_unstable();
        let mut tally = Tally::default();
        let mut waiting = Vec::with_capacity(ids.len());
        for id in ids {
            waiting.extend(look(scope, id, &mut tally).await?);
        }
        let targets = waiting.iter().flat_map(|(_, all)| all).filter(|target| waits(target.state));
        let mut accounts: Vec<_> = targets.map(|target| target.account_id).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let queues = queue::lock(scope, &accounts).await?;
        for (post, all) in waiting {
            launch(scope, &post, all, &queues, &moment, &mut tally).await?;
        }
        if !tally.problems.is_empty() {
            return Err(Error::invalid(
                "campaign_unsendable",
                "Not all of the campaign could go out; nothing was scheduled.",
            )
            .next("Correct the named posts with post_update, or take them out of the campaign; then call again.")
            .fields(tally.problems));
        }
        if tally.targets == 0 {
            return Err(Error::conflict(
                "campaign_has_nothing_to_launch",
                "No post of the campaign waits to be scheduled.",
            )
            .next("Put drafts with accounts into it: campaign_id of post_create and post_update."));
        }
        let spoken = times::spoken(moment.instant, &moment.zone);
        let mut warnings: Vec<String> = moment.note.into_iter().collect();
        if !tally.left.is_empty() {
            warnings.push(format!("Left as it is: {}.", tally.left.join(", ")));
        }
        tally.warnings.sort_unstable();
        tally.warnings.dedup();
        warnings.append(&mut tally.warnings);
        warnings.extend(presence::warning(scope.tx, scope.now).await?);
        let campaign = campaigns::load(scope, input.campaign_id).await?;
        let message = format!(
            "“{}”: {} post(s) to {} account(s) in all go out together on {spoken}.",
            campaign.name, tally.posts, tally.targets
        );
        Ok(CampaignChanged { message, campaign, warnings })
    }
}

/// Locks one post. `None` when nothing of it waits; what does not is noted.
async fn look(scope: &mut Scope<'_>, id: PostId, tally: &mut Tally) -> Result<Option<(Post, Vec<Target>)>> {
    let (post, all) = posts::lock(scope, id).await?;
    if all.is_empty() {
        tally.left.push(format!("{id} (no account)"));
    }
    let others = all.iter().filter(|target| !waits(target.state));
    tally.left.extend(others.map(|target| format!("{id} on @{} ({})", target.handle, target.state.as_str())));
    Ok(all.iter().any(|target| waits(target.state)).then_some((post, all)))
}

/// Schedules one post's drafts and moves what is scheduled. Problems are collected over all posts.
async fn launch(
    scope: &mut Scope<'_>,
    post: &Post,
    mut all: Vec<Target>,
    queues: &BTreeMap<AccountId, Rules>,
    moment: &Moment,
    tally: &mut Tally,
) -> Result<()> {
    let id = post.post_id;
    stand_for(scope, post).await?;
    let mut chosen: Vec<_> = all.iter_mut().filter(|target| waits(target.state)).collect();
    // Now that those before it are scheduled, so that two which say the same are noticed.
    match sendable(scope, &chosen).await {
        Ok(warnings) => tally.warnings.extend(warnings),
        Err(error) => {
            tally.note(id, &error);
            return Ok(());
        }
    }
    for target in &mut chosen {
        if let Some(rules) = queues.get(&target.account_id) {
            let account = (target.account_id, target.handle.as_str());
            match queue::judge(scope, account, rules, moment, Some(target.target_id)).await {
                Ok(warnings) => tally.warnings.extend(warnings),
                Err(error) => tally.note(id, &error),
            }
        }
        target.state = target.state.apply(TargetEvent::Schedule, &format!("@{}", target.handle))?;
        targets::forget_stamp(scope.tx, scope.ctx.workspace, target.target_id).await?;
        set_time(target, moment);
        dispatch::put(scope.tx, scope.ctx.workspace, target.target_id, target.account_id, moment.instant).await?;
    }
    tally.posts += 1;
    tally.targets += chosen.len();
    let accounts: Vec<_> = chosen.iter().map(|target| target.account_id).collect();
    tally.warnings.extend(pauses::warnings(scope, id, &accounts).await?);
    let change = moved(&chosen);
    let set: Vec<_> = chosen.iter().map(|target| target.target_id).collect();
    save(scope, id, &all).await?;
    note_asked(scope, set).await?;
    scope.changed("post", id, change);
    Ok(())
}

impl Tally {
    fn note(&mut self, id: PostId, error: &Error) {
        let public = error.public();
        if public.details.is_empty() {
            self.problems.push(FieldIssue { field: id.to_string(), message: public.message });
        }
        let issues = public.details.into_iter();
        self.problems.extend(issues.map(|issue| FieldIssue { field: format!("{id}.{}", issue.field), ..issue }));
    }
}

fn waits(state: TargetState) -> bool {
    matches!(state, TargetState::Draft | TargetState::Scheduled)
}
