//! How long things are kept: kinds, what each removes, and the days that hold where a workspace has set none.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What can be kept for a while only. Nothing that is proof is among it: audit entries, decisions, receipts, attempts,
/// posts that were sent or put before somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RetentionKind {
    Notifications,
    Invitations,
    Comments,
    Tasks,
    MetricSamples,
    AuditOpenings,
    DeletedPosts,
    Conversations,
    Tickets,
}

/// What a kind means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub removes: &'static str,
    /// Where the workspace has set nothing; none: kept for good.
    pub default_days: Option<i32>,
    /// Fewer are refused.
    pub least_days: i32,
}

impl RetentionKind {
    pub const ALL: [Self; 9] = [
        Self::Notifications,
        Self::Invitations,
        Self::Comments,
        Self::Tasks,
        Self::MetricSamples,
        Self::AuditOpenings,
        Self::DeletedPosts,
        Self::Conversations,
        Self::Tickets,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notifications => "notifications",
            Self::Invitations => "invitations",
            Self::Comments => "comments",
            Self::Tasks => "tasks",
            Self::MetricSamples => "metric_samples",
            Self::AuditOpenings => "audit_openings",
            Self::DeletedPosts => "deleted_posts",
            Self::Conversations => "conversations",
            Self::Tickets => "tickets",
        }
    }

    pub const fn rule(self) -> Rule {
        let (removes, default_days, least_days) = match self {
            Self::Notifications => ("what members were told", Some(90), 1),
            Self::Invitations => ("invitations and letters that are done with", Some(90), 1),
            Self::Comments => ("the words of comments; their places stay", None, 7),
            Self::Tasks => ("title and note of tasks that are closed", None, 7),
            // Best times and forecasts look at a quarter.
            Self::MetricSamples => ("figures as they were collected; the newest of each post stay", None, 90),
            Self::AuditOpenings => ("what opens commitments in the audit log; the log stays and verifies", None, 30),
            Self::DeletedPosts => {
                ("the words of deleted posts of which nothing was ever sent or put before somebody", Some(365), 7)
            }
            Self::Conversations => ("what members asked and were answered", Some(365), 1),
            Self::Tickets => ("subject and messages of tickets that are closed", None, 7),
        };
        Rule { removes, default_days, least_days }
    }
}

impl FromStr for RetentionKind {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            Error::invalid(
                "retention_kind_unknown",
                format!("`{}` is nothing that is kept for a while.", text.chars().take(40).collect::<String>()),
            )
            .next(format!("Use one of: {}.", known.join(", ")))
        })
    }
}
