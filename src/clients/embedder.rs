//! Texts as vectors: by the model on this machine, by an endpoint that the operator named, or not at all. The same question is
//! computed once. Knows nothing of documents, and asks the network for nothing unless it was told to.

mod asked;
mod desk;
mod endpoint;
mod local;

use std::{fmt, ops::Range, path::PathBuf, sync::Arc, time::Duration};

use allin_embedding::{DIMENSION, Purpose};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};

pub use self::endpoint::Settings as EndpointSettings;
use self::{
    asked::Asked,
    desk::{Desk, Urgency},
    endpoint::Endpoint,
    local::Local,
};
use crate::{
    clients::http::Http,
    error::{Error, Result},
};

/// Tokens of a window, with what stands before it; the model does best with about that many.
const WINDOW: usize = 230;
/// Tokens that a window shares with the one before at most.
const OVERLAP: usize = 30;
/// Passages that are computed at once for one caller.
const AT_ONCE: usize = 2;

/// Which model vectors are of. Those of different models are never compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingModel {
    pub name: String,
    pub dimension: u16,
    /// Of the weights; of an endpoint its address and the model's name.
    pub sha256: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    Ready(EmbeddingModel),
    Fetching,
    /// Says what stands in the way, as a sentence.
    Missing {
        why: String,
    },
    Off,
}

/// A question as the model reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub vector: Vec<f32>,
    /// Words of it that are hardly mistyped, because the model's vocabulary has them; none where it cannot be told.
    pub words: Vec<String>,
}

/// Bytes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub start: usize,
    pub end: usize,
}

impl From<Range<usize>> for Window {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

/// Brings the model's file, or says why not. Called only by `prepare`.
pub type Fetch = Arc<dyn Fn() -> BoxFuture<'static, Result<PathBuf>> + Send + Sync>;

/// The model on this machine.
pub struct LocalModel {
    /// Where its file is, or will be.
    pub file: PathBuf,
    pub sha256: [u8; 32],
    pub fetch: Fetch,
    /// How long it stays loaded when nobody asks.
    pub idle: Duration,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Embedder {
    way: Way,
    asked: Arc<Asked>,
}

#[derive(Clone)]
enum Way {
    Off,
    Local(Arc<Local>),
    Endpoint(Arc<Endpoint>),
}

impl fmt::Debug for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Embedder").field(&self.readiness()).finish()
    }
}

impl Default for Embedder {
    fn default() -> Self {
        Self::off()
    }
}

impl Embedder {
    pub fn off() -> Self {
        Self::by(Way::Off)
    }

    pub fn local(model: LocalModel) -> Self {
        let LocalModel { file, sha256, fetch, idle } = model;
        let dimension = u16::try_from(DIMENSION).unwrap_or(u16::MAX);
        let model = EmbeddingModel { name: "multilingual-e5-small-q4".into(), dimension, sha256 };
        Self::by(Way::Local(Arc::new(Local::new(model, fetch, Desk::new(file, idle)))))
    }

    /// Its host and port may be called although they are not public, because the operator named them.
    pub fn endpoint(http: &Http, settings: EndpointSettings) -> Self {
        Self::by(Way::Endpoint(Arc::new(Endpoint::new(http, settings))))
    }

    fn by(way: Way) -> Self {
        Self { way, asked: Arc::default() }
    }

    /// Never waits and never fetches.
    pub fn readiness(&self) -> Readiness {
        match &self.way {
            Way::Off => Readiness::Off,
            Way::Local(local) => local.readiness(),
            Way::Endpoint(endpoint) => Readiness::Ready(endpoint.model()),
        }
    }

    /// Known without loading or fetching anything.
    pub fn model(&self) -> Option<EmbeddingModel> {
        match &self.way {
            Way::Off => None,
            Way::Local(local) => Some(local.model()),
            Way::Endpoint(endpoint) => Some(endpoint.model()),
        }
    }

    /// Whether the model takes up memory at this moment.
    pub fn is_loaded(&self) -> bool {
        matches!(&self.way, Way::Local(local) if local.desk.is_loaded())
    }

    /// Fetches the model when that is needed, once at a time; a failure is repeated for ten minutes without a new try. Does not
    /// load it.
    pub async fn prepare(&self) -> Result<EmbeddingModel> {
        match &self.way {
            Way::Off => Err(off()),
            Way::Local(local) => local.prepare().await,
            Way::Endpoint(endpoint) => Ok(endpoint.model()),
        }
    }

    /// A question, with its vector. Fails with `embeddings_unavailable` where there is no model, `embeddings_busy` when too many wait.
    pub async fn query(&self, text: &str) -> Result<Arc<Question>> {
        let text: Arc<str> = text.trim().into();
        self.asked.once(&text, || self.ask(Arc::clone(&text))).await
    }

    fn ask(&self, text: Arc<str>) -> BoxFuture<'static, Result<Arc<Question>>> {
        match self.way.clone() {
            Way::Off => std::future::ready(Err(off())).boxed(),
            Way::Local(local) => async move {
                let read = move |model: &allin_embedding::Model| {
                    let words = model.whole_words(&text).into_iter().map(str::to_owned).collect();
                    Ok(Question { vector: vector(model, Purpose::Query, &text)?, words })
                };
                let read = local.run(Urgency::Question, read).await?;
                // What is kept is copied: a piece of the computing thread's memory would keep all of it from being given back.
                Ok(Arc::new(read.clone()))
            }
            .boxed(),
            Way::Endpoint(endpoint) => async move {
                let mut vectors = endpoint.vectors(&[text.to_string()]).await?;
                let vector = vectors.pop().ok_or_else(|| Error::internal("no vector"))?;
                Ok(Arc::new(Question { vector, words: Vec::new() }))
            }
            .boxed(),
        }
    }

    /// Where to cut a body so that each part fits into the model behind its prefix (title and headings).
    pub async fn windows(&self, prefix: &str, body: &str) -> Result<Vec<Window>> {
        let (prefix, body) = (prefix.to_owned(), body.to_owned());
        match &self.way {
            Way::Off => Err(off()),
            Way::Local(local) => {
                let cut = move |model: &allin_embedding::Model| {
                    Ok(model
                        .windows(&body, room(model.count(&prefix)), OVERLAP)
                        .into_iter()
                        .map(Window::from)
                        .collect())
                };
                local.run(Urgency::Passage, cut).await
            }
            Way::Endpoint(_) => Ok(endpoint::windows(&prefix, &body)),
        }
    }

    /// One vector a text, in order. The texts are what `windows` cut, with their prefixes, or questions that a passage is asked.
    pub async fn passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        match &self.way {
            Way::Off => Err(off()),
            Way::Local(local) => {
                let one =
                    |text: String| local.run(Urgency::Passage, move |model| vector(model, Purpose::Passage, &text));
                stream::iter(texts).map(one).buffered(AT_ONCE).try_collect().await
            }
            Way::Endpoint(endpoint) => endpoint.vectors(&texts).await,
        }
    }
}

/// What is left of a window for a body behind a prefix of so many tokens.
fn room(prefix: usize) -> usize {
    WINDOW.saturating_sub(prefix).max(WINDOW / 2)
}

fn vector(model: &allin_embedding::Model, purpose: Purpose, text: &str) -> Result<Vec<f32>> {
    model.embed(purpose, text).map_err(|error| local::unusable(&error.into()))
}

fn off() -> Error {
    Error::operator("embeddings_unavailable", "There is no embedding model: ALLIN_EMBEDDINGS is off.")
        .next("Documents are found by their words. Unset ALLIN_EMBEDDINGS to have them found by what they mean.")
}
