//! Tells people what waits for their decision, what was decided, and what is late. Reviewers outside are told by mail,
//! which `follow` writes.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{
    app::{
        approvals::view::Names,
        notifications::tell::{Word, tell},
        use_case::Scope,
    },
    error::Result,
    ids::{ApprovalId, MemberId, PostId},
    model::{
        approvals::{RequestState, Verdict},
        notifications::NotificationKind,
        roles::Role,
    },
    store::{
        approvals::{
            self, Step,
            decisions::{self, Delegation, Seat},
            requests::Request,
        },
        posts,
        workspaces::{self, Member},
    },
};

/// More requests at once than this are told of together.
const EACH: usize = 3;

/// People are asked in these steps of a request from now on.
pub struct Asked {
    pub request: Request,
    pub steps: Vec<(Uuid, i32)>,
}

/// Tells everybody whose turn it is.
pub async fn asked(scope: &mut Scope<'_>, all: &[Asked]) -> Result<()> {
    if all.iter().all(|asked| asked.steps.is_empty()) {
        return Ok(());
    }
    let members = workspaces::members(scope.tx, scope.ctx.workspace).await?;
    let mut waiting: BTreeMap<MemberId, Vec<(&Request, String)>> = BTreeMap::new();
    for asked in all {
        let excerpt = excerpt(scope, asked.request.post_id).await?;
        for member in asked_members(scope, &asked.request, &asked.steps, &members).await? {
            waiting.entry(member).or_default().push((&asked.request, excerpt.clone()));
        }
    }
    let names = Names::load(scope).await?;
    let mut words = Vec::new();
    for (member, mine) in waiting {
        if mine.len() > EACH {
            words.push(together(member, mine.len()));
            continue;
        }
        words.extend(mine.into_iter().map(|(request, excerpt)| one(member, request, &excerpt, &names)));
    }
    tell(scope.app, scope.tx, scope.ctx.workspace, &words, scope.now).await
}

fn one(member: MemberId, request: &Request, excerpt: &str, names: &Names) -> Word {
    let by = names.actor(&request.requested_by);
    let note = request.note.as_deref().map(|note| format!(" {note}")).unwrap_or_default();
    Word {
        kind: NotificationKind::ApprovalRequested,
        to: vec![member],
        post: Some(request.post_id),
        code: "approval_requested",
        title: format!("“{excerpt}” waits for your decision"),
        cause: format!("Asked by {by}.{note}"),
        next_step: decide(request.request_id),
    }
}

fn decide(request: ApprovalId) -> String {
    format!(
        "`allin approve {request}` or `allin reject {request}`; or have your assistant show the page (approval_page)."
    )
}

fn together(member: MemberId, count: usize) -> Word {
    Word {
        kind: NotificationKind::ApprovalRequested,
        to: vec![member],
        post: None,
        code: "approvals_requested",
        title: format!("{count} posts wait for your decision"),
        cause: "They need approval before they are sent.".into(),
        next_step: "`allin approval list --mine` shows them.".into(),
    }
}

/// Tells the author and whoever asked, unless they decided themselves.
pub async fn decided(
    scope: &mut Scope<'_>,
    request: &Request,
    verdict: Verdict,
    end: Option<RequestState>,
) -> Result<()> {
    let Some(end) = end else { return Ok(()) };
    let Some(post) = posts::get(scope.tx, scope.ctx.workspace, request.post_id).await? else { return Ok(()) };
    let names = Names::load(scope).await?;
    let asked_by = request.requested_by.split('/').next().and_then(|key| key.parse::<MemberId>().ok());
    let mut to: Vec<MemberId> = std::iter::once(post.author_id).chain(asked_by).collect();
    to.retain(|member| Some(*member) != scope.ctx.member());
    let (what, next_step) = match end {
        RequestState::Approved => ("is approved", "It goes out at its time; without one, schedule or publish it."),
        RequestState::ChangesRequested => {
            ("needs changes", "Read the comment with approval_get, then change it with post_update.")
        }
        _ => ("is rejected", "Read the comment with approval_get. It is not sent like this."),
    };
    let word = Word {
        kind: NotificationKind::ApprovalDecided,
        to,
        post: Some(request.post_id),
        code: verdict.as_str(),
        title: format!("“{}” {what}", post.excerpt),
        cause: format!("Decided by {}.", names.actor(&scope.ctx.actor.key())),
        next_step: next_step.into(),
    };
    tell(scope.app, scope.tx, scope.ctx.workspace, &[word], scope.now).await
}

/// Tells whose turn it is that time runs out, or has run out; then also those who may decide in their place.
pub async fn late(scope: &mut Scope<'_>, request: &Request, step: (Uuid, i32), overdue: bool) -> Result<()> {
    let members = workspaces::members(scope.tx, scope.ctx.workspace).await?;
    let mut to = asked_members(scope, request, &[step], &members).await?;
    let demands = demands(scope, request).await?;
    let escalates =
        demands.iter().find(|demand| (demand.policy_id, demand.ordinal) == step).and_then(|demand| demand.escalate_to);
    if let (true, Some(role)) = (overdue, escalates) {
        to.extend(with_role(&members, role));
    }
    let excerpt = excerpt(scope, request.post_id).await?;
    let cause = match (overdue, escalates) {
        (false, _) => "Half of the time for it is over.".to_owned(),
        (true, None) => "The time for it is over.".to_owned(),
        (true, Some(role)) => format!("The time for it is over; a {} may decide in their place now.", role.as_str()),
    };
    let word = Word {
        kind: NotificationKind::ApprovalReminder,
        to,
        post: Some(request.post_id),
        code: if overdue { "approval_overdue" } else { "approval_due" },
        title: format!("“{excerpt}” still waits for a decision"),
        cause,
        next_step: decide(request.request_id),
    };
    tell(scope.app, scope.tx, scope.ctx.workspace, &[word], scope.now).await
}

async fn demands(scope: &mut Scope<'_>, request: &Request) -> Result<Vec<Step>> {
    approvals::demands(scope.tx, scope.ctx.workspace, request.post_id, scope.now, request.window()).await
}

async fn excerpt(scope: &mut Scope<'_>, post: PostId) -> Result<String> {
    let post = posts::get(scope.tx, scope.ctx.workspace, post).await?;
    Ok(post.map(|post| post.excerpt).unwrap_or_default())
}

fn with_role(members: &[Member], role: Role) -> impl Iterator<Item = MemberId> + '_ {
    members
        .iter()
        .filter(move |member| member.removed_at.is_none() && member.role >= role)
        .map(|member| member.member_id)
}

/// The members who may decide on some of these steps now.
async fn asked_members(
    scope: &mut Scope<'_>,
    request: &Request,
    steps: &[(Uuid, i32)],
    members: &[Member],
) -> Result<Vec<MemberId>> {
    let (workspace, now) = (scope.ctx.workspace, scope.now);
    let handed = decisions::delegations(scope.tx, workspace, request.request_id).await?;
    let mut found = Vec::new();
    for demand in demands(scope, request).await? {
        let place = (demand.policy_id, demand.ordinal);
        if demand.passed || !steps.contains(&place) {
            continue;
        }
        let named: Vec<MemberId> = match demand.role {
            Some(role) => with_role(members, role).collect(),
            None => demand.member_ids.clone(),
        };
        let on_behalf = |delegation: &&Delegation| (delegation.policy_id, delegation.ordinal) == place;
        for member in named.into_iter().chain(handed.iter().filter(on_behalf).map(|delegation| delegation.to_member)) {
            let from = handed.iter().find(|handed| on_behalf(handed) && handed.to_member == member);
            let from = from.map(|handed| handed.from_member);
            let barred = decisions::barred(
                scope.tx,
                workspace,
                request.request_id,
                place,
                Seat { member, on_behalf_of: from },
                true,
                now,
            )
            .await?;
            if barred.is_none() && !found.contains(&member) {
                found.push(member);
            }
        }
    }
    Ok(found)
}
