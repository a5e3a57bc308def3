//! What members are told, and whom it concerns.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    model::roles::Role,
};

/// What a notification tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NotificationKind {
    /// A post cannot be published as it is.
    PostFailed,
    /// A post waits for a person.
    PostHeld,
    /// Nobody knows whether a post is public; a person has to look.
    OutcomeUnknown,
    /// An account has to be connected again.
    ReconnectNeeded,
    /// An account that was disconnected works again.
    AccountConnected,
    /// Somebody mentioned the member in a comment.
    Mention,
    /// Somebody commented on a post of the member's, or in a thread that the member is part of.
    Comment,
    /// A task was given to the member, is due, or has nobody any more.
    Task,
    /// A post waits for the member's decision.
    ApprovalRequested,
    /// A post of the member's was approved, sent back or rejected.
    ApprovalDecided,
    /// A decision is due.
    ApprovalReminder,
    /// Somebody joined, or something about the own membership or passphrase changed.
    MembersChanged,
    /// A crisis began or ended, or keys and tokens were revoked in it.
    Crisis,
    /// A question waits for a person, or was answered by one.
    Ticket,
}

impl NotificationKind {
    pub const ALL: [Self; 14] = [
        Self::PostFailed,
        Self::PostHeld,
        Self::OutcomeUnknown,
        Self::ReconnectNeeded,
        Self::AccountConnected,
        Self::Mention,
        Self::Comment,
        Self::Task,
        Self::ApprovalRequested,
        Self::ApprovalDecided,
        Self::ApprovalReminder,
        Self::MembersChanged,
        Self::Crisis,
        Self::Ticket,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PostFailed => "post_failed",
            Self::PostHeld => "post_held",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::ReconnectNeeded => "reconnect_needed",
            Self::AccountConnected => "account_connected",
            Self::Mention => "mention",
            Self::Comment => "comment",
            Self::Task => "task",
            Self::ApprovalRequested => "approval_requested",
            Self::ApprovalDecided => "approval_decided",
            Self::ApprovalReminder => "approval_reminder",
            Self::MembersChanged => "members_changed",
            Self::Crisis => "crisis",
            Self::Ticket => "ticket",
        }
    }

    /// Whether it is mailed to a member who did not choose: what somebody has to do something about is.
    pub const fn mailed_unless_refused(self) -> bool {
        !matches!(self, Self::AccountConnected | Self::Comment)
    }
}

impl FromStr for NotificationKind {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            Error::invalid(
                "kind_unknown",
                format!("`{}` is no kind of notification.", text.chars().take(40).collect::<String>()),
            )
            .next(format!("Use one of: {}.", Self::ALL.map(Self::as_str).join(", ")))
        })
    }
}

/// What a member has chosen for a kind; what is `None` follows the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub kind: NotificationKind,
    /// Listed in the app. Unless refused, it is.
    pub app: Option<bool>,
    pub mail: Option<bool>,
}

/// Which ways a notification takes to a member who chose so.
pub fn ways(chosen: &[Choice], kind: NotificationKind) -> Ways {
    let own = chosen.iter().find(|choice| choice.kind == kind);
    Ways {
        app: own.and_then(|choice| choice.app).unwrap_or(true),
        mail: own.and_then(|choice| choice.mail).unwrap_or(kind.mailed_unless_refused()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    pub app: bool,
    pub mail: bool,
}

/// What became of the mail that carries a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum MailState {
    Waiting,
    Sent,
    GivenUp,
}

impl MailState {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::GivenUp];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
        }
    }
}

impl FromStr for MailState {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::invalid("mail_state_unknown", format!("`{text}` is no state of a mail.")))
    }
}

/// Whether something about an account, or about a post on it, concerns a member: those who answer for the whole
/// workspace, those who publish on that account, and whoever wrote the post.
pub fn concerns(role: Role, granted: bool, author: bool) -> bool {
    author || role.uses_all_accounts() || (granted && matches!(role, Role::Publisher))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_concerns_who_can_do_something_about_it() {
        let all = |granted, author| Role::ALL.map(|role| concerns(role, granted, author));
        // Viewer, Contributor, Publisher, Manager, Admin.
        assert_eq!(all(false, false), [false, false, false, true, true]);
        assert_eq!(all(true, false), [false, false, true, true, true]);
        assert_eq!(all(false, true), [true; 5]);
    }

    #[test]
    fn a_choice_outweighs_the_rule() {
        use NotificationKind::{AccountConnected, PostHeld, Task};
        let chosen = [
            Choice { kind: PostHeld, app: None, mail: Some(false) },
            Choice { kind: AccountConnected, app: None, mail: Some(true) },
            Choice { kind: Task, app: Some(false), mail: None },
        ];
        let mailed = |chosen: &[Choice]| NotificationKind::ALL.map(|kind| ways(chosen, kind).mail);
        assert_eq!(
            mailed(&chosen),
            [true, false, true, true, true, true, false, true, true, true, true, true, true, true]
        );
        assert_eq!(mailed(&[]), [true, true, true, true, false, true, false, true, true, true, true, true, true, true]);
        let hidden: Vec<_> = NotificationKind::ALL.into_iter().filter(|kind| !ways(&chosen, *kind).app).collect();
        assert_eq!(hidden, [Task]);
    }

    #[test]
    fn text_forms_round_trip() {
        for kind in NotificationKind::ALL {
            assert_eq!(kind.as_str().parse::<NotificationKind>().unwrap(), kind);
        }
        for state in MailState::ALL {
            assert_eq!(state.as_str().parse::<MailState>().unwrap(), state);
        }
        assert_eq!("post".parse::<NotificationKind>().unwrap_err().code(), "kind_unknown");
    }
}
