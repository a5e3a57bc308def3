//! Who must agree to a post before it is sent: the words of policies, requests and decisions, and what a decision's
//! signature covers. The conditions themselves are in the database (`approval_missing`), which has the last word.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::{Error, FieldIssue, Result},
    ids::{ApprovalId, MemberId, PostId, ReviewerId, WorkspaceId},
    model::roles::Role,
};

/// Most steps of a policy.
pub const STEPS_MAX: usize = 10;
/// Most people that a step names.
pub const PEOPLE_MAX: usize = 50;
/// Longest comment on a decision, in characters.
pub const COMMENT_MAX: usize = 2000;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $code:literal, $what:literal: $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[schemars(inline)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| {
                    let shown: String = text.chars().take(40).collect();
                    let words: Vec<_> = Self::ALL.iter().map(|word| word.as_str()).collect();
                    Error::invalid($code, format!("`{shown}` is no {}.", $what)).next(format!("Use one of: {}.", words.join(", ")))
                })
            }
        }
    };
}

words! {
    /// What a post is made of.
    ContentKind, "content_unknown", "kind of content":
    /// Nothing but text.
    Text = "text",
    Image = "image",
    Video = "video",
    /// More than one message.
    Thread = "thread",
    /// A web address in the text.
    Link = "link",
}

words! {
    /// How many of those who are asked must agree.
    Need, "need_unknown", "way to count":
    Any = "any",
    All = "all",
}

words! {
    /// What a person decides.
    Verdict, "verdict_unknown", "verdict":
    Approve = "approve",
    /// Not like this: the author is to change it.
    RequestChanges = "request_changes",
    Reject = "reject",
}

words! {
    /// Where a request for approval stands.
    RequestState, "request_state_unknown", "state of a request":
    Open = "open",
    Approved = "approved",
    ChangesRequested = "changes_requested",
    Rejected = "rejected",
    /// The post changed, or moved out of the window.
    Void = "void",
    Withdrawn = "withdrawn",
}

impl Verdict {
    /// The state of a request after somebody decided so; an approval may leave others to be asked.
    pub const fn ends_as(self) -> Option<RequestState> {
        match self {
            Self::Approve => None,
            Self::RequestChanges => Some(RequestState::ChangesRequested),
            Self::Reject => Some(RequestState::Rejected),
        }
    }
}

/// One step of a policy: who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct StepSpec {
    /// Whoever has at least this role; or name people instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub member_ids: Vec<MemberId>,
    /// People outside, who approve by mailed links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewer_ids: Vec<ReviewerId>,
    /// `any` of them, or `all`.
    #[serde(default = "any")]
    pub need: Need,
    /// Hours until they are reminded for the last time, and others may decide in their place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_hours: Option<u32>,
    /// Who may decide in their place after the deadline: manager or admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<Role>,
}

fn any() -> Need {
    Need::Any
}

/// What is wrong with the steps of a policy.
pub fn step_issues(steps: &[StepSpec]) -> Vec<FieldIssue> {
    let mut issues = Vec::new();
    let mut issue = |field: String, message: &str| issues.push(FieldIssue { field, message: message.to_owned() });
    if steps.is_empty() || steps.len() > STEPS_MAX {
        issue("steps".into(), "takes 1 to 10 steps");
    }
    for (index, step) in steps.iter().enumerate() {
        let people = step.member_ids.len() + step.reviewer_ids.len();
        if step.role.is_some() == (people > 0) {
            issue(format!("steps[{index}]"), "names either a role or people");
        }
        if people > PEOPLE_MAX {
            issue(format!("steps[{index}]"), "names more than 50 people");
        }
        if step.role == Some(Role::Viewer) {
            issue(format!("steps[{index}].role"), "is contributor, publisher, manager or admin");
        }
        if step.deadline_hours.is_some_and(|hours| !(1..=8760).contains(&hours)) {
            issue(format!("steps[{index}].deadline_hours"), "is 1 to 8760");
        }
        match step.escalate_to {
            Some(_) if step.deadline_hours.is_none() => {
                issue(format!("steps[{index}].escalate_to"), "takes deadline_hours beside it")
            }
            Some(Role::Manager | Role::Admin) | None => {}
            Some(_) => issue(format!("steps[{index}].escalate_to"), "is manager or admin"),
        }
    }
    issues
}

/// What a decision's signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    pub workspace: WorkspaceId,
    pub request: ApprovalId,
    pub post: PostId,
    /// Of the policy or the freeze, and the step.
    pub policy: Uuid,
    pub ordinal: i32,
    pub verdict: Verdict,
    pub member: Option<MemberId>,
    pub reviewer: Option<ReviewerId>,
    /// `post_digest` of what was shown.
    pub digest: &'a [u8],
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub at: Timestamp,
}

impl Decided<'_> {
    pub fn text(&self) -> Vec<u8> {
        let who = match (self.member, self.reviewer) {
            (Some(member), _) => member.to_string(),
            (None, Some(reviewer)) => reviewer.to_string(),
            (None, None) => String::new(),
        };
        format!(
            "allin decision\n{}\n{}\n{}\n{}\n{}\n{}\n{who}\n{}\n{}\n{}\n{}",
            self.workspace,
            self.request,
            self.post,
            self.policy,
            self.ordinal,
            self.verdict.as_str(),
            data_encoding::HEXLOWER.encode(self.digest),
            self.not_before,
            self.not_after,
            self.at
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(role: Option<Role>) -> StepSpec {
        StepSpec {
            role,
            member_ids: Vec::new(),
            reviewer_ids: Vec::new(),
            need: Need::Any,
            deadline_hours: None,
            escalate_to: None,
        }
    }

    #[test]
    fn steps_say_who_is_asked() {
        let fields = |steps: &[StepSpec]| step_issues(steps).into_iter().map(|issue| issue.field).collect::<Vec<_>>();
        assert_eq!(fields(&[step(Some(Role::Manager))]), Vec::<String>::new());
        assert_eq!(fields(&[]), ["steps"]);
        assert_eq!(fields(&[step(None)]), ["steps[0]"]);
        assert_eq!(fields(&[step(Some(Role::Viewer))]), ["steps[0].role"]);
        let both = StepSpec { member_ids: vec![MemberId(Uuid::nil())], ..step(Some(Role::Admin)) };
        assert_eq!(fields(&[both]), ["steps[0]"]);
        let late = StepSpec { escalate_to: Some(Role::Publisher), deadline_hours: Some(0), ..step(Some(Role::Admin)) };
        assert_eq!(fields(&[late]), ["steps[0].deadline_hours", "steps[0].escalate_to"]);
        assert_eq!(fields(&vec![step(Some(Role::Manager)); 11]), ["steps"]);
    }

    #[test]
    fn every_part_of_a_decision_is_signed() {
        let at = Timestamp::from_micros(1_700_000_000_000_000).unwrap();
        let id = Uuid::from_u128;
        let base = Decided {
            workspace: WorkspaceId(id(1)),
            request: ApprovalId(id(2)),
            post: PostId(id(3)),
            policy: id(4),
            ordinal: 1,
            verdict: Verdict::Approve,
            member: Some(MemberId(id(5))),
            reviewer: None,
            digest: &[6; 32],
            not_before: at,
            not_after: at,
            at,
        };
        let others = [
            Decided { workspace: WorkspaceId(id(9)), ..base },
            Decided { request: ApprovalId(id(9)), ..base },
            Decided { post: PostId(id(9)), ..base },
            Decided { policy: id(9), ..base },
            Decided { ordinal: 2, ..base },
            Decided { verdict: Verdict::Reject, ..base },
            Decided { member: Some(MemberId(id(9))), ..base },
            Decided { member: None, reviewer: Some(ReviewerId(id(5))), ..base },
            Decided { digest: &[7; 32], ..base },
            Decided { not_before: at.plus_secs(1), ..base },
            Decided { not_after: at.plus_secs(1), ..base },
            Decided { at: at.plus_secs(1), ..base },
        ];
        for other in others {
            assert_ne!(base.text(), other.text());
        }
    }
}
