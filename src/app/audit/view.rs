//! How callers name what they want of the log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::Scope,
    clock::Timestamp,
    error::{Error, Result},
    model::times,
};

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum AuditOutcome {
    Done,
    Refused,
    /// Begun; the entry that tells of its end follows.
    Unknown,
}

impl AuditOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// A local time or an instant, in the workspace's zone.
pub(super) fn instant(scope: &Scope<'_>, text: Option<&str>) -> Result<Option<Timestamp>> {
    text.map(|text| times::parse(text, &scope.entered.time_zone).map(|moment| moment.instant)).transpose()
}

/// Texts that are compared, not searched for.
pub(super) fn word(field: &'static str, text: Option<String>) -> Result<Option<String>> {
    let text = text.map(|text| text.trim().to_owned());
    match text {
        Some(text) if text.is_empty() || text.chars().count() > 200 => {
            Err(Error::invalid("filter_invalid", "A filter takes 1 to 200 characters.")
                .next("Leave the filter out to mean everything.")
                .field(field, "1 to 200 characters"))
        }
        text => Ok(text),
    }
}
