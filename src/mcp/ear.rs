//! What one caller hears of: its own notifications, and the documents that are for its role. What it is told is looked up
//! with the rights that it has then.

use std::future::pending;

use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{server::Server, subscriptions::Subject};
use crate::{
    app::{
        ctx::Ctx,
        knowledge::seen::{Changes, Seen},
        notifications::list::NotificationList,
        watch::News,
    },
    error::{Error, Result},
    resources::notifications::URI,
};

pub struct Ear {
    ctx: Ctx,
    notices: Option<Receiver<News>>,
    shelf: Option<Shelf>,
}

/// Documents that are listened for.
struct Shelf {
    news: Receiver<News>,
    seen: Seen,
    /// Paths with the addresses that the client used.
    addresses: Vec<(String, String)>,
    list: bool,
}

/// Something changed that may concern the caller.
#[derive(Debug, Clone, Copy)]
pub enum Heard {
    Notices,
    Documents(News),
}

/// What the client is to know.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    Resource(String),
    List,
}

impl Ear {
    pub async fn new(server: &Server, ctx: Ctx, subjects: &[Subject]) -> Result<Self> {
        server.role(&ctx).await?;
        let mut ear = Self { ctx, notices: None, shelf: None };
        if subjects.contains(&Subject::Notifications) {
            ear.ctx.member().ok_or_else(|| Error::invalid("no_member", "Only members have notifications."))?;
            ear.notices = Some(server.app.notices().await?);
        }
        let list = subjects.contains(&Subject::List);
        let addresses: Vec<(String, String)> = subjects
            .iter()
            .filter_map(|subject| match subject {
                Subject::Document { uri, path } => Some((path.clone(), uri.clone())),
                Subject::Notifications | Subject::List => None,
            })
            .collect();
        if list || !addresses.is_empty() {
            // Listening begins before looking: nothing is missed between the two.
            let news = server.app.document_news().await?;
            let paths = (!list).then(|| addresses.iter().map(|(path, _)| path.clone()).collect());
            let seen = Seen::begin(&server.app, &ear.ctx, paths).await?;
            ear.shelf = Some(Shelf { news, seen, addresses, list });
        }
        Ok(ear)
    }

    /// Waits for the next change that may concern the caller; `None` when there will be none. Can be dropped while it waits
    /// without missing anything.
    pub async fn hears(&mut self) -> Option<Heard> {
        loop {
            tokio::select! {
                news = next(self.notices.as_mut()) => {
                    let news = news?;
                    if self.ctx.member().is_some_and(|member| news.concerns(self.ctx.workspace, member.uuid())) {
                        return Some(Heard::Notices);
                    }
                }
                news = next(self.shelf.as_mut().map(|shelf| &mut shelf.news)) => {
                    let news = news?;
                    if news.within(self.ctx.workspace) {
                        return Some(Heard::Documents(news));
                    }
                }
            }
        }
    }

    /// What is to be told of it. Fails once the caller's access has ended: a removed member or a revoked key hears nothing
    /// any more.
    pub async fn told(&mut self, server: &Server, heard: Heard) -> Result<Vec<Told>> {
        match (heard, &mut self.shelf) {
            (Heard::Documents(news), Some(shelf)) => {
                let changes = shelf.seen.look(&server.app, &self.ctx, news).await?;
                Ok(shelf.told(&changes))
            }
            _ => {
                server.role(&self.ctx).await?;
                Ok(vec![Told::Resource(URI.to_owned())])
            }
        }
    }

    /// What is there already, as if it had changed just now.
    pub async fn there(&self, server: &Server) -> Result<Vec<Told>> {
        let mut told = Vec::new();
        if self.notices.is_some() {
            let one = NotificationList { limit: Some(1), ..NotificationList::default() };
            if server.app.call_once::<NotificationList>(&self.ctx, one).await?.unread > 0 {
                told.push(Told::Resource(URI.to_owned()));
            }
        }
        if let Some(shelf) = &self.shelf {
            let paths = shelf.seen.there().map(str::to_owned).collect();
            told.extend(shelf.told(&Changes { listed: true, paths }));
        }
        Ok(told)
    }
}

impl Shelf {
    fn told(&self, changes: &Changes) -> Vec<Told> {
        let read = self.addresses.iter().filter(|(path, _)| changes.paths.contains(path));
        let resources = read.map(|(_, uri)| Told::Resource(uri.clone()));
        resources.chain((self.list && changes.listed).then_some(Told::List)).collect()
    }
}

/// Never, where nothing is listened for.
async fn next(news: Option<&mut Receiver<News>>) -> Option<News> {
    let Some(news) = news else { return pending().await };
    match news.recv().await {
        Ok(news) => Some(news),
        Err(RecvError::Lagged(_)) => Some(News::Anything),
        Err(RecvError::Closed) => None,
    }
}
