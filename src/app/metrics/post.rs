//! A post's figures over time, or an account's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        metrics::{
            self as figures, TargetFigures,
            account::{AccountSeries, series as series_of_account},
        },
        posts::view,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, PostId},
    model::{metrics::Absence, roles::Permission},
    store::metrics::{self, Sample},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostMetrics {
    /// The post. Without one: account_id's own figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    /// Only this account of the post; default: all. Without a post: whose figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// How many days of an account's own figures, 1 to 1100. Default 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1100))]
    pub days: Option<u32>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Measurements {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    /// Of a post: one for each account that it is public on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetSeries>,
    /// The account's own, where no post was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountSeries>,
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
    type Output = Measurements;
    type Form = Locally;
    const NAME: &'static str = "post_metrics";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for PostMetrics {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Measurements> {
        match (input.post_id, input.account_id) {
            (Some(_), _) if input.days.is_some() => {
                Err(Error::invalid("days_not_meant", "A post's figures are shown from its first day on.")
                    .field("days", "leave it out, or leave post_id out for the account's own figures"))
            }
            (Some(post), account) => of_post(scope, post, account).await,
            (None, Some(account)) => {
                let account = series_of_account(scope, account, input.days).await?;
                Ok(Measurements { account: Some(account), ..Measurements::default() })
            }
            (None, None) => Err(Error::invalid("nothing_named", "Name a post, or an account for its own figures.")
                .next("post_query lists posts, account_list the accounts.")
                .field("post_id", "or account_id is needed")),
        }
    }
}

async fn of_post(scope: &mut Scope<'_>, post_id: PostId, account: Option<AccountId>) -> Result<Measurements> {
    // Whoever may not see the post may not see its figures.
    let post = view::load(scope, post_id).await?;
    let wanted = |id: AccountId| account.is_none_or(|only| only == id);
    if !post.targets.iter().any(|target| wanted(target.account_id)) && account.is_some() {
        return Err(Error::invalid("account_not_in_post", "The post does not go to this account.")
            .next("Leave account_id out to see all accounts of the post.")
            .field("account_id", "must be an account of this post"));
    }
    let mut targets = Vec::new();
    for latest in figures::of_post(scope, post_id).await? {
        let target = post.targets.iter().find(|target| target.id == latest.target_id);
        if !target.is_some_and(|target| wanted(target.account_id)) {
            continue;
        }
        let samples = metrics::series_of_target(scope.tx, scope.ctx.workspace, latest.target_id).await?;
        targets.push(TargetSeries { latest, series: series(samples) });
    }
    Ok(Measurements { post_id: Some(post_id), targets, account: None })
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
