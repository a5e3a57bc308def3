//! End a series: no more posts are made, and those that wait are cancelled.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        posts::{content as checks, save},
        series::{SeriesPost, SeriesView, content, no_such_series, spoken, view},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{PostId, SeriesId},
    model::{
        roles::Permission,
        states::{TargetEvent, TargetState},
    },
    store::{dispatch, posts, series, targets},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesEnd {
    pub series_id: SeriesId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SeriesEnded {
    pub message: String,
    pub series: SeriesView,
    /// Posts that do not go out any more; they are kept as cancelled posts.
    pub cancelled: Vec<SeriesPost>,
    /// Posts that are being published at this moment and could not be stopped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub under_way: Vec<SeriesPost>,
}

impl UseCase for SeriesEnd {
    type Input = Self;
    type Output = SeriesEnded;
    type Form = Locally;
    const NAME: &'static str = "series_end";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for SeriesEnd {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<SeriesEnded> {
        end(scope, input.series_id).await
    }
}

pub(super) async fn end(scope: &mut Scope<'_>, id: SeriesId) -> Result<SeriesEnded> {
    let workspace = scope.ctx.workspace;
    let present = series::lock(scope.tx, workspace, id).await?.ok_or_else(no_such_series)?;
    checks::may_use(scope, &content(&present)?.account_ids).await?;
    if present.ended_at.is_some() {
        return Err(Error::conflict("series_over", "The series was ended before.")
            .next("Use series_list to see the series that go on."));
    }
    series::set_ended(scope.tx, workspace, id, scope.now).await?;
    series::drop_due(scope.tx, workspace, id).await?;
    let (mut cancelled, mut under_way) = (Vec::new(), Vec::new());
    for waiting in series::waiting(scope.tx, workspace, &[id]).await? {
        let post = SeriesPost { post_id: waiting.post_id, at_local: spoken(waiting.at, &present.time_zone) };
        match cancel(scope, waiting.post_id).await? {
            Stopped::All => cancelled.push(post),
            Stopped::NotAll => under_way.push(post),
        }
    }
    let ids: Vec<_> = cancelled.iter().map(|post| post.post_id).collect();
    scope.changed("series", id, json!({ "ended": true, "cancelled": ids }));
    let mut message = match cancelled.len() {
        0 => "The series is ended; no post of it was waiting.".to_owned(),
        1 => "The series is ended; the post that waited is cancelled.".to_owned(),
        count => format!("The series is ended; the {count} posts that waited are cancelled."),
    };
    if !under_way.is_empty() {
        message.push_str(" What is being published at this moment may still come out.");
    }
    Ok(SeriesEnded { message, series: view(scope, id).await?, cancelled, under_way })
}

enum Stopped {
    All,
    /// Something of it is being sent.
    NotAll,
}

async fn cancel(scope: &mut Scope<'_>, post: PostId) -> Result<Stopped> {
    let workspace = scope.ctx.workspace;
    posts::lock(scope.tx, workspace, post).await?;
    let mut all = targets::of_post(scope.tx, workspace, post).await?;
    for target in all.iter_mut().filter(|target| target.state == TargetState::Scheduled) {
        target.state = target.state.apply(TargetEvent::Cancel, &format!("@{}", target.handle))?;
        target.next_step_at = None;
        dispatch::remove(scope.tx, workspace, target.target_id).await?;
    }
    save(scope, post, &all).await?;
    let sending = |state| matches!(state, TargetState::Publishing | TargetState::Unknown);
    Ok(if all.iter().any(|target| sending(target.state)) { Stopped::NotAll } else { Stopped::All })
}
