//! Who is told what.

use allin::{
    app::{
        accounts::test::AccountTest,
        ctx::Ctx,
        notifications::{
            list::{NotificationList, Notifications},
            mark_read::NotificationMarkRead,
        },
        posts::{create::PostCreate, schedule::PostSchedule},
        workspaces::overview::WorkspaceOverview,
    },
    model::{notifications::NotificationKind, roles::Role},
};
use serde_json::json;

use crate::support::{
    Setup, TestApp,
    faults::{Fault, PATIENCE, Proxy},
    named,
    people::{Door, draft, schedule},
};

async fn told(app: &TestApp, ctx: &Ctx) -> Notifications {
    app.call_once::<NotificationList>(ctx, NotificationList::default()).await.unwrap()
}

fn titles(found: &Notifications) -> Vec<&str> {
    found.notifications.iter().map(|one| one.title.as_str()).collect()
}

async fn with_proxy() -> (TestApp, Proxy) {
    let proxy = Proxy::default();
    let before = proxy.clone();
    let between: Box<dyn FnOnce(&url::Url) -> url::Url + Send> = Box::new(move |network| before.before(network));
    let answer_within = i64::try_from(PATIENCE).unwrap();
    (TestApp::with(Setup { answer_within, between: Some(between), ..Setup::default() }).await, proxy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_told_to_those_whom_it_concerns() {
    let (app, proxy) = with_proxy().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let mut ctxs = Vec::new();
    for role in [Role::Manager, Role::Publisher, Role::Publisher, Role::Contributor, Role::Contributor, Role::Viewer] {
        ctxs.push(team.ctx(&app, app.member(&team, role).await, Door::CommandLine));
    }
    let [manager, publisher, other_publisher, author, other_author, viewer] = &ctxs[..] else { panic!("six callers") };
    app.grant(&team, account, publisher.member().unwrap()).await;
    for member in [author, other_author, viewer] {
        app.grant(&team, account, member.member().unwrap()).await;
    }
    let post = app.call_once::<PostCreate>(author, draft(&["Fresh bread"], &[account])).await.unwrap().post.id;
    let at = app.now().plus_secs(1).to_string();
    app.call_once::<PostSchedule>(publisher, schedule(post, &at)).await.unwrap();
    proxy.publishes([Fault::Refused]);
    app.clock.advance_secs(1);
    app.publish_due().await;

    let admin = team.person(&app);
    insta::assert_json_snapshot!(named(&told(&app, &admin).await));
    for concerned in [&admin, manager, publisher, author] {
        assert_eq!(titles(&told(&app, concerned).await), ["“Fresh bread” was not published on @bakery on Sandbox"]);
    }
    for other in [other_publisher, other_author, viewer] {
        assert_eq!(titles(&told(&app, other).await), Vec::<&str>::new());
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_account_is_told_once_and_its_return_to_the_others() {
    let (app, proxy) = with_proxy().await;
    let team = app.team("Bakery").await;
    let (admin, account) = (team.person(&app), app.account(&team, "bakery").await);
    let manager = team.ctx(&app, app.member(&team, Role::Manager).await, Door::CommandLine);
    for (text, at) in [("First", "2026-12-01T09:01"), ("Second", "2026-12-01T09:02")] {
        app.scheduled(&admin, text, &[account], at).await;
    }
    proxy.publishes([Fault::SignedOut]);
    for _ in 0..2 {
        app.clock.advance_secs(60);
        app.publish_due().await;
    }
    let kinds = |found: &Notifications| {
        let mut kinds: Vec<_> = found.notifications.iter().map(|one| (one.kind.as_str(), one.code.clone())).collect();
        kinds.sort();
        kinds
    };
    // What the account holds is told with it.
    let lost = [("reconnect_needed", "account_disconnected".to_owned())];
    assert_eq!((kinds(&told(&app, &admin).await), kinds(&told(&app, &manager).await)), (lost.to_vec(), lost.to_vec()));
    let found = told(&app, &admin).await;
    assert_eq!(
        titles(&found),
        ["@bakery on Sandbox has to be connected again; 2 posts wait for it: “First”, “Second”"]
    );
    let one = &found.notifications[0];
    assert_eq!((one.posts, one.post_id, one.account_id), (Some(2), None, Some(account)));
    // Testing what is known to be lost tells nobody again.
    app.call_once::<AccountTest>(&admin, AccountTest { account_id: account }).await.unwrap();
    assert_eq!(told(&app, &admin).await.unread, 1);

    assert_eq!(app.account(&team, "bakery").await, account);
    assert_eq!(told(&app, &admin).await.unread, 1, "the Admin has done it");
    let newest = told(&app, &manager).await.notifications.remove(0);
    assert_eq!(
        (newest.kind, newest.title.as_str()),
        (NotificationKind::AccountConnected, "@bakery on Sandbox is connected again")
    );
    // Connecting an account that works is no news.
    app.account(&team, "bakery").await;
    assert_eq!(told(&app, &manager).await.unread, 2);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_leaves_the_list_and_the_overview() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (ctx, account) = (team.connection(&app), app.account(&team, "bakery").await);
    for number in 1..=5 {
        app.scheduled(&ctx, &format!("Number {number}"), &[account], &format!("2026-12-01T09:3{number}")).await;
    }
    app.clock.set("2026-12-01T12:00:00Z".parse().unwrap());
    app.publish_due().await;
    let first = NotificationList { limit: Some(2), ..NotificationList::default() };
    let mut found = app.call_once::<NotificationList>(&ctx, first.clone()).await.unwrap();
    let mut ids = Vec::new();
    loop {
        assert_eq!((found.unread, found.notifications.len() <= 2), (5, true));
        ids.extend(found.notifications.iter().map(|one| one.id));
        let Some(cursor) = found.next_cursor else { break };
        let next = NotificationList { cursor: Some(cursor), ..first.clone() };
        found = app.call_once::<NotificationList>(&ctx, next).await.unwrap();
    }
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (5, 5));

    let overview = app.call_once::<WorkspaceOverview>(&ctx, WorkspaceOverview {}).await.unwrap();
    let unread = serde_json::to_value(overview.notifications.unwrap()).unwrap();
    assert_eq!((&unread["count"], unread["newest"].as_array().unwrap().len()), (&json!(5), 3));
    insta::assert_json_snapshot!(named(&unread["newest"][0]), { ".title" => "…" });

    let two = NotificationMarkRead { notification_ids: Some(ids[..2].to_vec()) };
    let done = app.call_once::<NotificationMarkRead>(&ctx, two.clone()).await.unwrap();
    assert_eq!((done.marked, done.unread), (2, 3));
    assert_eq!(app.call_once::<NotificationMarkRead>(&ctx, two).await.unwrap().marked, 0);
    let left: Vec<_> = told(&app, &ctx).await.notifications.iter().map(|one| one.id).collect();
    assert_eq!(left, ids[2..]);
    let all = NotificationList { all: Some(true), ..NotificationList::default() };
    let all = app.call_once::<NotificationList>(&ctx, all).await.unwrap().notifications;
    assert_eq!(all.iter().map(|one| one.read).collect::<Vec<_>>(), [true, true, false, false, false]);
    app.call_once::<NotificationMarkRead>(&ctx, NotificationMarkRead::default()).await.unwrap();
    let overview = app.call_once::<WorkspaceOverview>(&ctx, WorkspaceOverview {}).await.unwrap();
    assert!(overview.notifications.is_none());

    // What another member was told is nobody else's, even to mark.
    let manager = team.ctx(&app, app.member(&team, Role::Manager).await, Door::Stdio);
    let theirs = NotificationMarkRead { notification_ids: Some(ids[..1].to_vec()) };
    let refused = app.call_once::<NotificationMarkRead>(&manager, theirs).await.unwrap_err();
    assert_eq!(refused.code(), "notification_not_found");
    app.close().await;
}
