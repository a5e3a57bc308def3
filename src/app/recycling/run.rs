//! Plan the next copy of an evergreen post. Called by the job, for the member who set the rule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        App,
        accounts::known,
        ctx::{Actor, Ctx, Origin},
        posts::{content, create::PostCreate, schedule::PostSchedule},
        recycling::{forbidden, plan},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::Result,
    ids::{AccountId, PostId, WorkspaceId},
    model::{posts::Message, roles::Permission, times, turns::Priority},
    store::{
        campaigns,
        db::Entrance,
        dispatch,
        posts::{self, Post},
        recycling::{self, EvergreenRow, Recycled},
        targets,
        workspaces::{self, Member},
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecyclingRun {
    pub account_id: AccountId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RecyclingDone {
    /// What was done, for a person.
    pub message: String,
    /// The copy, when one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
}

impl UseCase for RecyclingRun {
    type Input = Self;
    type Output = RecyclingDone;
    type Form = Locally;
    const NAME: &'static str = "recycling_run";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for RecyclingRun {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<RecyclingDone> {
        let account = known(scope, input.account_id).await?;
        content::may_use(scope, &[input.account_id]).await?;
        let nothing = |message: &str| Ok(RecyclingDone { message: message.into(), post_id: None });
        // Whoever comes second waits here, and then finds the first one's copy.
        let stored = recycling::lock(scope.tx, scope.ctx.workspace, input.account_id).await?;
        if !stored.as_ref().is_some_and(|stored| stored.rule.enabled) || forbidden(scope, &account) {
            return nothing("Recycling is off for this account.");
        }
        let plan = plan(scope, &account, stored).await?;
        if plan.upcoming(scope.now).is_some() {
            return nothing("The last copy is not out yet.");
        }
        let Some((source, at)) = plan.next() else { return nothing("No evergreen post may go out again yet.") };
        let post_id = copy(scope, input.account_id, source, at).await?;
        let number = plan.copies.first().map_or(1, |last| last.number.saturating_add(1));
        let recycled = Recycled { number, source_post_id: source.post_id, post_id, planned_for: at };
        recycling::insert(scope.tx, scope.ctx.workspace, input.account_id, &recycled, scope.now).await?;
        scope.changed("post", post_id, json!({ "recycled_from": source.post_id, "number": number }));
        let zone = account.time_zone.unwrap_or_else(|| scope.entered.time_zone.clone());
        let message =
            format!("{} goes out again on @{}: {}.", source.excerpt, account.handle, times::spoken(at, &zone));
        Ok(RecyclingDone { message, post_id: Some(post_id) })
    }
}

/// What was said on this account, drafted and scheduled like by hand.
async fn copy(scope: &mut Scope<'_>, account: AccountId, source: &EvergreenRow, at: Timestamp) -> Result<PostId> {
    let workspace = scope.ctx.workspace;
    let segments: Vec<Message> = targets::segments(scope.tx, workspace, &[source.target_id])
        .await?
        .into_iter()
        .map(|segment| segment.message)
        .collect();
    let original = posts::get(scope.tx, workspace, source.post_id).await?;
    let title = original.as_ref().and_then(|post| post.title.clone());
    let draft = PostCreate { segments, account_ids: vec![account], title, ..PostCreate::default() };
    let post_id = PostCreate::run(scope, draft).await?.post.id;
    if let Some(original) = original {
        label(scope, post_id, &original).await?;
    }
    let time = PostSchedule { post_id, at: at.to_string(), time_zone: None, account_ids: Vec::new() };
    let planned = PostSchedule::run(scope, time).await?.post;
    for target in planned.targets {
        dispatch::put_as(scope.tx, workspace, target.id, account, at, Priority::Filling).await?;
    }
    Ok(post_id)
}

/// The labels that the original has now: whoever pauses or filters by them means its copies too. An archived campaign is
/// left out: it takes no more posts, and to archive it is the only way to say that it is over.
async fn label(scope: &mut Scope<'_>, copy: PostId, original: &Post) -> Result<()> {
    let workspace = scope.ctx.workspace;
    let campaign = match original.campaign_id {
        Some(id) => campaigns::get(scope.tx, workspace, id).await?.filter(|campaign| campaign.archived_at.is_none()),
        None => None,
    };
    let campaign = campaign.map(|campaign| campaign.campaign_id);
    posts::set_labels(scope.tx, workspace, copy, campaign, &original.tags, scope.now).await
}

/// Whether whoever set a rule has lost the right to schedule since.
pub(super) fn may_not(member: &Member) -> bool {
    member.removed_at.is_some() || !member.role.has(RecyclingRun::NEEDS)
}

/// Where a workspace's rules want a copy now, and who acts. Rules that have nothing to do are left out, so that looking
/// leaves no trace.
pub async fn wanted(app: &App, workspace: WorkspaceId) -> Result<Vec<(Ctx, AccountId)>> {
    let now = app.now();
    let (mut tx, entered) = app.db.tenant(workspace, Entrance::System, now).await?;
    let waiting = recycling::waiting(&mut tx, workspace, now).await?;
    let mut wanted = Vec::new();
    if !waiting.is_empty() {
        let members = workspaces::members(&mut tx, workspace).await?;
        for (account_id, member_id) in waiting {
            let Some(member) = members.iter().find(|member| member.member_id == member_id) else { continue };
            if may_not(member) {
                continue;
            }
            let actor = Actor::Connection { member: member_id, name: "recycling".into() };
            let ctx = Ctx { workspace, actor, origin: Origin::Job, request: app.new_request() };
            let mut scope = Scope::new(app, &ctx, &mut tx, &entered, now);
            let account = known(&mut scope, account_id).await?;
            let stored = recycling::rule(scope.tx, workspace, account_id).await?;
            if !forbidden(&scope, &account) && plan(&mut scope, &account, stored).await?.next().is_some() {
                wanted.push((ctx, account_id));
            }
        }
    }
    tx.finish_read();
    Ok(wanted)
}
