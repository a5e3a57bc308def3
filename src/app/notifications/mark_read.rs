//! Mark own notifications as read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        notifications::list::own,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::NotificationId,
    model::roles::Permission,
    store::notifications,
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationMarkRead {
    /// Which, at most 100; left out: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub notification_ids: Option<Vec<NotificationId>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NotificationsRead {
    /// How many were unread until now.
    pub marked: u64,
    /// How many still are.
    pub unread: i64,
}

impl UseCase for NotificationMarkRead {
    type Input = Self;
    type Output = NotificationsRead;
    type Form = Locally;
    const NAME: &'static str = "notification_mark_read";
    const NEEDS: Permission = Permission::MarkNotifications;
    const EFFECT: Effect = Effect::Write;
}

impl Local for NotificationMarkRead {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<NotificationsRead> {
        let (workspace, member) = (scope.ctx.workspace, own(scope)?);
        let ids: Option<Vec<_>> = input.notification_ids.map(|ids| ids.into_iter().map(NotificationId::uuid).collect());
        if let Some(ids) = &ids {
            if ids.is_empty() || ids.len() > 100 {
                return Err(Error::invalid("too_many_ids", "Name 1 to 100 notifications, or none to mean all.")
                    .field("notification_ids", "1 to 100"));
            }
            let known = notifications::known(scope.tx, workspace, member, ids).await?;
            if let Some(unknown) = ids.iter().find(|id| !known.contains(id)) {
                let unknown = NotificationId(*unknown);
                return Err(Error::not_found("notification_not_found", format!("You have no notification {unknown}."))
                    .next("Use notification_list to see those you have."));
            }
        }
        let marked = notifications::mark_read(scope.tx, workspace, member, ids.as_deref(), scope.now).await?;
        scope.changed("notifications", member, json!({ "read": marked }));
        Ok(NotificationsRead { marked, unread: notifications::unread(scope.tx, workspace, member).await? })
    }
}
