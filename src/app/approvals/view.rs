//! A request for approval as people and programs see it: who is asked, who decided what, and when it may go out.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{approvals::hex, use_case::Scope},
    clock::Timestamp,
    error::Result,
    ids::{ApprovalId, MemberId, PostId, ReviewerId},
    model::approvals::{Need, RequestState, Verdict},
    store::{
        approvals::{
            self, Step,
            decisions::{self, Decision},
            requests::Request,
            turns,
        },
        posts, reviewers, workspaces,
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ApprovalView {
    pub id: ApprovalId,
    pub post_id: PostId,
    /// How the post begins.
    pub excerpt: String,
    pub version: i32,
    pub state: RequestState,
    pub requested_by: String,
    pub requested_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// An approval counts between these times.
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// Names exactly what is to be approved: texts, media, accounts.
    pub digest: String,
    /// Empty when nothing needs approval any more.
    pub steps: Vec<StepView>,
    pub decisions: Vec<DecisionView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct StepView {
    pub policy: String,
    pub step: i32,
    /// In words.
    pub asked: String,
    pub passed: bool,
    /// It is their turn now.
    pub open: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct DecisionView {
    pub verdict: Verdict,
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Names of people, loaded once.
pub struct Names {
    members: HashMap<MemberId, String>,
    reviewers: HashMap<ReviewerId, String>,
}

impl Names {
    pub async fn load(scope: &mut Scope<'_>) -> Result<Self> {
        let members = workspaces::members(scope.tx, scope.ctx.workspace).await?;
        let reviewers = reviewers::list(scope.tx, scope.ctx.workspace).await?;
        Ok(Self {
            members: members.into_iter().map(|member| (member.member_id, member.display_name)).collect(),
            reviewers: reviewers.into_iter().map(|reviewer| (reviewer.reviewer_id, reviewer.name)).collect(),
        })
    }

    pub fn member(&self, id: MemberId) -> String {
        self.members.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    pub fn reviewer(&self, id: ReviewerId) -> String {
        self.reviewers.get(&id).map_or_else(|| id.to_string(), |name| format!("{name} (reviewer)"))
    }

    /// Whoever an actor's key begins with.
    pub fn actor(&self, key: &str) -> String {
        let (first, rest) = key.split_once('/').map_or((key, None), |(first, rest)| (first, Some(rest)));
        let name = first.parse::<MemberId>().map_or_else(|_| first.to_owned(), |id| self.member(id));
        match rest {
            None => name,
            // An id says nothing to whoever decides.
            Some(key) if key.starts_with("key_") => format!("{name}, through an API key"),
            Some(through) => format!("{name}, through {through}"),
        }
    }

    /// Who is asked in a step.
    pub fn asked(&self, step: &Step) -> String {
        if let Some(role) = step.role {
            return match step.need {
                Need::Any => format!("a {} or above", role.as_str()),
                Need::All => format!("every {} and above", role.as_str()),
            };
        }
        let named = step.member_ids.iter().map(|id| self.member(*id));
        let names: Vec<_> = named.chain(step.reviewer_ids.iter().map(|id| self.reviewer(*id))).collect();
        match (names.len(), step.need) {
            (1, _) => names.concat(),
            (_, Need::Any) => format!("one of {}", names.join(", ")),
            (_, Need::All) => format!("all of {}", names.join(", ")),
        }
    }
}

pub async fn load(scope: &mut Scope<'_>, request: Request, names: &Names) -> Result<ApprovalView> {
    let workspace = scope.ctx.workspace;
    let post = posts::get(scope.tx, workspace, request.post_id).await?;
    let open = request.state == RequestState::Open;
    let demands = approvals::demands(scope.tx, workspace, request.post_id, scope.now, request.window()).await?;
    let turns = turns::list(scope.tx, workspace, request.request_id).await?;
    let given = decisions::of_post(scope.tx, workspace, request.post_id).await?;
    let first_open = |step: &Step| {
        demands.iter().find(|other| other.policy_id == step.policy_id && !other.passed).map(|other| other.ordinal)
            == Some(step.ordinal)
    };
    let steps = demands.iter().map(|step| StepView {
        policy: step.name.clone(),
        step: step.ordinal,
        asked: names.asked(step),
        passed: step.passed,
        open: open && first_open(step),
        deadline: turns
            .iter()
            .find(|turn| turn.policy_id == step.policy_id && turn.ordinal == step.ordinal)
            .and_then(|turn| turn.deadline_at),
    });
    Ok(ApprovalView {
        steps: steps.collect(),
        id: request.request_id,
        post_id: request.post_id,
        excerpt: post.map(|post| post.excerpt).unwrap_or_default(),
        version: request.version,
        state: request.state,
        requested_by: names.actor(&request.requested_by),
        requested_at: request.created_at,
        note: request.note,
        not_before: request.not_before,
        not_after: request.not_after,
        digest: hex(&request.digest),
        decisions: told(given.iter().filter(|decision| decision.request_id == request.request_id), names),
    })
}

/// A person's decision on several steps is told once.
fn told<'a>(decisions: impl Iterator<Item = &'a Decision>, names: &Names) -> Vec<DecisionView> {
    let mut views: Vec<DecisionView> = Vec::new();
    for decision in decisions {
        let by = match (decision.member_id, decision.reviewer_id) {
            (Some(member), _) => names.member(member),
            (None, Some(reviewer)) => names.reviewer(reviewer),
            (None, None) => String::new(),
        };
        if views.last().is_some_and(|last| last.by == by && last.at == decision.decided_at) {
            continue;
        }
        views.push(DecisionView {
            verdict: decision.verdict,
            by,
            on_behalf_of: decision.on_behalf_of.map(|member| names.member(member)),
            at: decision.decided_at,
            comment: decision.comment.clone(),
        });
    }
    views
}
