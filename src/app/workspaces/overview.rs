//! The workspace at a glance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        accounts::list::{self, AccountView},
        metrics::{self, AccountFigures},
        pauses::what,
        plans,
        publishing::presence,
        use_case::{Effect, Local, Locally, Scope, UseCase},
        zones,
    },
    error::{Error, Result},
    ids::{PostId, WorkspaceId},
    model::{
        notifications::NotificationKind,
        roles::{Permission, Role},
        states::TargetState,
        times,
    },
    store::{accounts, calendar, notifications, pauses, posts, series, targets, workspaces},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceOverview {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Overview {
    pub workspace: WorkspaceSummary,
    pub you: You,
    pub accounts: Vec<AccountView>,
    /// Number of posts by status; a status without posts is missing.
    pub posts: Vec<StatusCount>,
    /// The next five that go out.
    pub next: Vec<Upcoming>,
    /// What the posts of the last 30 days come to, for each account with figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<AccountFigures>,
    /// What you have been told and not read; notification_list shows all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications: Option<Unread>,
    /// What deserves attention.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct WorkspaceSummary {
    pub id: WorkspaceId,
    pub name: String,
    /// IANA zone that local times without a zone mean.
    pub time_zone: String,
    /// The present local time.
    pub local_time: String,
    pub paused: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct You {
    pub name: String,
    pub role: Role,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct StatusCount {
    pub status: String,
    pub count: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Upcoming {
    pub post_id: PostId,
    pub excerpt: String,
    /// `network/handle`.
    pub account: String,
    /// Local time in words.
    pub at_local: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Unread {
    pub count: i64,
    /// The newest three.
    pub newest: Vec<News>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct News {
    pub kind: NotificationKind,
    pub title: String,
    pub next_step: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    pub at_local: String,
}

/// Missing when there is none, or the caller is no member.
async fn unread(scope: &mut Scope<'_>, zone: &str) -> Result<Option<Unread>> {
    let Some(member) = scope.ctx.member() else { return Ok(None) };
    let newest = notifications::list(scope.tx, scope.ctx.workspace, member, true, None, 3).await?;
    if newest.is_empty() {
        return Ok(None);
    }
    let count = notifications::unread(scope.tx, scope.ctx.workspace, member).await?;
    let newest = newest.into_iter().map(|one| News {
        kind: one.kind,
        title: one.title,
        next_step: one.next_step,
        post_id: one.post_id,
        at_local: times::spoken(one.created_at, zone),
    });
    Ok(Some(Unread { count, newest: newest.collect() }))
}

impl UseCase for WorkspaceOverview {
    type Input = Self;
    type Output = Overview;
    type Form = Locally;
    const NAME: &'static str = "workspace_overview";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for WorkspaceOverview {
    async fn run(scope: &mut Scope<'_>, _: Self) -> Result<Overview> {
        let id = scope.ctx.workspace;
        let workspace = workspaces::get(scope.tx, id).await?.ok_or_else(|| Error::internal("workspace vanished"))?;
        let role = scope.role();
        let found = accounts::list(scope.tx, id, None).await?;
        let ids: Vec<_> = found.iter().map(|account| account.account_id).collect();
        let usable = match scope.ctx.member() {
            Some(member) if !role.uses_all_accounts() => accounts::granted(scope.tx, id, member, &ids).await?,
            _ => ids,
        };
        let only = scope.ctx.member().filter(|_| !role.sees_all_drafts());
        let counts = posts::count_by_status(scope.tx, id, only).await?;
        let coming =
            calendar::Filter { state: Some(TargetState::Scheduled), published_or_by: only, ..Default::default() };
        let rows = calendar::entries(scope.tx, id, scope.now, scope.now.plus_secs(366 * 24 * 3600), &coming, 5).await?;
        let zone = workspace.time_zone.clone();
        let next = rows
            .into_iter()
            .map(|row| Upcoming {
                post_id: row.post_id,
                excerpt: row.excerpt,
                account: format!("{}/{}", row.network, row.handle),
                at_local: times::spoken(row.at, &zone),
            })
            .collect();
        let notifications = unread(scope, &zone).await?;
        let mut warnings = Vec::new();
        for pause in pauses::list(scope.tx, id).await? {
            warnings.push(format!("Publishing of {} is paused: {}", what(&pause), pause.reason));
        }
        for (status, count) in
            counts.iter().filter(|(status, _)| matches!(status.as_str(), "held" | "failed" | "unknown"))
        {
            warnings.push(format!(
                "{count} {} {status}: post_query with status {status} lists them.",
                if *count == 1 { "post is" } else { "posts are" }
            ));
        }
        let moved = targets::due::count_noted(scope.tx, id, zones::MOVED).await?;
        if moved > 0 {
            warnings.push(format!(
                "Rules of a time zone changed: {moved} scheduled {} at another instant, the local time being kept; post_get tells.",
                if moved == 1 { "post goes out" } else { "posts go out" }
            ));
        }
        let stuck = series::count_with_problem(scope.tx, id).await?;
        if stuck > 0 {
            warnings.push(format!(
                "{stuck} series cannot make {} next posts: series_list tells why.",
                if stuck == 1 { "its" } else { "their" }
            ));
        }
        warnings.extend(plans::warning(scope).await?);
        warnings.extend(presence::warning(scope.tx, scope.now).await?);
        let figures = metrics::of_accounts(scope, &found).await?;
        let publishes = role.has(Permission::PublishPosts);
        Ok(Overview {
            workspace: WorkspaceSummary {
                id,
                name: workspace.name,
                local_time: times::spoken(scope.now, &zone),
                time_zone: zone,
                paused: workspace.paused_at.is_some(),
            },
            you: You { name: scope.entered.member_name.clone(), role },
            accounts: found
                .into_iter()
                .map(|account| {
                    let may = publishes && usable.contains(&account.account_id);
                    list::view(account, may)
                })
                .collect(),
            posts: counts.into_iter().map(|(status, count)| StatusCount { status, count }).collect(),
            next,
            figures,
            notifications,
            warnings,
        })
    }
}
