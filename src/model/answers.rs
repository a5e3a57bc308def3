//! Answers: what they are made of.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum AnswerKind {
    /// Passages of the documents, word for word.
    Extract,
    /// By a language model, each sentence checked against the documents.
    Written,
    /// The documents do not know.
    None,
}

impl AnswerKind {
    pub const ALL: [Self; 3] = [Self::Extract, Self::Written, Self::None];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Written => "written",
            Self::None => "none",
        }
    }
}

impl FromStr for AnswerKind {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| Error::internal(format!("no kind of answer: {text}")))
    }
}
