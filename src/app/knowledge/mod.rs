//! What the workspace knows: documents are added, read in the background, searched and answered from. What a document's
//! audience leaves out does not exist for a role: no result, count, statistic or error tells of it.

pub mod add;
pub mod ask;
pub mod calibrate;
pub mod cited;
mod compare;
mod compose;
mod corrected;
mod embed;
pub mod evaluate;
pub mod find;
pub mod get;
pub mod list;
mod measures;
pub mod product;
mod prompt;
mod question;
pub mod rate;
mod rated;
pub mod read;
mod remembered;
pub mod remove;
pub mod search;
pub mod seen;
pub mod settle;
mod source;
mod standing;
pub mod view;
mod write;

use std::{
    collections::HashSet,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;
use tokio::sync::{Notify, OnceCell, Semaphore};
use uuid::Uuid;

use crate::{
    app::App,
    error::Result,
    ids::WorkspaceId,
    model::documents::ParsedDocument,
    store::{
        db::Entrance,
        knowledge::{due, state::State, vectors},
    },
};

/// What one process keeps of knowledge between calls.
pub struct Knowledge {
    /// Searches at once: more share the same processors, and keep connections from everybody else.
    searching: Semaphore,
    found: remembered::Remembered,
    /// Where vectors are parted in halves, by workspace, revision and model.
    middles: Mutex<LruCache<(WorkspaceId, i64, i64), Uuid>>,
    /// The product's own documents, once they were read.
    product: OnceCell<Vec<(&'static str, ParsedDocument)>>,
    /// Workspaces that were told to make vectors, with the model.
    woken: Mutex<HashSet<(WorkspaceId, i64)>>,
    /// Wakes this process's reader.
    pub due: Notify,
}

/// See [`Knowledge::searching`].
const SEARCHES: usize = 3;
/// Workspaces that are searched often, a few bytes each.
const MIDDLES: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

impl Default for Knowledge {
    fn default() -> Self {
        Self {
            searching: Semaphore::new(SEARCHES),
            found: remembered::Remembered::default(),
            middles: Mutex::new(LruCache::new(MIDDLES)),
            product: OnceCell::new(),
            woken: Mutex::default(),
            due: Notify::new(),
        }
    }
}

impl Knowledge {
    /// Has vectors made where the model in use has none, in the background.
    async fn wake(&self, app: &App, workspace: WorkspaceId, state: &State) {
        let Some(model) = app.settings.embedder.model().as_ref().map(find::model_key) else { return };
        if state.model == Some(model) {
            return;
        }
        if !self.woken.lock().unwrap_or_else(PoisonError::into_inner).insert((workspace, model)) {
            return;
        }
        if let Err(error) = want_vectors(app, workspace, model).await {
            tracing::warn!(%workspace, error = error.chain(), "vectors cannot be asked for");
            self.woken.lock().unwrap_or_else(PoisonError::into_inner).remove(&(workspace, model));
        }
    }
}

async fn want_vectors(app: &App, workspace: WorkspaceId, model: i64) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.tenant(workspace, Entrance::System, now).await?.0;
    vectors::want(&mut tx, workspace, model, now).await?;
    due::put(&mut tx, workspace, now).await?;
    tx.commit().await?;
    app.knowledge.due.notify_one();
    Ok(())
}
