//! Knowledge: whom documents are for, what a search found, and what an answer is made of. Pure; the numbers of the
//! confidence are in `confidence.rs`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::roles::Role;

/// Which roles a document is for, exactly: a bit a role, from Viewer (1) to Admin (16). Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Audience(i16);

impl Audience {
    pub const EVERYBODY: Self = Self(31);

    /// None when no role is named.
    pub fn of(roles: &[Role]) -> Option<Self> {
        let bits = roles.iter().fold(0, |bits, role| bits | bit(*role));
        (bits != 0).then_some(Self(bits))
    }

    /// As it is stored.
    pub const fn bits(self) -> i16 {
        self.0
    }

    pub fn includes(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }

    pub fn roles(self) -> Vec<Role> {
        Role::ALL.into_iter().filter(|role| self.includes(*role)).collect()
    }
}

impl From<i16> for Audience {
    fn from(bits: i16) -> Self {
        Self(bits)
    }
}

/// A role's bit in an [`Audience`].
pub const fn bit(role: Role) -> i16 {
    match role {
        Role::Viewer => 1,
        Role::Contributor => 2,
        Role::Publisher => 4,
        Role::Manager => 8,
        Role::Admin => 16,
    }
}

/// How a search was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum SearchMode {
    /// By meaning and by words.
    Hybrid,
    /// By words alone, because the embedding model is not there.
    Keyword,
}

impl fmt::Display for SearchMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hybrid => "hybrid",
            Self::Keyword => "keyword",
        })
    }
}
