//! Connections between two uses: who has one takes it from here and puts it back, and what lingers in a transaction
//! is rolled back. Must not know what the transactions are for.

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Db, Pooled, Tx, discard};

/// How long a connection may wait for its next use inside a transaction that only read; twice that at most.
pub(super) const LINGER: Duration = Duration::from_millis(5);

#[derive(Default)]
pub(super) struct Shelf {
    connections: Vec<Kept>,
    /// Whether a task looks after those that linger in a transaction.
    swept: bool,
    /// Once the pool is being closed, nothing is kept.
    closed: bool,
}

/// A connection whose replies have all been read.
pub(super) struct Kept {
    pub(super) connection: Pooled,
    /// Since when a transaction that only read is open in it. `None`: it is outside any transaction.
    pub(super) reading_since: Option<Instant>,
}

impl Db {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.inner.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Option<Kept> {
        self.shelf().connections.pop()
    }

    /// Takes back a connection whose replies have all been read.
    pub(super) fn keep(&self, connection: Pooled, reading_since: Option<Instant>) {
        let mut shelf = self.shelf();
        if shelf.closed {
            return if reading_since.is_some() { discard(connection) } else { drop(connection) };
        }
        shelf.connections.push(Kept { connection, reading_since });
        if reading_since.is_some() && !std::mem::replace(&mut shelf.swept, true) {
            tokio::spawn(self.clone().sweep());
        }
    }

    /// Rolls back what lingers, until nothing does.
    async fn sweep(self) {
        loop {
            tokio::time::sleep(LINGER).await;
            // With a permit, since whoever holds one counts on a connection. No permit left: all are in use or soon.
            while let Ok(permit) = Arc::clone(&self.inner.permits).try_acquire_owned() {
                let Some(connection) = self.take_lingering() else { break };
                drop(Tx::new(&self, connection, permit));
            }
            let mut shelf = self.shelf();
            if shelf.connections.iter().all(|kept| kept.reading_since.is_none()) {
                shelf.swept = false;
                return;
            }
        }
    }

    fn take_lingering(&self) -> Option<Pooled> {
        let mut shelf = self.shelf();
        let lingers = |kept: &Kept| kept.reading_since.is_some_and(|since| since.elapsed() >= LINGER);
        let at = shelf.connections.iter().position(lingers)?;
        Some(shelf.connections.remove(at).connection)
    }

    /// Lets go of all; what comes back later goes to the pool.
    pub(super) fn clear(&self) {
        let kept = {
            let mut shelf = self.shelf();
            shelf.closed = true;
            std::mem::take(&mut shelf.connections)
        };
        for Kept { connection, reading_since } in kept {
            // The server ends the transaction with the connection; the pool would put it to further use.
            if reading_since.is_some() { discard(connection) } else { drop(connection) }
        }
    }
}
