//! Take a post back before it goes out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        posts::{
            choose, content, lock, moved, save,
            view::{self, PostChanged},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{AccountId, PostId},
    model::{
        roles::Permission,
        states::{TargetEvent, TargetState},
    },
    store::{attempts, dispatch},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostCancel {
    pub post_id: PostId,
    /// Only these accounts of the post. Default: all where it is not out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_ids: Vec<AccountId>,
}

impl UseCase for PostCancel {
    type Input = Self;
    type Output = PostChanged;
    type Form = Locally;
    const NAME: &'static str = "post_cancel";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for PostCancel {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostChanged> {
        let (post, mut all) = lock(scope, input.post_id).await?;
        let explicit = !input.account_ids.is_empty();
        let mut chosen = choose(&mut all, &input.account_ids)?;
        let ids: Vec<_> = chosen.iter().map(|target| target.account_id).collect();
        content::may_use(scope, &ids).await?;
        // Without a choice of accounts, what is out already is simply not meant.
        chosen.retain(|target| explicit || !matches!(target.state, TargetState::Published | TargetState::Cancelled));
        if chosen.is_empty() {
            return Err(Error::conflict("nothing_to_cancel", "Nothing of this post is waiting to go out.")
                .next("Use post_delete to remove what is public."));
        }
        let mut handles = Vec::new();
        let mut warnings = Vec::new();
        for target in &mut chosen {
            if attempts::any_open(scope.tx, scope.ctx.workspace, target.target_id).await? {
                warnings.push(format!(
                    "@{}: an earlier call's outcome is not known; look on the network whether it is public there.",
                    target.handle
                ));
            }
            target.state = target.state.apply(TargetEvent::Cancel, &format!("@{}", target.handle))?;
            target.next_step_at = None;
            dispatch::remove(scope.tx, scope.ctx.workspace, target.target_id).await?;
            handles.push(format!("@{}", target.handle));
        }
        let change = moved(&chosen);
        save(scope, post.post_id, &all).await?;
        scope.changed("post", post.post_id, change);
        let view = view::load(scope, post.post_id).await?;
        let message = format!("Cancelled for {}; nothing more will be sent there.", handles.join(", "));
        Ok(PostChanged { message, post: view, warnings })
    }
}
