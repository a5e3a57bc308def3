//! An open transaction and the three ways it ends. Must not know tenants.

use std::{
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use sqlx::PgConnection;
use tokio::sync::OwnedSemaphorePermit;

use super::{Db, Pooled, discard};
use crate::error::Result;

/// An open transaction. Dropped without [`Tx::commit`] it is rolled back.
pub struct Tx {
    db: Db,
    connection: Option<Pooled>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Tx {
    pub(super) fn new(db: &Db, connection: Pooled, permit: OwnedSemaphorePermit) -> Self {
        Self { db: db.clone(), connection: Some(connection), permit: Some(permit) }
    }

    /// Makes everything permanent. An error leaves the outcome open: the server may have committed before it was lost.
    pub async fn commit(mut self) -> Result<()> {
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        let done = sqlx::raw_sql("COMMIT").execute(&mut **connection).await;
        match done {
            Ok(_) => {
                self.give_back(None);
                Ok(())
            }
            Err(error) => {
                self.discard();
                Err(error.into())
            }
        }
    }

    /// Ends a transaction that wrote nothing and whose results were read, without making the caller wait for it: with
    /// the connection's next use, or within `shelf::LINGER`.
    pub fn finish_read(mut self) {
        if tokio::runtime::Handle::try_current().is_ok() {
            self.give_back(Some(Instant::now()));
        }
    }

    fn give_back(&mut self, reading_since: Option<Instant>) {
        if let Some(connection) = self.connection.take() {
            self.db.keep(connection, reading_since);
        }
        self.db.served(self.permit.take());
    }

    /// Closes the connection, whatever is open in it.
    pub(super) fn discard(mut self) -> Option<OwnedSemaphorePermit> {
        if let Some(connection) = self.connection.take() {
            discard(connection);
        }
        self.permit.take()
    }
}

impl Deref for Tx {
    type Target = PgConnection;
    #[expect(clippy::expect_used, reason = "the connection is taken only by methods that consume the transaction")]
    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("open")
    }
}

impl DerefMut for Tx {
    #[expect(clippy::expect_used, reason = "the connection is taken only by methods that consume the transaction")]
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("open")
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let (Some(mut connection), Some(permit)) = (self.connection.take(), self.permit.take()) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            discard(connection);
            return;
        };
        let db = self.db.clone();
        runtime.spawn(async move {
            let rolled_back =
                tokio::time::timeout(Duration::from_secs(5), sqlx::raw_sql("ROLLBACK").execute(&mut *connection));
            match rolled_back.await {
                Ok(Ok(_)) => db.keep(connection, None),
                _ => discard(connection),
            }
            drop(permit);
        });
    }
}
