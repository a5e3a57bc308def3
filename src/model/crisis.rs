//! A crisis: how what was published stands on its network, and which ways in can be closed.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Where something that was published stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Standing {
    Public,
    /// Its deletion is wanted, and tried again by itself until the network does it.
    BeingRemoved,
    Removed,
    /// Public, and only a person can delete it, on the network.
    ByHand,
}

/// What a standing follows from.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    pub removed: bool,
    pub removal_wanted: bool,
    /// AllIN has the account's token.
    pub connected: bool,
    /// The network lets programs delete posts.
    pub deletable: bool,
}

impl Standing {
    pub const fn of(facts: Facts) -> Self {
        match facts {
            Facts { removed: true, .. } => Self::Removed,
            Facts { connected: false, .. } | Facts { deletable: false, .. } => Self::ByHand,
            Facts { removal_wanted: true, .. } => Self::BeingRemoved,
            _ => Self::Public,
        }
    }

    pub const fn words(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::BeingRemoved => "being removed",
            Self::Removed => "removed",
            Self::ByHand => "public; to be deleted by hand",
        }
    }
}

/// Ways in that can be closed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Access {
    /// API keys.
    Keys,
    /// Tokens of accounts, as far as AllIN has them.
    Accounts,
    /// Sessions of clients over HTTP.
    Sessions,
}

impl Access {
    pub const ALL: [Self; 3] = [Self::Keys, Self::Accounts, Self::Sessions];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Accounts => "accounts",
            Self::Sessions => "sessions",
        }
    }
}

impl FromStr for Access {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|access| access.as_str() == text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            Error::invalid("access_unknown", format!("`{shown}` is nothing that can be revoked."))
                .next("Use one of: keys, accounts, sessions.")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_gone_and_what_nobody_can_reach_is_done_by_hand() {
        let of = |removed, removal_wanted, connected, deletable| {
            Standing::of(Facts { removed, removal_wanted, connected, deletable })
        };
        assert_eq!(of(false, false, true, true), Standing::Public);
        assert_eq!(of(false, true, true, true), Standing::BeingRemoved);
        assert_eq!(of(false, true, false, true), Standing::ByHand);
        assert_eq!(of(false, false, true, false), Standing::ByHand);
        assert_eq!(of(true, true, false, false), Standing::Removed);
    }

    #[test]
    fn text_forms_round_trip() {
        for access in Access::ALL {
            assert_eq!(access.as_str().parse::<Access>().expect("round trip"), access);
        }
        assert_eq!("passwords".parse::<Access>().expect_err("unknown").code(), "access_unknown");
    }
}
