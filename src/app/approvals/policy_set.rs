//! Say who must approve what. A policy never changes: another one takes its place, and what was approved under the first
//! is asked about again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::{
        approvals::{self, policy_end},
        members,
        posts::content::known_accounts,
        use_case::{Effect, Local, Locally, Scope, UseCase},
        workspaces::create::check_name,
    },
    error::{Error, Result},
    ids::{AccountId, PolicyId},
    model::{
        approvals::{ContentKind, StepSpec, step_issues},
        roles::Permission,
        tags,
    },
    store::{
        approvals::{self as stored, PolicyRow},
        reviewers,
    },
};

/// How far from its times a post may go out, in hours, unless it is said.
const WINDOW_HOURS: u32 = 24;
/// A year.
const WINDOW_HOURS_MAX: u32 = 8760;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPolicySet {
    pub name: String,
    /// Only posts to these accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_ids: Vec<AccountId>,
    /// Only posts with one of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Only posts with one of these: text, image, video, thread, link.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<ContentKind>,
    /// One after the other; each takes another person.
    pub steps: Vec<StepSpec>,
    /// How far from its times a post may still go out as approved. Default: 24.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_hours: Option<u32>,
    /// Whether authors may approve what they wrote.
    #[serde(default)]
    pub own_allowed: bool,
    /// The policy that this one takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<PolicyId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalPolicyIsSet {
    pub message: String,
    pub policy_id: PolicyId,
    /// Scheduled posts about which people are asked now.
    pub asked_about: usize,
}

impl UseCase for ApprovalPolicySet {
    type Input = Self;
    type Output = ApprovalPolicyIsSet;
    type Form = Locally;
    const NAME: &'static str = "approval_policy_set";
    const NEEDS: Permission = Permission::ManageApprovals;
    const EFFECT: Effect = Effect::Write;
    const DECIDES: bool = true;
}

impl Local for ApprovalPolicySet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ApprovalPolicyIsSet> {
        check_name("name", &input.name)?;
        let by = scope.ctx.member().ok_or_else(|| Error::internal("a policy is a person's"))?;
        let hours = input.window_hours.unwrap_or(WINDOW_HOURS);
        if hours > WINDOW_HOURS_MAX {
            return Err(Error::invalid("window_too_long", "The window is longer than a year.")
                .field("window_hours", format!("at most {WINDOW_HOURS_MAX}")));
        }
        check_steps(scope, &input.steps).await?;
        known_accounts(scope, &input.account_ids).await?;
        if let Some(former) = input.replaces {
            policy_end::end(scope, former, by).await?;
        }
        let accounts: Vec<Uuid> = input.account_ids.iter().map(|account| account.uuid()).collect();
        let contents: Vec<String> = input.contents.iter().map(|kind| kind.as_str().to_owned()).collect();
        let policy = PolicyRow {
            policy_id: scope.new_id(),
            name: input.name.trim().to_owned(),
            account_ids: Some(accounts).filter(|ids| !ids.is_empty()),
            tags: Some(tags::parse_all(&input.tags)?).filter(|tags| !tags.is_empty()),
            contents: Some(contents).filter(|kinds| !kinds.is_empty()),
            window_minutes: i32::try_from(hours * 60).unwrap_or(i32::MAX),
            own_allowed: input.own_allowed,
            created_at: scope.now,
        };
        stored::insert_policy(scope.tx, scope.ctx.workspace, &policy, by, &input.steps).await?;
        let mut tags = Vec::new();
        for tag in policy.tags.iter().flatten() {
            tags.push(scope.committed(tag.as_str()).await?);
        }
        scope.changed(
            "approval_policy",
            policy.policy_id,
            json!({ "accounts": input.account_ids, "tags": tags, "contents": policy.contents, "steps": input.steps,
                    "window_hours": hours, "own_allowed": input.own_allowed, "replaces": input.replaces }),
        );
        let asked_about = approvals::refresh(scope, None).await?;
        let message = match asked_about {
            0 => format!("“{}” holds from now on.", policy.name),
            count => format!("“{}” holds from now on. {count} scheduled post(s) wait for approval now.", policy.name),
        };
        Ok(ApprovalPolicyIsSet { message, policy_id: policy.policy_id, asked_about })
    }
}

async fn check_steps(scope: &mut Scope<'_>, steps: &[StepSpec]) -> Result<()> {
    let issues = step_issues(steps);
    if !issues.is_empty() {
        return Err(Error::invalid("policy_malformed", "The policy cannot be kept like this.").fields(issues));
    }
    for member in steps.iter().flat_map(|step| &step.member_ids) {
        members::known(scope, *member).await?;
    }
    let known = reviewers::list(scope.tx, scope.ctx.workspace).await?;
    let named = steps.iter().flat_map(|step| &step.reviewer_ids);
    match named.into_iter().find(|id| !known.iter().any(|reviewer| reviewer.reviewer_id == **id)) {
        None => Ok(()),
        Some(id) => {
            Err(Error::not_found("reviewer_not_found", format!("There is no reviewer {id} in this workspace."))
                .next("Add the reviewer with `allin reviewer add`."))
        }
    }
}
