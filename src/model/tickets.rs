//! Tickets: questions that a person answers, how they stand, and the paths of documents made of them.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum TicketState {
    /// Waits for an answer.
    Open,
    Answered,
    Closed,
}

impl TicketState {
    pub const ALL: [Self; 3] = [Self::Open, Self::Answered, Self::Closed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for TicketState {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            Error::invalid(
                "ticket_state_unknown",
                format!("`{}` is no state.", text.chars().take(40).collect::<String>()),
            )
            .next("Use one of: open, answered, closed.")
        })
    }
}

/// Words of a title as they stand in a path: lower case, hyphens, 60 bytes or so. Letters of every script stay.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for word in title.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.len() + word.len() > 60 && !slug.is_empty() {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().take(60));
    }
    if slug.is_empty() { "ticket".into() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_round_trip() {
        for state in TicketState::ALL {
            assert_eq!(state.as_str().parse::<TicketState>().unwrap(), state);
        }
        assert_eq!("done".parse::<TicketState>().unwrap_err().code(), "ticket_state_unknown");
    }

    #[test]
    fn slugs_are_plain() {
        assert_eq!(slug("How do I: reset / \"it\"?"), "how-do-i-reset-it");
        assert_eq!(slug("../../etc"), "etc");
        assert_eq!(slug("Wie geht’s, Zoë?"), "wie-geht-s-zoë");
        assert_eq!((slug("???"), slug("怎么办")), ("ticket".into(), "怎么办".into()));
        assert!(slug(&"word ".repeat(100)).len() <= 64);
    }
}
