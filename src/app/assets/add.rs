//! Keep a picture that is at hand: uploaded, or read from a local file.

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
    model::{media::ImageFacts, roles::Permission},
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
    facts: &ImageFacts,
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
    let mut asset = Asset {
        asset_id: scope.new_id(),
        mime: facts.mime.to_owned(),
        bytes: i64::try_from(facts.bytes).map_err(Error::internal)?,
        width: pixels(facts.width)?,
        height: pixels(facts.height)?,
        alt_text,
        file_name: file_name.map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect()),
        created_at: scope.now,
    };
    let id = assets::insert(scope.tx, scope.ctx.workspace, &asset, &sha256(bytes), bytes).await?;
    let known = id != asset.asset_id;
    asset.asset_id = id;
    scope.changed("asset", id, json!({ "known": known, "bytes": asset.bytes }));
    let (width, height) = (asset.width, asset.height);
    let without =
        if asset.alt_text.is_empty() { " It has no description yet: pass alt_text where you use it." } else { "" };
    let message = format!("Kept the {} image, {width} × {height} pixels, as {id}.{without}", asset.mime);
    let asset = AssetView { id, mime: asset.mime, bytes: asset.bytes, width, height, alt_text: asset.alt_text };
    Ok(AssetAdded { message, asset })
}
