//! What was asked lately and what is being asked: the same question waits for one computation, whoever asks it.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};
use lru::LruCache;

use super::Question;
use crate::error::{Error, Result, Retry};

/// Questions that are kept, about 2 kB each; the longest have 15.
const KEPT: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
/// Different questions that may wait.
const WAITING_MAX: usize = 20_000;

type Answer = Arc<Question>;
type Answering = BoxFuture<'static, Result<Answer, Arc<Error>>>;

#[derive(Default)]
pub struct Asked {
    state: Arc<Mutex<State>>,
}

struct State {
    known: LruCache<Arc<str>, Answer>,
    /// Ends with the last caller who waits for it.
    under_way: HashMap<Arc<str>, WeakShared<Answering>>,
}

impl Default for State {
    fn default() -> Self {
        Self { known: LruCache::new(KEPT), under_way: HashMap::new() }
    }
}

enum Found {
    Known(Answer),
    Waits(Shared<Answering>),
}

impl Asked {
    /// The question as it is known, or as somebody else is about to know it, or as `ask` gives it.
    pub async fn once<A>(&self, text: &Arc<str>, ask: A) -> Result<Answer>
    where
        A: FnOnce() -> BoxFuture<'static, Result<Answer>>,
    {
        match self.find(text, ask)? {
            Found::Known(known) => Ok(known),
            Found::Waits(answering) => answering.await.map_err(|error| again(&error)),
        }
    }

    fn find(&self, text: &Arc<str>, ask: impl FnOnce() -> BoxFuture<'static, Result<Answer>>) -> Result<Found> {
        let mut state = lock(&self.state);
        if let Some(known) = state.known.get(text) {
            return Ok(Found::Known(Arc::clone(known)));
        }
        if let Some(answering) = state.under_way.get(text).and_then(WeakShared::upgrade) {
            return Ok(Found::Waits(answering));
        }
        if state.under_way.len() >= WAITING_MAX {
            state.under_way.retain(|_, answering| answering.upgrade().is_some());
            if state.under_way.len() >= WAITING_MAX {
                return Err(busy());
            }
        }
        let (asking, shared, key) = (ask(), Arc::clone(&self.state), Arc::clone(text));
        let answering = async move {
            let answer = asking.await;
            let mut state = lock(&shared);
            state.under_way.remove(&key);
            if let Ok(known) = &answer {
                state.known.put(key, Arc::clone(known));
            }
            answer.map_err(Arc::new)
        };
        let answering = answering.boxed().shared();
        if let Some(waiting) = answering.downgrade() {
            state.under_way.insert(Arc::clone(text), waiting);
        }
        Ok(Found::Waits(answering))
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn busy() -> Error {
    Error::unavailable("embeddings_busy", format!("More than {WAITING_MAX} questions wait to be understood."))
        .next("Ask again in a few seconds.")
        .retry(Retry::After { seconds: 5 })
}

/// One failure for each of those who waited. The cause stays with the first.
pub fn again(error: &Error) -> Error {
    let public = error.public();
    Error::operator(error.code(), public.message).next(public.next_step).retry(public.retry).because(error.chain())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    fn question(vector: &[f32]) -> Answer {
        Arc::new(Question { vector: vector.to_vec(), words: Vec::new() })
    }

    fn asking(count: &Arc<AtomicUsize>, gate: &Arc<Semaphore>) -> BoxFuture<'static, Result<Answer>> {
        count.fetch_add(1, Ordering::SeqCst);
        let gate = Arc::clone(gate);
        async move {
            let _passed = gate.acquire().await.map_err(Error::internal)?;
            Ok(question(&[1.0, 2.0]))
        }
        .boxed()
    }

    #[tokio::test]
    async fn a_question_is_computed_once_for_all_and_then_known() {
        let (asked, count, gate) = (Asked::default(), Arc::default(), Arc::new(Semaphore::new(0)));
        let text = Arc::from("same");
        let all = futures::future::join_all((0..50).map(|_| asked.once(&text, || asking(&count, &gate))));
        let open = async { gate.add_permits(1) };
        let (all, ()) = tokio::join!(all, open);
        assert!(all.into_iter().all(|vector| vector.unwrap().vector == [1.0, 2.0]));
        asked.once(&text, || asking(&count, &gate)).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 1);
        asked.once(&Arc::from("other"), || asking(&count, &gate)).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_nothing_behind() {
        let (asked, count, gate) = (Asked::default(), Arc::default(), Arc::new(Semaphore::new(0)));
        let text = Arc::from("left");
        let left = asked.once(&text, || asking(&count, &gate)).now_or_never();
        assert!(left.is_none());
        gate.add_permits(1);
        asked.once(&text, || asking(&count, &gate)).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 2, "asked anew, because nobody waited any more");
        assert!(lock(&asked.state).under_way.is_empty());
    }

    #[tokio::test]
    async fn failures_reach_everybody_and_are_not_kept() {
        let asked = Asked::default();
        let text = Arc::from("fails");
        let refuse = || std::future::ready(Err(Error::unavailable("embeddings_unavailable", "No."))).boxed();
        let (first, second) = tokio::join!(asked.once(&text, refuse), asked.once(&text, refuse));
        assert_eq!(
            (first.unwrap_err().code(), second.unwrap_err().code()),
            ("embeddings_unavailable", "embeddings_unavailable")
        );
        let found = asked.once(&text, || std::future::ready(Ok(question(&[3.0]))).boxed()).await;
        assert_eq!(found.unwrap().vector, [3.0]);
    }

    #[tokio::test]
    async fn too_many_questions_are_refused_and_those_given_up_do_not_count() {
        let (asked, count, gate) = (Asked::default(), Arc::default(), Arc::new(Semaphore::new(0)));
        let texts: Vec<Arc<str>> = (0..WAITING_MAX).map(|number| number.to_string().into()).collect();
        let mut waiting: Vec<_> = texts.iter().map(|text| asked.once(text, || asking(&count, &gate)).boxed()).collect();
        for question in &mut waiting {
            assert!(question.now_or_never().is_none());
        }
        let more = Arc::from("one more");
        let refused = asked.once(&more, || asking(&count, &gate)).await.unwrap_err();
        assert_eq!(refused.code(), "embeddings_busy");
        drop(waiting);
        gate.add_permits(1);
        asked.once(&more, || asking(&count, &gate)).await.unwrap();
    }
}
