//! What is said about a post.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        comments::{CommentView, no_such_comment, view},
        cursor,
        members::actors::Everybody,
        posts::{query::check_limit, seen},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::{CommentId, PostId},
    model::roles::Permission,
    store::comments,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentList {
    pub post_id: PostId,
    /// Only the thread that this comment began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<CommentId>,
    /// Comments per page, 1 to 100. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// next_cursor of the page before, with the same filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Comments {
    pub post_id: PostId,
    /// In all, without the deleted ones.
    pub count: i64,
    pub comments: Vec<CommentView>,
    /// Missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl UseCase for CommentList {
    type Input = Self;
    type Output = Comments;
    type Form = Locally;
    const NAME: &'static str = "comment_list";
    const NEEDS: Permission = Permission::ReadComments;
    const EFFECT: Effect = Effect::Read;
}

impl Local for CommentList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Comments> {
        let limit = check_limit(input.limit, 100)?;
        let workspace = scope.ctx.workspace;
        let post = seen(scope, input.post_id).await?.post_id;
        if let Some(thread) = input.thread {
            let found = comments::get(scope.tx, workspace, thread).await?;
            found.filter(|comment| comment.post_id == post).ok_or_else(no_such_comment)?;
        }
        let list = format!("comments {post} {:?}", input.thread);
        let before = input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()?;
        let before = before.map(|(_, id)| id);
        let mut rows = comments::list(scope.tx, workspace, post, input.thread, before, i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next_cursor = last.map(|row| cursor::seal(scope.app, &list, row.created_at, row.comment_id.uuid()));
        let count = comments::count(scope.tx, workspace, post).await?;
        let everybody = Everybody::load(scope).await?;
        let zone = &scope.entered.time_zone;
        let comments = rows.into_iter().map(|row| view(row, &everybody, zone)).collect();
        Ok(Comments { post_id: post, count, comments, next_cursor })
    }
}
