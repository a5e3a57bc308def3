//! What other processes tell through the database: a channel, and a connection that only listens to it.

use std::{future::Future, pin::Pin};

use sqlx::postgres::PgListener;

use crate::error::Result;

/// Ends when the database is closed for this process.
pub struct Listener {
    inner: PgListener,
    closed: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    /// The connection was lost for a while: anything may have been said.
    Gap,
    /// The connection is lost, and not back yet.
    Lost,
    Closed,
}

impl Listener {
    pub(super) async fn open(
        mut inner: PgListener,
        channel: &str,
        closed: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Self> {
        inner.listen(channel).await?;
        Ok(Self { inner, closed: Box::pin(closed) })
    }

    pub async fn next(&mut self) -> Heard {
        tokio::select! {
            () = &mut self.closed => Heard::Closed,
            heard = self.inner.try_recv() => match heard {
                Ok(Some(said)) => Heard::Text(said.payload().to_owned()),
                Ok(None) => Heard::Gap,
                Err(_) => Heard::Lost,
            },
        }
    }
}
