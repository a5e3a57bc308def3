//! The states of a target, the events that move it, and the state of a post as derived from its targets.
//! The same states stand as CHECK constraints in the database.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Where a post stands on one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum TargetState {
    Draft,
    Scheduled,
    Publishing,
    /// A call was made and its outcome is not known yet; it is being looked up.
    Unknown,
    Published,
    Failed,
    /// Waits for a person.
    Held,
    Cancelled,
}

/// What happens to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetEvent {
    /// A time is set, or set anew.
    Schedule,
    /// Taken back before it went out.
    Cancel,
    /// A segment is about to be sent.
    Arm,
    /// The last segment is public.
    Publish,
    /// The network proved that nothing became public and another try makes sense.
    TryLater,
    /// It cannot be published as it is.
    Fail,
    /// The outcome of a call is not known.
    LoseTrack,
    /// A person has to decide.
    Hold,
    /// What was held turned out to be public already.
    Confirm,
}

impl TargetState {
    pub const ALL: [Self; 8] = [
        Self::Draft,
        Self::Scheduled,
        Self::Publishing,
        Self::Unknown,
        Self::Published,
        Self::Failed,
        Self::Held,
        Self::Cancelled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Publishing => "publishing",
            Self::Unknown => "unknown",
            Self::Published => "published",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state after `event`, `None` when it is not allowed.
    pub const fn after(self, event: TargetEvent) -> Option<Self> {
        use TargetEvent as E;
        match (self, event) {
            (Self::Draft | Self::Scheduled | Self::Failed | Self::Held | Self::Cancelled, E::Schedule) => {
                Some(Self::Scheduled)
            }
            (Self::Draft | Self::Scheduled | Self::Failed | Self::Held, E::Cancel) => Some(Self::Cancelled),
            (Self::Scheduled | Self::Publishing, E::Arm) => Some(Self::Publishing),
            (Self::Publishing | Self::Unknown, E::Publish) => Some(Self::Published),
            (Self::Publishing | Self::Unknown | Self::Scheduled, E::TryLater) => Some(Self::Scheduled),
            (Self::Scheduled | Self::Publishing | Self::Unknown, E::Fail) => Some(Self::Failed),
            (Self::Publishing | Self::Unknown, E::LoseTrack) => Some(Self::Unknown),
            (Self::Scheduled | Self::Publishing | Self::Unknown, E::Hold) => Some(Self::Held),
            (Self::Held, E::Confirm) => Some(Self::Published),
            _ => None,
        }
    }

    /// Whether its text and media may still change.
    pub const fn is_editable(self) -> bool {
        matches!(self, Self::Draft | Self::Scheduled | Self::Failed | Self::Held | Self::Cancelled)
    }

    /// What a person may do with it now, in words.
    pub const fn allowed(self) -> &'static str {
        match self {
            Self::Draft => "schedule, publish now, change, delete",
            Self::Scheduled => "reschedule, publish now, cancel, change, delete",
            Self::Publishing | Self::Unknown => "wait for its outcome",
            Self::Published => "delete, change its text where the network allows it (post_edit)",
            Self::Failed => "schedule again, publish now, cancel, change, delete",
            Self::Held => {
                "give a new time, publish now, drop (held_release), settle an unknown outcome (held_resolve), change, delete"
            }
            Self::Cancelled => "schedule again, publish now, change, delete",
        }
    }

    /// [`Self::after`], with a refusal that says what is allowed.
    pub fn apply(self, event: TargetEvent, account: &str) -> Result<Self> {
        self.after(event).ok_or_else(|| {
            Error::conflict("state_forbids", format!("The post on {account} is {}.", self.as_str()))
                .next(format!("Allowed now: {}.", self.allowed()))
        })
    }
}

impl FromStr for TargetState {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::invalid("state_unknown", format!("`{text}` is no state of a target.")))
    }
}

/// Where a post stands over all its accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum PostStatus {
    Draft,
    Scheduled,
    Publishing,
    Unknown,
    Published,
    /// Public on some accounts, not on others.
    PartlyPublished,
    Failed,
    Held,
    Cancelled,
}

impl PostStatus {
    pub const ALL: [Self; 9] = [
        Self::Draft,
        Self::Scheduled,
        Self::Publishing,
        Self::Unknown,
        Self::Published,
        Self::PartlyPublished,
        Self::Failed,
        Self::Held,
        Self::Cancelled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Publishing => "publishing",
            Self::Unknown => "unknown",
            Self::Published => "published",
            Self::PartlyPublished => "partly_published",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
        }
    }

    /// What needs attention first wins; a post without targets is a draft.
    pub fn of(targets: &[TargetState]) -> Self {
        let any = |state| targets.contains(&state);
        let published = any(TargetState::Published);
        if any(TargetState::Publishing) {
            Self::Publishing
        } else if any(TargetState::Unknown) {
            Self::Unknown
        } else if any(TargetState::Held) {
            Self::Held
        } else if any(TargetState::Scheduled) {
            Self::Scheduled
        } else if published && targets.iter().all(|state| *state == TargetState::Published) {
            Self::Published
        } else if published {
            Self::PartlyPublished
        } else if any(TargetState::Failed) {
            Self::Failed
        } else if any(TargetState::Draft) || targets.is_empty() {
            Self::Draft
        } else {
            Self::Cancelled
        }
    }
}

impl FromStr for PostStatus {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            Error::invalid(
                "status_unknown",
                format!("`{}` is no status of a post.", text.chars().take(40).collect::<String>()),
            )
            .next(format!("Use one of: {}.", Self::ALL.map(Self::as_str).join(", ")))
        })
    }
}

/// Whether a person still has to approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Review {
    NotNeeded,
    Requested,
    /// For exactly the content that was shown.
    Approved,
    ChangesRequested,
    Rejected,
    /// Approved once, changed since.
    Void,
}

impl Review {
    pub const ALL: [Self; 6] =
        [Self::NotNeeded, Self::Requested, Self::Approved, Self::ChangesRequested, Self::Rejected, Self::Void];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotNeeded => "not_needed",
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes_requested",
            Self::Rejected => "rejected",
            Self::Void => "void",
        }
    }

    /// Whether sending is allowed.
    pub const fn allows_sending(self) -> bool {
        matches!(self, Self::NotNeeded | Self::Approved)
    }
}

impl FromStr for Review {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|review| review.as_str() == text)
            .ok_or_else(|| Error::invalid("review_unknown", format!("`{text}` is no state of a review.")))
    }
}

#[cfg(test)]
mod tests;
