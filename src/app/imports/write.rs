//! Writes checked rows, many to a statement.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{
    app::{
        approvals,
        campaigns::create::make,
        imports::check::{Ready, ReadyTarget},
        queue,
        receipts::asked,
        use_case::Scope,
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{CampaignId, PostId, TargetId},
    model::states::{PostStatus, TargetState},
    store::imports::{self, NewKeys, NewPosts, NewSegments, NewTargets},
    store::{self, campaigns},
};

/// Rows written with one statement a table.
const CHUNK: usize = 1000;

/// What was written.
#[derive(Debug, Default)]
pub struct Written {
    pub posts: usize,
    /// Posts with a time on at least one account.
    pub scheduled: usize,
    /// Rows that somebody else imported at the same moment.
    pub unchanged: usize,
    pub campaigns: Vec<String>,
}

pub async fn write(scope: &mut Scope<'_>, rows: Vec<Ready>) -> Result<Written> {
    let author = scope.ctx.member().ok_or_else(|| Error::internal("a post needs an author"))?;
    let total = rows.len();
    // One import of a workspace at a time: two with the same keys in another order would wait for each other forever.
    imports::line_up(scope.tx, scope.ctx.workspace).await?;
    let mut written = Written::default();
    let timed = rows.iter().flat_map(|row| &row.targets).filter(|target| target.moment.is_some());
    let mut accounts: Vec<_> = timed.map(|target| target.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    // Nobody books a free time that this import takes.
    queue::lock(scope, &accounts).await?;
    let campaigns = make_campaigns(scope, &rows, &mut written).await?;
    let actor = scope.ctx.actor.key();
    let governed = store::approvals::in_force(scope.tx, scope.ctx.workspace, scope.now).await?;
    let mut rest = rows.into_iter().peekable();
    let mut done = 0;
    while rest.peek().is_some() {
        let chunk: Vec<(PostId, Ready)> = rest.by_ref().take(CHUNK).map(|row| (scope.new_id(), row)).collect();
        done += chunk.len();
        let workspace = scope.ctx.workspace;
        let taken = imports::take_keys(scope.tx, workspace, &keys(&chunk), scope.now).await?;
        written.unchanged += chunk.len() - taken.len();
        let chunk: Vec<_> = chunk.into_iter().filter(|(post, _)| taken.contains(post)).collect();
        let mut posts = NewPosts::default();
        let mut targets = NewTargets::default();
        let mut segments = NewSegments::default();
        for (post, row) in &chunk {
            add_post(&mut posts, *post, row, &campaigns)?;
            written.posts += 1;
            written.scheduled += usize::from(row.targets.iter().any(|target| target.moment.is_some()));
            for target in &row.targets {
                add_target(scope, &mut targets, &mut segments, *post, target)?;
            }
        }
        let asked = asked(scope);
        imports::insert_posts(scope.tx, workspace, &posts, author, &actor, scope.now).await?;
        imports::insert_targets(scope.tx, workspace, &targets, &asked, scope.now).await?;
        imports::insert_segments(scope.tx, workspace, &segments).await?;
        imports::queue(scope.tx, workspace, &targets).await?;
        if governed {
            for (post, row) in &chunk {
                if row.targets.iter().any(|target| target.moment.is_some()) {
                    approvals::refresh(scope, Some(*post)).await?;
                }
            }
        }
        scope.progress.tell(total + done, total * 2, "rows written");
    }
    Ok(written)
}

/// Campaigns that are named and not there yet.
async fn make_campaigns(
    scope: &mut Scope<'_>,
    rows: &[Ready],
    written: &mut Written,
) -> Result<HashMap<String, CampaignId>> {
    let mut found = HashMap::new();
    for (name, id) in rows.iter().filter_map(|row| row.campaign.as_ref()) {
        if found.contains_key(name) {
            continue;
        }
        let id = match id {
            Some(id) => *id,
            None => match campaigns::find(scope.tx, scope.ctx.workspace, name).await? {
                Some(id) => id,
                None => {
                    written.campaigns.push(name.clone());
                    make(scope, name, String::new()).await?
                }
            },
        };
        found.insert(name.clone(), id);
    }
    Ok(found)
}

fn keys(chunk: &[(PostId, Ready)]) -> NewKeys {
    NewKeys {
        keys: chunk.iter().map(|(_, row)| row.key.clone()).collect(),
        posts: chunk.iter().map(|(post, _)| post.uuid()).collect(),
        hashes: chunk.iter().map(|(_, row)| row.hash.to_vec()).collect(),
    }
}

fn add_post(posts: &mut NewPosts, id: PostId, row: &Ready, campaigns: &HashMap<String, CampaignId>) -> Result<()> {
    let states: Vec<TargetState> = row.targets.iter().map(state).collect();
    let at: Option<Timestamp> = row.targets.iter().filter_map(|target| target.moment.as_ref()).map(|m| m.instant).min();
    let accounts: Vec<_> = row.targets.iter().map(|target| target.account).collect();
    let content =
        json!({ "title": row.title, "segments": row.segments, "variants": row.variants, "account_ids": accounts });
    let campaign = row.campaign.as_ref().map(|(name, _)| campaigns.get(name).copied());
    let campaign = campaign.map(|id| id.ok_or_else(|| Error::internal("a campaign was not made"))).transpose()?;
    posts.ids.push(id.uuid());
    posts.titles.push(row.title.clone());
    posts.statuses.push(PostStatus::of(&states).as_str().to_owned());
    posts.hashes.push(row.content_hash.to_vec());
    posts.at.push(at);
    posts.excerpts.push(row.excerpt.clone());
    posts.campaigns.push(campaign.map(CampaignId::uuid));
    posts.tags.push(row.tags.join(","));
    posts.contents.push(content);
    Ok(())
}

fn state(target: &ReadyTarget) -> TargetState {
    if target.moment.is_some() { TargetState::Scheduled } else { TargetState::Draft }
}

fn add_target(
    scope: &Scope<'_>,
    targets: &mut NewTargets,
    segments: &mut NewSegments,
    post: PostId,
    target: &ReadyTarget,
) -> Result<()> {
    let id: TargetId = scope.new_id();
    let moment = target.moment.as_ref();
    targets.ids.push(id.uuid());
    targets.posts.push(post.uuid());
    targets.accounts.push(target.account.uuid());
    targets.states.push(state(target).as_str().to_owned());
    targets.due_at.push(moment.map(|moment| moment.instant));
    targets.due_local.push(moment.map(|moment| moment.local.clone()));
    targets.due_zone.push(moment.map(|moment| moment.zone.clone()));
    targets.due_fold.push(moment.map_or(0, |moment| moment.fold));
    targets.due_tzdb.push(moment.and_then(|moment| moment.tzdb.clone()));
    for ((ordinal, message), sketch) in (0..).zip(&target.messages).zip(&target.sketches) {
        segments.targets.push(id.uuid());
        segments.ordinals.push(ordinal);
        segments.texts.push(message.text.clone());
        segments.media.push(serde_json::to_value(&message.media).map_err(Error::internal)?);
        segments.sketches.push(sketch.to_vec());
        segments.send_keys.push(scope.new_id::<uuid::Uuid>());
    }
    Ok(())
}

/// For the audit log.
pub fn note(written: &Written) -> Value {
    json!({ "posts": written.posts, "scheduled": written.scheduled, "campaigns": written.campaigns.len() })
}
