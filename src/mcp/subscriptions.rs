//! Clients that want to hear of changes, in both eras: `subscriptions/listen`, which is one long request, and the older
//! `resources/subscribe`, which lasts as long as its session. Notifications, documents and the list of resources tell.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rmcp::{
    ErrorData, RoleServer,
    model::{ResourceUpdatedNotificationParam, SubscriptionFilter},
    service::{Peer, SubscriptionContext},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    ear::{Ear, Told},
    results::protocol_error,
    server::Server,
};
use crate::{
    app::ctx::Ctx,
    error::{Error, Result},
    resources::{knowledge, notifications::URI},
};

/// How often it is looked whether an older client is still there.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Subscriptions of one client.
const MOST: usize = 100;

/// What a client is told of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    Notifications,
    /// A document, by the address that the client used; whether it is there is nobody's business.
    Document {
        uri: String,
        path: String,
    },
    /// Which documents are listed.
    List,
}

impl Subject {
    pub fn named(uri: &str) -> Result<Self> {
        if uri == URI {
            return Ok(Self::Notifications);
        }
        let document = knowledge::path(uri).map(|path| Self::Document { uri: uri.to_owned(), path });
        document.ok_or_else(|| {
            Error::invalid("not_subscribable", "This resource does not tell of changes.")
                .next(format!("Subscribe to {URI} or a document, or read the resource again when you need it."))
        })
    }
}

/// What can be listened to, of what was asked for.
pub fn accepted(requested: &SubscriptionFilter) -> SubscriptionFilter {
    let asked = requested.resource_subscriptions.iter().flatten();
    let known = asked.filter(|uri| Subject::named(uri).is_ok()).take(MOST).cloned();
    let filter = SubscriptionFilter::builder().resource_subscriptions(known);
    if requested.resources_list_changed == Some(true) { filter.resources_list_changed() } else { filter }.build()
}

/// Tells of changes until the client leaves or its access ends.
pub async fn listen(server: &Server, ctx: Ctx, context: &SubscriptionContext) -> std::result::Result<(), ErrorData> {
    let accepted = context.accepted();
    let resources = accepted.resource_subscriptions.iter().flatten().filter_map(|uri| Subject::named(uri).ok());
    let list = (accepted.resources_list_changed == Some(true)).then_some(Subject::List);
    let subjects: Vec<Subject> = resources.chain(list).collect();
    if subjects.is_empty() {
        context.cancelled().await;
        return Ok(());
    }
    let mut ear = Ear::new(server, ctx, &subjects).await.map_err(|error| protocol_error(&error))?;
    let sink = context.sink();
    // What came between the acknowledgement and now would be missed otherwise.
    let mut told = ear.there(server).await.map_err(|error| protocol_error(&error))?;
    loop {
        for one in told {
            let sent = match one {
                Told::Resource(uri) => sink.notify_resource_updated(uri).await,
                Told::List => sink.notify_resource_list_changed().await,
            };
            if sent.is_err() {
                return Ok(());
            }
        }
        let heard = tokio::select! {
            () = context.cancelled() => return Ok(()),
            heard = ear.hears() => heard,
        };
        let Some(heard) = heard else { return Ok(()) };
        told = ear.told(server, heard).await.map_err(|error| protocol_error(&error))?;
    }
}

/// The subscriptions of an older session. A handler's clone belongs to another session, and starts without.
#[derive(Default)]
pub struct Subscribed(Mutex<HashMap<Subject, DropGuard>>);

impl Clone for Subscribed {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Subscribed {
    /// Begins to tell, unless it does already.
    pub async fn begin(&self, server: &Server, ctx: Ctx, peer: Peer<RoleServer>, subject: Subject) -> Result<()> {
        {
            let subscribed = self.lock();
            let known = subscribed.contains_key(&subject);
            if known && subject == Subject::List {
                return Ok(());
            }
            if subscribed.len() >= MOST && !known && subject != Subject::List {
                return Err(Error::limit(
                    "too_many_subscriptions",
                    format!("A session has at most {MOST} subscriptions."),
                )
                .next("End some with resources/unsubscribe, or read documents again when you need them."));
            }
        }
        let ear = Ear::new(server, ctx, std::slice::from_ref(&subject)).await?;
        let stop = CancellationToken::new();
        // Dropping the former guard ends the former subscription.
        self.lock().insert(subject, stop.clone().drop_guard());
        tokio::spawn(tell(server.clone(), ear, peer, stop));
        Ok(())
    }

    pub fn end(&self, uri: &str) {
        if let Ok(subject) = Subject::named(uri) {
            self.lock().remove(&subject);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Subject, DropGuard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells an older client until it has left, does not want to hear any more, or may not.
async fn tell(server: Server, mut ear: Ear, peer: Peer<RoleServer>, stop: CancellationToken) {
    loop {
        let heard = tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {
                if peer.is_transport_closed() {
                    return;
                }
                continue;
            }
            heard = ear.hears() => heard,
        };
        let Some(heard) = heard else { return };
        let Ok(told) = ear.told(&server, heard).await else { return };
        for one in told {
            let sent = match one {
                Told::Resource(uri) => peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await,
                Told::List => peer.notify_resource_list_changed().await,
            };
            if sent.is_err() {
                return;
            }
        }
    }
}
