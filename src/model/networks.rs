//! What each network accepts, as plain data and pure rules. Knows nothing of HTTP or of the database.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, FieldIssue};

/// A social network that AllIN can publish to today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NetworkId {
    /// Bluesky and every other AT Protocol server.
    Bluesky,
    /// The built-in practice network: behaves like a real one, reaches nobody.
    Sandbox,
}

impl NetworkId {
    pub const ALL: [Self; 2] = [Self::Bluesky, Self::Sandbox];

    /// The name used in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bluesky => "bluesky",
            Self::Sandbox => "sandbox",
        }
    }

    /// How many posts of one account may be under way at once. One: a profile shows posts in the order in which they
    /// arrive, what the network says about its limits is known before the next call, and accounts do not wait for each
    /// other.
    pub const fn at_once_per_account(self) -> i32 {
        match self {
            Self::Bluesky | Self::Sandbox => 1,
        }
    }

    /// The name people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Bluesky => "Bluesky",
            Self::Sandbox => "Sandbox",
        }
    }
}

impl std::fmt::Display for NetworkId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for NetworkId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|network| network.as_str() == text).ok_or_else(|| {
            Error::invalid(
                "network_unknown",
                format!("`{}` is no network that AllIN knows.", text.chars().take(40).collect::<String>()),
            )
            .next("Use one of: bluesky, sandbox.")
        })
    }
}

/// How a network keeps one post from appearing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Idempotency {
    /// We choose the post's id before the call; sending again writes the same record.
    DeterministicId,
    /// The network remembers a key that we send.
    ClientKey,
    /// A handle is made before the visible call, and can be asked afterwards.
    ResumableHandle,
    /// Nothing but looking for the post afterwards.
    LookupOnly,
    /// Nothing at all: after a lost answer only a person can find out.
    None,
}

/// How a network measures the length of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LengthUnit {
    /// Extended grapheme clusters: what a person sees as one character.
    Graphemes,
}

/// What a network accepts and offers. All sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Capabilities {
    pub network: NetworkId,
    /// The name people read.
    pub title: String,
    pub text_limit: u32,
    pub text_unit: LengthUnit,
    /// A second limit in UTF-8 bytes, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_limit_bytes: Option<u32>,
    /// Images in one segment.
    pub images_max: u32,
    pub image_bytes_max: u64,
    /// Accepted image types, as MIME names.
    pub image_types: Vec<String>,
    /// Messages in one thread; 1 means no threads.
    pub segments_max: u32,
    /// Characters (graphemes) in one image description.
    pub alt_text_max: u32,
    /// Whether a published post can be deleted through AllIN.
    pub can_delete: bool,
    /// Whether a published post can be edited through AllIN.
    pub can_edit: bool,
    pub idempotency: Idempotency,
    /// Names of the figures that the network reports per post.
    pub metrics: Vec<String>,
    /// Anything else a person should know, one sentence each.
    pub notes: Vec<String>,
}

/// What the rules look at: one message and the facts of its images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftSegment {
    pub text: String,
    pub media: Vec<MediaFacts>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFacts {
    pub mime: String,
    pub bytes: u64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    pub alt_text: String,
}

/// A broken rule: which field, what is wrong, what would be right. `field` is a path such as `segments[1].text`.
pub type Violation = FieldIssue;
