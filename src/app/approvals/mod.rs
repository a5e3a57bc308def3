//! Approvals: who must agree to a post before it is sent, who is asked, and what people decided. Whether a post may go
//! out is computed by the database from what will be sent (`approval_missing`); this follows it and asks people.

pub mod decide;
pub mod delegate;
pub mod follow;
pub mod freeze;
pub mod get;
pub mod link;
pub mod list;
pub mod page;
pub mod policies;
pub mod policy_end;
pub mod policy_set;
pub mod request;
pub mod reviewers;
pub mod signatures;
mod tell;
pub mod unfreeze;
pub mod view;
pub mod withdraw;

use serde_json::json;

use crate::{
    app::{approvals::tell::Asked, use_case::Scope},
    error::{Error, Result},
    ids::{ApprovalId, PostId},
    model::states::Review,
    store::{
        approvals::{
            self,
            requests::{self, NewRequest, Request},
            turns,
        },
        posts,
    },
};

/// How long an approval counts of what has no time yet, in seconds.
const WITHOUT_TIME_SECS: i64 = 30 * 24 * 3600;

/// After a post has changed, or with `None` after a policy has: requests that no longer fit are void, people are asked
/// about what is scheduled and needs them, and the posts say where they stand. Returns how many were asked about.
pub(crate) async fn refresh(scope: &mut Scope<'_>, post: Option<PostId>) -> Result<usize> {
    let (workspace, now) = (scope.ctx.workspace, scope.now);
    if let Some(post) = post
        && !requests::concerned(scope.tx, workspace, post, now).await?
    {
        return Ok(0);
    }
    for request in requests::void_stale(scope.tx, workspace, post, now).await? {
        scope.changed("approval", request, json!({ "state": "void" }));
    }
    let unasked = requests::unasked(scope.tx, workspace, post, now).await?;
    let mut asked = Vec::with_capacity(unasked.len());
    for id in &unasked {
        asked.push(ask(scope, *id, None).await?);
    }
    tell::asked(scope, &asked).await?;
    requests::derive_reviews(scope.tx, workspace, post, now).await?;
    Ok(unasked.len())
}

/// Asks for approval of what a post says now. The caller tells those who are asked.
async fn ask(scope: &mut Scope<'_>, post: PostId, note: Option<&str>) -> Result<Asked> {
    let (workspace, now) = (scope.ctx.workspace, scope.now);
    let demands = approvals::demands(scope.tx, workspace, post, now, (now, now)).await?;
    let window = demands.iter().map(|step| i64::from(step.window_minutes)).min().unwrap_or_default() * 60;
    let (not_before, not_after) = match requests::due_range(scope.tx, workspace, post).await? {
        Some((first, last)) => (first.plus_secs(-window), last.plus_secs(window)),
        None => (now, now.plus_secs(WITHOUT_TIME_SECS)),
    };
    let id: ApprovalId = scope.new_id();
    let requested_by = scope.ctx.actor.key();
    let request =
        NewRequest { request_id: id, post_id: post, not_before, not_after, requested_by: &requested_by, note, now };
    requests::insert(scope.tx, workspace, &request).await?;
    scope.changed("approval", id, json!({ "post": post, "not_before": not_before, "not_after": not_after }));
    let steps = turns::open(scope.tx, workspace, id, post, now).await?;
    Ok(Asked { request: known(scope, id).await?, steps })
}

/// What the answer to whoever scheduled it says.
pub(crate) async fn warning(scope: &mut Scope<'_>, post: PostId) -> Result<Option<String>> {
    let found = posts::get(scope.tx, scope.ctx.workspace, post).await?;
    Ok(found.and_then(|post| match post.review {
        Review::NotNeeded | Review::Approved => None,
        Review::Requested => {
            Some("It needs approval first; those concerned are asked. Without it, it is held when it comes due.".into())
        }
        Review::ChangesRequested => {
            Some("Changes were asked for: it is held when it comes due, unless it is changed and approved.".into())
        }
        Review::Rejected => {
            Some("It was rejected: it is held when it comes due, unless it is changed and approved.".into())
        }
        Review::Void => Some("It needs approval again.".into()),
    }))
}

/// Refuses what may not be public now.
pub(crate) async fn must_stand(scope: &mut Scope<'_>, post: PostId) -> Result<()> {
    match approvals::missing(scope.tx, scope.ctx.workspace, post, scope.now, (scope.now, scope.now)).await? {
        None => Ok(()),
        Some(why) => Err(Error::conflict("approval_needed", format!("It needs approval first: {why}.")).next(
            "Ask for it with approval_request; it can be published once it is approved. Scheduling asks by itself.",
        )),
    }
}

/// Whether people must approve this post, whatever they decided.
pub(crate) async fn is_demanded(scope: &mut Scope<'_>, post: PostId) -> Result<bool> {
    Ok(!approvals::demands(scope.tx, scope.ctx.workspace, post, scope.now, (scope.now, scope.now)).await?.is_empty())
}

async fn known(scope: &mut Scope<'_>, id: ApprovalId) -> Result<Request> {
    let found = requests::get(scope.tx, scope.ctx.workspace, id).await?;
    found.ok_or_else(|| {
        Error::not_found("approval_not_found", format!("There is no request for approval {id} in this workspace."))
            .next("Use approval_list to see what waits for approval.")
    })
}

/// Hexadecimal, as pages and answers show what was seen.
fn hex(digest: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(digest)
}
