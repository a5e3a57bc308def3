//! Letters: mail with a link, to somebody who is no member yet.

use allin::{
    app::{
        members::{
            invitations::{InvitationView, Invitations, MemberInvitations},
            invite::MemberInvite,
            revoke::InvitationRevoke,
        },
        notifications::mail::{give_up_stale, send_due},
    },
    ids::InvitationId,
    model::{notifications::MailState, roles::Role},
    store::mail,
    tools::registry::Spoken as _,
};

use crate::{
    invitations::{invite, join_with, token},
    support::{
        Setup, TestApp,
        people::{PASSPHRASE, Team},
        smtp::{Reply, Smtp, header},
    },
};

struct Stage {
    app: TestApp,
    smtp: Smtp,
    team: Team,
}

impl Stage {
    async fn set() -> Self {
        let (smtp, mailer) = Smtp::start().await;
        let app = TestApp::with(Setup { mail: Some(mailer), ..Setup::default() }).await;
        app.set_pages_url("https://allin.example/".parse().unwrap());
        let team = app.team("Bakery").await;
        Self { app, smtp, team }
    }

    async fn invite(&self) -> InvitationId {
        let input = invite("Kim", Role::Publisher, Some("kim@example.com"));
        let ctx = self.team.person(&self.app);
        self.app.call_once::<MemberInvite>(&ctx, input).await.unwrap().invitation.id
    }

    async fn view(&self) -> InvitationView {
        let input = MemberInvitations { all: Some(true) };
        let ctx = self.team.connection(&self.app);
        self.app.call_once::<MemberInvitations>(&ctx, input).await.unwrap().invitations.remove(0)
    }

    async fn mail(&self) -> (Option<MailState>, Option<String>) {
        let view = self.view().await;
        (view.mail, view.mail_problem)
    }

    async fn sent(&self) -> usize {
        send_due(&self.app).await.unwrap()
    }

    /// Letters whose token is kept.
    async fn sealed(&self) -> i64 {
        let mut superuser = self.app.database.superuser().await;
        let sql = "select count(*) from letters where sealed is not null";
        sqlx::query_scalar(sql).fetch_one(&mut superuser).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_sent_once_and_says_what_it_is() {
    let stage = Stage::set().await;
    stage.invite().await;
    assert_eq!((stage.mail().await, stage.sealed().await), ((Some(MailState::Waiting), None), 1));
    assert_eq!((stage.sent().await, stage.sent().await), (1, 0));
    assert_eq!((stage.mail().await, stage.sealed().await), ((Some(MailState::Sent), None), 0));
    let said = MemberInvitations::say(&Invitations { invitations: vec![stage.view().await] });
    assert!(
        said.ends_with("  Kim: publisher, open, until 2026-12-08T08:00:00Z, mailed to kim@example.com\n"),
        "{said}"
    );
    let mail = stage.smtp.taken().remove(0);
    assert_eq!(header(&mail, "To"), "Kim <kim@example.com>");
    let id = header(&mail, "Message-ID").to_owned();
    let link = mail.lines().find(|line| line.starts_with("https://allin.example/join/")).unwrap().to_owned();
    insta::assert_snapshot!(mail.replace(&id, "ID").replace(&link, "LINK"));
    join_with(&stage.app, &token(&link), PASSPHRASE).await.unwrap();
    assert_eq!(stage.mail().await, (Some(MailState::Sent), None));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_tried_again_with_the_same_id_and_given_up_in_the_end() {
    let stage = Stage::set().await;
    stage.invite().await;
    stage.smtp.replies([Reply::TakeAndBreak]);
    assert_eq!((stage.sent().await, stage.sent().await), (1, 0), "the next try waits");
    stage.app.clock.advance_secs(60);
    assert_eq!(stage.sent().await, 1);
    let mails = stage.smtp.taken();
    assert_eq!((mails.len(), &mails[0]), (2, &mails[1]), "the very same bytes");

    stage.invite().await;
    stage.smtp.replies([Reply::Busy; 20]);
    let before = stage.smtp.connections();
    for _ in 0..40 {
        stage.app.clock.advance_secs(3600);
        stage.sent().await;
    }
    assert_eq!(stage.smtp.connections() - before, 10);
    let (state, problem) = stage.mail().await;
    assert_eq!((state, stage.sealed().await), (Some(MailState::GivenUp), 0));
    assert!(problem.unwrap().contains("try again later"));

    stage.invite().await;
    stage.smtp.replies([Reply::Unknown]);
    assert_eq!((stage.sent().await, stage.sent().await), (1, 0));
    assert!(stage.mail().await.1.unwrap().contains("no such mailbox"));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_dies_with_a_letter_is_followed_by_another() {
    let stage = Stage::set().await;
    stage.invite().await;
    let now = stage.app.now();
    let mut tx = stage.app.db.begin().await.unwrap();
    let first = mail::claim(&mut tx, now, now.plus_secs(180), &[stage.app.ids.next(now)]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((first.len(), stage.sent().await), (1, 0));
    stage.app.clock.advance_secs(180);
    assert_eq!(stage.sent().await, 1);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_after_the_link_is_over() {
    let stage = Stage::set().await;
    let ctx = stage.team.person(&stage.app);
    let revoked = stage.invite().await;
    // A try was made, so that the letter waits for the next.
    stage.smtp.replies([Reply::Busy]);
    assert_eq!(stage.sent().await, 1);
    stage.app.call_once::<InvitationRevoke>(&ctx, InvitationRevoke { invitation_id: revoked }).await.unwrap();
    assert_eq!(stage.mail().await.1.as_deref(), Some("the invitation was revoked"));
    stage.app.clock.advance_secs(3600);
    assert_eq!((stage.sent().await, stage.sealed().await), (0, 0));

    // Whoever has claimed it meanwhile finds that its link leads nowhere.
    stage.invite().await;
    let mut superuser = stage.app.database.superuser().await;
    sqlx::query("delete from token_hashes where kind = 'invitation'").execute(&mut superuser).await.unwrap();
    assert_eq!(stage.sent().await, 1);
    assert_eq!(stage.mail().await.1.as_deref(), Some("its link was used or revoked"));

    stage.invite().await;
    stage.app.clock.advance_secs(7 * 24 * 3600);
    assert_eq!(stage.sent().await, 1);
    assert_eq!(stage.mail().await.1.as_deref(), Some("its link has expired"));

    stage.invite().await;
    stage.app.clock.advance_secs(24 * 3600 + 1);
    give_up_stale(&stage.app, stage.team.workspace, stage.app.now()).await.unwrap();
    assert_eq!((stage.sent().await, stage.sealed().await), (0, 0));
    assert_eq!(stage.mail().await.1.as_deref(), Some("no process with ALLIN_SMTP_URL sent it within a day"));
    assert_eq!(stage.smtp.taken(), Vec::<String>::new());
    stage.app.close().await;
}
