//! Makes an earlier version of a post the present one: a change like any other, by the same way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        posts::{history::content, lock, update::PostUpdate, view::PostChanged},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::PostId,
    model::{diff::diff, roles::Permission},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostRestore {
    pub post_id: PostId,
    /// The version whose words, images, accounts and title come back.
    pub version: i32,
    /// The present version, as it was read; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<i32>,
}

impl UseCase for PostRestore {
    type Input = Self;
    type Output = PostChanged;
    type Form = Locally;
    const NAME: &'static str = "post_restore";
    const NEEDS: Permission = Permission::WriteDrafts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for PostRestore {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostChanged> {
        let (post, _) = lock(scope, input.post_id).await?;
        let wanted = content(scope, post.post_id, input.version).await?;
        let present = content(scope, post.post_id, post.version).await?;
        if diff(&present, &wanted).is_empty() {
            return Err(Error::conflict(
                "nothing_to_restore",
                format!("Version {} says what the post says now.", input.version),
            )
            .next("Use post_history to choose another version."));
        }
        let change = PostUpdate {
            post_id: post.post_id,
            version: Some(input.present.unwrap_or(post.version)),
            segments: Some(wanted.segments),
            account_ids: Some(wanted.account_ids),
            variants: Some(wanted.variants),
            // Empty text takes the title away.
            title: Some(wanted.title.unwrap_or_default()),
            campaign_id: None,
            tags: None,
        };
        let mut changed = PostUpdate::run(scope, change).await?;
        scope.changed("post", post.post_id, json!({ "restored": input.version }));
        changed.message = format!("Version {} is back, as version {}.", input.version, changed.post.version);
        Ok(changed)
    }
}
