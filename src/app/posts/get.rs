//! Read one post.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        metrics::{self, TargetFigures},
        posts::view::{self, PostView},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::PostId,
    model::roles::Permission,
    store::recycling,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostGet {
    pub post_id: PostId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PostFound {
    pub post: PostView,
    /// The newest figures of each account that the post is public on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<TargetFigures>,
    /// It may go out again where recycling is on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub evergreen: bool,
    /// The post that it is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recycled_from: Option<PostId>,
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
        let post = view::load(scope, input.post_id).await?;
        let figures = metrics::of_post(scope, input.post_id).await?;
        let (evergreen, recycled_from) = recycling::marks(scope.tx, scope.ctx.workspace, input.post_id).await?;
        Ok(PostFound { post, figures, evergreen, recycled_from })
    }
}
