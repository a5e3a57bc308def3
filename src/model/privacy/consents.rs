//! What people are asked to agree to. A text that changes gets another version; those who agreed to an earlier one are
//! asked again.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// After how many days a consent is to be asked for again.
pub const RENEW_DAYS: i64 = 730;

/// What data is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Purpose {
    /// Keeping what the person is called and does here.
    Processing,
}

/// The text that is shown.
#[derive(Debug, Clone, Copy)]
pub struct Notice {
    pub version: i32,
    pub text: &'static str,
}

impl Purpose {
    pub const ALL: [Self; 1] = [Self::Processing];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
        }
    }

    /// As it reads today.
    pub const fn notice(self) -> Notice {
        match self {
            Self::Processing => Notice {
                version: 1,
                text: "AllIN keeps your name, your mail address if you give one, and what you do in this workspace: posts, \
                       comments, tasks, decisions, and an audit log that names you by an id. The members of the workspace see \
                       it. You can have all of it as a file, and have it erased; posts, decisions and the log then stay \
                       without your name.",
            },
        }
    }
}

impl FromStr for Purpose {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or_else(|| Error::invalid("purpose_unknown", "Nobody is asked for that.").next("Use: processing."))
    }
}
