//! The versions of a post: who changed what, and when. Earlier versions are drafts, so they are shown to the author and to
//! those who see everybody's drafts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        members::actors::{Everybody, Who},
        posts::{query::check_limit, seen},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, PostId},
    model::{
        diff::diff,
        posts::{Content, excerpt},
        roles::Permission,
        times,
    },
    store::{
        accounts,
        posts::{self, Kept, Post},
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostHistory {
    pub post_id: PostId,
    /// Versions before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i32>,
    /// Versions per page, 1 to 50. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<u32>,
}

/// Newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PostVersions {
    pub post_id: PostId,
    /// The version that is now.
    pub version: i32,
    pub versions: Vec<VersionLine>,
    /// `before` of the next page; missing on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_before: Option<i32>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct VersionLine {
    pub version: i32,
    pub by: Who,
    pub at: Timestamp,
    /// The same, local.
    pub at_local: String,
    /// The beginning of its text.
    pub excerpt: String,
    /// What is different from the version before. Empty: the first, or nothing that goes out.
    pub changes: Vec<String>,
    /// An earlier version that says exactly the same, as after a restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<i32>,
}

impl UseCase for PostHistory {
    type Input = Self;
    type Output = PostVersions;
    type Form = Locally;
    const NAME: &'static str = "post_history";
    const NEEDS: Permission = Permission::ReadHistory;
    const EFFECT: Effect = Effect::Read;
}

impl Local for PostHistory {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostVersions> {
        let limit = check_limit(input.limit, 50)?;
        let post = with_history(scope, input.post_id).await?;
        let workspace = scope.ctx.workspace;
        // One more, to compare the last with.
        let kept = posts::versions(scope.tx, workspace, post.post_id, input.before, i64::from(limit) + 1).await?;
        let contents = kept.iter().map(|one| read(one.content.clone())).collect::<Result<Vec<_>>>()?;
        let (names, everybody) = (Names::load(scope).await?, Everybody::load(scope).await?);
        let zone = scope.entered.time_zone.clone();
        let shown = kept.iter().zip(&contents).take(limit as usize).enumerate();
        let versions: Vec<_> = shown
            .map(|(at, (one, content))| {
                let before = contents.get(at + 1);
                let changes = before.map(|before| diff(before, content).summary(|id| names.of(id)));
                line(one, content, changes.unwrap_or_default(), &everybody, &zone)
            })
            .collect();
        let next_before = versions.last().filter(|_| kept.len() > limit as usize).map(|last| last.version);
        Ok(PostVersions { post_id: post.post_id, version: post.version, versions, next_before })
    }
}

fn line(kept: &Kept, content: &Content, changes: Vec<String>, everybody: &Everybody, zone: &str) -> VersionLine {
    VersionLine {
        version: kept.version,
        by: everybody.who(&kept.actor),
        at: kept.created_at,
        at_local: times::spoken(kept.created_at, zone),
        excerpt: content.segments.first().map(|message| excerpt(&message.text)).unwrap_or_default(),
        changes,
        same_as: kept.same_as,
    }
}

/// A post whose earlier versions the caller may see.
pub(super) async fn with_history(scope: &mut Scope<'_>, id: PostId) -> Result<Post> {
    let post = seen(scope, id).await?;
    if scope.role().sees_all_drafts() || Some(post.author_id) == scope.ctx.member() {
        return Ok(post);
    }
    Err(Error::forbidden("history_not_yours", "Earlier versions are drafts: their author and Publishers see them.")
        .next("Ask the author, or a Publisher. What is public is shown by post_get."))
}

/// What a version said.
pub(super) async fn content(scope: &mut Scope<'_>, post: PostId, version: i32) -> Result<Content> {
    let found = posts::version_if_any(scope.tx, scope.ctx.workspace, post, version).await?;
    let found = found.ok_or_else(|| {
        Error::not_found("version_not_found", format!("The post has no version {version}."))
            .next("Use post_history to see its versions.")
    })?;
    read(found)
}

fn read(content: serde_json::Value) -> Result<Content> {
    serde_json::from_value(content).map_err(Error::internal)
}

/// What accounts are called.
pub(super) struct Names(Vec<(AccountId, String)>);

impl Names {
    pub async fn load(scope: &mut Scope<'_>) -> Result<Self> {
        let all = accounts::list(scope.tx, scope.ctx.workspace, None).await?;
        let name = |account: accounts::Account| {
            (account.account_id, format!("{}/{}", account.network.as_str(), account.handle))
        };
        Ok(Self(all.into_iter().map(name).collect()))
    }

    pub fn of(&self, id: AccountId) -> String {
        let found = self.0.iter().find(|(known, _)| *known == id);
        found.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    }
}
