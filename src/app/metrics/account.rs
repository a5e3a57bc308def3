//! An account's own figures over time: followers, posts, and what else its network tells.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{accounts::known, metrics::post::Point, use_case::Scope},
    clock::Timestamp,
    error::{Error, Result},
    ids::AccountId,
    model::metrics as rules,
    store::{
        collections,
        metrics::{self, AccountSample},
    },
};

/// Days shown unless others are asked for, and the most. Older than 30 days there is one figure a day.
const DAYS: u32 = 90;
const DAYS_MAX: u32 = 1100;

/// An account's own figures.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AccountSeries {
    pub account_id: AccountId,
    /// `network/handle`.
    pub account: String,
    /// Days that were looked at.
    pub days: u32,
    /// When the network was last asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<Timestamp>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<String>,
    /// Why the last try failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    pub figures: Vec<AccountFigure>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AccountFigure {
    /// Such as followers or posts.
    pub metric: String,
    /// Network and server that told it last.
    pub source: String,
    /// The last value less the first; missing where there are not two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
    /// Oldest first.
    pub points: Vec<Point>,
}

pub(super) async fn series(scope: &mut Scope<'_>, id: AccountId, days: Option<u32>) -> Result<AccountSeries> {
    let days = days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Error::invalid("days_out_of_range", format!("Figures are shown for 1 to {DAYS_MAX} days."))
            .field("days", format!("between 1 and {DAYS_MAX}")));
    }
    let account = known(scope, id).await?;
    let workspace = scope.ctx.workspace;
    let since = scope.now.plus_secs(-i64::from(days) * 86_400);
    let samples = metrics::series_of_account(scope.tx, workspace, id, since).await?;
    let course = collections::course(scope.tx, workspace, id).await?;
    let collected_at = course.as_ref().and_then(|course| course.figures_at);
    Ok(AccountSeries {
        account_id: id,
        account: format!("{}/{}", account.network, account.handle),
        days,
        collected_at,
        age: collected_at.map(|collected| rules::ago(collected, scope.now)),
        problem: course.and_then(|course| course.problem),
        figures: figures(samples),
    })
}

/// Samples come by metric and time.
fn figures(samples: Vec<AccountSample>) -> Vec<AccountFigure> {
    let mut all: Vec<AccountFigure> = Vec::new();
    for AccountSample { metric, reading, collected_at, source } in samples {
        let point = Point { at: collected_at, value: reading.value(), absence: reading.absence() };
        match all.last_mut() {
            Some(figure) if figure.metric == metric => {
                figure.points.push(point);
                figure.source = source;
            }
            _ => all.push(AccountFigure { metric, source, change: None, points: vec![point] }),
        }
    }
    for figure in &mut all {
        let mut values = figure.points.iter().filter_map(|point| point.value);
        let first = values.next();
        figure.change = first.zip(values.next_back()).map(|(first, last)| last.saturating_sub(first));
    }
    all
}
