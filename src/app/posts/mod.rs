//! Posts: drafting, scheduling, publishing, deleting, reading.

pub mod cancel;
pub mod content;
pub mod create;
pub mod delete;
pub mod diff;
pub mod edit;
pub mod get;
pub mod history;
pub mod labels;
pub mod preview;
pub mod publish;
pub mod query;
pub mod repeats;
pub mod restore;
pub mod schedule;
pub mod update;
pub mod view;

use serde_json::{Value, json};

use crate::{
    app::{approvals, use_case::Scope},
    error::{Error, Result},
    ids::{AccountId, MemberId, PostId},
    model::{
        roles::Role,
        states::{PostStatus, TargetState},
    },
    store::{
        posts::{self, Post},
        targets::{self, Target},
    },
};

pub(crate) fn no_such_post() -> Error {
    Error::not_found("post_not_found", "There is no such post in this workspace.")
        .next("Use post_query to list the posts.")
}

/// Whether a member sees a post: what is public, what they wrote, and from Publisher on all of them.
pub(crate) fn sees(post: &Post, role: Role, member: Option<MemberId>) -> bool {
    let public = matches!(post.status, PostStatus::Published | PostStatus::PartlyPublished);
    post.deleted_at.is_none() && (public || role.sees_all_drafts() || Some(post.author_id) == member)
}

/// A post that the caller may see.
pub(crate) async fn seen(scope: &mut Scope<'_>, id: PostId) -> Result<Post> {
    let post = posts::get(scope.tx, scope.ctx.workspace, id).await?;
    post.filter(|post| sees(post, scope.role(), scope.ctx.member())).ok_or_else(no_such_post)
}

/// Locks a post that the caller may change, with its targets.
pub(crate) async fn lock(scope: &mut Scope<'_>, id: PostId) -> Result<(Post, Vec<Target>)> {
    let post = posts::lock(scope.tx, scope.ctx.workspace, id).await?.filter(|post| post.deleted_at.is_none());
    let post = post.ok_or_else(no_such_post)?;
    if !scope.role().edits_all_posts() && Some(post.author_id) != scope.ctx.member() {
        return Err(no_such_post());
    }
    let targets = targets::of_post(scope.tx, scope.ctx.workspace, id).await?;
    Ok((post, targets))
}

/// Whoever schedules the post of a member who has left stands for it from now on.
pub(crate) async fn stand_for(scope: &mut Scope<'_>, post: &Post) -> Result<()> {
    match scope.ctx.member().filter(|_| post.author_removed) {
        Some(member) => posts::set_author(scope.tx, scope.ctx.workspace, post.post_id, member).await,
        None => Ok(()),
    }
}

/// Writes the targets and what follows from them for the post.
pub(crate) async fn save(scope: &mut Scope<'_>, post: PostId, targets: &[Target]) -> Result<()> {
    for target in targets {
        targets::save(scope.tx, scope.ctx.workspace, target, scope.now).await?;
    }
    derive(scope.tx, scope.ctx.workspace, post, targets, scope.now).await?;
    approvals::refresh(scope, Some(post)).await.map(drop)
}

/// Recomputes a post's status and time from its targets.
pub(crate) async fn derive(
    db: &mut sqlx::PgConnection,
    workspace: crate::ids::WorkspaceId,
    post: PostId,
    targets: &[Target],
    now: crate::clock::Timestamp,
) -> Result<()> {
    let states: Vec<_> = targets.iter().map(|target| target.state).collect();
    let at = targets.iter().filter_map(|target| target.published_at.or(target.due_at)).min();
    posts::set_derived(db, workspace, post, PostStatus::of(&states), at, now).await
}

/// The targets that a call is about: all, or those on the given accounts.
pub(crate) fn choose<'a>(targets: &'a mut [Target], accounts: &[AccountId]) -> Result<Vec<&'a mut Target>> {
    if let Some(missing) = accounts.iter().find(|id| !targets.iter().any(|target| target.account_id == **id)) {
        return Err(Error::invalid("account_not_in_post", format!("The post does not go to the account {missing}."))
            .next("Leave account_ids out to mean all accounts of the post, or add the account with post_update.")
            .field("account_ids", "must be accounts of this post"));
    }
    let chosen: Vec<_> =
        targets.iter_mut().filter(|target| accounts.is_empty() || accounts.contains(&target.account_id)).collect();
    if chosen.is_empty() {
        return Err(Error::conflict("post_without_accounts", "The post has no account to go to.")
            .next("Add account_ids with post_update; account_list shows the accounts."));
    }
    Ok(chosen)
}

/// Those that a time can be set for. Without a choice of accounts that leaves out what is public, and what was
/// cancelled unless all of it was.
pub(crate) fn waiting<'a>(all: &'a mut [Target], account_ids: &[AccountId]) -> Result<Vec<&'a mut Target>> {
    let mut chosen = choose(all, account_ids)?;
    if account_ids.is_empty() {
        chosen.retain(|target| target.state != TargetState::Published);
        if chosen.iter().any(|target| target.state != TargetState::Cancelled) {
            chosen.retain(|target| target.state != TargetState::Cancelled);
        }
    }
    if let Some(target) = chosen.iter().find(|target| target.removal_requested_at.is_some()) {
        return Err(Error::conflict("being_deleted", format!("The post is being removed from @{}.", target.handle))
            .next("Wait until it is gone, or make a new post."));
    }
    if chosen.is_empty() {
        return Err(Error::conflict("already_published", "The post is public on all its accounts.")
            .next("Read it with post_get to see the links."));
    }
    Ok(chosen)
}

/// For the audit log: which targets moved where.
pub(crate) fn moved(targets: &[&mut Target]) -> Value {
    json!(
        targets
            .iter()
            .map(|target| json!({ "target": target.target_id, "state": target.state, "due_at": target.due_at }))
            .collect::<Vec<_>>()
    )
}
