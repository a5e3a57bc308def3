//! List posts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        cursor,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, CampaignId, PostId},
    model::{networks::NetworkId, roles::Permission, states::PostStatus, tags, times},
    store::{
        accounts, campaigns,
        posts::{self, Filter, ListedPost},
    },
};

/// Every filter left out means "any".
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PostStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Words to find in title or text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub text: Option<String>,
    /// Due or published from this local time or instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Before this local time or instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Posts per page, 1 to 100. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// next_cursor of the page before, with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PostPage {
    pub posts: Vec<PostLine>,
    /// Time zone of the local times.
    pub time_zone: String,
    /// Missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PostLine {
    pub id: PostId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The beginning of the text.
    pub excerpt: String,
    pub status: String,
    /// Earliest due or publication time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The same, local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_local: Option<String>,
    /// `network/handle` of each account.
    pub accounts: Vec<String>,
}

impl UseCase for PostQuery {
    type Input = Self;
    type Output = PostPage;
    type Form = Locally;
    const NAME: &'static str = "post_query";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for PostQuery {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostPage> {
        let limit = check_limit(input.limit, 100)?;
        let zone = scope.entered.time_zone.clone();
        let list = list_name(&input);
        let filter = Filter {
            status: input.status,
            account: input.account_id,
            network: input.network.map(|network| network.as_str().to_owned()),
            campaign: input.campaign_id,
            tag: input.tag.as_deref().map(tags::parse).transpose()?,
            text: input.text.filter(|text| !text.trim().is_empty()),
            from: input.from.as_deref().map(|text| times::parse(text, &zone)).transpose()?.map(|moment| moment.instant),
            to: input.to.as_deref().map(|text| times::parse(text, &zone)).transpose()?.map(|moment| moment.instant),
            published_or_by: scope.ctx.member().filter(|_| !scope.role().sees_all_drafts()),
            after: input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()?,
        };
        let mut rows = rows(scope, &filter, i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor =
            rows.last().filter(|_| more).map(|row| cursor::seal(scope.app, &list, row.created_at, row.post_id.uuid()));
        let tz = times::zone(&zone)?;
        let posts = rows.into_iter().map(|row| line(row, &tz)).collect();
        Ok(PostPage { posts, time_zone: zone, next_cursor })
    }
}

/// The list, which is planned for what it is asked for, by statistics over all workspaces: the id of another workspace's
/// account or campaign must not get there.
pub(crate) async fn rows(scope: &mut Scope<'_>, filter: &Filter, limit: i64) -> Result<Vec<ListedPost>> {
    let workspace = scope.ctx.workspace;
    if let Some(id) = filter.account
        && accounts::get(scope.tx, workspace, id).await?.is_none()
    {
        return Ok(Vec::new());
    }
    if let Some(id) = filter.campaign
        && campaigns::get(scope.tx, workspace, id).await?.is_none()
    {
        return Ok(Vec::new());
    }
    posts::list_by_age(scope.tx, workspace, filter, limit).await
}

/// A page size within `1..=most`; 20 unless told.
pub(crate) fn check_limit(limit: Option<u32>, most: u32) -> Result<u32> {
    let limit = limit.unwrap_or(20);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(Error::invalid("limit_out_of_range", format!("A page has 1 to {most} lines."))
        .field("limit", format!("between 1 and {most}")))
}

/// Names the list with its filters, so that a cursor fits no other.
fn list_name(input: &PostQuery) -> String {
    let filters = PostQuery { cursor: None, limit: None, ..input.clone() };
    format!("posts {}", serde_json::to_string(&filters).unwrap_or_default())
}

fn line(row: ListedPost, zone: &jiff::tz::TimeZone) -> PostLine {
    PostLine {
        id: row.post_id,
        title: row.title,
        excerpt: row.excerpt,
        status: row.status,
        at_local: row.at.map(|at| at.in_zone(zone).strftime("%Y-%m-%d %H:%M").to_string()),
        at: row.at,
        accounts: row.accounts,
    }
}
