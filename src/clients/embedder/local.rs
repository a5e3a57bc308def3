//! The model on this machine: whether its file is there, fetching it once, and asking the threads that compute.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use allin_embedding::{Model, OpenError};

use super::{
    EmbeddingModel, Fetch, Readiness,
    asked::again,
    desk::{Desk, Urgency},
};
use crate::error::{Error, Result};

/// How long a failed fetch is not tried again.
const REMEMBERED: Duration = Duration::from_secs(600);

pub struct Local {
    model: EmbeddingModel,
    fetch: Fetch,
    pub desk: Arc<Desk>,
    fetching: Arc<AtomicBool>,
    turn: tokio::sync::Mutex<()>,
    failed: Mutex<Option<(Instant, Error)>>,
}

impl Local {
    pub fn new(model: EmbeddingModel, fetch: Fetch, desk: Arc<Desk>) -> Self {
        let (turn, failed) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { model, fetch, desk, fetching: Arc::default(), turn, failed }
    }

    pub fn model(&self) -> EmbeddingModel {
        self.model.clone()
    }

    pub fn readiness(&self) -> Readiness {
        if self.is_there() {
            Readiness::Ready(self.model())
        } else if self.fetching.load(Ordering::Relaxed) {
            Readiness::Fetching
        } else {
            let failure = self.failure();
            let why = failure
                .map_or_else(|| "The embedding model was not fetched yet.".into(), |error| error.message().to_owned());
            Readiness::Missing { why }
        }
    }

    fn is_there(&self) -> bool {
        self.desk.file().is_file()
    }

    /// A failure that is not old.
    fn failure(&self) -> Option<Error> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().filter(|(at, _)| at.elapsed() < REMEMBERED).map(|(_, error)| again(error))
    }

    pub async fn prepare(&self) -> Result<EmbeddingModel> {
        if self.is_there() {
            return Ok(self.model());
        }
        let _turn = self.turn.lock().await;
        if self.is_there() {
            return Ok(self.model());
        }
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let (fetching, fetch) = (Arc::clone(&self.fetching), (self.fetch)());
        fetching.store(true, Ordering::Relaxed);
        // On a task of its own, because it is worth finishing when whoever asked has gone.
        let fetched = tokio::spawn(async move {
            let fetched = fetch.await;
            fetching.store(false, Ordering::Relaxed);
            fetched
        });
        let fetched = fetched.await.map_err(Error::internal).and_then(|fetched| fetched);
        if let Err(error) = fetched {
            let told = again(&error);
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), error));
            return Err(told);
        }
        Ok(self.model())
    }

    pub async fn run<T, W>(&self, urgency: Urgency, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Model) -> Result<T> + Send + 'static,
    {
        match self.readiness() {
            Readiness::Ready(_) => self.desk.run(urgency, work).await,
            Readiness::Fetching => Err(unavailable("The embedding model is being fetched.")),
            Readiness::Missing { why } => Err(unavailable(&why)),
            Readiness::Off => Err(unavailable("There is no embedding model.")),
        }
    }
}

fn unavailable(why: &str) -> Error {
    Error::operator("embeddings_unavailable", why).next(
        "Documents are found by their words meanwhile. `allin setup --knowledge` fetches the model; without a network, \
         `allin setup --from FILE`.",
    )
}

/// A file that is there and cannot be run.
pub fn unusable(error: &OpenError) -> Error {
    Error::operator("embeddings_unusable", format!("The embedding model cannot be used: {error}."))
        .next("Delete the folder `models` in AllIN's home and run `allin setup --knowledge`.")
        .because(error.to_string())
}
