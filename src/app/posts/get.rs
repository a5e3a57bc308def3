//! Read one post.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        posts::view::{self, PostView},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::PostId,
    model::roles::Permission,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostGet {
    pub post_id: PostId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PostFound {
    pub post: PostView,
}

impl UseCase for PostGet {
    type Input = Self;
    type Output = PostFound;
    type Form = Locally;
    const NAME: &'static str = "post_get";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for PostGet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostFound> {
        Ok(PostFound { post: view::load(scope, input.post_id).await? })
    }
}
