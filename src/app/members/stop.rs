//! What ends when somebody leaves or loses a role, and what another member goes on with instead.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        members::{invite, known},
        notifications::note::{Notice, note},
        posts::save,
        tasks::remind,
        use_case::Scope,
    },
    error::{Error, Result},
    ids::{AccountId, MemberId},
    model::{
        notifications::NotificationKind,
        roles::{Permission, Role},
        states::{TargetEvent, TargetState},
    },
    store::{
        accounts, dispatch,
        invitations::{self, Which},
        members, posts, series, targets,
        targets::TargetError,
        tokens, workspaces,
        workspaces::Member,
    },
};

/// What stopped with a member, or went to another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Stopped {
    /// Who goes on with posts, series and recycling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over_to: Option<String>,
    /// Scheduled posts. Not handed over, each is held when it comes due.
    pub scheduled_posts: i64,
    /// Drafts, and posts that are held or failed.
    pub waiting_posts: i64,
    /// Not handed over, they are ended.
    pub series: i64,
    /// Accounts whose recycling the member stood for. Not handed over, it is switched off.
    pub recycling: i64,
    /// API keys that work no more.
    pub keys: usize,
    /// Invitations that were revoked.
    pub invitations: usize,
    /// Open tasks that nobody has now.
    #[serde(default)]
    pub tasks: usize,
}

/// Takes somebody out of the workspace. The caller has locked the members and made sure that an Admin stays.
pub(in crate::app) async fn remove(scope: &mut Scope<'_>, member: &Member, to: Option<MemberId>) -> Result<Stopped> {
    let (workspace, id) = (scope.ctx.workspace, member.member_id);
    let mut stopped = match to {
        Some(to) => hand_over(scope, member, to).await?,
        None => let_end(scope, member).await?,
    };
    let keys = members::revoke_keys(scope.tx, workspace, id, scope.now).await?;
    let pages = members::open_pages(scope.tx, workspace, id, scope.now).await?;
    for token in keys.iter().chain(&pages) {
        tokens::drop_of(scope.tx, workspace, *token).await?;
    }
    stopped.keys = keys.len();
    stopped.invitations = revoke_invitations(scope, id).await?;
    let own = invitations::revoke(scope.tx, workspace, Which::For(id), scope.now).await?;
    invite::void(scope, &own).await?;
    members::drop_grants(scope.tx, workspace, id).await?;
    members::end_sessions(scope.tx, workspace, id).await?;
    workspaces::remove_member(scope.tx, workspace, id, scope.now).await?;
    stopped.tasks = remind::leave(scope, id, &member.display_name).await?;
    members::leave(scope.tx, workspace, id).await?;
    scope.changed("member", id, json!({ "removed": true, "stopped": stopped }));
    Ok(stopped)
}

/// Invitations that a member made and that are open.
pub(crate) async fn revoke_invitations(scope: &mut Scope<'_>, by: MemberId) -> Result<usize> {
    let revoked = invitations::revoke(scope.tx, scope.ctx.workspace, Which::By(by), scope.now).await?;
    invite::void(scope, &revoked).await?;
    Ok(revoked.len())
}

async fn let_end(scope: &mut Scope<'_>, member: &Member) -> Result<Stopped> {
    let workspace = scope.ctx.workspace;
    let stands_for = members::standings(scope.tx, workspace, member.member_id).await?;
    for id in members::end_series(scope.tx, workspace, member.member_id, scope.now).await? {
        series::drop_due(scope.tx, workspace, id).await?;
    }
    members::end_recycling(scope.tx, workspace, member.member_id, scope.now).await?;
    Ok(counted(stands_for))
}

fn counted(of: members::Standings) -> Stopped {
    Stopped {
        scheduled_posts: of.scheduled,
        waiting_posts: of.waiting,
        series: of.series,
        recycling: of.recycling,
        ..Stopped::default()
    }
}

/// Another member stands for what is not over.
pub(super) async fn hand_over(scope: &mut Scope<'_>, from: &Member, to: MemberId) -> Result<Stopped> {
    let workspace = scope.ctx.workspace;
    let heir = known(scope, to).await?;
    if heir.member_id == from.member_id || !heir.role.has(Permission::SchedulePosts) {
        return Err(Error::invalid("heir_unfit", format!("{} cannot take this over.", heir.display_name))
            .next("Name another member who is publisher, manager or admin.")
            .field("hand_over_to", "another member who may schedule"));
    }
    let accounts = members::accounts_of_work(scope.tx, workspace, from.member_id).await?;
    let granted = accounts::granted(scope.tx, workspace, heir.member_id, &accounts).await?;
    if !heir.role.uses_all_accounts()
        && let Some(missing) = accounts.iter().find(|account| !granted.contains(account))
    {
        return Err(Error::invalid(
            "heir_unfit",
            format!("{} was not granted the account {missing}.", heir.display_name),
        )
        .next(format!("Grant it first: `allin account grant {missing} {to}`, or name another member."))
        .field("hand_over_to", "a member who may use the accounts"));
    }
    let stands_for = members::standings(scope.tx, workspace, from.member_id).await?;
    members::hand_over(scope.tx, workspace, from.member_id, to).await?;
    scope.changed("member", from.member_id, json!({ "handed_over_to": to }));
    Ok(Stopped { handed_over_to: Some(heir.display_name), ..counted(stands_for) })
}

/// What a lower role ends: the invitations of who is Admin no more, and what is scheduled on accounts that take a grant
/// from now on.
pub(super) async fn narrowed(scope: &mut Scope<'_>, member: &Member, role: Role) -> Result<(usize, usize)> {
    let mut revoked = 0;
    if member.role.has(Permission::ManageMembers) && !role.has(Permission::ManageMembers) {
        revoked = revoke_invitations(scope, member.member_id).await?;
    }
    if !member.role.uses_all_accounts() || role.uses_all_accounts() {
        return Ok((revoked, 0));
    }
    let all = accounts::list(scope.tx, scope.ctx.workspace, None).await?;
    let all: Vec<_> = all.iter().map(|account| account.account_id).collect();
    let granted = accounts::granted(scope.tx, scope.ctx.workspace, member.member_id, &all).await?;
    let lost: Vec<_> = all.into_iter().filter(|account| !granted.contains(account)).collect();
    Ok((revoked, hold_scheduled(scope, member, &lost).await?))
}

/// Holds what a member has scheduled on accounts that the member may use no more. Returns how much that was.
pub(in crate::app) async fn hold_scheduled(
    scope: &mut Scope<'_>,
    member: &Member,
    accounts: &[AccountId],
) -> Result<usize> {
    let workspace = scope.ctx.workspace;
    let why = TargetError {
        code: "not_granted".into(),
        message: format!("{} may no longer use its account.", member.display_name),
        next_step: "Whoever may use the account schedules it again, and stands for it; or drop it (held_release)."
            .into(),
    };
    let mut count = 0;
    for (post, id) in members::scheduled(scope.tx, workspace, member.member_id, accounts).await? {
        posts::lock(scope.tx, workspace, post).await?;
        let mut all = targets::of_post(scope.tx, workspace, post).await?;
        let waits = |target: &&mut targets::Target| target.target_id == id && target.state == TargetState::Scheduled;
        let Some(target) = all.iter_mut().find(waits) else { continue };
        target.state = target.state.apply(TargetEvent::Hold, &format!("@{}", target.handle))?;
        target.next_step_at = None;
        target.error = Some(why.clone());
        dispatch::remove(scope.tx, workspace, id).await?;
        let notice =
            Notice { done_by: scope.ctx.member(), ..Notice::of_target(NotificationKind::PostHeld, target, &why) };
        note(scope.app, scope.tx, workspace, &[notice], scope.now).await?;
        save(scope, post, &all).await?;
        count += 1;
    }
    Ok(count)
}

impl Stopped {
    /// For a person, after a sentence that says who has left.
    pub(super) fn say(&self, member: MemberId) -> String {
        let mut parts = Vec::new();
        let mut part = |count: i64, one: &str, many: &str| match count {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            count => parts.push(format!("{count} {many}")),
        };
        part(self.scheduled_posts, "scheduled post", "scheduled posts");
        part(self.waiting_posts, "draft or held post", "drafts and held posts");
        part(self.series, "series", "series");
        part(self.recycling, "account's recycling", "accounts' recycling");
        let work = parts.join(", ");
        let mut text = String::new();
        match (&self.handed_over_to, work.is_empty()) {
            (_, true) => {}
            (Some(to), false) => _ = write!(text, " {to} goes on with {work}."),
            (None, false) => {
                _ = write!(
                    text,
                    " Left behind: {work}. Scheduled posts are held when they come due, series are ended, recycling is off. \
                     `allin member hand-over {member} TO` gives the posts to another member."
                );
            }
        }
        if self.invitations > 0 {
            _ = write!(text, " {} of their invitations are revoked.", self.invitations);
        }
        if self.tasks > 0 {
            _ = write!(text, " {} open task(s) of theirs have nobody now.", self.tasks);
        }
        text
    }
}
