//! Tells the members concerned, in the transaction of what it tells of. It adds rows, or lets one grow that nobody is
//! busy with, so it waits for nobody.

use std::collections::BTreeSet;

use super::gathered;
use crate::{
    app::App,
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, NotificationId, PostId, WorkspaceId},
    model::{
        networks::NetworkId,
        notifications::{NotificationKind, concerns, ways},
    },
    store::{
        db::Tx,
        mail,
        notifications::{self, Notification, Recipient, Subjects},
        targets::{Target, TargetError},
    },
};

/// How long a mail waits for more of the same, in seconds: a burst becomes one mail a minute.
pub(super) const GATHER_SECS: i64 = 60;
/// How long an unread notification tells of what its cause goes on to hold, in seconds: after a day it is news again.
const GROWS_SECS: i64 = 24 * 3600;

/// Something that happened to an account, or to a post on it.
#[derive(Debug, Clone)]
pub struct Notice<'a> {
    pub kind: NotificationKind,
    pub account: AccountId,
    pub post: Option<PostId>,
    pub code: &'a str,
    /// Why, as a sentence.
    pub cause: &'a str,
    /// What to do about it, as a sentence.
    pub next_step: &'a str,
    /// Who knows already, having done it.
    pub done_by: Option<MemberId>,
}

impl<'a> Notice<'a> {
    /// Why a post is where it is on one account.
    pub fn of_target(kind: NotificationKind, target: &Target, why: &'a TargetError) -> Self {
        Self {
            kind,
            account: target.account_id,
            post: Some(target.post_id),
            code: &why.code,
            cause: &why.message,
            next_step: &why.next_step,
            done_by: None,
        }
    }
}

/// Writes the notices for everybody whom they concern, queues the mail that they want, and lets listening clients know
/// when the transaction is committed.
pub async fn note(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    notices: &[Notice<'_>],
    now: Timestamp,
) -> Result<()> {
    if notices.is_empty() {
        return Ok(());
    }
    let accounts: Vec<_> = notices.iter().map(|notice| notice.account).collect();
    let posts: Vec<_> = notices.iter().filter_map(|notice| notice.post).collect();
    let subjects = notifications::subjects(tx, workspace, &posts, &accounts).await?;
    let recipients = notifications::recipients(tx, workspace, &accounts).await?;
    let mut open = open(tx, workspace, notices, &recipients, now).await?;
    let (mut rows, mut mailed, mut grown) = (Vec::new(), Vec::new(), BTreeSet::new());
    for notice in notices {
        let author = notice.post.and_then(|id| subjects.posts.iter().find(|(post, ..)| *post == id));
        for recipient in recipients.iter().filter(|recipient| is_told(recipient, notice, author.map(|found| found.1))) {
            let ways = ways(&recipient.chosen, notice.kind);
            if !ways.app && !ways.mail {
                continue;
            }
            let joins = |one: &Notification| {
                one.member_id == recipient.member_id && (one.shown || !ways.app) && notice.joins(one, &recipient.chosen)
            };
            if let Some(one) = rows.iter_mut().find(|one| joins(one)) {
                gathered::add(one, notice, &subjects);
            } else if let Some(one) = open.iter_mut().find(|one| joins(one)) {
                gathered::add(one, notice, &subjects);
                grown.insert(one.notification_id.uuid());
            } else {
                let id: NotificationId = app.ids.next(now).into();
                rows.push(Notification { shown: ways.app, ..first(id, recipient.member_id, notice, &subjects, now) });
                if ways.mail {
                    mailed.push((id, recipient.member_id));
                }
            }
        }
    }
    let grown: Vec<_> = open.iter().filter(|one| grown.contains(&one.notification_id.uuid())).collect();
    if !grown.is_empty() {
        notifications::grow(tx, workspace, &grown).await?;
    }
    send(tx, workspace, &rows, &mailed, now).await
}

/// Writes new notifications and queues the mail that carries those of `mailed`.
pub(super) async fn send(
    tx: &mut Tx,
    workspace: WorkspaceId,
    rows: &[Notification],
    mailed: &[(NotificationId, MemberId)],
    now: Timestamp,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    notifications::insert(tx, workspace, rows, now).await?;
    mail::put(tx, workspace, mailed, now, now.plus_secs(GATHER_SECS)).await
}

/// What may tell of the notices' posts too.
async fn open(
    tx: &mut Tx,
    workspace: WorkspaceId,
    notices: &[Notice<'_>],
    recipients: &[Recipient],
    now: Timestamp,
) -> Result<Vec<Notification>> {
    let codes: Vec<_> = notices.iter().filter(|notice| notice.gathers()).map(|notice| notice.code.to_owned()).collect();
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let members: Vec<_> = recipients.iter().map(|recipient| recipient.member_id).collect();
    // The last seconds before a mail is due are left to transactions that are under way.
    let unmailed_since = now.plus_secs(10 - GATHER_SECS);
    notifications::growing(tx, workspace, &members, &codes, now.plus_secs(-GROWS_SECS), unmailed_since).await
}

/// A notification of one thing.
fn first(
    notification_id: NotificationId,
    member_id: MemberId,
    notice: &Notice<'_>,
    subjects: &Subjects,
    now: Timestamp,
) -> Notification {
    Notification {
        notification_id,
        member_id,
        kind: notice.kind,
        account_id: Some(notice.account),
        post_id: notice.post,
        code: notice.code.to_owned(),
        title: title(notice, subjects),
        cause: notice.cause.to_owned(),
        next_step: notice.next_step.to_owned(),
        created_at: now,
        read_at: None,
        mail: None,
        mail_problem: None,
        posts: i32::from(notice.post.is_some()),
        names: gathered::name(notice, subjects).into_iter().collect(),
        shown: true,
    }
}

fn is_told(recipient: &Recipient, notice: &Notice<'_>, author: Option<MemberId>) -> bool {
    let granted = recipient.granted.contains(&notice.account.uuid());
    notice.done_by != Some(recipient.member_id)
        && concerns(recipient.role, granted, author == Some(recipient.member_id))
}

fn title(notice: &Notice<'_>, subjects: &Subjects) -> String {
    let account = account_name(notice.account, subjects);
    let post = notice.post.and_then(|id| subjects.posts.iter().find(|(post, ..)| *post == id));
    let post = post.map_or_else(String::new, |(_, _, excerpt)| format!("“{}”", short(excerpt, 60)));
    match notice.kind {
        NotificationKind::PostFailed => format!("{post} was not published on {account}"),
        NotificationKind::PostHeld => format!("{post} waits for you before it goes out on {account}"),
        NotificationKind::OutcomeUnknown => format!("{post} may or may not be public on {account}"),
        NotificationKind::ReconnectNeeded => format!("{account} has to be connected again"),
        NotificationKind::AccountConnected => format!("{account} is connected again"),
        NotificationKind::ApprovalRequested => {
            format!("{post} waits for your decision before it goes out on {account}")
        }
        NotificationKind::ApprovalDecided => format!("{post} was decided on for {account}"),
        NotificationKind::ApprovalReminder => format!("{post} still waits for your decision for {account}"),
        // These concern members, not accounts: `tell` writes them.
        NotificationKind::Mention
        | NotificationKind::Comment
        | NotificationKind::Task
        | NotificationKind::MembersChanged
        | NotificationKind::Crisis
        | NotificationKind::Ticket => {
            format!("{post} on {account}")
        }
    }
}

/// `@handle on Network`.
pub(super) fn account_name(id: AccountId, subjects: &Subjects) -> String {
    let account = subjects.accounts.iter().find(|(account, ..)| *account == id);
    account.map_or_else(
        || "an account that was removed".to_owned(),
        |(_, network, handle)| {
            let network = network.parse::<NetworkId>().map_or_else(|_| network.clone(), |id| id.title().to_owned());
            format!("@{handle} on {network}")
        },
    )
}

/// The beginning of a post on one line.
pub(crate) fn short(text: &str, letters: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_stay_on_one_line() {
        assert_eq!(short("Fresh\nbread  today", 60), "Fresh bread today");
        assert_eq!(short(&"ä".repeat(100), 60), format!("{}…", "ä".repeat(60)));
    }
}
