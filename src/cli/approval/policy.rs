//! `allin approval policy`.

use std::str::FromStr;

use clap::Subcommand;

use crate::{
    app::{
        approvals::{policies::ApprovalPolicies, policy_end::ApprovalPolicyEnd, policy_set::ApprovalPolicySet},
        ctx::Ctx,
    },
    boot::Booted,
    cli::print,
    error::{Error, Result},
    ids::{AccountId, MemberId, PolicyId, ReviewerId},
    model::{
        approvals::{ContentKind, Need, StepSpec},
        roles::Role,
    },
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Policy {
    /// List them
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say who must approve what; asks for your passphrase
    Set {
        name: String,
        /// Who approves, one option a step: manager, all:manager, MEMBER,MEMBER, all:MEMBER,REVIEWER; with a deadline in
        /// hours and who decides after it: manager@48>admin
        #[arg(long = "step", required = true)]
        steps: Vec<StepText>,
        /// Only posts to this account; may be repeated
        #[arg(long = "account")]
        accounts: Vec<AccountId>,
        /// Only posts with this tag; may be repeated
        #[arg(long = "tag")]
        tags: Vec<String>,
        /// Only posts with text, image, video, thread or link; may be repeated
        #[arg(long = "content")]
        contents: Vec<ContentKind>,
        /// How far from its times a post may still go out as approved, in hours; default 24
        #[arg(long)]
        window: Option<u32>,
        /// Authors may approve what they wrote
        #[arg(long)]
        own_allowed: bool,
        /// The policy whose place it takes
        #[arg(long)]
        replaces: Option<PolicyId>,
    },
    /// End one; asks for your passphrase
    End { policy: PolicyId },
}

impl Policy {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::List { json } => {
                let found = app.call_once::<ApprovalPolicies>(ctx, ApprovalPolicies {}).await?;
                return print::either(json, &found, || ApprovalPolicies::say(&found));
            }
            Self::Set { name, steps, accounts, tags, contents, window, own_allowed, replaces } => {
                let input = ApprovalPolicySet {
                    name,
                    account_ids: accounts,
                    tags,
                    contents,
                    steps: steps.into_iter().map(|step| step.0).collect(),
                    window_hours: window,
                    own_allowed,
                    replaces,
                };
                let set = app.call_once::<ApprovalPolicySet>(ctx, input).await?;
                print::line(format!("{} ({})", set.message, set.policy_id));
            }
            Self::End { policy } => {
                let input = ApprovalPolicyEnd { policy_id: policy };
                print::line(app.call_once::<ApprovalPolicyEnd>(ctx, input).await?.message);
            }
        }
        Ok(())
    }
}

/// `[all:]WHO[@HOURS[>ROLE]]`, where WHO is a role, or ids of members and reviewers with commas between.
#[derive(Debug, Clone)]
pub struct StepText(StepSpec);

impl FromStr for StepText {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let malformed = || {
            Error::invalid("step_malformed", format!("`{}` is no step.", text.chars().take(60).collect::<String>()))
                .next("Write it like manager, all:manager, mbr_…,rvw_… or manager@48>admin.")
        };
        let (who, late) = text.split_once('@').map_or((text, None), |(who, late)| (who, Some(late)));
        let (need, who) = who.strip_prefix("all:").map_or((Need::Any, who), |who| (Need::All, who));
        let (hours, then) = match late.map(|late| late.split_once('>').map_or((late, None), |(h, r)| (h, Some(r)))) {
            None => (None, None),
            Some((hours, then)) => (Some(hours.parse().map_err(|_| malformed())?), then),
        };
        let mut step = StepSpec {
            role: None,
            member_ids: Vec::new(),
            reviewer_ids: Vec::new(),
            need,
            deadline_hours: hours,
            escalate_to: then.map(Role::from_str).transpose()?,
        };
        if let Ok(role) = Role::from_str(who) {
            step.role = Some(role);
            return Ok(Self(step));
        }
        for id in who.split(',').map(str::trim) {
            match (MemberId::from_str(id), ReviewerId::from_str(id)) {
                (Ok(member), _) => step.member_ids.push(member),
                (_, Ok(reviewer)) => step.reviewer_ids.push(reviewer),
                _ => return Err(malformed()),
            }
        }
        Ok(Self(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_written_briefly() {
        let step = StepText::from_str("all:manager@48>admin").unwrap().0;
        assert_eq!((step.role, step.need), (Some(Role::Manager), Need::All));
        assert_eq!((step.deadline_hours, step.escalate_to), (Some(48), Some(Role::Admin)));
        let (member, reviewer) = (MemberId(uuid::Uuid::from_u128(1)), ReviewerId(uuid::Uuid::from_u128(2)));
        let named = StepText::from_str(&format!("{member}, {reviewer}")).unwrap().0;
        assert_eq!((named.member_ids, named.reviewer_ids, named.need), (vec![member], vec![reviewer], Need::Any));
        for wrong in ["", "boss", "manager@soon", "mbr_1", "manager@1>boss"] {
            assert!(StepText::from_str(wrong).is_err(), "{wrong}");
        }
    }
}
