//! States of a connected account.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum AccountStatus {
    Connected,
    /// Works, but the network restricts it for now.
    Limited,
    /// Has to be connected again by a person.
    Disconnected,
}

impl AccountStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Limited => "limited",
            Self::Disconnected => "disconnected",
        }
    }
}

impl FromStr for AccountStatus {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "connected" => Ok(Self::Connected),
            "limited" => Ok(Self::Limited),
            "disconnected" => Ok(Self::Disconnected),
            _ => Err(Error::invalid("account_status_unknown", format!("`{text}` is no state of an account."))),
        }
    }
}
