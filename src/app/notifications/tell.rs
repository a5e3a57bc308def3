//! Tells members what concerns them by name, and no account or post: in the transaction of what it tells of.

use super::note::{GATHER_SECS, wants_mail};
use crate::{
    app::use_case::Scope,
    error::Result,
    ids::{MemberId, NotificationId},
    model::notifications::NotificationKind,
    store::{
        mail,
        notifications::{self, Notification},
    },
};

/// What is told, each a sentence.
#[derive(Debug, Clone, Copy)]
pub struct News<'a> {
    pub code: &'a str,
    pub title: &'a str,
    pub cause: &'a str,
    pub next_step: &'a str,
}

/// Tells each of these members, once.
pub async fn tell(scope: &mut Scope<'_>, members: &[MemberId], news: News<'_>) -> Result<()> {
    let workspace = scope.ctx.workspace;
    let kind = NotificationKind::MembersChanged;
    let mut members = members.to_vec();
    members.sort_unstable();
    members.dedup();
    let (mut rows, mut mailed) = (Vec::new(), Vec::new());
    for member_id in members {
        let notification_id: NotificationId = scope.new_id();
        if wants_mail(&mail::choices(scope.tx, workspace, member_id).await?, kind) {
            mailed.push((notification_id, member_id));
        }
        rows.push(Notification {
            notification_id,
            member_id,
            kind,
            account_id: None,
            post_id: None,
            code: news.code.to_owned(),
            title: news.title.to_owned(),
            cause: news.cause.to_owned(),
            next_step: news.next_step.to_owned(),
            created_at: scope.now,
            read_at: None,
            mail: None,
            mail_problem: None,
            posts: 0,
            names: Vec::new(),
        });
    }
    if rows.is_empty() {
        return Ok(());
    }
    notifications::insert(scope.tx, workspace, &rows, scope.now).await?;
    mail::put(scope.tx, workspace, &mailed, scope.now, scope.now.plus_secs(GATHER_SECS)).await
}
