//! Who has news, from whichever process it comes. One connection per process listens, once somebody asks.

use std::time::Duration;

use tokio::sync::{OnceCell, broadcast};

use crate::{
    error::Result,
    ids::{MemberId, WorkspaceId},
    store::{
        db::{Db, Heard, Listener},
        notifications::CHANNEL,
    },
};

/// How soon a lost connection is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Somebody's notifications changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Of(WorkspaceId, MemberId),
    /// The connection was lost meanwhile: everybody's may have.
    Anybodys,
}

impl News {
    pub fn concerns(self, workspace: WorkspaceId, member: MemberId) -> bool {
        self == Self::Anybodys || self == Self::Of(workspace, member)
    }
}

/// Passes on what the database tells.
pub struct Watch {
    sender: broadcast::Sender<News>,
    begun: OnceCell<()>,
}

impl Default for Watch {
    fn default() -> Self {
        Self { sender: broadcast::channel(256).0, begun: OnceCell::new() }
    }
}

impl Watch {
    /// Everything that is committed from now on. A receiver that lags has missed something.
    pub async fn news(&self, db: &Db) -> Result<broadcast::Receiver<News>> {
        let begin = || async {
            let listener = db.listen(CHANNEL).await?;
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
            Heard::Gap => News::Anybodys,
            Heard::Text(text) => read(&text).unwrap_or(News::Anybodys),
        };
        // Nobody listening is fine.
        _ = sender.send(news);
    }
}

/// `workspace member`, as the store writes it.
fn read(text: &str) -> Option<News> {
    let (workspace, member) = text.split_once(' ')?;
    Some(News::Of(WorkspaceId(workspace.parse().ok()?), MemberId(member.parse().ok()?)))
}
