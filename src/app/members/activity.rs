//! What a member did, in sentences made of the audit log: in person, through connections, and by keys. Everybody sees their
//! own; what others did, removed members too, takes a Manager.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    app::{
        cursor,
        members::actors::Everybody,
        notifications::note::short,
        posts::{query::check_limit, sees},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{MemberId, PostId},
    model::{
        activity::sentence,
        prose,
        roles::{Permission, Role},
        times,
    },
    store::{
        activity::{self, Did},
        posts::{self, Post},
    },
};

/// Days that are counted unless told.
const DAYS: u32 = 14;
/// Things that an entry is about, at most.
const ABOUT_MOST: usize = 5;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberActivity {
    /// Left out: you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// Days to count, to today, 1 to 92. Default 14.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 92))]
    pub days: Option<u32>,
    /// Entries per page, 1 to 100. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// next_cursor of the page before, of the same member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Activity {
    pub member_id: MemberId,
    pub name: String,
    /// The member is no longer in the workspace.
    pub removed: bool,
    /// Newest day first, in the workspace's time zone.
    pub days: Vec<DayCount>,
    /// Newest first.
    pub entries: Vec<ActivityLine>,
    /// Missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct DayCount {
    /// `2026-12-01`.
    pub day: String,
    pub count: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ActivityLine {
    pub at: Timestamp,
    /// The same, local.
    pub at_local: String,
    /// What was done, without its subject: `scheduled a post: “Fresh bread”`.
    pub text: String,
    /// Through which connection or key; missing when it was done in person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// It was refused, and nothing changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// Name of the use case, as in the audit log.
    pub use_case: String,
    /// What it changed, at most five.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<About>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct About {
    /// `post`, `account`, `task` and so on.
    pub what: String,
    pub id: String,
}

impl UseCase for MemberActivity {
    type Input = Self;
    type Output = Activity;
    type Form = Locally;
    const NAME: &'static str = "member_activity";
    const NEEDS: Permission = Permission::ReadActivity;
    const EFFECT: Effect = Effect::Read;
}

impl Local for MemberActivity {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Activity> {
        let limit = check_limit(input.limit, 100)?;
        let workspace = scope.ctx.workspace;
        let own = scope.ctx.member();
        let member = input.member_id.or(own).ok_or_else(|| Error::invalid("no_member", "Name a member."))?;
        if Some(member) != own && scope.role() < Role::Manager {
            return Err(Error::forbidden("activity_not_yours", "What others did takes the role manager or higher.")
                .next("Leave member_id out to see what you did."));
        }
        let everybody = Everybody::load(scope).await?;
        let found = everybody.find(member).ok_or_else(|| {
            Error::not_found("member_not_found", format!("There is no member {member} in this workspace."))
                .next("Use `allin member list`.")
        })?;
        let list = format!("activity {member}");
        let before = input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()?;
        let before = before.map(|(_, id)| id);
        let mut rows = activity::list(scope.tx, workspace, member, before, i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = rows.last().filter(|_| more).map(|row| cursor::seal(scope.app, &list, row.at, row.entry_id));
        let (name, removed) = (prose::line(&found.display_name), found.removed_at.is_some());
        let posts = posts_of(scope, &rows).await?;
        let days = days(scope, member, input.days.unwrap_or(DAYS)).await?;
        let zone = &scope.entered.time_zone;
        let entries = rows.into_iter().map(|row| line(row, &posts, &everybody, zone)).collect();
        Ok(Activity { member_id: member, name, removed, days, entries, next_cursor })
    }
}

/// Entries a day, newest first. A day that the clocks make longer or shorter is a day.
async fn days(scope: &mut Scope<'_>, member: MemberId, days: u32) -> Result<Vec<DayCount>> {
    if !(1..=92).contains(&days) {
        return Err(Error::invalid("days_out_of_range", "Count 1 to 92 days.").field("days", "between 1 and 92"));
    }
    let zone = times::zone(&scope.entered.time_zone)?;
    let today = scope.now.in_zone(&zone).date();
    let mut starts = Vec::with_capacity(days as usize + 1);
    for back in (-1..i64::from(days)).rev() {
        let day = today.saturating_sub(jiff::Span::new().try_days(back).map_err(Error::internal)?);
        let start = day.to_zoned(zone.clone()).map_err(Error::internal)?;
        starts.push((day, Timestamp::new(start.timestamp())));
    }
    let instants: Vec<_> = starts.iter().map(|(_, start)| *start).collect();
    let counts = activity::counts(scope.tx, scope.ctx.workspace, member, &instants).await?;
    let counted = starts.into_iter().zip(counts).map(|((day, _), count)| DayCount { day: day.to_string(), count });
    Ok(counted.rev().collect())
}

/// What an entry says was changed.
pub(in crate::app) fn about(changes: &Value) -> Vec<About> {
    let mut out: Vec<About> = Vec::new();
    for change in changes.as_array().into_iter().flatten() {
        let text = |key| change.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(what), Some(id)) = (text("what"), text("id")) else { continue };
        let one = About { what, id };
        if out.len() < ABOUT_MOST && !out.contains(&one) {
            out.push(one);
        }
    }
    out
}

fn post_ids(row: &Did) -> impl Iterator<Item = PostId> {
    about(&row.changes).into_iter().filter(|one| one.what == "post").filter_map(|one| one.id.parse().ok())
}

/// The posts that the entries are about, as far as the caller sees them.
async fn posts_of(scope: &mut Scope<'_>, rows: &[Did]) -> Result<Vec<Post>> {
    let ids: Vec<_> = rows.iter().flat_map(post_ids).map(PostId::uuid).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = posts::get_all(scope.tx, scope.ctx.workspace, &ids).await?;
    found.retain(|post| sees(post, scope.role(), scope.ctx.member()));
    Ok(found)
}

fn line(row: Did, posts: &[Post], everybody: &Everybody, zone: &str) -> ActivityLine {
    let post = post_ids(&row).find_map(|id| posts.iter().find(|post| post.post_id == id));
    let name = post.map(|post| short(&prose::line(post.title.as_deref().unwrap_or(&post.excerpt)), 60));
    let refused = row.outcome == "refused";
    let code = row.changes.pointer("/0/code").and_then(Value::as_str).unwrap_or("refused");
    ActivityLine {
        at: row.at,
        at_local: times::spoken(row.at, zone),
        text: sentence(&row.use_case, refused.then_some(code), name.as_deref().filter(|name| !name.is_empty())),
        via: everybody.who(&row.actor).via,
        refused,
        use_case: row.use_case,
        about: about(&row.changes),
    }
}
