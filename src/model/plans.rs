//! The four plans and what each allows, as data. Whoever runs AllIN sets a workspace's plan; without one there are no
//! limits. Knows nothing of what is in use.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

/// From least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Plan {
    Starter,
    Professional,
    Team,
    Enterprise,
}

/// What is counted, and refused beyond the plan's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Limit {
    /// Members who have not been removed.
    Users,
    /// Accounts that are connected.
    Accounts,
    /// What may be generated in a month: a text or a picture is one.
    Credits,
}

impl Limit {
    pub const ALL: [Self; 3] = [Self::Users, Self::Accounts, Self::Credits];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Accounts => "accounts",
            Self::Credits => "credits",
        }
    }
}

/// What a plan is sold with. Shown, not enforced: only numbers are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Feature {
    ApiAccess,
    Approvals,
    ApprovalChains,
    SeveralWorkspaces,
    BulkAndCsv,
    Automation,
}

impl Feature {
    pub const ALL: [Self; 6] = [
        Self::ApiAccess,
        Self::Approvals,
        Self::ApprovalChains,
        Self::SeveralWorkspaces,
        Self::BulkAndCsv,
        Self::Automation,
    ];

    /// The least plan that has it.
    pub const fn from_plan(self) -> Plan {
        match self {
            Self::ApiAccess => Plan::Starter,
            Self::Approvals => Plan::Professional,
            Self::ApprovalChains | Self::SeveralWorkspaces | Self::BulkAndCsv | Self::Automation => Plan::Team,
        }
    }
}

impl Plan {
    pub const ALL: [Self; 4] = [Self::Starter, Self::Professional, Self::Team, Self::Enterprise];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Professional => "professional",
            Self::Team => "team",
            Self::Enterprise => "enterprise",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Starter => "Starter",
            Self::Professional => "Professional",
            Self::Team => "Team",
            Self::Enterprise => "Enterprise",
        }
    }

    /// `None`: without limit. The database has the same numbers in `plan_number`.
    pub const fn number(self, limit: Limit) -> Option<u32> {
        let (users, accounts, credits) = match self {
            // 30 generated posts a month.
            Self::Starter => (1, 5, 30),
            Self::Professional => (3, 15, 500),
            Self::Team => (10, 50, 2000),
            Self::Enterprise => return None,
        };
        Some(match limit {
            Limit::Users => users,
            Limit::Accounts => accounts,
            Limit::Credits => credits,
        })
    }

    /// The least plan above this one that allows `needed` of a limit.
    pub fn lifted_by(self, limit: Limit, needed: i64) -> Self {
        let allows = |plan: &Self| plan.number(limit).is_none_or(|number| i64::from(number) >= needed);
        Self::ALL.into_iter().filter(|plan| *plan > self).find(allows).unwrap_or(Self::Enterprise)
    }
}

impl FromStr for Plan {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == text).ok_or_else(|| {
            Error::invalid("plan_unknown", format!("`{}` is no plan.", text.chars().take(40).collect::<String>()))
                .next("Use one of: starter, professional, team, enterprise.")
        })
    }
}

/// Credits beyond the plan's are sold in these.
pub const PACKS: [u32; 3] = [500, 1000, 2500];

/// A month in UTC: `2026-12`. Sorts by time.
pub fn month(at: Timestamp) -> String {
    at.in_zone(&jiff::tz::TimeZone::UTC).strftime("%Y-%m").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_lifted_by_the_least_plan_that_does() {
        for limit in Limit::ALL {
            assert!(Plan::ALL.windows(2).all(|pair| match (pair[0].number(limit), pair[1].number(limit)) {
                (Some(less), Some(more)) => less < more,
                (Some(_), None) => true,
                _ => false,
            }));
        }
        assert_eq!(Plan::Starter.lifted_by(Limit::Users, 2), Plan::Professional);
        assert_eq!(Plan::Starter.lifted_by(Limit::Users, 4), Plan::Team);
        assert_eq!(Plan::Professional.lifted_by(Limit::Credits, 2001), Plan::Enterprise);
        assert_eq!(Plan::Team.lifted_by(Limit::Accounts, 51), Plan::Enterprise);
    }

    #[test]
    fn months_are_utc() {
        let at = |text: &str| month(text.parse().expect("an instant"));
        assert_eq!(at("2026-12-31T23:59:59.999999Z"), "2026-12");
        assert_eq!(at("2027-01-01T01:00:00+02:00"), "2026-12");
        assert_eq!(at("2027-01-01T00:00:00Z"), "2027-01");
    }
}
