//! Who calls over HTTP: bearer keys, and the sessions of earlier protocol eras kept in the database.

use std::sync::Arc;

use async_trait::async_trait;
use http::request::Parts;

use super::Caller;
use crate::{
    app::{
        App,
        ctx::Origin,
        keys::authenticate::{KeyCache, authenticate},
    },
    error::Result,
    store::sessions,
    transport::{Authenticator, BoundSession, SessionLedger, bearer},
    vault::sha256,
};

/// A session is kept this long after it was opened, in seconds.
const SESSION_SECS: i64 = 7 * 24 * 3600;

/// Authenticates by API key.
pub struct Keys {
    app: Arc<App>,
    cache: KeyCache,
}

impl Keys {
    pub fn new(app: Arc<App>) -> Self {
        Self { app, cache: KeyCache::default() }
    }
}

impl Authenticator for Keys {
    type Principal = Caller;

    async fn authenticate(&self, parts: &Parts) -> Result<Caller> {
        let (workspace, actor) = authenticate(&self.app, &self.cache, bearer(&parts.headers)?).await?;
        Ok(Caller { workspace, actor, origin: Origin::Http })
    }

    fn owner_key(&self, caller: &Caller) -> String {
        format!("{}/{}", caller.workspace, caller.actor.key())
    }
}

/// Sessions in PostgreSQL, by the hash of their id.
pub struct Sessions(pub Arc<App>);

#[async_trait]
impl SessionLedger for Sessions {
    async fn bind(&self, session: &str, bound: BoundSession) -> Result<()> {
        let mut tx = self.0.db.begin().await?;
        let expires_at = self.0.now().plus_secs(SESSION_SECS);
        sessions::put(&mut tx, &sha256(session.as_bytes()), &bound.owner, &bound.state, expires_at).await?;
        tx.commit().await
    }

    async fn load(&self, session: &str) -> Result<Option<BoundSession>> {
        let mut tx = self.0.db.begin().await?;
        let found = sessions::get(&mut tx, &sha256(session.as_bytes()), self.0.now()).await?;
        tx.finish_read();
        Ok(found.map(|(owner, state)| BoundSession { owner, state }))
    }

    async fn forget(&self, session: &str) -> Result<()> {
        let mut tx = self.0.db.begin().await?;
        sessions::end(&mut tx, &sha256(session.as_bytes()), self.0.now()).await?;
        tx.commit().await
    }
}
