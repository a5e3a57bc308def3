//! Mark a post as evergreen, or no longer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        posts::lock,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::PostId,
    model::roles::Permission,
    store::recycling,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostEvergreen {
    pub post_id: PostId,
    /// Whether it may go out again.
    pub evergreen: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PostMarked {
    /// What was done, for a person.
    pub message: String,
    pub post_id: PostId,
    pub evergreen: bool,
}

impl UseCase for PostEvergreen {
    type Input = Self;
    type Output = PostMarked;
    type Form = Locally;
    const NAME: &'static str = "post_evergreen";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for PostEvergreen {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostMarked> {
        let PostEvergreen { post_id, evergreen } = input;
        lock(scope, post_id).await?;
        let (_, original) = recycling::marks(scope.tx, scope.ctx.workspace, post_id).await?;
        if let Some(original) = original.filter(|_| evergreen) {
            return Err(Error::conflict("post_is_a_copy", format!("This post is a copy of {original}."))
                .next("Mark the original instead."));
        }
        recycling::set_evergreen(scope.tx, scope.ctx.workspace, post_id, evergreen).await?;
        scope.changed("post", post_id, json!({ "evergreen": evergreen }));
        let message = match evergreen {
            true => "Marked as evergreen: it may go out again on accounts where recycling is on (recycling_set).",
            false => "No longer evergreen: it does not go out again by itself.",
        };
        Ok(PostMarked { message: message.into(), post_id, evergreen })
    }
}
