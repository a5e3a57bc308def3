//! The form of a network's rules, and of what they are held against. All sizes in bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::KnownNetwork;
use crate::{error::FieldIssue, model::media::VideoFacts};

/// How a network keeps one post from appearing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Idempotency {
    /// We choose the post's id before the call; sending again writes the same record.
    DeterministicId,
    /// The network remembers a key that we send.
    ClientKey,
    /// The network gives a handle before anything is public, and tells what became of it.
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
    /// Graphemes; an address counts 23, `@name@server` as `@name`.
    GraphemesShortLinks,
    /// Latin characters 1, most others and emoji 2, an address 23.
    Weighted,
    /// UTF-16 units.
    Utf16,
    /// UTF-16 units after reserved characters got their backslash.
    Utf16Escaped,
    /// UTF-16 units, emoji by their UTF-8 bytes.
    EmojiBytes,
}

/// What a network accepts and offers. Sizes in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Capabilities {
    pub network: KnownNetwork,
    /// The name people read.
    pub title: String,
    /// Whether accounts can be connected and published to today; if not, only the rules are known.
    pub connectable: bool,
    pub text_limit: u32,
    pub text_unit: LengthUnit,
    /// A second limit in UTF-8 bytes, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_limit_bytes: Option<u32>,
    /// Messages in one thread; 1 means no threads.
    pub segments_max: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashtags_max: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentions_max: Option<u32>,
    /// Marks such as `$ABC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cashtags_max: Option<u32>,
    pub media: MediaRules,
    /// What a post has besides text and media.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldRule>,
    /// Posts of one account in 24 hours, where that is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posts_per_day: Option<u32>,
    /// Whether the network refuses a text that the account has posted lately.
    pub refuses_repeats: bool,
    /// Whether a published post can be deleted.
    pub can_delete: bool,
    /// Whether a published post can be edited.
    pub can_edit: bool,
    pub idempotency: Idempotency,
    /// Names of the figures that the network reports per post.
    pub metrics: Vec<String>,
    /// Anything else a person should know, one sentence each.
    pub notes: Vec<String>,
}

impl Capabilities {
    /// A network of texts alone that says nothing else; each network's file changes what differs.
    pub fn plain(network: KnownNetwork, text_limit: u32, text_unit: LengthUnit) -> Self {
        Self {
            network,
            title: network.title().into(),
            connectable: network.connectable().is_ok(),
            text_limit,
            text_unit,
            text_limit_bytes: None,
            segments_max: 1,
            hashtags_max: None,
            mentions_max: None,
            cashtags_max: None,
            media: MediaRules::default(),
            fields: Vec::new(),
            posts_per_day: None,
            refuses_repeats: false,
            can_delete: false,
            can_edit: false,
            idempotency: Idempotency::LookupOnly,
            metrics: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// What may be attached to one message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MediaRules {
    /// Attachments of all kinds together.
    pub max: u32,
    /// Whether a message needs one.
    pub required: bool,
    /// Whether images and videos may stand in one message.
    pub mixed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<FileRules>,
    /// GIFs, where other rules hold for them than for images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub animations: Option<FileRules>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub videos: Option<FileRules>,
    /// Characters (graphemes) in one description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_text_max: Option<u32>,
}

/// The rules of one kind of file. What is missing has no limit that we know.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct FileRules {
    /// Files of this kind in one message.
    pub max: u32,
    /// MIME types.
    pub types: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_max: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels_max: Option<u64>,
    /// Pixels of the shorter side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side_min: Option<u32>,
    /// Pixels of the longer side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side_max: Option<u32>,
    /// Width by height: at least, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_per_second_min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_per_second_max: Option<f64>,
    /// Of the picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codecs: Vec<String>,
    /// Of the sound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audio_codecs: Vec<String>,
}

impl FileRules {
    pub fn of<const N: usize>(max: u32, types: [&str; N]) -> Self {
        Self { max, types: types.map(String::from).into(), ..Self::default() }
    }
}

/// A field that a post on the network has besides text and media. AllIN checks none of them yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct FieldRule {
    pub name: String,
    pub required: bool,
    /// Characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

impl FieldRule {
    pub fn new(name: &str, required: bool, max: Option<u32>) -> Self {
        Self { name: name.into(), required, max }
    }
}

/// What the rules look at: one message and the facts of its media.
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
    /// Of a video.
    pub video: Option<VideoFacts>,
}

/// A broken rule: which field, what is wrong, what would be right. `field` is a path such as `segments[1].text`.
pub type Violation = FieldIssue;
