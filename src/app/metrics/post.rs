//! A post's figures over time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        metrics::{self as figures, TargetFigures},
        posts::view,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, PostId},
    model::{metrics::Absence, roles::Permission},
    store::metrics::{self, Sample},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostMetrics {
    pub post_id: PostId,
    /// Only this account of the post. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MeasuredPost {
    pub post_id: PostId,
    /// One for each account that the post is public on.
    pub targets: Vec<TargetSeries>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TargetSeries {
    /// The newest figures.
    pub latest: TargetFigures,
    /// Each figure of each message over time.
    pub series: Vec<Series>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Series {
    /// The message of the thread, 1 for the first.
    pub message: i32,
    pub metric: String,
    /// Network and server that told it last.
    pub source: String,
    /// Oldest first.
    pub points: Vec<Point>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Point {
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absence: Option<Absence>,
}

impl UseCase for PostMetrics {
    type Input = Self;
    type Output = MeasuredPost;
    type Form = Locally;
    const NAME: &'static str = "post_metrics";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for PostMetrics {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<MeasuredPost> {
        // Whoever may not see the post may not see its figures.
        let post = view::load(scope, input.post_id).await?;
        let wanted = |id: AccountId| input.account_id.is_none_or(|only| only == id);
        if !post.targets.iter().any(|target| wanted(target.account_id)) && input.account_id.is_some() {
            return Err(Error::invalid("account_not_in_post", "The post does not go to this account.")
                .next("Leave account_id out to see all accounts of the post.")
                .field("account_id", "must be an account of this post"));
        }
        let mut targets = Vec::new();
        for latest in figures::of_post(scope, input.post_id).await? {
            let target = post.targets.iter().find(|target| target.id == latest.target_id);
            if !target.is_some_and(|target| wanted(target.account_id)) {
                continue;
            }
            let samples = metrics::series_of_target(scope.tx, scope.ctx.workspace, latest.target_id).await?;
            targets.push(TargetSeries { latest, series: series(samples) });
        }
        Ok(MeasuredPost { post_id: input.post_id, targets })
    }
}

/// Samples come by message, metric and time.
fn series(samples: Vec<Sample>) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for sample in samples {
        let point = Point { at: sample.collected_at, value: sample.reading.value(), absence: sample.reading.absence() };
        match all.last_mut() {
            Some(series) if series.message == sample.ordinal + 1 && series.metric == sample.metric => {
                series.points.push(point);
                series.source = sample.source;
            }
            _ => all.push(Series {
                message: sample.ordinal + 1,
                metric: sample.metric,
                source: sample.source,
                points: vec![point],
            }),
        }
    }
    all
}
