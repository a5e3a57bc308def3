//! How the program is looked after, on a connection that no caller waits for.

use std::time::Duration;

use super::{Db, Tx};
use crate::error::{Error, Result};

const PING_WITHIN: Duration = Duration::from_secs(2);

impl Db {
    /// [`Self::begin`] on a connection beside the pool's, for looking after the program however many callers wait.
    pub async fn begin_beside(&self) -> Result<Tx> {
        Ok(self.open("BEGIN".to_owned(), &self.inner.beside).await?.0)
    }

    /// Whether the database answers, and callers get on where all connections are in use, each within two seconds.
    pub async fn ping(&self) -> Result<()> {
        let slow = |_| Error::unavailable("database_slow", "The database did not answer within 2 seconds.");
        tokio::time::timeout(PING_WITHIN, self.begin_beside()).await.map_err(slow)??.finish_read();
        let served = self.inner.served.notified();
        if self.inner.permits.available_permits() == 0 {
            let busy = |_| Error::unavailable("database_busy", "Nobody has got a database connection for 2 seconds.");
            tokio::time::timeout(PING_WITHIN, served).await.map_err(busy)?;
        }
        Ok(())
    }
}
