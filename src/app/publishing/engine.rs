//! What the deliveries of one process share: how much is under way, lines to servers, and the steps that are taken
//! together. Must not know what the steps do.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::{
    app::publishing::{arm::Arm, look::Look, record::Record, together::Desk},
    error::{Error, Result},
    ids::{AccountId, WorkspaceId},
    model::turns::{Limits, UnderWay},
    store::dispatch::Claimed,
};

pub struct Engine {
    pub limits: Limits,
    connections: usize,
    /// Database connections that deliveries may hold at once: callers need some, too.
    slots: Arc<Semaphore>,
    /// Of these, as many as one workspace may hold with steps that are taken alone, which wait for locks.
    apart_max: usize,
    apart: Mutex<HashMap<WorkspaceId, Arc<Semaphore>>>,
    lines: Mutex<HashMap<Arc<str>, Arc<Semaphore>>>,
    under_way: Mutex<UnderWay>,
    /// The account after which the next look at the queue begins, when there are more than one look lists.
    pub(super) place: Mutex<(WorkspaceId, AccountId)>,
    pub(super) looks: Desk<Look>,
    pub(super) arms: Desk<Arm>,
    pub(super) records: Desk<Record>,
}

impl Engine {
    /// `connections`: calls at once to one server. `pool`: connections to the database.
    pub fn new(connections: usize, pool: usize) -> Self {
        let slots = (pool / 2).max(1);
        Self {
            limits: Limits::from_connections(connections),
            connections,
            slots: Arc::new(Semaphore::new(slots)),
            apart_max: (slots - 1).max(1),
            apart: Mutex::default(),
            lines: Mutex::default(),
            under_way: Mutex::default(),
            place: Mutex::new(FIRST),
            looks: Desk::default(),
            arms: Desk::default(),
            records: Desk::default(),
        }
    }

    /// One of the database connections that deliveries may hold.
    pub(super) async fn slot(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).acquire_owned().await.map_err(Error::internal)
    }

    /// A slot for a step that is taken alone. One workspace never has all of them for such steps.
    pub(super) async fn slot_apart(&self, workspace: WorkspaceId) -> Result<[OwnedSemaphorePermit; 2]> {
        let mine = {
            let mut apart = held(&self.apart);
            // Nobody holds one, and nobody waits for one.
            apart.retain(|_, permits| Arc::strong_count(permits) > 1);
            Arc::clone(apart.entry(workspace).or_insert_with(|| Arc::new(Semaphore::new(self.apart_max))))
        };
        let mine = mine.acquire_owned().await.map_err(Error::internal)?;
        Ok([mine, self.slot().await?])
    }

    /// Leave to call a server: no more calls at once than there are lines.
    pub(super) async fn line(&self, server: &Arc<str>) -> Result<OwnedSemaphorePermit> {
        let lines = {
            let mut lines = held(&self.lines);
            Arc::clone(lines.entry(Arc::clone(server)).or_insert_with(|| Arc::new(Semaphore::new(self.connections))))
        };
        lines.acquire_owned().await.map_err(Error::internal)
    }

    pub fn under_way(&self) -> UnderWay {
        held(&self.under_way).clone()
    }

    /// Counts a delivery as under way until the answer is dropped.
    pub fn begin(self: &Arc<Self>, claim: &Claimed) -> Begun {
        held(&self.under_way).begin(claim.workspace, &claim.server);
        Begun { engine: Arc::clone(self), workspace: claim.workspace, server: Arc::clone(&claim.server) }
    }
}

/// Before every account.
pub(super) const FIRST: (WorkspaceId, AccountId) = (WorkspaceId(Uuid::nil()), AccountId(Uuid::nil()));

pub struct Begun {
    engine: Arc<Engine>,
    workspace: WorkspaceId,
    server: Arc<str>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        held(&self.engine.under_way).end(self.workspace, &self.server);
    }
}

pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn steps_of_one_workspace_that_wait_leave_a_slot_to_the_others() {
        let engine = Engine::new(16, 8);
        let (one, other) = (WorkspaceId(Uuid::from_u128(1)), WorkspaceId(Uuid::from_u128(2)));
        let take = |workspace| engine.slot_apart(workspace).now_or_never().map(Result::unwrap);
        let mine: Vec<_> = std::iter::from_fn(|| take(one)).collect();
        assert_eq!(mine.len(), 3);
        let others = take(other);
        assert!(others.is_some() && take(other).is_none(), "four slots in all");
        drop(mine);
        assert!(take(other).is_some() && take(one).is_some());
        drop(others);
        _ = take(one);
        assert_eq!(held(&engine.apart).len(), 1, "nothing is remembered of who holds none");
    }
}
