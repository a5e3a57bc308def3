//! The one error type. Every failure that leaves the process has a stable code, a text for the person, who can
//! act on it, whether a retry is safe, and the next step. Internal causes travel as `source` and are only logged.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The code of a wait for a lock that was given up (PostgreSQL's 55P03). Nothing was written.
pub const LOCKED: &str = "database_locked";

/// The code of more than the plan allows, and the name under which the database refuses it.
pub const PLAN_LIMIT: &str = "plan_limit";

/// Why a call failed, as far as some caller acts differently on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The input is wrong; the same call can never succeed.
    Invalid,
    /// No or unknown credentials.
    Unauthenticated,
    /// Known caller, missing right.
    Forbidden,
    /// No such thing in this workspace.
    NotFound,
    /// The thing is in a state that does not allow this, or changed meanwhile.
    Conflict,
    /// A rate, plan or size limit.
    Limit,
    /// A person has to confirm first.
    NeedsConfirmation,
    /// Something outside (network, database, cluster) does not answer; trying again later can help.
    Unavailable,
    /// The request was given up by its caller.
    Cancelled,
    /// Our defect.
    Internal,
}

/// Who is able to change the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Whoever made the call, by calling differently.
    Caller,
    /// A member with more rights.
    WorkspaceAdmin,
    /// Whoever runs the process.
    Operator,
    /// The social network; nothing to do here but wait.
    Network,
}

/// Whether the same call may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Repeating cannot help until something is changed.
    No,
    /// Nothing happened; repeat at will.
    Safe,
    /// Repeat, but not before the given number of seconds.
    After { seconds: u32 },
    /// It may have taken effect: look first.
    CheckFirst,
}

/// One wrong field of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldIssue {
    /// Path of the field, for example `segments[1].text`.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

/// See the module text. Build it with one of the constructors, then add what helps.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    code: &'static str,
    message: String,
    next_step: Option<String>,
    actor: Actor,
    retry: Retry,
    details: Vec<FieldIssue>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What a caller outside the process is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicError {
    /// Stable machine-readable code, `noun_problem`.
    pub code: String,
    pub kind: Kind,
    /// What happened, in one or two sentences.
    pub message: String,
    /// What to do now.
    pub next_step: String,
    /// Who can do it.
    pub who_can_act: Actor,
    pub retry: Retry,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<FieldIssue>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident, $actor:ident, $retry:expr;)*) => {
        $($(#[$doc])*
        pub fn $name(code: &'static str, message: impl Into<String>) -> Self {
            Self::new(Kind::$kind, Actor::$actor, $retry, code, message.into())
        })*
    };
}

impl Error {
    fn new(kind: Kind, actor: Actor, retry: Retry, code: &'static str, message: String) -> Self {
        Self(Box::new(Inner { kind, code, message, next_step: None, actor, retry, details: Vec::new(), source: None }))
    }

    constructors! {
        /// The input is wrong.
        invalid => Invalid, Caller, Retry::No;
        /// No or unknown credentials.
        unauthenticated => Unauthenticated, Caller, Retry::No;
        /// The caller lacks a right.
        forbidden => Forbidden, WorkspaceAdmin, Retry::No;
        /// Nothing of that name in the workspace.
        not_found => NotFound, Caller, Retry::No;
        /// The state does not allow it.
        conflict => Conflict, Caller, Retry::No;
        /// Over a limit.
        limit => Limit, Caller, Retry::No;
        /// Ask the person first.
        needs_confirmation => NeedsConfirmation, Caller, Retry::No;
        /// Something outside does not answer.
        unavailable => Unavailable, Operator, Retry::After { seconds: 5 };
        /// The caller gave up.
        cancelled => Cancelled, Caller, Retry::CheckFirst;
        /// Something the operator has to mend (configuration, files, permissions).
        operator => Unavailable, Operator, Retry::No;
    }

    /// A defect of ours; `source` is logged and never shown.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(
            Kind::Internal,
            Actor::Operator,
            Retry::CheckFirst,
            "internal",
            "Something failed inside AllIN.".into(),
        )
        .next("Check with a read whether it took effect before repeating. The server's log has the cause under this request's id.")
        .because(source)
    }

    /// What the caller should do now.
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.0.next_step = Some(step.into());
        self
    }

    /// Adds one wrong field.
    pub fn field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.details.push(FieldIssue { field: field.into(), message: message.into() });
        self
    }

    pub fn fields(mut self, issues: impl IntoIterator<Item = FieldIssue>) -> Self {
        self.0.details.extend(issues);
        self
    }

    pub fn who(mut self, actor: Actor) -> Self {
        self.0.actor = actor;
        self
    }

    pub fn retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Keeps the internal cause; it never leaves the process.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    pub fn code(&self) -> &'static str {
        self.0.code
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn public(&self) -> PublicError {
        PublicError {
            code: self.0.code.to_owned(),
            kind: self.0.kind,
            message: self.0.message.clone(),
            next_step: self.0.next_step.clone().unwrap_or_else(|| default_step(self.0.kind).to_owned()),
            who_can_act: self.0.actor,
            retry: self.0.retry,
            details: self.0.details.clone(),
        }
    }

    /// The whole chain, for the log.
    pub fn chain(&self) -> String {
        let mut text = format!("{}: {}", self.0.code, self.0.message);
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        text
    }
}

const fn default_step(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => "Correct the input and call again.",
        Kind::Unauthenticated => "Send a valid API key.",
        Kind::Forbidden => "Ask a workspace admin for the right, or use another account.",
        Kind::NotFound => "List what exists and use an id from there.",
        Kind::Conflict => "Read the current state, then decide again.",
        Kind::Limit => "Wait or reduce, then call again.",
        Kind::NeedsConfirmation => "Ask the person, then call again with the confirmation.",
        Kind::Unavailable => "Try again later; `allin doctor` tells what is wrong.",
        Kind::Cancelled => "Check with a read whether it took effect before repeating.",
        Kind::Internal => "Check with a read whether it took effect before repeating.",
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => {
                Self::unavailable("database_unavailable", "The database does not answer.").because(error)
            }
            sqlx::Error::Database(database)
                if matches!(database.code().as_deref(), Some("57P01" | "57P02" | "57P03" | "53300")) =>
            {
                Self::unavailable("database_unavailable", "The database is restarting or full.").because(error)
            }
            sqlx::Error::Database(database) if database.code().as_deref() == Some("55P03") => {
                Self::unavailable(LOCKED, "Somebody else is changing the same at this moment.").because(error)
            }
            sqlx::Error::Database(database) if database.constraint() == Some(PLAN_LIMIT) => {
                Self::limit(PLAN_LIMIT, "The workspace's plan does not allow more.")
                    .next("`allin plan show` tells what is in use. Whoever runs AllIN can set a higher plan.")
                    .who(Actor::Operator)
                    .because(error)
            }
            _ => Self::internal(error),
        }
    }
}
