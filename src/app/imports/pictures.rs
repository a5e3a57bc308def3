//! The pictures that a file names by address or path: fetched before anything is written, each once.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use futures::{StreamExt as _, stream};

use crate::{
    app::{
        App,
        assets::fetch::{self, AssetFetch},
        ctx::Ctx,
        progress::Progress,
        use_case::{Remote as _, Scope},
    },
    error::{Error, Result},
    ids::AssetId,
    model::imports::{Picture, Row, RowIssue},
};

use super::desk::pictures;

/// Most pictures that one import fetches.
const MOST: usize = 100;
/// Most bytes of all of them, which are in memory at once.
const BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Fetched at the same time.
const AT_ONCE: usize = 4;

/// Where a picture comes from.
pub enum Source {
    Asset(AssetId),
    /// SHA-256 of one that is here.
    Hash([u8; 32]),
    /// An address or a path.
    Elsewhere,
}

pub fn source(text: &str) -> Source {
    if let Ok(id) = text.parse() {
        return Source::Asset(id);
    }
    let hash = text.strip_prefix("sha256:").and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok());
    match hash.and_then(|bytes| bytes.try_into().ok()) {
        Some(hash) => Source::Hash(hash),
        None => Source::Elsewhere,
    }
}

/// What has to be fetched, checked as far as it can be without fetching.
#[derive(Default)]
pub struct Wanted {
    plans: Vec<(String, fetch::Plan)>,
    pub problems: Vec<RowIssue>,
}

impl Wanted {
    pub fn count(&self) -> usize {
        self.plans.len()
    }
}

/// `rows` are those that are new.
pub async fn wanted(scope: &mut Scope<'_>, rows: &[&Row]) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    for row in rows {
        let named: Vec<&Picture> = pictures(row).collect();
        for picture in named {
            if !matches!(source(&picture.source), Source::Elsewhere) {
                continue;
            }
            if wanted.plans.iter().any(|(known, _)| *known == picture.source) {
                continue;
            }
            let text = picture.source.clone();
            let remote = text.contains("://");
            let input = AssetFetch {
                path: (!remote).then(|| text.clone()),
                url: remote.then(|| text.clone()),
                alt_text: picture.alt_text.clone(),
            };
            match AssetFetch::begin(scope, input).await {
                Ok(plan) => wanted.plans.push((text, plan)),
                Err(error) => wanted.problems.push(RowIssue::new(row.number, "media", error.message())),
            }
        }
    }
    if wanted.plans.len() > MOST {
        return Err(Error::limit("too_many_pictures", format!("The file names more than {MOST} pictures to fetch."))
            .next("Add pictures with asset_add first and name their ids, or split the file."));
    }
    Ok(wanted)
}

/// What came of fetching, by what the file calls it.
pub type Fetched = Vec<(String, Result<fetch::Outcome>)>;

pub async fn fetch(app: &App, ctx: &Ctx, wanted: Wanted, progress: &Progress) -> Result<Fetched> {
    let total = wanted.plans.len();
    let (mut fetched, mut bytes) = (Vec::with_capacity(total), 0);
    let mut running = stream::iter(wanted.plans)
        .map(|(name, plan)| async move { (name, AssetFetch::call(app, ctx, plan).await) })
        .buffer_unordered(AT_ONCE);
    while let Some((name, outcome)) = running.next().await {
        bytes += outcome.as_ref().map_or(0, fetch::Outcome::bytes);
        if bytes > BYTES_MAX {
            return Err(Error::limit("pictures_too_large", "The pictures of the file are larger than 256 MiB in all.")
                .next("Split the file."));
        }
        fetched.push((name, outcome));
        progress.tell(fetched.len(), total, "pictures fetched");
    }
    Ok(fetched)
}

/// Pictures by what the file calls them: the asset, or why there is none.
pub type Kept = HashMap<String, std::result::Result<AssetId, String>>;

/// Keeps what was fetched.
pub async fn keep(scope: &mut Scope<'_>, fetched: Fetched) -> Result<Kept> {
    let mut kept = HashMap::new();
    for (name, outcome) in fetched {
        let found = match outcome {
            Ok(outcome) => Ok(AssetFetch::finish(scope, outcome).await?.asset.id),
            Err(error) => Err(error.message().to_owned()),
        };
        kept.insert(name, found);
    }
    Ok(kept)
}
