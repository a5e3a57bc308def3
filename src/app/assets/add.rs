//! Keep an image or a video that is at hand: uploaded, or read from a local file.

use base64::{Engine, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        assets::probe,
        use_case::{Effect, Local, Locally, Repeat, Scope, UseCase},
    },
    error::{Error, Result},
    ids::AssetId,
    model::{
        media::{FileFacts, VideoFacts},
        roles::Permission,
    },
    store::assets::{self, Asset},
    vault::sha256,
};

/// Bytes at hand. Not a tool's input: tools name a path or an address.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetAdd {
    /// Base 64.
    pub data: String,
    #[serde(default)]
    pub file_name: Option<String>,
    #[serde(default)]
    pub alt_text: Option<String>,
}

impl AssetAdd {
    pub fn new(bytes: &[u8], file_name: Option<String>, alt_text: Option<String>) -> Self {
        Self { data: BASE64_STANDARD.encode(bytes), file_name, alt_text }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AssetAdded {
    /// What was kept, for a person.
    pub message: String,
    pub asset: AssetView,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AssetView {
    pub id: AssetId,
    /// MIME type, found by looking at the bytes.
    pub mime: String,
    pub bytes: i64,
    /// Pixels.
    pub width: i32,
    /// Pixels.
    pub height: i32,
    pub alt_text: String,
    /// What a video has besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct VideoView {
    /// Missing when the file does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Such as h264, or unknown.
    pub codec: String,
    /// Missing: no sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_codec: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_per_second: Option<f64>,
}

impl From<&Asset> for AssetView {
    fn from(asset: &Asset) -> Self {
        Self {
            id: asset.asset_id,
            mime: asset.mime.clone(),
            bytes: asset.bytes,
            width: asset.width,
            height: asset.height,
            alt_text: asset.alt_text.clone(),
            video: asset.facts().video.as_ref().map(VideoView::from),
        }
    }
}

impl From<&VideoFacts> for VideoView {
    fn from(video: &VideoFacts) -> Self {
        Self {
            seconds: video.seconds(),
            codec: video.codec.clone(),
            audio_codec: video.audio_codec.clone(),
            frames_per_second: video.frames_per_second(),
        }
    }
}

impl UseCase for AssetAdd {
    type Input = Self;
    type Output = AssetAdded;
    type Form = Locally;
    const NAME: &'static str = "asset_add";
    const NEEDS: Permission = Permission::WriteAssets;
    const EFFECT: Effect = Effect::Write;
    const REPEAT: Repeat = Repeat::SameWithinTenMinutes;
}

impl Local for AssetAdd {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<AssetAdded> {
        let bytes = BASE64_STANDARD
            .decode(&input.data)
            .map_err(|error| Error::invalid("media_malformed", "The data is not base 64.").because(error))?;
        let facts = probe(&bytes, scope.app.settings.asset_bytes_max)?;
        keep(scope, &bytes, &facts, input.file_name, input.alt_text).await
    }
}

pub(super) async fn keep(
    scope: &mut Scope<'_>,
    bytes: &[u8],
    facts: &FileFacts,
    file_name: Option<String>,
    alt_text: Option<String>,
) -> Result<AssetAdded> {
    let alt_text = alt_text.unwrap_or_default();
    if alt_text.chars().count() > 5000 || alt_text.contains('\0') {
        return Err(Error::invalid(
            "alt_text_invalid",
            "The description is longer than 5000 characters or contains a NUL character.",
        )
        .field("alt_text", "at most 5000 characters"));
    }
    let pixels = |count: u32| i32::try_from(count).map_err(Error::internal);
    let video = facts.video.as_ref();
    let stored = |number: Option<u64>| number.and_then(|number| i64::try_from(number).ok());
    let mut asset = Asset {
        asset_id: scope.new_id(),
        mime: facts.mime.to_owned(),
        bytes: i64::try_from(facts.bytes).map_err(Error::internal)?,
        width: pixels(facts.width)?,
        height: pixels(facts.height)?,
        alt_text,
        file_name: file_name.map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect()),
        created_at: scope.now,
        duration_ms: stored(video.and_then(|video| video.duration_ms)),
        video_codec: video.map(|video| video.codec.clone()),
        audio_codec: video.and_then(|video| video.audio_codec.clone()),
        frames_per_1000s: stored(video.and_then(|video| video.frames_per_1000s)),
    };
    let id = assets::insert(scope.tx, scope.ctx.workspace, &asset, &sha256(bytes), bytes).await?;
    let known = id != asset.asset_id;
    asset.asset_id = id;
    scope.changed("asset", id, json!({ "known": known, "bytes": asset.bytes }));
    let (width, height) = (asset.width, asset.height);
    let without =
        if asset.alt_text.is_empty() { " It has no description yet: pass alt_text where you use it." } else { "" };
    let what = match video {
        None => format!("{} image, {width} × {height} pixels", asset.mime),
        Some(video) => format!("{} video, {width} × {height} pixels, {}", asset.mime, spoken(video)),
    };
    let message = format!("Kept the {what}, as {id}.{without}");
    Ok(AssetAdded { message, asset: AssetView::from(&asset) })
}

/// Duration, codecs and frame rate, as far as they are known.
fn spoken(video: &VideoFacts) -> String {
    let mut parts = vec![match video.seconds() {
        Some(seconds) => format!("{seconds:.1} seconds"),
        None => "of unknown duration".to_owned(),
    }];
    parts.push(match &video.audio_codec {
        Some(sound) => format!("{} with {sound}", video.codec),
        None => format!("{} without sound", video.codec),
    });
    parts.extend(video.frames_per_second().map(|rate| format!("{rate:.2} frames a second")));
    parts.join(", ")
}
