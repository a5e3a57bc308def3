//! Mail that carries a link to somebody who need not be a member.

use std::str::FromStr;

use crate::error::{Error, Result};

/// What the link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterKind {
    /// The page on which somebody joins, or sets a passphrase.
    Invitation,
    /// The page of an outside reviewer.
    Review,
}

impl LetterKind {
    pub const ALL: [Self; 2] = [Self::Invitation, Self::Review];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Review => "review",
        }
    }
}

impl FromStr for LetterKind {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Error::invalid("letter_kind_unknown", format!("`{text}` is no kind of letter.")))
    }
}
