//! Tells members by name: who was mentioned, was given a task, or is asked to decide. What happens to accounts and posts by
//! itself is told by `note`, to whoever it concerns.

use super::note::send;
use crate::{
    app::{App, use_case::Scope},
    clock::Timestamp,
    error::Result,
    ids::{MemberId, NotificationId, PostId, WorkspaceId},
    model::{
        notifications::{NotificationKind, ways},
        prose,
    },
    store::{
        db::Tx,
        notifications::{self, Notification},
    },
};

/// Something for members to know. Whoever calls has checked that they may see what it is about.
#[derive(Debug, Clone)]
pub struct Word {
    pub kind: NotificationKind,
    /// Each is told once; who is no longer in the workspace is left out.
    pub to: Vec<MemberId>,
    pub post: Option<PostId>,
    /// Stable word for the cause.
    pub code: &'static str,
    /// What happened, in one line.
    pub title: String,
    /// Why, as a sentence.
    pub cause: String,
    /// What to do about it, as a sentence.
    pub next_step: String,
}

/// Writes the words for their members, and queues the mail that those want.
pub async fn tell(app: &App, tx: &mut Tx, workspace: WorkspaceId, words: &[Word], now: Timestamp) -> Result<()> {
    if words.iter().all(|word| word.to.is_empty()) {
        return Ok(());
    }
    let recipients = notifications::recipients(tx, workspace, &[]).await?;
    let (mut rows, mut mailed) = (Vec::new(), Vec::new());
    for word in words {
        for recipient in recipients.iter().filter(|recipient| word.to.contains(&recipient.member_id)) {
            let ways = ways(&recipient.chosen, word.kind);
            if !ways.app && !ways.mail {
                continue;
            }
            let id: NotificationId = app.ids.next(now).into();
            rows.push(row(id, recipient.member_id, word, ways.app, now));
            if ways.mail {
                mailed.push((id, recipient.member_id));
            }
        }
    }
    send(tx, workspace, &rows, &mailed, now).await
}

fn row(
    notification_id: NotificationId,
    member_id: MemberId,
    word: &Word,
    shown: bool,
    created_at: Timestamp,
) -> Notification {
    Notification {
        notification_id,
        member_id,
        kind: word.kind,
        account_id: None,
        post_id: word.post,
        code: word.code.to_owned(),
        title: prose::line(&word.title),
        cause: prose::line(&word.cause),
        next_step: prose::line(&word.next_step),
        created_at,
        read_at: None,
        mail: None,
        mail_problem: None,
        posts: i32::from(word.post.is_some()),
        names: Vec::new(),
        shown,
    }
}

/// What is told about memberships, each a sentence.
#[derive(Debug, Clone, Copy)]
pub struct News<'a> {
    pub code: &'static str,
    pub title: &'a str,
    pub cause: &'a str,
    pub next_step: &'a str,
}

/// Tells each of these members, once, what changed about memberships.
pub async fn tell_members(scope: &mut Scope<'_>, members: &[MemberId], news: News<'_>) -> Result<()> {
    let word = Word {
        kind: NotificationKind::MembersChanged,
        to: members.to_vec(),
        post: None,
        code: news.code,
        title: news.title.to_owned(),
        cause: news.cause.to_owned(),
        next_step: news.next_step.to_owned(),
    };
    tell(scope.app, scope.tx, scope.ctx.workspace, &[word], scope.now).await
}
