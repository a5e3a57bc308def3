//! Take a comment back: the words are gone, the place in the thread stays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        comments::{add::CommentAdd, no_such_comment},
        posts::seen,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Kind, Result},
    ids::{CommentId, PostId},
    model::roles::{Permission, Role},
    store::{comments, idempotency},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentDelete {
    pub comment_id: CommentId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CommentDeleted {
    pub message: String,
    pub comment_id: CommentId,
    pub post_id: PostId,
}

impl UseCase for CommentDelete {
    type Input = Self;
    type Output = CommentDeleted;
    type Form = Locally;
    const NAME: &'static str = "comment_delete";
    const NEEDS: Permission = Permission::DeleteComments;
    const EFFECT: Effect = Effect::Destructive;
}

impl Local for CommentDelete {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<CommentDeleted> {
        let (workspace, id) = (scope.ctx.workspace, input.comment_id);
        let comment = comments::get(scope.tx, workspace, id).await?.ok_or_else(no_such_comment)?;
        // Who does not see the post does not learn that it is talked about; one's own words can be taken back anyway.
        let own = scope.ctx.member() == Some(comment.member_id);
        if !own {
            let hidden = |error: Error| if error.kind() == Kind::NotFound { no_such_comment() } else { error };
            seen(scope, comment.post_id).await.map_err(hidden)?;
            if scope.role() < Role::Manager {
                return Err(Error::forbidden(
                    "comment_not_yours",
                    "Only who wrote a comment, or a Manager, deletes it.",
                )
                .next("Ask the author, or a Manager."));
            }
        }
        let done = comments::delete(scope.tx, workspace, id, scope.ctx.member(), scope.now).await?;
        if done {
            idempotency::forget_created(scope.tx, workspace, CommentAdd::NAME, "comment", &id.to_string()).await?;
            scope.changed("comment", id, json!({ "deleted": true, "own": own }));
            scope.changed("post", comment.post_id, json!({ "comment_deleted": id }));
        }
        let message = if done { "The comment is deleted." } else { "The comment was deleted before." };
        Ok(CommentDeleted { message: message.into(), comment_id: id, post_id: comment.post_id })
    }
}
