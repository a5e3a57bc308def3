//! What members say to each other about a post. Whoever sees the post sees its comments; nothing of it goes to a network.

pub mod add;
pub mod delete;
pub mod list;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::members::actors::{Everybody, Who},
    clock::Timestamp,
    error::Error,
    ids::{CommentId, MemberId, PostId},
    model::{prose, times},
    store::comments::Comment,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CommentView {
    pub id: CommentId,
    pub post_id: PostId,
    pub by: Who,
    /// Missing once it is deleted, and where a repeated call is answered again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The comment that began the thread; missing for that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<CommentId>,
    /// Version of the post at that time.
    pub post_version: i32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentioned: Vec<MemberName>,
    pub at: Timestamp,
    /// The same, local.
    pub at_local: String,
    /// Who deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MemberName {
    pub id: MemberId,
    pub name: String,
}

fn no_such_comment() -> Error {
    Error::not_found("comment_not_found", "There is no such comment in this workspace.")
        .next("Use comment_list to see what is said about a post.")
}

fn name(everybody: &Everybody, id: MemberId) -> String {
    everybody.find(id).map_or_else(|| id.to_string(), |member| prose::line(&member.display_name))
}

fn view(comment: Comment, everybody: &Everybody, zone: &str) -> CommentView {
    let mentioned = comment.mentioned.into_iter().map(MemberId);
    let deleted_by = comment.deleted_by.map(|id| name(everybody, id));
    CommentView {
        id: comment.comment_id,
        post_id: comment.post_id,
        by: everybody.who(&comment.actor),
        text: comment.text,
        reply_to: comment.reply_to,
        post_version: comment.post_version,
        mentioned: mentioned.map(|id| MemberName { id, name: name(everybody, id) }).collect(),
        at: comment.created_at,
        at_local: times::spoken(comment.created_at, zone),
        deleted_by: deleted_by.or_else(|| comment.deleted_at.map(|_| "AllIN".to_owned())),
    }
}
