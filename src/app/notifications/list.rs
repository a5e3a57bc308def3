//! What the caller has been told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        cursor,
        posts::query::check_limit,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, MemberId, NotificationId, PostId},
    model::{
        notifications::{MailState, NotificationKind},
        roles::Permission,
        times,
    },
    store::notifications::{self, Notification},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationList {
    /// Those that were read, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// Notifications per page, 1 to 100. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// next_cursor of the page before, with the same filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Notifications {
    /// Unread ones in all.
    pub unread: i64,
    pub notifications: Vec<NotificationView>,
    /// Missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NotificationView {
    pub id: NotificationId,
    pub kind: NotificationKind,
    /// What happened, in one line.
    pub title: String,
    /// Why.
    pub cause: String,
    pub next_step: String,
    /// Stable word for the cause.
    pub code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Posts that it tells of together, when one cause holds them; held_list shows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posts: Option<i32>,
    pub at: Timestamp,
    /// The same, local.
    pub at_local: String,
    pub read: bool,
    /// What became of the mail; missing when none was meant to carry it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailState>,
    /// Why the mail was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_problem: Option<String>,
}

impl UseCase for NotificationList {
    type Input = Self;
    type Output = Notifications;
    type Form = Locally;
    const NAME: &'static str = "notification_list";
    const NEEDS: Permission = Permission::ReadNotifications;
    const EFFECT: Effect = Effect::Read;
}

impl Local for NotificationList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Notifications> {
        let limit = check_limit(input.limit, 100)?;
        let (workspace, member) = (scope.ctx.workspace, own(scope)?);
        let all = input.all.unwrap_or(false);
        let list = format!("notifications {member} {all}");
        let after = input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()?;
        let after = after.map(|(_, id)| id);
        let mut rows = notifications::list(scope.tx, workspace, member, !all, after, i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = rows
            .last()
            .filter(|_| more)
            .map(|row| cursor::seal(scope.app, &list, row.created_at, row.notification_id.uuid()));
        let unread = notifications::unread(scope.tx, workspace, member).await?;
        let zone = scope.entered.time_zone.clone();
        let notifications = rows.into_iter().map(|row| view(row, &zone)).collect();
        Ok(Notifications { unread, notifications, next_cursor })
    }
}

/// The member whose notifications the caller sees: nobody else's.
pub(super) fn own(scope: &Scope<'_>) -> Result<MemberId> {
    scope.ctx.member().ok_or_else(|| Error::invalid("no_member", "Only members have notifications."))
}

pub(in crate::app) fn view(row: Notification, zone: &str) -> NotificationView {
    NotificationView {
        id: row.notification_id,
        kind: row.kind,
        title: row.title,
        cause: row.cause,
        next_step: row.next_step,
        code: row.code,
        post_id: row.post_id,
        account_id: row.account_id,
        posts: Some(row.posts).filter(|posts| *posts > 0 && row.post_id.is_none()),
        at: row.created_at,
        at_local: times::spoken(row.created_at, zone),
        read: row.read_at.is_some(),
        mail: row.mail,
        mail_problem: row.mail_problem,
    }
}
