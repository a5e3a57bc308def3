//! Clients that want to hear of changes, in both eras: `subscriptions/listen`, which is one long request, and the older
//! `resources/subscribe`, which lasts as long as its session. Notifications are the one resource that tells.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rmcp::{
    ErrorData, RoleServer,
    model::{ResourceUpdatedNotificationParam, SubscriptionFilter},
    service::{Peer, SubscriptionContext},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{results::protocol_error, server::Server};
use crate::{
    app::{
        ctx::Ctx,
        notifications::{list::NotificationList, watch::News},
    },
    error::{Error, Result},
    ids::{MemberId, WorkspaceId},
    resources::notifications::URI,
};

/// How often it is looked whether an older client is still there.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// What can be listened to, of what was asked for.
pub fn accepted(requested: &SubscriptionFilter) -> SubscriptionFilter {
    let asked = requested.resource_subscriptions.iter().flatten();
    SubscriptionFilter::builder().resource_subscriptions(asked.filter(|uri| *uri == URI).cloned()).build()
}

/// Tells of changes until the client leaves or its access ends.
pub async fn listen(server: &Server, ctx: Ctx, context: &SubscriptionContext) -> std::result::Result<(), ErrorData> {
    if context.accepted().resource_subscriptions.is_none() {
        context.cancelled().await;
        return Ok(());
    }
    let mut ear = Ear::new(server, ctx).await.map_err(|error| protocol_error(&error))?;
    let sink = context.sink();
    // What came between the acknowledgement and now would be missed otherwise.
    let mut tell = ear.has_unread(server).await.map_err(|error| protocol_error(&error))?;
    loop {
        if tell && sink.notify_resource_updated(URI).await.is_err() {
            return Ok(());
        }
        tokio::select! {
            () = context.cancelled() => return Ok(()),
            heard = ear.hears() => {
                if !heard {
                    return Ok(());
                }
                // A removed member or a revoked key hears nothing any more.
                server.role(&ear.ctx).await.map_err(|error| protocol_error(&error))?;
                tell = true;
            }
        }
    }
}

/// One caller's own news.
struct Ear {
    ctx: Ctx,
    of: (WorkspaceId, MemberId),
    news: Receiver<News>,
}

impl Ear {
    async fn new(server: &Server, ctx: Ctx) -> Result<Self> {
        let member = ctx.member().ok_or_else(|| Error::invalid("no_member", "Only members have notifications."))?;
        server.role(&ctx).await?;
        Ok(Self { of: (ctx.workspace, member), news: server.app.notices().await?, ctx })
    }

    /// Waits for the next change that concerns the caller; `false` when there will be none. Can be dropped while it
    /// waits without missing anything.
    async fn hears(&mut self) -> bool {
        loop {
            match self.news.recv().await {
                Ok(news) if !news.concerns(self.of.0, self.of.1) => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return true,
                Err(RecvError::Closed) => return false,
            }
        }
    }

    async fn has_unread(&self, server: &Server) -> Result<bool> {
        let one = NotificationList { limit: Some(1), ..NotificationList::default() };
        Ok(server.app.call_once::<NotificationList>(&self.ctx, one).await?.unread > 0)
    }
}

/// The subscription of an older session. A handler's clone belongs to another session, and starts without.
#[derive(Default)]
pub struct Subscribed(Mutex<Option<DropGuard>>);

impl Clone for Subscribed {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Subscribed {
    /// Begins to tell, unless it does already.
    pub async fn begin(&self, server: &Server, ctx: Ctx, peer: Peer<RoleServer>, uri: &str) -> Result<()> {
        if uri != URI {
            return Err(Error::invalid("not_subscribable", "This resource does not tell of changes.")
                .next(format!("Subscribe to {URI}, or read the resource again when you need it.")));
        }
        let mut ear = Ear::new(server, ctx).await?;
        let stop = CancellationToken::new();
        // Dropping the former guard ends the former subscription.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop.clone().drop_guard());
        let server = server.clone();
        tokio::spawn(async move {
            loop {
                let go_on = tokio::select! {
                    () = stop.cancelled() => false,
                    () = tokio::time::sleep(LOOK_EVERY) => !peer.is_transport_closed(),
                    heard = ear.hears() => {
                        let news = ResourceUpdatedNotificationParam::new(URI);
                        heard && server.role(&ear.ctx).await.is_ok() && peer.notify_resource_updated(news).await.is_ok()
                    }
                };
                if !go_on {
                    return;
                }
            }
        });
        Ok(())
    }

    pub fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
