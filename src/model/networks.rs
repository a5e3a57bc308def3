//! Which networks there are: those that can be connected, and those whose rules are known. The rules of each are in the
//! file with its name, their form in `capabilities`. Knows nothing of HTTP or of the database.

mod capabilities;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::capabilities::{
    Capabilities, DraftSegment, FieldRule, FileRules, Idempotency, LengthUnit, MediaFacts, MediaRules, Violation,
};
use super::{bluesky, facebook, instagram, linkedin, mastodon, pinterest, sandbox, threads, tiktok, x, youtube};
use crate::error::Error;

/// A social network that AllIN can publish to today: there is an adapter, so an account can be connected.
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
        KnownNetwork::of(self).as_str()
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
        KnownNetwork::of(self).title()
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
        text.parse::<KnownNetwork>()?.connectable()
    }
}

/// A social network whose rules AllIN knows, whether or not it can be connected: texts can be checked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum KnownNetwork {
    Facebook,
    Instagram,
    X,
    Linkedin,
    Tiktok,
    Youtube,
    Pinterest,
    Threads,
    Bluesky,
    Mastodon,
    Sandbox,
}

impl KnownNetwork {
    pub const ALL: [Self; 11] = [
        Self::Facebook,
        Self::Instagram,
        Self::X,
        Self::Linkedin,
        Self::Tiktok,
        Self::Youtube,
        Self::Pinterest,
        Self::Threads,
        Self::Bluesky,
        Self::Mastodon,
        Self::Sandbox,
    ];

    pub const fn of(network: NetworkId) -> Self {
        match network {
            NetworkId::Bluesky => Self::Bluesky,
            NetworkId::Sandbox => Self::Sandbox,
        }
    }

    /// The same network as one to connect to; `network_not_connectable` where there is no adapter.
    pub fn connectable(self) -> Result<NetworkId, Error> {
        NetworkId::ALL.into_iter().find(|network| Self::of(*network) == self).ok_or_else(|| {
            Error::invalid(
                "network_not_connectable",
                format!("AllIN knows the rules of {} and cannot connect to it yet.", self.title()),
            )
            .next(
                "Accounts can be connected on: bluesky, sandbox. Texts for this network can be checked with post_preview.",
            )
            .field("network", "bluesky or sandbox")
        })
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::X => "x",
            Self::Linkedin => "linkedin",
            Self::Tiktok => "tiktok",
            Self::Youtube => "youtube",
            Self::Pinterest => "pinterest",
            Self::Threads => "threads",
            Self::Bluesky => "bluesky",
            Self::Mastodon => "mastodon",
            Self::Sandbox => "sandbox",
        }
    }

    /// The name people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Facebook => "Facebook",
            Self::Instagram => "Instagram",
            Self::X => "X",
            Self::Linkedin => "LinkedIn",
            Self::Tiktok => "TikTok",
            Self::Youtube => "YouTube",
            Self::Pinterest => "Pinterest",
            Self::Threads => "Threads",
            Self::Bluesky => "Bluesky",
            Self::Mastodon => "Mastodon",
            Self::Sandbox => "Sandbox",
        }
    }

    /// What it accepts: for a network that can be connected, what AllIN can send there.
    pub fn rules(self) -> Capabilities {
        match self {
            Self::Facebook => facebook::capabilities(),
            Self::Instagram => instagram::capabilities(),
            Self::X => x::capabilities(),
            Self::Linkedin => linkedin::capabilities(),
            Self::Tiktok => tiktok::capabilities(),
            Self::Youtube => youtube::capabilities(),
            Self::Pinterest => pinterest::capabilities(),
            Self::Threads => threads::capabilities(),
            Self::Bluesky => bluesky::capabilities(),
            Self::Mastodon => mastodon::capabilities(),
            Self::Sandbox => sandbox::capabilities(sandbox::Mode::default()),
        }
    }
}

impl From<NetworkId> for KnownNetwork {
    fn from(network: NetworkId) -> Self {
        Self::of(network)
    }
}

impl std::fmt::Display for KnownNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for KnownNetwork {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|network| network.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Error::invalid(
                "network_unknown",
                format!("`{}` is no network that AllIN knows.", text.chars().take(40).collect::<String>()),
            )
            .next(format!("Use one of: {names}."))
        })
    }
}
