//! Decide on a request: approve, ask for changes, reject. Takes a person who has just proved to be that person, or a
//! reviewer's link; the database checks everything again when the decision is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::{
        approvals::{
            hex, known, link,
            signatures::{Decider, signed},
            tell::{self, Asked},
            view::{self, ApprovalView, Names},
        },
        ctx::Actor,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{ApprovalId, MemberId, ReviewLinkId},
    model::{
        approvals::{COMMENT_MAX, RequestState, Verdict},
        roles::Permission,
        states::TargetState,
    },
    store::{
        approvals::{
            self, Step,
            decisions::{self, Seat},
            links,
            requests::{self, Request},
            turns,
        },
        posts, targets,
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalDecide {
    pub approval_id: ApprovalId,
    pub verdict: Verdict,
    /// For the author; needed when changes are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub comment: Option<String>,
    /// The `digest` of what the person was shown.
    pub digest: String,
    /// The link through which a member came, to be spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_id: Option<ReviewLinkId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalDecided {
    pub message: String,
    pub approval: ApprovalView,
}

impl UseCase for ApprovalDecide {
    type Input = Self;
    type Output = ApprovalDecided;
    type Form = Locally;
    const NAME: &'static str = "approval_decide";
    const NEEDS: Permission = Permission::Decide;
    const EFFECT: Effect = Effect::Write;
    const DECIDES: bool = true;
}

impl Local for ApprovalDecide {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ApprovalDecided> {
        let workspace = scope.ctx.workspace;
        let comment = comment(&input)?;
        let request = known(scope, input.approval_id).await?;
        // Every change of the post takes this lock: what is compared from here on is what the decision will be about.
        posts::lock(scope.tx, workspace, request.post_id).await?;
        let request = known(scope, request.request_id).await?;
        must_be_as_seen(&request, &input)?;
        let decider = decider(scope)?;
        spend(scope, &request, &input).await?;
        let steps = open_to(scope, &request, decider, input.verdict).await?;
        for (step, on_behalf_of) in &steps {
            let decision = signed(scope, &request, step, decider, *on_behalf_of, input.verdict, comment.clone())?;
            if let Err(reason) = decisions::insert(scope.tx, workspace, &decision).await? {
                return Err(Error::conflict("decision_refused", format!("The decision was refused: {reason}."))
                    .next("Look at the request again: it changed at this moment."));
            }
        }
        let message = conclude(scope, &request, input.verdict).await?;
        scope.changed("approval", request.request_id, json!({ "verdict": input.verdict, "steps": steps.len() }));
        let names = Names::load(scope).await?;
        let request = known(scope, request.request_id).await?;
        let approval = view::load(scope, request, &names).await?;
        Ok(ApprovalDecided { message, approval })
    }
}

fn comment(input: &ApprovalDecide) -> Result<Option<String>> {
    let comment = input.comment.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if comment.is_some_and(|text| text.chars().count() > COMMENT_MAX || text.contains('\0')) {
        return Err(Error::invalid("comment_invalid", format!("A comment has at most {COMMENT_MAX} characters."))
            .field("comment", "is too long or contains a NUL character"));
    }
    if comment.is_none() && input.verdict == Verdict::RequestChanges {
        return Err(Error::invalid("comment_needed", "Say what is to be changed.")
            .next("Write it as the comment, then send it off again.")
            .field("comment", "is empty"));
    }
    Ok(comment.map(str::to_owned))
}

fn must_be_as_seen(request: &Request, input: &ApprovalDecide) -> Result<()> {
    if request.state != RequestState::Open {
        let state = request.state.as_str().replace('_', " ");
        return Err(Error::conflict("approval_over", format!("This request is over: {state}."))
            .next("Look at the post; a new request is made when it is scheduled again."));
    }
    if input.digest != hex(&request.digest) {
        return Err(Error::conflict("approval_stale", "The post is not the one that you saw any more.")
            .next("Look at it again, then decide."));
    }
    Ok(())
}

fn decider(scope: &Scope<'_>) -> Result<Decider> {
    match &scope.ctx.actor {
        Actor::Proven { member, .. } => Ok(Decider::Member(*member)),
        Actor::Reviewer { reviewer, .. } => Ok(Decider::Reviewer(*reviewer)),
        _ => Err(Error::internal("only a proven person decides")),
    }
}

/// A link works once, for its own request and person.
async fn spend(scope: &mut Scope<'_>, request: &Request, input: &ApprovalDecide) -> Result<()> {
    let link = match (&scope.ctx.actor, input.link_id) {
        (Actor::Reviewer { link, .. }, _) => *link,
        (_, Some(link)) => link,
        (_, None) => return Ok(()),
    };
    let found = links::get(scope.tx, scope.ctx.workspace, link).await?;
    let fits = found.is_some_and(|found| {
        found.request_id == request.request_id
            && match &scope.ctx.actor {
                Actor::Reviewer { reviewer, .. } => found.reviewer_id == Some(*reviewer),
                actor => found.member_id == actor.member(),
            }
    });
    if fits && links::spend(scope.tx, scope.ctx.workspace, link, scope.now).await? {
        return Ok(());
    }
    Err(link::over())
}

/// The steps that are this person's to decide now, with whose place they take.
async fn open_to(
    scope: &mut Scope<'_>,
    request: &Request,
    decider: Decider,
    verdict: Verdict,
) -> Result<Vec<(Step, Option<MemberId>)>> {
    let workspace = scope.ctx.workspace;
    let demands = approvals::demands(scope.tx, workspace, request.post_id, scope.now, request.window()).await?;
    let handed = decisions::delegations(scope.tx, workspace, request.request_id).await?;
    let mut steps = Vec::new();
    let mut why = None;
    let mut seen: Vec<Uuid> = Vec::new();
    for step in demands.into_iter().filter(|step| !step.passed) {
        // Later steps of a policy wait for this one.
        if seen.contains(&step.policy_id) {
            continue;
        }
        seen.push(step.policy_id);
        let member = match decider {
            Decider::Reviewer(reviewer) if step.reviewer_ids.contains(&reviewer) => {
                steps.push((step, None));
                continue;
            }
            Decider::Reviewer(_) => continue,
            Decider::Member(member) => member,
        };
        let delegated = handed
            .iter()
            .filter(|handed| {
                (handed.policy_id, handed.ordinal, handed.to_member) == (step.policy_id, step.ordinal, member)
            })
            .map(|handed| Some(handed.from_member));
        for on_behalf_of in std::iter::once(None).chain(delegated) {
            let place = (step.policy_id, step.ordinal);
            let approves = verdict == Verdict::Approve;
            let barred = decisions::barred(
                scope.tx,
                workspace,
                request.request_id,
                place,
                Seat { member, on_behalf_of },
                approves,
                scope.now,
            );
            match barred.await? {
                None => {
                    steps.push((step.clone(), on_behalf_of));
                    break;
                }
                // What is the person's own fault to say rather than that others are asked.
                Some(code) if why.is_none() || code != "not_asked" => why = Some(code),
                Some(_) => {}
            }
        }
    }
    if steps.is_empty() { Err(refusal(why.as_deref())) } else { Ok(steps) }
}

fn refusal(why: Option<&str>) -> Error {
    match why {
        Some("own_post") => Error::forbidden("own_post", "You wrote it: somebody else has to approve it.")
            .next("Ask another member, or have a Manager set a policy that allows authors to approve their own."),
        Some("decided_already") => Error::conflict("decided_already", "You approved it already; others are asked too.")
            .next("Look at the request: it says whose turn it is."),
        Some("decided_before") => {
            Error::forbidden("decided_before", "You approved an earlier step; each step takes another person.")
                .next("Ask another member who is asked in this step.")
        }
        _ => Error::forbidden("not_asked", "You are not asked about this post now.")
            .next("Look at the request: it says whose turn it is. A named member or an Admin can delegate to you."),
    }
}

/// Ends the request, or turns to those who are asked next.
async fn conclude(scope: &mut Scope<'_>, request: &Request, verdict: Verdict) -> Result<String> {
    let (workspace, post) = (scope.ctx.workspace, request.post_id);
    let end = match verdict.ends_as() {
        Some(state) => Some(state),
        None => {
            let missing = approvals::missing(scope.tx, workspace, post, scope.now, request.window()).await?;
            missing.is_none().then_some(RequestState::Approved)
        }
    };
    match end {
        Some(state) => requests::end(scope.tx, workspace, request.request_id, state, scope.now).await?,
        None => {
            let steps = turns::open(scope.tx, workspace, request.request_id, post, scope.now).await?;
            tell::asked(scope, &[Asked { request: request.clone(), steps }]).await?;
        }
    }
    tell::decided(scope, request, verdict, end).await?;
    requests::derive_reviews(scope.tx, workspace, Some(post), scope.now).await?;
    let held =
        targets::of_post(scope.tx, workspace, post).await?.iter().any(|target| target.state == TargetState::Held);
    Ok(match end {
        Some(RequestState::Approved) if held => {
            "Approved. It is held, because it came due meanwhile: release it with held_release.".into()
        }
        Some(RequestState::Approved) => "Approved.".into(),
        Some(RequestState::ChangesRequested) => "Changes are asked for. The author is told.".into(),
        Some(_) => "Rejected. It will not be sent like this.".into(),
        None => "Approved by you; others are asked next.".into(),
    })
}
