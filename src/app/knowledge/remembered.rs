//! What was found lately. A key names everything that decides a result, the revision of the documents included, so that
//! nothing has to be forgotten in time; the same search at the same time runs once.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

use crate::{
    app::knowledge::find::{Findings, Wanted, model_key},
    clients::embedder::EmbeddingModel,
    error::Result,
    ids::WorkspaceId,
    model::roles::Role,
    store::knowledge::state::State,
};

/// A few kilobytes each.
const MOST: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    workspace: WorkspaceId,
    role: Role,
    revision: i64,
    model: Option<i64>,
    wanted: Wanted,
}

impl Key {
    pub fn new(
        workspace: WorkspaceId,
        role: Role,
        state: &State,
        model: Option<&EmbeddingModel>,
        wanted: &Wanted,
    ) -> Self {
        Self { workspace, role, revision: state.revision, model: model.map(model_key), wanted: wanted.clone() }
    }
}

type Place = Arc<OnceCell<Arc<Findings>>>;

/// The least recently used go first.
pub struct Remembered {
    places: Mutex<lru::LruCache<Key, Place>>,
}

impl Default for Remembered {
    fn default() -> Self {
        let most = std::num::NonZeroUsize::new(MOST).unwrap_or(std::num::NonZeroUsize::MIN);
        Self { places: Mutex::new(lru::LruCache::new(most)) }
    }
}

impl Remembered {
    /// What was found for the key, or what the search finds now. A search that fails is not remembered; who waited for it
    /// searches next.
    pub async fn get<F>(&self, key: Key, search: impl FnOnce() -> F) -> Result<Arc<Findings>>
    where
        F: Future<Output = Result<Findings>>,
    {
        let place = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(places.get_or_insert(key, Place::default))
        };
        let found = place.get_or_try_init(|| async { search().await.map(Arc::new) }).await?;
        Ok(Arc::clone(found))
    }
}
