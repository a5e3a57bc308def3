//! Steps that many deliveries take at about the same time are taken together, one batch a workspace at a time: a few
//! statements and one commit for all of them. Nobody waits for a slow one: what cannot go with the batch (its post is locked
//! by somebody else, or the database refused something of the batch) is taken alone, and waits without a place in the database.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    app::{
        App,
        publishing::engine::{Engine, held},
    },
    error::{Error, LOCKED, Result},
    ids::WorkspaceId,
};

/// Steps in one batch. More would make the first wait longer than it saves.
const MOST: usize = 64;

/// The code of a step that was given up.
const HUNG: &str = "database_slow";
/// How long a step that is taken alone rests between two waits for a lock.
const APART: Duration = Duration::from_millis(100);

/// What a batch does about posts that somebody else has locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// Leaves them out: `None` for them.
    Skip,
    Wait,
}

/// A step of a delivery. `run` takes many of one workspace in one transaction, and answers for each.
pub trait Step: Sized + Send + Sync + 'static {
    type Done: Send + 'static;
    /// How long to wait for others after the first, when no batch is under way.
    const COLLECT: Duration;

    fn desk(engine: &Engine) -> &Desk<Self>;
    fn workspace(&self) -> WorkspaceId;
    fn run(
        app: &App,
        workspace: WorkspaceId,
        steps: &[Self],
        busy: Busy,
    ) -> impl Future<Output = Result<Vec<Option<Self::Done>>>> + Send;
}

/// What came of a step; with the batch, or not yet.
enum Told<S: Step> {
    Done(Result<S::Done>),
    Alone(S),
}

type Asked<S> = (S, oneshot::Sender<Told<S>>);

/// Where steps wait for their batch. A workspace is in it while somebody runs its batches.
pub struct Desk<S: Step>(Mutex<HashMap<WorkspaceId, Vec<Asked<S>>>>);

impl<S: Step> Default for Desk<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S: Step> Desk<S> {
    /// `true`: nobody runs this workspace's batches, so the caller has to.
    fn put(&self, workspace: WorkspaceId, asked: Asked<S>) -> bool {
        let mut desk = held(&self.0);
        let nobody = !desk.contains_key(&workspace);
        desk.entry(workspace).or_default().push(asked);
        nobody
    }

    /// The next batch; `None` when there is none, and then nobody runs them any more.
    fn take(&self, workspace: WorkspaceId) -> Option<Vec<Asked<S>>> {
        let mut desk = held(&self.0);
        let waiting = desk.get_mut(&workspace)?;
        if waiting.is_empty() {
            desk.remove(&workspace);
            return None;
        }
        let rest = waiting.split_off(waiting.len().min(MOST));
        Some(std::mem::replace(waiting, rest))
    }
}

/// Takes a step, with others where there are any.
pub async fn take<S: Step>(app: &Arc<App>, step: S) -> Result<S::Done> {
    let (tell, told) = oneshot::channel();
    let workspace = step.workspace();
    if S::desk(&app.engine).put(workspace, (step, tell)) {
        // Its own task: a delivery that is given up takes nobody with it.
        tokio::spawn(lead::<S>(Arc::clone(app), workspace));
    }
    match told.await {
        Ok(Told::Done(done)) => done,
        Ok(Told::Alone(step)) => alone(app, step).await,
        Err(_) => Err(Error::internal("the batch ended without an answer")),
    }
}

/// Waits for whoever has the post, but not with a place in the database for longer than one wait for a lock.
async fn alone<S: Step>(app: &App, step: S) -> Result<S::Done> {
    loop {
        let apart = app.engine.slot_apart(step.workspace()).await?;
        let done = in_time(app, S::run(app, step.workspace(), std::slice::from_ref(&step), Busy::Wait)).await;
        drop(apart);
        match done {
            Ok(mut done) => return done.pop().flatten().ok_or_else(|| Error::internal("a step alone was not taken")),
            Err(error) if error.code() == LOCKED => tokio::time::sleep(APART).await,
            Err(error) => return Err(error),
        }
    }
}

/// A step takes milliseconds. One that has taken as long as a claim lasts hangs with its connection, and everybody behind it
/// would, too. Whether it was committed is not known; whoever takes the step next finds what is written, as after a crash.
async fn in_time<T>(app: &App, run: impl Future<Output = Result<T>>) -> Result<T> {
    let within = Duration::from_millis(u64::try_from(app.settings.send.lease).unwrap_or(75_000));
    tokio::time::timeout(within, run)
        .await
        .unwrap_or_else(|_| Err(Error::unavailable(HUNG, "The database did not answer in time.")))
}

/// Runs a workspace's batches until none is left.
async fn lead<S: Step>(app: Arc<App>, workspace: WorkspaceId) {
    let cleared = Cleared::<S>(&app, workspace, std::marker::PhantomData);
    loop {
        if S::COLLECT.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(S::COLLECT).await;
        }
        let Ok(slot) = app.engine.slot().await else { break };
        let Some(asked) = S::desk(&app.engine).take(workspace) else { break };
        let (steps, tellers): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let result = in_time(&app, S::run(&app, workspace, &steps, Busy::Skip)).await;
        drop(slot);
        tell(steps, tellers, result);
    }
    drop(cleared);
}

fn tell<S: Step>(steps: Vec<S>, tellers: Vec<oneshot::Sender<Told<S>>>, result: Result<Vec<Option<S::Done>>>) {
    let many = steps.len() > 1;
    let done: Vec<Option<Result<S::Done>>> = match result {
        Ok(done) => done.into_iter().map(|one| one.map(Ok)).collect(),
        Err(error) if !many && ![LOCKED, HUNG].contains(&error.code()) => vec![Some(Err(error))],
        Err(error) => {
            tracing::debug!(error = error.chain(), "a batch broke off; its steps are taken one by one");
            Vec::new()
        }
    };
    let mut done = done.into_iter();
    for (step, teller) in steps.into_iter().zip(tellers) {
        let told = match done.next().flatten() {
            Some(done) => Told::Done(done),
            None => Told::Alone(step),
        };
        // A delivery that was given up needs no answer; the next claim starts from what is written.
        _ = teller.send(told);
    }
}

/// Should a batch end by a defect, nobody waits for it forever, and the next step begins anew.
struct Cleared<'a, S: Step>(&'a App, WorkspaceId, std::marker::PhantomData<S>);

impl<S: Step> Drop for Cleared<'_, S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            held(&S::desk(&self.0.engine).0).remove(&self.1);
        }
    }
}
