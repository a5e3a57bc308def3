//! Which notices are told together: posts that one pause or one restore holds, and those that wait for an account to be
//! connected again.

use super::note::{Notice, account_name, short};
use crate::{
    model::notifications::{Choice, NotificationKind, ways},
    store::notifications::{Notification, Subjects},
};

/// Posts that are named; the rest is counted.
const NAMED: usize = 3;

impl Notice<'_> {
    /// Whether it may be told with others.
    pub(super) fn gathers(&self) -> bool {
        self.post.is_some() && matches!(self.code, "paused" | "restored" | "not_granted" | "account_disconnected")
    }

    /// Whether this notification of a member, who chose so about mail, tells of it too. That an account was lost tells of
    /// what it holds, unless that keeps a mail from being sent that the member wants.
    pub(super) fn joins(&self, one: &Notification, chosen: &[Choice]) -> bool {
        if !self.gathers() || one.code != self.code || one.posts == 0 && one.kind != NotificationKind::ReconnectNeeded {
            return false;
        }
        let mailed = |kind| ways(chosen, kind).mail;
        match (self.code, one.kind) {
            ("account_disconnected", NotificationKind::ReconnectNeeded) => {
                one.account_id == Some(self.account) && (mailed(one.kind) || !mailed(self.kind))
            }
            ("account_disconnected", kind) => kind == self.kind && one.account_id == Some(self.account),
            (_, kind) => kind == self.kind && one.cause == self.cause,
        }
    }
}

/// Lets a notification tell of one more post.
pub(super) fn add(one: &mut Notification, notice: &Notice<'_>, subjects: &Subjects) {
    one.posts = one.posts.saturating_add(1);
    one.post_id = None;
    one.account_id = one.account_id.filter(|account| *account == notice.account);
    if let Some(name) = name(notice, subjects).filter(|name| one.names.len() < NAMED && !one.names.contains(name)) {
        one.names.push(name);
    }
    let named = named(&one.names, one.posts);
    let account = one.account_id.map(|account| account_name(account, subjects));
    one.title = match (one.kind, account) {
        (NotificationKind::ReconnectNeeded, Some(account)) => match one.posts {
            1 => format!("{account} has to be connected again; {named} waits for it"),
            posts => format!("{account} has to be connected again; {posts} posts wait for it: {named}"),
        },
        (_, Some(account)) => format!("{} posts wait for you before they go out on {account}: {named}", one.posts),
        (_, None) => format!("{} posts wait for you before they go out: {named}", one.posts),
    };
}

/// A post's name among others.
pub(super) fn name(notice: &Notice<'_>, subjects: &Subjects) -> Option<String> {
    let (.., excerpt) = subjects.posts.iter().find(|(post, ..)| notice.post == Some(*post))?;
    Some(short(excerpt, 30)).map(|name| if name.is_empty() { "(no text)".to_owned() } else { name })
}

/// `“Bread”, “Cake” and 5 more`.
fn named(names: &[String], posts: i32) -> String {
    let all: Vec<_> = names.iter().map(|name| format!("“{name}”")).collect();
    let others = usize::try_from(posts).unwrap_or(0).saturating_sub(names.len());
    match others {
        0 => all.join(", "),
        others => format!("{} and {others} more", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AccountId, PostId};

    fn notice<'a>(kind: NotificationKind, account: u128, code: &'a str, cause: &'a str) -> Notice<'a> {
        Notice {
            kind,
            account: AccountId(uuid::Uuid::from_u128(account)),
            post: Some(PostId(uuid::Uuid::nil())),
            code,
            cause,
            next_step: "",
            done_by: None,
        }
    }

    fn told(notice: &Notice<'_>) -> Notification {
        Notification {
            notification_id: uuid::Uuid::nil().into(),
            member_id: uuid::Uuid::nil().into(),
            kind: notice.kind,
            account_id: Some(notice.account),
            post_id: notice.post,
            code: notice.code.into(),
            title: String::new(),
            cause: notice.cause.into(),
            next_step: String::new(),
            created_at: "2026-12-01T08:00:00Z".parse().unwrap(),
            read_at: None,
            mail: None,
            mail_problem: None,
            posts: i32::from(notice.post.is_some()),
            names: Vec::new(),
            shown: true,
        }
    }

    #[test]
    fn one_cause_is_told_together_and_nothing_else() {
        use NotificationKind::{OutcomeUnknown, PostFailed, PostHeld, ReconnectNeeded};
        let lost = Notice { post: None, ..notice(ReconnectNeeded, 1, "account_disconnected", "gone") };
        for (first, second, together) in [
            // A pause or a restore on all accounts, a lost account for itself.
            (notice(PostHeld, 1, "paused", "a crisis"), notice(PostHeld, 2, "paused", "a crisis"), true),
            (notice(PostHeld, 1, "paused", "a crisis"), notice(PostHeld, 1, "paused", "a strike"), false),
            (notice(PostHeld, 1, "restored", "it came due"), notice(PostHeld, 2, "restored", "it came due"), true),
            (notice(PostHeld, 1, "account_disconnected", "a"), notice(PostHeld, 1, "account_disconnected", "b"), true),
            (notice(PostHeld, 1, "account_disconnected", "a"), notice(PostHeld, 2, "account_disconnected", "a"), false),
            (lost.clone(), notice(PostHeld, 1, "account_disconnected", "a"), true),
            (lost.clone(), notice(PostHeld, 2, "account_disconnected", "a"), false),
            (lost.clone(), lost.clone(), false),
            // What has a cause of its own each time.
            (notice(PostHeld, 1, "missed", "late"), notice(PostHeld, 1, "missed", "late"), false),
            (
                notice(PostFailed, 1, "refused_by_network", "no"),
                notice(PostFailed, 1, "refused_by_network", "no"),
                false,
            ),
            (
                notice(OutcomeUnknown, 1, "outcome_unknown", "?"),
                notice(OutcomeUnknown, 1, "outcome_unknown", "?"),
                false,
            ),
        ] {
            assert_eq!(second.joins(&told(&first), &[]), together, "{first:?}, {second:?}");
        }
        // Nobody misses a mail that was asked for.
        let held = notice(PostHeld, 1, "account_disconnected", "a");
        for (reconnect, post, together) in [(false, true, false), (false, false, true), (true, false, true)] {
            let chosen = [(ReconnectNeeded, reconnect), (PostHeld, post)].map(|(kind, mail)| Choice {
                kind,
                app: None,
                mail: Some(mail),
            });
            assert_eq!(held.joins(&told(&lost), &chosen), together, "{chosen:?}");
        }
    }

    #[test]
    fn a_few_are_named_and_the_rest_is_counted() {
        let names = ["Bread", "Cake", "Rolls"].map(str::to_owned);
        assert_eq!(named(&names[..1], 1), "“Bread”");
        assert_eq!(named(&names, 3), "“Bread”, “Cake”, “Rolls”");
        assert_eq!(named(&names, 1000), "“Bread”, “Cake”, “Rolls” and 997 more");
        // The same words on two accounts.
        assert_eq!(named(&names[..1], 2), "“Bread” and 1 more");
    }
}
