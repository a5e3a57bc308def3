//! Which kinds reach a member, and which way.

use allin::{
    app::{
        comments::add::CommentAdd,
        ctx::Ctx,
        members::email::MemberEmail,
        notifications::{
            choose::NotificationChoose, list::NotificationList, mail::send_due, mark_read::NotificationMarkRead,
        },
        workspaces::overview::WorkspaceOverview,
    },
    model::{notifications::NotificationKind, roles::Role},
};

use crate::support::{
    Setup, TestApp, named,
    people::Door,
    smtp::{Smtp, header},
};

async fn choose(app: &TestApp, ctx: &Ctx, kind: Option<NotificationKind>, way: Option<bool>, mail: Option<bool>) {
    app.call_once::<NotificationChoose>(ctx, NotificationChoose { kind, app: way, mail }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_takes_the_ways_that_its_member_wants() {
    let (smtp, mailer) = Smtp::start().await;
    let app = TestApp::with(Setup { mail: Some(mailer), ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let (admin, anna) = (team.person(&app), app.member_called(&team, "Anna", Role::Publisher).await);
    let address = MemberEmail { member_id: anna, email: Some("anna@example.com".into()) };
    app.call_once::<MemberEmail>(&admin, address).await.unwrap();
    let ctx = team.ctx(&app, anna, Door::CommandLine);
    let post = app.draft(&admin, "Fresh bread", &[]).await.id;
    let list = async |all| {
        let input = NotificationList { all: Some(all), ..NotificationList::default() };
        let found = app.call_once::<NotificationList>(&ctx, input).await.unwrap();
        (found.unread, found.notifications.len())
    };
    let mut number = 0;
    // How many mails there are by then.
    let mut mention = async || {
        number += 1;
        let input = CommentAdd { post_id: post, text: format!("@Anna, number {number}"), reply_to: None };
        app.call_once::<CommentAdd>(&admin, input).await.unwrap();
        app.clock.advance_secs(60);
        send_due(&app).await.unwrap();
        smtp.taken().len()
    };
    let kind = Some(NotificationKind::Mention);
    assert_eq!((mention().await, list(false).await), (1, (1, 1)), "both ways unless refused");
    choose(&app, &ctx, kind, Some(false), None).await;
    assert_eq!((mention().await, list(true).await), (2, (1, 1)), "by mail only");
    let overview = app.call_once::<WorkspaceOverview>(&ctx, WorkspaceOverview {}).await.unwrap();
    assert_eq!(serde_json::to_value(overview.notifications.unwrap()).unwrap()["count"], 1);
    choose(&app, &ctx, kind, None, Some(false)).await;
    assert_eq!((mention().await, list(true).await), (2, (1, 1)), "no way at all");
    choose(&app, &ctx, kind, Some(true), None).await;
    assert_eq!((mention().await, list(true).await), (2, (2, 2)), "in the list only");
    let done = app.call_once::<NotificationMarkRead>(&ctx, NotificationMarkRead::default()).await.unwrap();
    assert_eq!((done.marked, done.unread), (2, 0));
    // Everybody chooses for themselves.
    choose(&app, &admin, None, Some(false), Some(false)).await;
    choose(&app, &ctx, kind, None, Some(true)).await;
    assert_eq!((mention().await, list(false).await), (3, (1, 1)));
    let found = app.call_once::<NotificationChoose>(&ctx, NotificationChoose::default()).await.unwrap();
    insta::assert_json_snapshot!(named(&found));
    let of_admin = app.call_once::<NotificationChoose>(&admin, NotificationChoose::default()).await.unwrap();
    assert!(of_admin.kinds.iter().all(|one| !one.app && !one.mail), "{of_admin:?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_says_who_mentioned_whom_and_no_words() {
    let (smtp, mailer) = Smtp::start().await;
    let app = TestApp::with(Setup { mail: Some(mailer), ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let (admin, anna) = (team.person(&app), app.member_called(&team, "Anna", Role::Publisher).await);
    let address = MemberEmail { member_id: anna, email: Some("anna@example.com".into()) };
    app.call_once::<MemberEmail>(&admin, address).await.unwrap();
    let post = app.draft(&admin, "Fresh bread", &[]).await.id;
    let input = CommentAdd { post_id: post, text: "@Anna: unspeakable".into(), reply_to: None };
    app.call_once::<CommentAdd>(&admin, input).await.unwrap();
    app.clock.advance_secs(60);
    send_due(&app).await.unwrap();
    let mail = smtp.taken().remove(0);
    assert!(header(&mail, "Subject").contains("mentioned you in a comment"), "{mail}");
    assert!(!mail.contains("unspeakable"), "{mail}");
    app.close().await;
}
