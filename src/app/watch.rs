//! What changed in a workspace, from whichever process it comes. A channel of the database has one connection per process
//! that listens, once somebody asks.

use std::time::Duration;

use tokio::sync::{OnceCell, broadcast};
use uuid::Uuid;

use crate::{
    error::Result,
    ids::WorkspaceId,
    store::db::{Db, Heard, Listener},
};

/// How soon a lost connection is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Something changed: what a channel is about, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Of(WorkspaceId, Uuid),
    /// The connection was lost meanwhile: anything may have changed.
    Anything,
}

impl News {
    pub fn within(self, workspace: WorkspaceId) -> bool {
        match self {
            Self::Of(there, _) => there == workspace,
            Self::Anything => true,
        }
    }

    pub fn concerns(self, workspace: WorkspaceId, id: Uuid) -> bool {
        self == Self::Anything || self == Self::Of(workspace, id)
    }
}

/// Passes on what the database tells on one channel.
pub struct Watch {
    channel: &'static str,
    sender: broadcast::Sender<News>,
    begun: OnceCell<()>,
}

impl Watch {
    pub fn of(channel: &'static str) -> Self {
        Self { channel, sender: broadcast::channel(256).0, begun: OnceCell::new() }
    }

    /// Everything that is committed from now on. A receiver that lags has missed something.
    pub async fn news(&self, db: &Db) -> Result<broadcast::Receiver<News>> {
        let begin = || async {
            let listener = db.listen(self.channel).await?;
            tokio::spawn(pass_on(listener, self.sender.clone()));
            Ok::<_, crate::error::Error>(())
        };
        self.begun.get_or_try_init(begin).await?;
        Ok(self.sender.subscribe())
    }
}

async fn pass_on(mut listener: Listener, sender: broadcast::Sender<News>) {
    loop {
        let news = match listener.next().await {
            Heard::Closed => return,
            Heard::Lost => {
                tokio::time::sleep(AGAIN_AFTER).await;
                continue;
            }
            Heard::Gap => News::Anything,
            Heard::Text(text) => read(&text).unwrap_or(News::Anything),
        };
        // Nobody listening is fine.
        _ = sender.send(news);
    }
}

/// `workspace id`, as the store writes it.
fn read(text: &str) -> Option<News> {
    let (workspace, id) = text.split_once(' ')?;
    Some(News::Of(WorkspaceId(workspace.parse().ok()?), id.parse().ok()?))
}
