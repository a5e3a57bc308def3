//! The threads that compute, and what waits for them: questions before passages. Threads and the loaded model go away when nobody has
//! asked for a while.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use allin_embedding::Model;
use tokio::sync::oneshot;

use super::{asked::again, local::unusable};
use crate::error::{Error, Result};

/// More would take the machine from everything else.
const THREADS_MAX: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it.
    Question,
    Passage,
}

type Job = Box<dyn FnOnce(Result<&Model, &Error>) + Send>;

pub struct Desk {
    file: PathBuf,
    idle: Duration,
    state: Mutex<State>,
    wake: Condvar,
    model: Mutex<Option<Arc<Model>>>,
}

#[derive(Default)]
struct State {
    questions: VecDeque<Job>,
    passages: VecDeque<Job>,
    threads: usize,
    /// Threads that wait for something to do.
    waiting: usize,
}

impl State {
    fn next(&mut self) -> Option<Job> {
        self.questions.pop_front().or_else(|| self.passages.pop_front())
    }
}

impl Desk {
    pub fn new(file: PathBuf, idle: Duration) -> Arc<Self> {
        let (state, wake, model) = (Mutex::default(), Condvar::new(), Mutex::default());
        Arc::new(Self { file, idle, state, wake, model })
    }

    pub fn file(&self) -> &std::path::Path {
        &self.file
    }

    pub fn is_loaded(&self) -> bool {
        lock(&self.model).is_some()
    }

    /// Computes on a thread of its own. Who stops waiting before it begins costs nothing.
    pub async fn run<T, W>(self: &Arc<Self>, urgency: Urgency, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Model) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |model| {
            if !reply.is_closed() {
                // An error here means that nobody waits any more.
                let _ = reply.send(model.map_err(again).and_then(work));
            }
        });
        self.put(urgency, job)?;
        answer.await.map_err(Error::internal)?
    }

    fn put(self: &Arc<Self>, urgency: Urgency, job: Job) -> Result<()> {
        let mut state = lock(&self.state);
        match urgency {
            Urgency::Question => state.questions.push_back(job),
            Urgency::Passage => state.passages.push_back(job),
        }
        let waiting = state.questions.len() + state.passages.len();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        if waiting > state.waiting && state.threads < threads {
            let place = Place(Arc::clone(self));
            state.threads += 1;
            drop(state);
            // A thread that cannot be started gives its place back, and the next call tries again.
            std::thread::Builder::new()
                .name("embedding".into())
                .spawn(move || place.work())
                .map_err(Error::internal)?;
        } else {
            self.wake.notify_one();
        }
        Ok(())
    }

    fn model(&self) -> Result<Arc<Model>> {
        let mut model = lock(&self.model);
        if let Some(model) = &*model {
            return Ok(Arc::clone(model));
        }
        let loaded = Arc::new(Model::open(&self.file).map_err(|error| unusable(&error))?);
        *model = Some(Arc::clone(&loaded));
        Ok(loaded)
    }
}

/// A thread's place; given back when the thread ends, however that happens.
struct Place(Arc<Desk>);

impl Place {
    fn work(&self) {
        while let Some(job) = self.next() {
            match self.0.model() {
                Ok(model) => job(Ok(&model)),
                Err(error) => job(Err(&error)),
            }
        }
    }

    /// `None` when there was nothing to do for so long that the thread may go.
    fn next(&self) -> Option<Job> {
        let Self(desk) = self;
        let mut state = lock(&desk.state);
        loop {
            if let Some(job) = state.next() {
                return Some(job);
            }
            state.waiting += 1;
            let (woken, wait) = desk.wake.wait_timeout(state, desk.idle).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.waiting -= 1;
            if wait.timed_out() {
                return state.next();
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.threads -= 1;
        if state.threads == 0 {
            *lock(&self.0.model) = None;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
