//! Series: a post made again and again by a rule. The posts of the next two weeks exist as scheduled posts like any
//! other; the job makes more as time goes on.

pub mod create;
pub mod end;
pub mod fill;
pub mod list;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::Scope,
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, PostId, SeriesId},
    model::{
        posts::{Message, Variant, excerpt},
        series::Recurrence,
        times,
    },
    store::{
        accounts,
        series::{self, Series},
    },
};

pub(crate) fn no_such_series() -> Error {
    Error::not_found("series_not_found", "There is no such series in this workspace.")
        .next("Use series_list to list the series.")
}

/// What every occurrence says, as in a version of a post.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Content {
    title: Option<String>,
    segments: Vec<Message>,
    variants: Vec<Variant>,
    account_ids: Vec<AccountId>,
}

fn content(series: &Series) -> Result<Content> {
    serde_json::from_value(series.content.clone()).map_err(Error::internal)
}

fn recurrence(series: &Series) -> Result<Recurrence> {
    Recurrence::read(
        &series.rule,
        series.starts_local.parse().map_err(Error::internal)?,
        series.until_local.as_deref().map(str::parse).transpose().map_err(Error::internal)?,
        series
            .except_days
            .iter()
            .map(|day| day.parse())
            .collect::<std::result::Result<_, _>>()
            .map_err(Error::internal)?,
        &series.time_zone,
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum SeriesStatus {
    /// Makes its posts.
    Active,
    /// All its posts are made.
    Complete,
    /// Was ended before.
    Ended,
}

impl SeriesStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Complete => "complete",
            Self::Ended => "ended",
        }
    }
}

/// A series as callers see it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SeriesView {
    pub id: SeriesId,
    pub status: SeriesStatus,
    /// Title, or the beginning of the text.
    pub excerpt: String,
    /// `network/handle`.
    pub accounts: Vec<String>,
    /// RFC 5545.
    pub rule: String,
    /// Local times in time_zone.
    pub starts: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    pub time_zone: String,
    /// Days without an occurrence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Posts that exist and are not out, at most ten; later ones are made two weeks ahead.
    pub waiting: Vec<SeriesPost>,
    /// Recent occurrences without a post, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Why its next posts could not be made; it is tried again every hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SeriesPost {
    pub post_id: PostId,
    /// Local time in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_local: Option<String>,
}

fn spoken(at: Option<Timestamp>, zone: &str) -> Option<String> {
    at.map(|at| times::spoken(at, zone))
}

/// Most posts shown of one series.
const SHOWN: usize = 10;

async fn views(scope: &mut Scope<'_>, all: Vec<Series>) -> Result<Vec<SeriesView>> {
    let workspace = scope.ctx.workspace;
    let ids: Vec<_> = all.iter().map(|series| series.series_id).collect();
    let waiting = series::waiting(scope.tx, workspace, &ids).await?;
    let left_out = series::left_out(scope.tx, workspace, &ids, 100).await?;
    let accounts = accounts::list(scope.tx, workspace, None).await?;
    let mut out = Vec::with_capacity(all.len());
    for series in all {
        let id = series.series_id;
        let content = content(&series)?;
        let first = content.segments.first().map(|message| excerpt(&message.text)).unwrap_or_default();
        let named = accounts.iter().filter(|account| content.account_ids.contains(&account.account_id));
        out.push(SeriesView {
            id,
            status: match (series.ended_at, series.complete) {
                (Some(_), _) => SeriesStatus::Ended,
                (None, true) => SeriesStatus::Complete,
                (None, false) => SeriesStatus::Active,
            },
            excerpt: content.title.unwrap_or(first),
            accounts: named.map(|account| format!("{}/{}", account.network, account.handle)).collect(),
            rule: series.rule,
            starts: series.starts_local,
            until: series.until_local,
            waiting: waiting
                .iter()
                .filter(|post| post.series_id == id)
                .take(SHOWN)
                .map(|post| SeriesPost { post_id: post.post_id, at_local: spoken(post.at, &series.time_zone) })
                .collect(),
            time_zone: series.time_zone,
            except: series.except_days,
            left_out: left_out
                .iter()
                .filter(|occurrence| occurrence.series_id == id)
                .take(SHOWN)
                .map(|occurrence| format!("{}: {}", occurrence.occurs_local, occurrence.reason))
                .collect(),
            problem: series.problem.filter(|_| series.ended_at.is_none()),
        });
    }
    Ok(out)
}

async fn view(scope: &mut Scope<'_>, id: SeriesId) -> Result<SeriesView> {
    let series = series::get(scope.tx, scope.ctx.workspace, id).await?.ok_or_else(no_such_series)?;
    views(scope, vec![series]).await?.pop().ok_or_else(no_such_series)
}
