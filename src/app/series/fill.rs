//! Make the posts of a series that are due to exist: those of the next two weeks. With the rights of the series' author,
//! so that it stops when these end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        App,
        accounts::known,
        ctx::{Actor, Ctx, Origin},
        posts::{content as checks, create::PostCreate, repeats, schedule::PostSchedule},
        queue,
        series::{content, no_such_series, recurrence},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Kind, Result},
    ids::{SeriesId, WorkspaceId},
    model::{roles::Permission, series::Occurrence},
    store::{
        db::Entrance,
        posts,
        series::{self, Series},
    },
};

/// How far ahead posts exist, in days.
pub const DAYS_AHEAD: i64 = 14;
const AHEAD: i64 = DAYS_AHEAD * 24 * 3600;
/// Posts in one transaction.
const BATCH: usize = 50;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesFill {
    pub series_id: SeriesId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SeriesFilled {
    /// Posts made by this call.
    pub made: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl UseCase for SeriesFill {
    type Input = Self;
    type Output = SeriesFilled;
    type Form = Locally;
    const NAME: &'static str = "series_fill";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for SeriesFill {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<SeriesFilled> {
        // Another process may have been faster: then it is filled already.
        let series = series::lock(scope.tx, scope.ctx.workspace, input.series_id).await?.ok_or_else(no_such_series)?;
        fill(scope, &series).await
    }
}

/// Decides on every occurrence up to two weeks ahead, at most a batch, and says when the next is to be made. The series
/// is locked.
pub(super) async fn fill(scope: &mut Scope<'_>, series: &Series) -> Result<SeriesFilled> {
    let (workspace, id) = (scope.ctx.workspace, series.series_id);
    let mut filled = SeriesFilled { made: 0, warnings: Vec::new() };
    if series.ended_at.is_some() || series.complete {
        series::drop_due(scope.tx, workspace, id).await?;
        return Ok(filled);
    }
    let recurrence = recurrence(series)?;
    let mut done = series.filled_local.clone();
    let after = done.as_deref().map(str::parse).transpose().map_err(Error::internal)?;
    let horizon = scope.now.plus_secs(AHEAD);
    let mut next = None;
    for (number, occurrence) in recurrence.after(after)?.enumerate() {
        let occurrence = occurrence?;
        if number == BATCH || occurrence.moment.instant > horizon {
            next = Some(occurrence.moment.instant.plus_secs(-AHEAD).max(scope.now));
            break;
        }
        let local = occurrence.local.to_string();
        match left_out(scope, series, &occurrence).await? {
            Some(reason) => {
                series::decide(scope.tx, workspace, id, &local, Err(&reason)).await?;
                filled.warnings.push(format!("{local}: {reason}"));
            }
            None => {
                make(scope, series, &local, &mut filled.warnings).await?;
                filled.made += 1;
            }
        }
        done = Some(local);
    }
    series::set_filled(scope.tx, workspace, id, done.as_deref(), next.is_none()).await?;
    match next {
        Some(at) => series::put_due(scope.tx, workspace, id, at).await?,
        None => series::drop_due(scope.tx, workspace, id).await?,
    }
    Ok(filled)
}

/// Why an occurrence gets no post. After a restore this also keeps what was sent since the backup from being made anew.
async fn left_out(scope: &mut Scope<'_>, series: &Series, occurrence: &Occurrence) -> Result<Option<String>> {
    if occurrence.coincides {
        return Ok(Some("falls on the same instant as the one before, since the clocks skip an hour".into()));
    }
    if occurrence.moment.instant <= scope.now {
        return Ok(Some("its time was over before its post was made; nothing was running".into()));
    }
    let content = content(series)?;
    let accounts = content.account_ids;
    for (account, rules) in queue::lock(scope, &accounts).await?.into_iter().filter(|(_, rules)| rules.strict) {
        let broken = queue::broken(scope, account, &rules, &occurrence.moment, None).await?;
        if let Some(rule) = broken.first() {
            let account = known(scope, account).await?;
            return Ok(Some(format!("@{} is strict about its queue: {rule}", account.handle)));
        }
    }
    let parts = checks::resolve(scope, &accounts, &content.segments, &content.variants).await?;
    let wanted: Vec<_> = parts.iter().map(|part| (&part.account, part.messages.as_slice())).collect();
    let repeats = repeats::find(scope, &wanted, None).await?;
    Ok(repeats.problems.into_iter().next().map(|problem| problem.message))
}

async fn make(scope: &mut Scope<'_>, series: &Series, local: &str, warnings: &mut Vec<String>) -> Result<()> {
    let content = content(series)?;
    let draft = PostCreate {
        segments: content.segments,
        account_ids: content.account_ids,
        variants: content.variants,
        title: content.title,
        campaign_id: None,
        tags: Vec::new(),
    };
    let post = PostCreate::run(scope, draft).await?.post.id;
    // Labels are no content: the copy carries those that the original has now.
    let workspace = scope.ctx.workspace;
    if let Some(original) = posts::get(scope.tx, workspace, series.post_id).await? {
        posts::set_labels(scope.tx, workspace, post, original.campaign_id, &original.tags, scope.now).await?;
    }
    let at = PostSchedule {
        post_id: post,
        at: local.to_owned(),
        time_zone: Some(series.time_zone.clone()),
        account_ids: Vec::new(),
    };
    warnings.extend(PostSchedule::run(scope, at).await?.warnings);
    series::decide(scope.tx, scope.ctx.workspace, series.series_id, local, Ok(post)).await
}

/// Fills one series as its author would. What keeps it from that is written down; the caller tries again later.
pub async fn fill_as_author(app: &App, workspace: WorkspaceId, id: SeriesId) -> Result<usize> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let series = series::get(&mut tx, workspace, id).await?;
    tx.finish_read();
    let Some(series) = series else { return Ok(0) };
    let actor = Actor::Connection { member: series.author_id, name: "series".into() };
    let ctx = Ctx { workspace, actor, origin: Origin::Job, request: app.new_request() };
    let filled = app.call_once::<SeriesFill>(&ctx, SeriesFill { series_id: id }).await;
    let error = match filled {
        Ok(filled) => return Ok(filled.made),
        Err(error) if matches!(error.kind(), Kind::Internal | Kind::Unavailable) => return Err(error),
        Err(error) => error,
    };
    let public = error.public();
    tracing::warn!(%workspace, series = %id, error = error.chain(), "a series cannot make its posts");
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    series::set_problem(&mut tx, workspace, id, &format!("{} {}", public.message, public.next_step)).await?;
    tx.commit().await?;
    app.announce(workspace);
    Ok(0)
}

/// When a series that could not be filled is tried again.
pub fn again(now: Timestamp) -> Timestamp {
    now.plus_secs(3600)
}
