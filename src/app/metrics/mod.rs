//! Figures of published posts and of accounts: collecting them, and showing them with their age. What is missing, what a
//! server does not have, zero, and what is too old are four different things here.

pub mod account;
pub mod collect;
pub mod post;

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::Scope,
    clock::Timestamp,
    error::Result,
    ids::{AccountId, PostId, TargetId},
    model::metrics::{self as rules, Absence, Freshness, Reading},
    store::{
        accounts::Account,
        metrics::{self, Measured, Sample},
    },
};

/// The newest figures of a post on one account; a thread's messages together.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TargetFigures {
    pub target_id: TargetId,
    /// `network/handle`.
    pub account: String,
    pub freshness: Freshness,
    /// When the network was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<Timestamp>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<String>,
    /// When it is asked next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    pub figures: Vec<Figure>,
    /// Likes, reposts, replies of others, quotes, comments and shares; missing when nothing is known of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engagement: Option<i64>,
    /// A figure that counts is missing: the engagement is at least that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub engagement_partial: bool,
    /// Engagement ÷ reach × 100; missing where the network tells no reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engagement_rate: Option<f64>,
    /// Why the last try failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// One figure: a value, which may be 0, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Figure {
    pub metric: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absence: Option<Absence>,
    /// When the value was collected, where that is longer ago than the last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<Timestamp>,
}

/// The newest figures of every account that a post is public on.
pub async fn of_post(scope: &mut Scope<'_>, post: PostId) -> Result<Vec<TargetFigures>> {
    let targets = metrics::of_post(scope.tx, scope.ctx.workspace, post).await?;
    let ids: Vec<_> = targets.iter().map(|target| target.target_id).collect();
    let latest = metrics::latest_of_targets(scope.tx, scope.ctx.workspace, &ids).await?;
    let of = |id| latest.iter().filter(move |sample: &&Sample| sample.target_id == id);
    Ok(targets.into_iter().map(|target| figures(scope.now, &target, of(target.target_id))).collect())
}

fn figures<'a>(now: Timestamp, target: &Measured, latest: impl Iterator<Item = &'a Sample> + Clone) -> TargetFigures {
    let totals = rules::totals(target.messages, latest.clone().map(|sample| (sample.metric.as_str(), sample.reading)));
    let mut names: Vec<&str> = Vec::new();
    for sample in latest.clone() {
        if !names.contains(&sample.metric.as_str()) {
            names.push(&sample.metric);
        }
    }
    let figure = |name: &str| {
        let own = latest.clone().filter(|sample| sample.metric == name);
        together(name, own, target.collected_at)
    };
    // A failed try moves the next one, and makes nothing fresher.
    let wanted = target.next_at.and_then(|_| rules::next_collection(target.published_at, target.collected_at));
    TargetFigures {
        target_id: target.target_id,
        account: format!("{}/{}", target.network, target.handle),
        freshness: rules::freshness(target.collected_at, wanted, now),
        collected_at: target.collected_at,
        age: target.collected_at.map(|collected| rules::ago(collected, now)),
        next_at: target.next_at,
        figures: names.into_iter().map(figure).collect(),
        engagement: totals.engagement,
        engagement_partial: totals.partial && totals.engagement.is_some(),
        engagement_rate: rules::engagement_rate(totals.engagement, totals.reach),
        problem: target.problem.clone(),
    }
}

/// One figure over the messages of a thread: the sum, of the reach the most.
fn together<'a>(name: &str, samples: impl Iterator<Item = &'a Sample>, answered: Option<Timestamp>) -> Figure {
    let mut figure = Figure { metric: name.to_owned(), value: None, absence: None, collected_at: None };
    for sample in samples {
        match sample.reading {
            Reading::Value(value) => {
                let before = figure.value.unwrap_or(0);
                figure.value = Some(if name == "reach" { before.max(value) } else { before.saturating_add(value) });
                let old = answered.is_some_and(|answered| sample.collected_at < answered);
                figure.collected_at = figure.collected_at.max(Some(sample.collected_at).filter(|_| old));
            }
            Reading::Absent(absence) => figure.absence = Some(absence),
        }
    }
    if figure.value.is_some() {
        figure.absence = None;
    }
    figure
}

impl TargetFigures {
    /// For a reader.
    pub fn say(&self) -> String {
        let mut text = match (&self.age, self.freshness) {
            (None, _) => return format!("{}: no figures yet", self.account),
            (Some(age), Freshness::Stale) => format!("{}, {age} (overdue): ", self.account),
            (Some(age), _) => format!("{}, {age}: ", self.account),
        };
        let said: Vec<String> = self.figures.iter().map(Figure::say).collect();
        text.push_str(&said.join(", "));
        if let Some(engagement) = self.engagement {
            let least = if self.engagement_partial { "at least " } else { "" };
            _ = write!(text, "; engagement {least}{engagement}");
        }
        if let Some(rate) = self.engagement_rate {
            _ = write!(text, " ({rate:.2} % of the reach)");
        }
        if let Some(problem) = &self.problem {
            _ = write!(text, "; the last try failed: {problem}");
        }
        text
    }
}

impl Figure {
    fn say(&self) -> String {
        match (self.value, self.absence) {
            (Some(value), _) => format!("{} {value}", self.metric),
            (None, Some(Absence::Unsupported)) => format!("{} not offered by this server", self.metric),
            (None, _) => format!("{} not told", self.metric),
        }
    }
}

/// What an account's posts of the last [`SUMMED_DAYS`] days come to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AccountFigures {
    /// `network/handle`.
    pub account: String,
    /// Measured posts of the last 30 days.
    pub posts: i64,
    pub engagement: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<i64>,
    /// Over the posts whose reach is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engagement_rate: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followers: Option<i64>,
    /// How old the newest of these figures is.
    pub age: String,
}

pub const SUMMED_DAYS: i64 = 30;

/// One for each account with figures.
pub async fn of_accounts(scope: &mut Scope<'_>, accounts: &[Account]) -> Result<Vec<AccountFigures>> {
    let workspace = scope.ctx.workspace;
    let since = scope.now.plus_secs(-SUMMED_DAYS * 86_400);
    let sums = metrics::sums(scope.tx, workspace, since).await?;
    let followers = metrics::latest_of_accounts(scope.tx, workspace, "followers").await?;
    let figures = accounts.iter().filter_map(|account| {
        let own = |id: AccountId| id == account.account_id;
        let sum = sums.iter().find(|sum| own(sum.account_id));
        let followers = followers.iter().find(|latest| own(latest.account_id));
        let newest = sum.map(|sum| sum.measured_at).max(followers.map(|latest| latest.collected_at))?;
        let reach = sum.and_then(|sum| sum.reach);
        Some(AccountFigures {
            account: format!("{}/{}", account.network, account.handle),
            posts: sum.map_or(0, |sum| sum.posts),
            engagement: sum.map_or(0, |sum| sum.engagement),
            reach,
            engagement_rate: rules::engagement_rate(sum.and_then(|sum| sum.reached_engagement), reach),
            followers: followers.map(|latest| latest.value),
            age: rules::ago(newest, scope.now),
        })
    });
    Ok(figures.collect())
}
