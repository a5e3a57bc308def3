//! What one cause holds is told together.

use allin::{
    app::{
        ctx::Ctx,
        members::email::MemberEmail,
        notifications::{
            choose::NotificationChoose,
            list::{NotificationList, Notifications},
            mail::send_due,
            mark_read::NotificationMarkRead,
        },
        pauses::{resume::PublishingResume, start::PublishingPause},
        publishing::tokens,
    },
    ids::AccountId,
    model::{
        notifications::{MailState, NotificationKind},
        roles::Role,
    },
    store::{accounts, db::Entrance},
};
use futures::future::join_all;

use crate::support::{
    Setup, TestApp,
    people::{Door, Team},
    smtp::{Reply, Smtp, header},
};

struct Stage {
    app: TestApp,
    smtp: Smtp,
    team: Team,
    ctx: Ctx,
    account: AccountId,
}

impl Stage {
    /// The Admin has an address.
    async fn set() -> Self {
        let (smtp, mailer) = Smtp::start().await;
        let app = TestApp::with(Setup { mail: Some(mailer), ..Setup::default() }).await;
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        let input = MemberEmail { member_id: team.admin, email: Some("anna@example.com".into()) };
        app.call_once::<MemberEmail>(&team.person(&app), input).await.unwrap();
        Self { ctx: team.connection(&app), app, smtp, team, account }
    }

    async fn pause(&self, reason: &str) {
        let input = PublishingPause { reason: reason.into(), account_id: None, campaign_id: None, tag: None };
        self.app.call_once::<PublishingPause>(&self.ctx, input).await.unwrap();
    }

    /// Posts that come due a second later.
    async fn due(&self, texts: &[&str], account: AccountId) {
        let due = self.app.now().plus_secs(1).to_string();
        for text in texts {
            self.app.scheduled(&self.ctx, text, &[account], &due).await;
        }
        self.app.clock.advance_secs(1);
        while self.app.publish_due().await > 0 {}
    }

    async fn told(&self, ctx: &Ctx) -> Notifications {
        self.app.call_once::<NotificationList>(ctx, NotificationList::default()).await.unwrap()
    }

    /// Titles, newest first.
    async fn titles(&self, ctx: &Ctx) -> Vec<String> {
        self.told(ctx).await.notifications.into_iter().map(|one| one.title).collect()
    }

    /// The network says that the account's password is another one.
    async fn lose(&self, account: AccountId) {
        let now = self.app.now();
        let (mut tx, _) = self.app.db.tenant(self.team.workspace, Entrance::System, now).await.unwrap();
        let used = accounts::secret(&mut tx, self.team.workspace, account).await.unwrap().unwrap().sealed;
        let why = "The password was changed.";
        tokens::lose(&self.app, &mut tx, self.team.workspace, account, Some(&used), why, now).await.unwrap();
        let lost = accounts::get(&mut tx, self.team.workspace, account).await.unwrap().unwrap();
        assert_eq!(lost.status.as_str(), "disconnected");
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_pause_holds_is_one_notification_and_one_mail() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let author = app.member(&stage.team, Role::Contributor).await;
    let author = stage.team.ctx(app, author, Door::CommandLine);
    let others = join_all(["cafe", "kiosk"].map(|handle| app.account(&stage.team, handle))).await;
    stage.pause("A crisis").await;
    stage.due(&["Bread", "Cake"], stage.account).await;
    let on_one = "2 posts wait for you before they go out on @bakery on Sandbox: “Bread”, “Cake”";
    assert_eq!(stage.titles(&stage.ctx).await, [on_one]);
    let texts: Vec<String> = (3..=60).map(|number| format!("Number {number}")).collect();
    let due = app.now().plus_secs(1).to_string();
    for (number, text) in texts.iter().enumerate() {
        let account = [stage.account, others[0], others[1]][number % 3];
        app.scheduled(&stage.ctx, text, &[account], &due).await;
    }
    app.clock.advance_secs(1);
    while app.publish_due().await > 0 {}

    let found = stage.told(&stage.ctx).await;
    assert_eq!((found.unread, found.notifications.len()), (1, 1));
    let one = &found.notifications[0];
    assert!(
        one.title.starts_with("60 posts wait for you before they go out: “Bread”, “Cake”, “Number "),
        "{}",
        one.title
    );
    assert!(one.title.ends_with("” and 57 more"), "{}", one.title);
    assert_eq!((one.posts, one.post_id, one.account_id), (Some(60), None, None));
    assert_eq!(one.cause, "It came due while publishing of everything was paused (A crisis).");
    assert_eq!(stage.told(&author).await.unread, 0, "none of it is theirs");

    app.clock.advance_secs(60);
    assert_eq!(send_due(app).await.unwrap(), 1);
    let mails = stage.smtp.taken();
    assert_eq!(mails.len(), 1);
    assert!(header(&mails[0], "Subject").starts_with("60 posts wait for you"), "{}", mails[0]);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_or_said_for_other_reasons_stays_as_it_is() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let on = |text: &str| format!("“{text}” waits for you before it goes out on @bakery on Sandbox");
    stage.pause("A crisis").await;
    stage.due(&["One"], stage.account).await;
    app.call_once::<NotificationMarkRead>(&stage.ctx, NotificationMarkRead::default()).await.unwrap();
    stage.due(&["Two"], stage.account).await;
    assert_eq!(stage.titles(&stage.ctx).await, [on("Two")], "what was read is over");
    // Another pause is another cause.
    app.agreed::<PublishingResume>(&stage.ctx, PublishingResume::default()).await.unwrap();
    stage.pause("A strike").await;
    stage.due(&["Three"], stage.account).await;
    assert_eq!(stage.titles(&stage.ctx).await, [on("Three"), on("Two")]);
    // And after a day it is news again.
    app.clock.advance_secs(24 * 3600);
    stage.due(&["Four"], stage.account).await;
    stage.due(&["Five"], stage.account).await;
    let grown = "2 posts wait for you before they go out on @bakery on Sandbox: “Four”, “Five”".to_owned();
    assert_eq!(stage.titles(&stage.ctx).await, [grown, on("Three"), on("Two")]);
    stage.app.close().await;
}

/// A mail that may have arrived says the same when it comes again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_mail_may_have_told_does_not_grow_until_it_is_sent() {
    let stage = Stage::set().await;
    let app = &stage.app;
    stage.pause("A crisis").await;
    stage.due(&["One"], stage.account).await;
    app.clock.advance_secs(60);
    stage.smtp.replies([Reply::TakeAndBreak]);
    assert_eq!(send_due(app).await.unwrap(), 1);
    stage.due(&["Two"], stage.account).await;
    app.clock.advance_secs(120);
    assert_eq!(send_due(app).await.unwrap(), 2);
    let mails = stage.smtp.taken();
    assert_eq!(mails.iter().filter(|mail| **mail == mails[0]).count(), 2, "the very same bytes");
    assert_eq!(stage.told(&stage.ctx).await.unread, 2);
    // What was mailed grows without another mail, for a day.
    stage.due(&["Three"], stage.account).await;
    app.clock.advance_secs(60);
    assert_eq!(send_due(app).await.unwrap(), 0);
    let newest = stage.told(&stage.ctx).await.notifications.remove(0);
    assert_eq!((newest.posts, newest.mail), (Some(2), Some(MailState::Sent)));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_account_holds_is_told_once_to_everybody() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let (person, other) = (stage.team.person(app), app.account(&stage.team, "cafe").await);
    let manager = stage.team.ctx(app, app.member(&stage.team, Role::Manager).await, Door::CommandLine);
    let author = stage.team.ctx(app, app.member(&stage.team, Role::Contributor).await, Door::CommandLine);
    // The Admin wants no mail of lost accounts, but of held posts: these are told apart.
    let off = NotificationChoose { kind: Some(NotificationKind::ReconnectNeeded), app: None, mail: Some(false) };
    app.call_once::<NotificationChoose>(&person, off).await.unwrap();
    let due = app.now().plus_secs(10).to_string();
    for text in ["One", "Two"] {
        let draft = app.draft(&author, text, &[stage.account]).await;
        app.scheduled_again(&stage.ctx, draft.id, &due).await;
    }
    for account in [stage.account, other] {
        app.scheduled(&stage.ctx, "Three", &[account], &due).await;
    }
    stage.lose(stage.account).await;
    stage.lose(other).await;
    app.clock.advance_secs(10);
    while app.publish_due().await > 0 {}
    let sorted = async |ctx: &Ctx| {
        let mut titles = stage.titles(ctx).await;
        titles.sort();
        titles
    };
    let bakery = "@bakery on Sandbox has to be connected again";
    let cafe = "@cafe on Sandbox has to be connected again";
    let posts = sorted(&manager).await;
    assert_eq!(posts.len(), 2, "{posts:?}");
    assert!(posts[0].starts_with(&format!("{bakery}; 3 posts wait for it: “")), "{posts:?}");
    assert_eq!(posts[1], format!("{cafe}; “Three” waits for it"));
    let posts = sorted(&person).await;
    assert_eq!(posts.len(), 4, "{posts:?}");
    assert!(posts[0].starts_with("3 posts wait for you before they go out on @bakery on Sandbox: "), "{posts:?}");
    assert_eq!(posts[1..3], [bakery, cafe]);
    assert_eq!(posts[3], "“Three” waits for you before it goes out on @cafe on Sandbox");
    // Whoever wrote it cannot connect the account, and hears of the posts.
    let posts = sorted(&author).await;
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert!(posts[0].starts_with("2 posts wait for you before they go out on @bakery on Sandbox: "), "{posts:?}");
    stage.app.close().await;
}

/// A process that is writing one is not waited for; nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_is_busy_with_is_not_waited_for() {
    let stage = Stage::set().await;
    let app = &stage.app;
    stage.pause("A crisis").await;
    stage.due(&["One"], stage.account).await;
    let mut busy = app.database.superuser().await;
    sqlx::query("begin").execute(&mut busy).await.unwrap();
    sqlx::query("select from notifications for update").execute(&mut busy).await.unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(10), stage.due(&["Two"], stage.account)).await.unwrap();
    sqlx::query("rollback").execute(&mut busy).await.unwrap();
    stage.due(&["Three"], stage.account).await;
    let titles = stage.titles(&stage.ctx).await;
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(titles[0].starts_with("2 posts wait for you before they go out"), "{titles:?}");
    assert!(titles[1].starts_with("“One” waits for you before it goes out"), "{titles:?}");
    stage.app.close().await;
}
