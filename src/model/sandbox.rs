//! What the practice network accepts, and how it lets a caller find out what became of a lost call. The sandbox server
//! and its adapter both read it here, so that they cannot differ.

use serde::{Deserialize, Serialize};

use super::networks::{Capabilities, FileRules, Idempotency, KnownNetwork, LengthUnit, MediaRules};
use crate::error::Error;

/// Graphemes in one message.
pub const TEXT_MAX: u32 = 500;
pub const IMAGES_MAX: u32 = 4;
pub const IMAGE_BYTES_MAX: u64 = 5_000_000;
/// Messages in one thread.
pub const THREAD_MAX: u32 = 25;
/// Graphemes in one image description.
pub const ALT_TEXT_MAX: u32 = 1500;
/// Figures per post.
pub const METRICS: [&str; 5] = ["impressions", "reach", "likes", "reposts", "replies"];

/// The classes that real networks fall into, by what they offer against a post appearing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A key of the caller's is remembered: the same key makes no second post.
    #[default]
    ClientKey,
    /// The caller chooses the id: writing it again writes the same post.
    DeterministicId,
    /// A handle is made first and published then. It can be asked what became of it, and closed.
    ResumableHandle,
    /// No key is kept; the account's list shows a post at once.
    Lookup,
    /// No key is kept; the list shows a post only after a while.
    LookupDelayed,
    /// No key and no list: only a person can find out.
    Neither,
}

impl Mode {
    pub const ALL: [Self; 6] = [
        Self::ClientKey,
        Self::DeterministicId,
        Self::ResumableHandle,
        Self::Lookup,
        Self::LookupDelayed,
        Self::Neither,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientKey => "client_key",
            Self::DeterministicId => "deterministic_id",
            Self::ResumableHandle => "resumable_handle",
            Self::Lookup => "lookup",
            Self::LookupDelayed => "lookup_delayed",
            Self::Neither => "neither",
        }
    }

    pub const fn idempotency(self) -> Idempotency {
        match self {
            Self::ClientKey => Idempotency::ClientKey,
            Self::DeterministicId => Idempotency::DeterministicId,
            Self::ResumableHandle => Idempotency::ResumableHandle,
            Self::Lookup | Self::LookupDelayed => Idempotency::LookupOnly,
            Self::Neither => Idempotency::None,
        }
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Mode {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| {
            Error::invalid("sandbox_mode_unknown", "The practice network has no such mode.")
                .next(format!("Use one of: {}.", Self::ALL.map(Self::as_str).join(", ")))
        })
    }
}

pub fn capabilities(mode: Mode) -> Capabilities {
    Capabilities {
        segments_max: THREAD_MAX,
        media: MediaRules {
            max: IMAGES_MAX,
            images: Some(FileRules {
                bytes_max: Some(IMAGE_BYTES_MAX),
                ..FileRules::of(IMAGES_MAX, ["image/jpeg", "image/png", "image/webp", "image/gif"])
            }),
            alt_text_max: Some(ALT_TEXT_MAX),
            ..MediaRules::default()
        },
        can_delete: true,
        can_edit: true,
        idempotency: mode.idempotency(),
        metrics: METRICS.map(String::from).into(),
        notes: vec![
            "A practice network on this machine: posts reach nobody else.".into(),
            "Replies are counted; all other figures are invented by the sandbox and grow with the age of the post."
                .into(),
        ],
        ..Capabilities::plain(KnownNetwork::Sandbox, TEXT_MAX, LengthUnit::Graphemes)
    }
}
