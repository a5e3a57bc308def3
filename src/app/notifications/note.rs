//! Tells the members concerned, in the transaction of what it tells of. It only adds rows, so it waits for nobody.

use crate::{
    app::App,
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, NotificationId, PostId, WorkspaceId},
    model::{
        networks::NetworkId,
        notifications::{NotificationKind, concerns},
    },
    store::{
        db::Tx,
        mail,
        notifications::{self, Notification, Recipient, Subjects},
        targets::{Target, TargetError},
    },
};

/// How long a mail waits for more of the same, in seconds: a burst becomes one mail a minute.
const GATHER_SECS: i64 = 60;

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
    let (mut rows, mut mailed) = (Vec::new(), Vec::new());
    for notice in notices {
        let author = notice.post.and_then(|id| subjects.posts.iter().find(|(post, ..)| *post == id));
        let title = title(notice, &subjects);
        for recipient in recipients.iter().filter(|recipient| is_told(recipient, notice, author.map(|found| found.1))) {
            let id: NotificationId = app.ids.next(now).into();
            rows.push(Notification {
                notification_id: id,
                member_id: recipient.member_id,
                kind: notice.kind,
                account_id: Some(notice.account),
                post_id: notice.post,
                code: notice.code.to_owned(),
                title: title.clone(),
                cause: notice.cause.to_owned(),
                next_step: notice.next_step.to_owned(),
                created_at: now,
                read_at: None,
                mail: None,
                mail_problem: None,
            });
            if wants_mail(&recipient.chosen, notice.kind) {
                mailed.push((id, recipient.member_id));
            }
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    notifications::insert(tx, workspace, &rows, now).await?;
    mail::put(tx, workspace, &mailed, now, now.plus_secs(GATHER_SECS)).await
}

fn is_told(recipient: &Recipient, notice: &Notice<'_>, author: Option<MemberId>) -> bool {
    let granted = recipient.granted.contains(&notice.account.uuid());
    notice.done_by != Some(recipient.member_id)
        && concerns(recipient.role, granted, author == Some(recipient.member_id))
}

/// A member's choice, else the kind's own rule.
pub(super) fn wants_mail(chosen: &[(NotificationKind, bool)], kind: NotificationKind) -> bool {
    chosen.iter().find(|(of, _)| *of == kind).map_or(kind.mailed_unless_refused(), |(_, mail)| *mail)
}

fn title(notice: &Notice<'_>, subjects: &Subjects) -> String {
    let account = subjects.accounts.iter().find(|(id, ..)| *id == notice.account);
    let account = account.map_or_else(
        || "an account that was removed".to_owned(),
        |(_, network, handle)| {
            let network = network.parse::<NetworkId>().map_or_else(|_| network.clone(), |id| id.title().to_owned());
            format!("@{handle} on {network}")
        },
    );
    let post = notice.post.and_then(|id| subjects.posts.iter().find(|(post, ..)| *post == id));
    let post = post.map_or_else(String::new, |(_, _, excerpt)| format!("“{}”", short(excerpt)));
    match notice.kind {
        NotificationKind::PostFailed => format!("{post} was not published on {account}"),
        NotificationKind::PostHeld => format!("{post} waits for you before it goes out on {account}"),
        NotificationKind::OutcomeUnknown => format!("{post} may or may not be public on {account}"),
        NotificationKind::ReconnectNeeded => format!("{account} has to be connected again"),
        NotificationKind::AccountConnected => format!("{account} is connected again"),
    }
}

/// A line's worth of a post.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_stay_on_one_line() {
        assert_eq!(short("Fresh\nbread  today"), "Fresh bread today");
        assert_eq!(short(&"ä".repeat(100)), format!("{}…", "ä".repeat(60)));
    }

    #[test]
    fn a_choice_outweighs_the_rule() {
        let chosen = [(NotificationKind::PostHeld, false), (NotificationKind::AccountConnected, true)];
        let wanted = NotificationKind::ALL.map(|kind| wants_mail(&chosen, kind));
        assert_eq!(wanted, [true, false, true, true, true]);
        assert_eq!(NotificationKind::ALL.map(|kind| wants_mail(&[], kind)), [true, true, true, true, false]);
    }
}
