//! What is different between two versions of a post, per account and message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        posts::history::{Names, content, with_history},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::{AccountId, PostId},
    model::{
        diff::{MessageDiff, diff},
        roles::Permission,
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostDiff {
    pub post_id: PostId,
    /// The earlier version; left out: the one before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i32>,
    /// The later version; left out: the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i32>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PostDiffed {
    pub post_id: PostId,
    pub from: i32,
    pub to: i32,
    /// What is different, in short; empty when nothing is.
    pub changes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<TitleDiff>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts_added: Vec<NamedAccount>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts_removed: Vec<NamedAccount>,
    /// One for all accounts on which the same changed.
    pub parts: Vec<PartDiff>,
    /// With `[-deleted-]` and `{+inserted+}` words.
    pub marked: String,
    /// By lines, as `diff -u` writes it.
    pub unified: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TitleDiff {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NamedAccount {
    pub id: AccountId,
    /// `network/handle`.
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PartDiff {
    /// Empty for a draft that has no account yet.
    pub accounts: Vec<NamedAccount>,
    pub messages: Vec<MessageDiff>,
}

impl UseCase for PostDiff {
    type Input = Self;
    type Output = PostDiffed;
    type Form = Locally;
    const NAME: &'static str = "post_diff";
    const NEEDS: Permission = Permission::ReadHistory;
    const EFFECT: Effect = Effect::Read;
}

impl Local for PostDiff {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostDiffed> {
        let post = with_history(scope, input.post_id).await?;
        let to = input.to.unwrap_or(post.version);
        // The first version is compared with itself.
        let from = input.from.unwrap_or_else(|| to.saturating_sub(1).max(1));
        between(scope, post.post_id, from, to).await
    }
}

/// What changed from one version to another, whoever asks.
pub(crate) async fn between(scope: &mut Scope<'_>, post_id: PostId, from: i32, to: i32) -> Result<PostDiffed> {
    let (old, new) = (content(scope, post_id, from).await?, content(scope, post_id, to).await?);
    let names = Names::load(scope).await?;
    let found = diff(&old, &new);
    let name = |id| names.of(id);
    let named = |ids: &[AccountId]| ids.iter().map(|id| NamedAccount { id: *id, name: name(*id) }).collect();
    Ok(PostDiffed {
        post_id,
        from,
        to,
        changes: found.summary(name),
        accounts_added: named(&found.accounts_added),
        accounts_removed: named(&found.accounts_removed),
        marked: found.marked(name),
        unified: found.unified(&old, &new, name),
        title: found.title.map(|(before, now)| TitleDiff { before, now }),
        parts: found
            .parts
            .into_iter()
            .map(|part| PartDiff { accounts: named(&part.accounts), messages: part.messages })
            .collect(),
    })
}
