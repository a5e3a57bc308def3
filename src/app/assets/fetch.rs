//! Keep an image or a video from a local path or from an address on the web.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    app::{
        App,
        assets::{add, add::AssetAdded, probe, read_local},
        ctx::{Ctx, Origin},
        use_case::{Effect, Remote, Remotely, Repeat, Scope, UseCase},
    },
    error::{Error, Result},
    model::{media::FileFacts, roles::Permission},
};

/// Exactly one of `path` and `url`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetFetch {
    /// File on this machine, below an allowed folder; only for clients on the same machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Public web address of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What it shows, for people who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5000))]
    pub alt_text: Option<String>,
}

impl UseCase for AssetFetch {
    type Input = Self;
    type Output = AssetAdded;
    type Form = Remotely;
    const NAME: &'static str = "asset_fetch";
    const NEEDS: Permission = Permission::WriteAssets;
    const EFFECT: Effect = Effect::Write;
    const REPEAT: Repeat = Repeat::SameWithinTenMinutes;
}

pub enum Plan {
    Read { path: String, alt_text: Option<String> },
    Fetch { url: Url, alt_text: Option<String> },
}

pub struct Outcome {
    bytes: Bytes,
    facts: FileFacts,
    file_name: Option<String>,
    alt_text: Option<String>,
}

impl Outcome {
    /// How much it takes.
    pub fn bytes(&self) -> u64 {
        self.facts.bytes
    }
}

impl Remote for AssetFetch {
    type Plan = Plan;
    type Outcome = Outcome;

    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<Plan> {
        match (input.path, input.url) {
            (Some(path), None) => {
                if !matches!(scope.ctx.origin, Origin::Stdio | Origin::CommandLine) {
                    return Err(Error::forbidden("path_needs_local_client", "A path means nothing over HTTP.")
                        .who(crate::error::Actor::Caller)
                        .next("Upload the bytes with POST /assets, or give a url.")
                        .field("path", "only for clients on the same machine"));
                }
                Ok(Plan::Read { path, alt_text: input.alt_text })
            }
            (None, Some(url)) => {
                let url: Url = url.trim().parse().map_err(|error: url::ParseError| {
                    Error::invalid("url_malformed", "That is no web address.").field("url", "https://…").because(error)
                })?;
                scope.app.http.check(&url)?;
                Ok(Plan::Fetch { url, alt_text: input.alt_text })
            }
            _ => Err(Error::invalid("path_or_url", "Give either a path or a url.")
                .field("path", "exactly one of path and url")
                .field("url", "exactly one of path and url")),
        }
    }

    async fn call(app: &App, _: &Ctx, plan: Plan) -> Result<Outcome> {
        let max = app.settings.asset_bytes_max;
        match plan {
            Plan::Read { path, alt_text } => {
                let allowed = app.settings.media_dirs.clone();
                let file_name = std::path::Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
                let read = tokio::task::spawn_blocking(move || read_local(std::path::Path::new(&path), &allowed, max));
                let bytes = Bytes::from(read.await.map_err(Error::internal)??);
                let facts = probe(&bytes, max)?;
                Ok(Outcome { bytes, facts, file_name, alt_text })
            }
            Plan::Fetch { url, alt_text } => {
                let fetched = app.http.fetch_media(&url, usize::try_from(max).unwrap_or(usize::MAX)).await?;
                let file_name = url.path_segments().and_then(|mut parts| parts.next_back()).map(str::to_owned);
                Ok(Outcome { bytes: fetched.bytes, facts: fetched.facts, file_name, alt_text })
            }
        }
    }

    async fn finish(scope: &mut Scope<'_>, outcome: Outcome) -> Result<AssetAdded> {
        add::keep(scope, &outcome.bytes, &outcome.facts, outcome.file_name, outcome.alt_text).await
    }
}
