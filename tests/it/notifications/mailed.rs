//! What comes by mail.

use allin::{
    app::{
        ctx::Ctx,
        members::email::MemberEmail,
        notifications::{choose::NotificationChoose, list::NotificationList, mail::send_due},
        publishing::presence::BACKGROUND,
        workspaces::restored,
    },
    ids::{AccountId, MemberId},
    model::{
        notifications::{MailState, NotificationKind},
        roles::Role,
    },
    store::{installation, mail},
};

use crate::support::{
    Setup, TestApp,
    people::{Door, Team},
    smtp::{Reply, Smtp, header},
};

struct Stage {
    app: TestApp,
    smtp: Smtp,
    team: Team,
    account: AccountId,
}

impl Stage {
    /// The Admin has an address.
    async fn set() -> Self {
        let (smtp, mailer) = Smtp::start().await;
        let app = TestApp::with(Setup { mail: Some(mailer), ..Setup::default() }).await;
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        let stage = Self { app, smtp, team, account };
        stage.address(team.admin, "anna@example.com").await;
        stage
    }

    async fn address(&self, member_id: MemberId, email: &str) {
        let input = MemberEmail { member_id, email: Some(email.into()) };
        self.app.call_once::<MemberEmail>(&self.team.person(&self.app), input).await.unwrap();
    }

    /// Posts that are missed, so that they are held.
    async fn missed(&self, texts: &[&str]) {
        let ctx = self.team.connection(&self.app);
        let due = self.app.now().plus_secs(1).to_string();
        for text in texts {
            self.app.scheduled(&ctx, text, &[self.account], &due).await;
        }
        self.app.clock.advance_secs(3600);
        self.app.publish_due().await;
    }

    async fn sent(&self) -> usize {
        send_due(&self.app).await.unwrap()
    }

    /// What became of the mail of each notification, newest first.
    async fn states(&self, ctx: &Ctx) -> Vec<(Option<MailState>, Option<String>)> {
        let input = NotificationList { all: Some(true), limit: Some(100), cursor: None };
        let found = self.app.call_once::<NotificationList>(ctx, input).await.unwrap();
        found.notifications.into_iter().map(|one| (one.mail, one.mail_problem)).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_is_one_mail() {
    let stage = Stage::set().await;
    let texts: Vec<String> = (1..=40).map(|number| format!("Number {number}")).collect();
    stage.missed(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(stage.sent().await, 0, "a minute is waited for more");
    stage.app.clock.advance_secs(59);
    assert_eq!(stage.sent().await, 0);
    stage.app.clock.advance_secs(1);
    assert_eq!((stage.sent().await, stage.sent().await), (1, 0));
    let mails = stage.smtp.taken();
    assert_eq!((mails.len(), stage.smtp.connections()), (1, 1));
    assert_eq!(header(&mails[0], "Subject"), "40 things need a look (Bakery)");
    assert!(mails[0].contains("And 10 more."), "{}", mails[0]);
    let admin = stage.team.person(&stage.app);
    assert_eq!(stage.states(&admin).await, vec![(Some(MailState::Sent), None); 40]);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_says_what_the_list_says() {
    let stage = Stage::set().await;
    stage.missed(&["Fresh bread from the oven, with a text that is longer than one line of a subject should be"]).await;
    stage.app.clock.advance_secs(60);
    stage.sent().await;
    let mail = stage.smtp.taken().remove(0);
    let id = header(&mail, "Message-ID").to_owned();
    assert!(id.starts_with('<') && id.ends_with("@example.com>"), "{id}");
    insta::assert_snapshot!(mail.replace(&id, "ID"));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_may_have_arrived_comes_again_with_the_same_id() {
    let stage = Stage::set().await;
    stage.missed(&["Bread"]).await;
    stage.app.clock.advance_secs(60);
    stage.smtp.replies([Reply::TakeAndBreak]);
    assert_eq!(stage.sent().await, 1);
    assert_eq!(stage.sent().await, 0, "the next try waits");
    // What is new meanwhile goes into a mail of its own, so that the first stays what it was.
    stage.missed(&["Cake"]).await;
    stage.app.clock.advance_secs(60);
    assert_eq!(stage.sent().await, 2);
    let mails = stage.smtp.taken();
    let mut again: Vec<_> = mails[1..].iter().collect();
    again.sort_by_key(|mail| **mail != mails[0]);
    assert_eq!((again.len(), again[0]), (2, &mails[0]), "the very same bytes");
    assert_ne!(header(again[1], "Message-ID"), header(&mails[0], "Message-ID"));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_dies_is_followed_by_another() {
    let stage = Stage::set().await;
    stage.missed(&["Bread"]).await;
    stage.app.clock.advance_secs(60);
    // Claimed by a process that is never heard of again.
    let now = stage.app.now();
    let mut tx = stage.app.db.begin().await.unwrap();
    let first = mail::claim(&mut tx, now, now.plus_secs(180), &[stage.app.ids.next(now)]).await.unwrap();
    tx.commit().await.unwrap();
    stage.app.clock.advance_secs(179);
    assert_eq!((first.len(), stage.sent().await), (1, 0));
    stage.app.clock.advance_secs(1);
    assert_eq!(stage.sent().await, 1);
    let mails = stage.smtp.taken();
    assert_eq!(header(&mails[0], "Message-ID"), format!("<{}@example.com>", first[0].mail));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_given_up_with_its_reason() {
    let stage = Stage::set().await;
    let admin = stage.team.person(&stage.app);
    stage.missed(&["Bread"]).await;
    stage.smtp.replies([Reply::Unknown]);
    stage.app.clock.advance_secs(60);
    assert_eq!((stage.sent().await, stage.sent().await), (1, 0));
    let (state, problem) = stage.states(&admin).await.remove(0);
    assert_eq!(state, Some(MailState::GivenUp));
    assert!(problem.unwrap().contains("no such mailbox"));

    stage.missed(&["Cake"]).await;
    stage.smtp.replies([Reply::Busy; 20]);
    let before = stage.smtp.connections();
    for _ in 0..40 {
        stage.app.clock.advance_secs(3600);
        stage.sent().await;
    }
    assert_eq!(stage.smtp.connections() - before, 10);
    let (state, problem) = stage.states(&admin).await.remove(0);
    assert_eq!(state, Some(MailState::GivenUp));
    assert!(problem.unwrap().contains("try again later"));
    assert_eq!(stage.smtp.taken(), Vec::<String>::new());
    stage.app.close().await;
}

/// A server that turns everybody away says nothing of this mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_on_the_way_gives_no_mail_up() {
    let stage = Stage::set().await;
    let admin = stage.team.person(&stage.app);
    stage.missed(&["Bread"]).await;
    stage.smtp.replies([Reply::TurnedAway]);
    stage.app.clock.advance_secs(60);
    assert_eq!((stage.sent().await, stage.smtp.connections()), (1, 1));
    assert_eq!(stage.states(&admin).await, [(Some(MailState::Waiting), None)]);
    stage.app.clock.advance_secs(60);
    assert_eq!((stage.sent().await, stage.smtp.taken().len()), (1, 1));
    assert_eq!(stage.states(&admin).await, [(Some(MailState::Sent), None)]);
    stage.app.close().await;
}

/// What waited when the backup was made was mailed since, or is stale; and the backup's service runs elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_mails_only_what_is_new() {
    let stage = Stage::set().await;
    let (app, admin) = (&stage.app, stage.team.person(&stage.app));
    // The first start notes which database it is.
    restored::check(&app.app).await.unwrap();
    stage.missed(&["Mailed since the backup"]).await;
    app.clock.advance_secs(60);
    // Came due between the backup and the restore.
    let due = app.now().plus_secs(1).to_string();
    app.scheduled(&stage.team.connection(app), "Held by the restore", &[stage.account], &due).await;
    app.clock.advance_secs(24 * 3600);
    let mut tx = app.db.begin().await.unwrap();
    installation::put(&mut tx, BACKGROUND, &serde_json::json!({ "installed_at": due })).await.unwrap();
    tx.commit().await.unwrap();
    let mut superuser = app.database.superuser().await;
    sqlx::query("update installation set value = 'null' where name = 'cluster'").execute(&mut superuser).await.unwrap();

    restored::check(&app.app).await.unwrap();
    let mut tx = app.db.begin().await.unwrap();
    let service = installation::get(&mut tx, BACKGROUND).await.unwrap();
    tx.finish_read();
    assert_eq!(service, Some(serde_json::Value::Null));
    assert_eq!(stage.sent().await, 0);
    app.clock.advance_secs(60);
    assert_eq!((stage.sent().await, stage.sent().await), (1, 0));
    let mails = stage.smtp.taken();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("Held by the restore") && !mails[0].contains("since the backup"), "{}", mails[0]);
    let given_up = (Some(MailState::GivenUp), Some("the database was restored from a backup".to_owned()));
    assert_eq!(stage.states(&admin).await, [(Some(MailState::Sent), None), given_up]);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_has_an_address_and_wants_it_gets_mail() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let (with, without) = (app.member(&stage.team, Role::Manager).await, app.member(&stage.team, Role::Manager).await);
    stage.address(with, "boris@example.com").await;
    let admin = stage.team.person(app);
    let off = NotificationChoose { kind: Some(NotificationKind::PostHeld), app: None, mail: Some(false) };
    app.call_once::<NotificationChoose>(&admin, off).await.unwrap();
    stage.missed(&["Bread"]).await;
    app.clock.advance_secs(60);
    assert_eq!(stage.sent().await, 1);
    assert_eq!(header(&stage.smtp.taken()[0], "To"), "\"A manager\" <boris@example.com>");
    let mine = |member| stage.team.ctx(app, member, Door::CommandLine);
    assert_eq!(stage.states(&admin).await, [(None, None)]);
    assert_eq!(stage.states(&mine(with)).await, [(Some(MailState::Sent), None)]);
    assert_eq!(stage.states(&mine(without)).await, [(None, None)]);

    // A program must not silence it, and an address belongs to one person.
    let connection = stage.team.connection(app);
    let silence = NotificationChoose { kind: None, app: None, mail: Some(false) };
    assert_eq!(app.call_once::<NotificationChoose>(&connection, silence).await.unwrap_err().code(), "person_only");
    let theirs = MemberEmail { member_id: without, email: Some("anna@example.com".into()) };
    assert_eq!(app.call_once::<MemberEmail>(&admin, theirs).await.unwrap_err().code(), "email_taken");
    let wrong = MemberEmail { member_id: without, email: Some("anna".into()) };
    assert_eq!(app.call_once::<MemberEmail>(&admin, wrong).await.unwrap_err().code(), "email_invalid");
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_sends_is_given_up_after_a_day() {
    let stage = Stage::set().await;
    stage.missed(&["Bread"]).await;
    stage.app.clock.advance_secs(24 * 3600);
    allin::app::expiry::forget_expired(&stage.app).await.unwrap();
    let admin = stage.team.person(&stage.app);
    assert_eq!(stage.states(&admin).await[0].0, Some(MailState::Waiting));
    stage.app.clock.advance_secs(1);
    allin::app::expiry::forget_expired(&stage.app).await.unwrap();
    let problem = "no process with ALLIN_SMTP_URL sent it within a day".to_owned();
    assert_eq!(stage.states(&admin).await, [(Some(MailState::GivenUp), Some(problem))]);
    assert_eq!(stage.sent().await, 0);
    // And after three months nothing is left.
    stage.app.clock.advance_secs(90 * 24 * 3600);
    allin::app::expiry::forget_expired(&stage.app).await.unwrap();
    assert_eq!(stage.states(&admin).await, []);
    stage.app.close().await;
}
