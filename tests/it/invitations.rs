//! Invitations: who may come in by a link, how often, and as whom.

use allin::{
    app::{
        ctx::{Ctx, Origin},
        members::{
            change::MemberChange,
            email::MemberEmail,
            invitations::{InvitationStatus, MemberInvitations},
            invite::{MemberInvite, MemberInvited},
            list::MemberList,
            renew::PassphraseRenew,
            revoke::InvitationRevoke,
        },
        notifications::{list::NotificationList, mail::send_due},
        people::{
            join::{self, Given, Joined},
            passphrase::PassphraseSet,
            proof,
        },
        use_case::CallOptions,
        workspaces::restored,
    },
    error::Error,
    ids::{MemberId, WorkspaceId},
    model::roles::Role,
    store::workspaces,
};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{
    Setup, TestApp,
    people::{PASSPHRASE, Team},
    smtp::Smtp,
};

const OTHER: &str = "quite another set of words";

pub fn invite(name: &str, role: Role, email: Option<&str>) -> MemberInvite {
    MemberInvite {
        name: name.into(),
        role,
        email: email.map(str::to_owned),
        account_ids: vec![],
        expires_in_days: None,
    }
}

pub fn token(link: &str) -> String {
    link.rsplit('/').next().unwrap().to_owned()
}

/// What was handed over: the invitation, and the token of its link.
async fn handed(app: &TestApp, ctx: &Ctx, input: MemberInvite) -> (MemberInvited, String) {
    let invited = app.call_once::<MemberInvite>(ctx, input).await.unwrap();
    let token = token(invited.link.as_deref().unwrap());
    (invited, token)
}

pub async fn join_with(app: &TestApp, token: &str, passphrase: &str) -> Result<Joined, Error> {
    let given = Given {
        name: None,
        passphrase: SecretString::from(passphrase),
        once_more: SecretString::from(passphrase),
        member: None,
    };
    join::join(app, token, Origin::Page, given).await
}

async fn code(app: &TestApp, token: &str, passphrase: &str) -> &'static str {
    match join_with(app, token, passphrase).await {
        Ok(joined) => panic!("joined: {}", joined.message),
        Err(error) => error.code(),
    }
}

async fn count(app: &TestApp, table: &str) -> i64 {
    let sql = format!("select count(*) from {table}");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut app.database.superuser().await).await.unwrap()
}

async fn person_of(db: &mut PgConnection, member: MemberId) -> uuid::Uuid {
    let sql = "select person_id from members where member_id = $1";
    sqlx::query_scalar(sql).bind(member.uuid()).fetch_one(db).await.unwrap()
}

async fn proves(app: &TestApp, workspace: WorkspaceId, member: MemberId, passphrase: &str) -> bool {
    proof::prove(app, workspace, member, SecretString::from(passphrase)).await.is_ok()
}

async fn statuses(app: &TestApp, team: &Team) -> Vec<InvitationStatus> {
    let all = MemberInvitations { all: Some(true) };
    let found = app.call_once::<MemberInvitations>(&team.connection(app), all).await.unwrap();
    found.invitations.into_iter().map(|one| one.status).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_lets_one_in_however_many_follow_it() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (_, token) = handed(&app, &team.person(&app), invite("Kim", Role::Publisher, None)).await;
    let (members, people) = (count(&app, "members").await, count(&app, "persons").await);
    let all = futures::future::join_all((0..50).map(|_| join_with(&app, &token, PASSPHRASE))).await;
    let (joined, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!((joined.len(), refused.len()), (1, 49));
    assert!(refused.into_iter().all(|refused| refused.unwrap_err().code() == "link_over"));
    assert_eq!((count(&app, "members").await, count(&app, "persons").await), (members + 1, people + 1));
    let joined = joined.into_iter().next().unwrap().unwrap();
    assert_eq!(joined.role, Role::Publisher);
    assert!(proves(&app, team.workspace, joined.member, PASSPHRASE).await);
    assert_eq!(statuses(&app, &team).await, [InvitationStatus::Used]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_that_are_over_look_the_same() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.person(&app);
    let other = app.member(&team, Role::Admin).await;
    let theirs = team.ctx(&app, other, crate::support::people::Door::CommandLine);
    let make = async |ctx: &Ctx, name: &str| handed(&app, ctx, invite(name, Role::Admin, None)).await;
    let (_, used) = make(&admin, "Used").await;
    let (revoked_one, revoked) = make(&admin, "Revoked").await;
    let (_, by_demoted) = make(&theirs, "By somebody who lost the role").await;
    let (_, expired) = make(&admin, "Expired").await;
    join_with(&app, &used, PASSPHRASE).await.unwrap();
    let revoke = InvitationRevoke { invitation_id: revoked_one.invitation.id };
    app.call_once::<InvitationRevoke>(&admin, revoke.clone()).await.unwrap();
    let again = app.call_once::<InvitationRevoke>(&admin, revoke).await.unwrap_err();
    assert_eq!(again.code(), "invitation_not_found");
    // Past the use case, which would have revoked it.
    let mut superuser = app.database.superuser().await;
    sqlx::query("update members set role = 'manager' where member_id = $1")
        .bind(other.uuid())
        .execute(&mut superuser)
        .await
        .unwrap();
    app.clock.advance_secs(7 * 24 * 3600 - 1);
    let mut answers = Vec::new();
    for token in [&used, &revoked, &by_demoted, "join_unknown", ""] {
        assert!(join::find(&app, token).await.unwrap().is_none(), "{token}");
        answers.push(join_with(&app, token, PASSPHRASE).await.unwrap_err().public());
    }
    assert!(join::find(&app, &expired).await.unwrap().is_some(), "a second before its end");
    app.clock.advance_secs(1);
    answers.push(join_with(&app, &expired, PASSPHRASE).await.unwrap_err().public());
    let first = serde_json::to_value(&answers[0]).unwrap();
    assert_eq!(first["code"], "link_over");
    for answer in &answers {
        assert_eq!(serde_json::to_value(answer).unwrap(), first);
    }
    let found = statuses(&app, &team).await;
    use InvitationStatus::{Expired, Revoked, Used};
    // Newest first.
    assert_eq!(found, [Expired, Expired, Revoked, Used]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_or_is_lowered_has_invited_nobody() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    for role in [Some(Role::Manager), None] {
        let other = app.member(&team, Role::Admin).await;
        let theirs = team.ctx(&app, other, crate::support::people::Door::CommandLine);
        let (_, token) = handed(&app, &theirs, invite("Kim", Role::Viewer, None)).await;
        let change = MemberChange { member_id: other, role, hand_over_to: None };
        let changed = app.call_once::<MemberChange>(&team.person(&app), change).await.unwrap();
        assert!(changed.message.contains("1 of their invitations are revoked."), "{}", changed.message);
        assert_eq!(code(&app, &token, PASSPHRASE).await, "link_over");
        assert_eq!(statuses(&app, &team).await[0], InvitationStatus::Revoked);
        // Somebody new each time: names repeat, ids do not.
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_promised_is_there_and_the_admins_are_told() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.person(&app);
    let account = app.account(&team, "bakery").await;
    app.account(&team, "other").await;
    let input = MemberInvite { account_ids: vec![account], ..invite("Kim", Role::Publisher, None) };
    let (invited, token) = handed(&app, &admin, input).await;
    assert_eq!(invited.invitation.accounts, ["sandbox/bakery"]);
    for (passphrase, once_more, expected) in
        [("short", "short", "passphrase_weak"), (PASSPHRASE, OTHER, "passphrases_differ")]
    {
        let given = Given {
            name: Some("Kim B.".into()),
            passphrase: SecretString::from(passphrase),
            once_more: SecretString::from(once_more),
            member: None,
        };
        assert_eq!(join::join(&app, &token, Origin::Page, given).await.unwrap_err().code(), expected);
    }
    let given = Given {
        name: Some(" Kim B. ".into()),
        passphrase: SecretString::from(PASSPHRASE),
        once_more: SecretString::from(PASSPHRASE),
        member: None,
    };
    let joined = join::join(&app, &token, Origin::Page, given).await.unwrap();
    let list = app.call_once::<MemberList>(&admin, MemberList {}).await.unwrap();
    let kim = list.members.iter().find(|member| member.id == joined.member).unwrap();
    assert_eq!((kim.name.as_str(), kim.role), ("Kim B.", Role::Publisher));
    assert_eq!(kim.accounts.as_deref(), Some(["sandbox/bakery".to_owned()].as_slice()));
    assert_eq!(list.members[0].accounts, None, "an Admin uses all");
    let told = app.call_once::<NotificationList>(&admin, NotificationList::default()).await.unwrap();
    assert_eq!(told.notifications[0].title, "Kim B. has joined");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_whom_it_concerns_is_invited() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.person(&app);
    let email = MemberEmail { member_id: team.admin, email: Some("anna@example.com".into()) };
    app.call_once::<MemberEmail>(&admin, email).await.unwrap();
    let refused = async |input: MemberInvite| app.call_once::<MemberInvite>(&admin, input).await.err().unwrap().code();
    assert_eq!(refused(invite("Anna", Role::Viewer, Some("Anna@Example.com"))).await, "already_member");
    assert_eq!(refused(invite("Anna", Role::Viewer, Some("anna"))).await, "email_invalid");
    assert_eq!(refused(invite(" ", Role::Viewer, None)).await, "name_invalid");
    for days in [0, 31] {
        let input = MemberInvite { expires_in_days: Some(days), ..invite("Kim", Role::Viewer, None) };
        assert_eq!(refused(input).await, "expiry_invalid");
    }
    let foreign = app.team("Butcher").await;
    let account = app.account(&foreign, "butcher").await;
    let input = MemberInvite { account_ids: vec![account], ..invite("Kim", Role::Viewer, None) };
    assert_eq!(refused(input).await, "account_not_found");
    app.close().await;
}

/// Two installations' worth of people: with a mail server.
async fn mailing() -> (TestApp, Smtp, Team, Team) {
    let (smtp, mailer) = Smtp::start().await;
    let app = TestApp::with(Setup { mail: Some(mailer), ..Setup::default() }).await;
    app.set_pages_url("https://allin.example/".parse().unwrap());
    let (bakery, butcher) = (app.team("Bakery").await, app.team("Butcher").await);
    (app, smtp, bakery, butcher)
}

/// The token in the newest mail.
async fn mailed(app: &TestApp, smtp: &Smtp) -> String {
    send_due(app).await.unwrap();
    let mails = smtp.taken();
    let link = mails.last().unwrap().lines().find(|line| line.starts_with("https://allin.example/join/"));
    token(link.unwrap_or_else(|| panic!("no link in {mails:?}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_is_in_several_workspaces_and_proves_it() {
    let (app, smtp, bakery, butcher) = mailing().await;
    let kim = invite("Kim", Role::Manager, Some("kim@example.com"));
    let invited = app.call_once::<MemberInvite>(&bakery.person(&app), kim.clone()).await.unwrap();
    assert_eq!(invited.link, None, "it is mailed and shown to nobody");
    let first = join_with(&app, &mailed(&app, &smtp).await, PASSPHRASE).await.unwrap();

    // Another workspace learns nothing of it, and the person proves who it is.
    let again = app.call_once::<MemberInvite>(&butcher.person(&app), kim.clone()).await.unwrap();
    assert_eq!(again.message.split("mailed to").count(), invited.message.split("mailed to").count());
    let token = mailed(&app, &smtp).await;
    for _ in 0..4 {
        assert_eq!(code(&app, &token, OTHER).await, "passphrase_wrong");
    }
    let second = join_with(&app, &token, PASSPHRASE).await.unwrap();
    let mut superuser = app.database.superuser().await;
    assert_eq!(person_of(&mut superuser, first.member).await, person_of(&mut superuser, second.member).await);
    for (workspace, member) in [(bakery.workspace, first.member), (butcher.workspace, second.member)] {
        assert!(proves(&app, workspace, member, PASSPHRASE).await);
    }
    assert_eq!(count(&app, "person_keys").await, 1, "the passphrase stays the same");

    // Guessing spends the link, and slows down what follows.
    let third = app.team("Cinema").await;
    app.call_once::<MemberInvite>(&third.person(&app), kim).await.unwrap();
    let token = mailed(&app, &smtp).await;
    for _ in 0..5 {
        assert_eq!(code(&app, &token, OTHER).await, "passphrase_wrong");
    }
    assert_eq!(code(&app, &token, PASSPHRASE).await, "link_over");
    assert_eq!(statuses(&app, &third).await, [InvitationStatus::Expired]);
    assert!(!proves(&app, bakery.workspace, first.member, PASSPHRASE).await, "locked for a minute");
    app.close().await;
}

/// A link that somebody was handed says nothing of who reads the mail: nobody becomes another person by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_alone_makes_nobody_another() {
    let app = TestApp::start().await;
    let (bakery, butcher) = (app.team("Bakery").await, app.team("Butcher").await);
    let kim = app.member(&bakery, Role::Manager).await;
    let email = MemberEmail { member_id: kim, email: Some("kim@example.com".into()) };
    app.call_once::<MemberEmail>(&bakery.person(&app), email).await.unwrap();
    let input = invite("Kim", Role::Viewer, Some("kim@example.com"));
    let (_, token) = handed(&app, &butcher.person(&app), input.clone()).await;
    let joined = join_with(&app, &token, OTHER).await.unwrap();
    let mut superuser = app.database.superuser().await;
    assert_ne!(person_of(&mut superuser, kim).await, person_of(&mut superuser, joined.member).await);
    assert!(!proves(&app, bakery.workspace, kim, OTHER).await);
    let address: Option<String> = sqlx::query_scalar("select email from persons where person_id = $1")
        .bind(person_of(&mut superuser, joined.member).await)
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert_eq!(address, None, "nobody takes an address that was not proved");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_joins_elsewhere_as_the_same_person() {
    let app = TestApp::start().await;
    let (bakery, butcher) = (app.team("Bakery").await, app.team("Butcher").await);
    app.proven(&bakery, bakery.admin).await;
    let (_, token) = handed(&app, &butcher.person(&app), invite("Anna", Role::Admin, None)).await;
    let as_me = |passphrase: &str| Given {
        name: None,
        passphrase: SecretString::from(passphrase),
        once_more: SecretString::from(passphrase),
        member: Some((bakery.workspace, bakery.admin)),
    };
    let wrong = join::join(&app, &token, Origin::CommandLine, as_me(OTHER)).await.unwrap_err();
    assert_eq!(wrong.code(), "passphrase_wrong");
    let joined = join::join(&app, &token, Origin::CommandLine, as_me(PASSPHRASE)).await.unwrap();
    let mut tx = app.db.begin().await.unwrap();
    let mut superuser = app.database.superuser().await;
    let person = person_of(&mut superuser, bakery.admin).await.into();
    let mut mine = workspaces::of_person(&mut tx, person).await.unwrap();
    tx.finish_read();
    mine.sort();
    let mut expected = vec![(bakery.workspace, bakery.admin), (butcher.workspace, joined.member)];
    expected.sort();
    assert_eq!(mine, expected);
    // Who is there already changes nothing, and the link stays.
    let (_, token) = handed(&app, &butcher.person(&app), invite("Anna", Role::Viewer, None)).await;
    let twice = join::join(&app, &token, Origin::CommandLine, as_me(PASSPHRASE)).await.unwrap_err();
    assert_eq!(twice.code(), "already_member");
    assert!(join::find(&app, &token).await.unwrap().is_some());
    // Who was removed comes back as the member that he was.
    let remove = MemberChange { member_id: joined.member, role: None, hand_over_to: None };
    app.call_once::<MemberChange>(&butcher.person(&app), remove).await.unwrap();
    let mut tx = app.db.begin().await.unwrap();
    assert_eq!(workspaces::of_person(&mut tx, person).await.unwrap(), [(bakery.workspace, bakery.admin)]);
    tx.finish_read();
    let back = join::join(&app, &token, Origin::CommandLine, as_me(PASSPHRASE)).await.unwrap();
    assert_eq!((back.member, back.role), (joined.member, Role::Viewer));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passphrase_is_set_anew_and_everybody_concerned_knows() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.person(&app);
    let kim = app.member(&team, Role::Admin).await;
    let theirs = app.proven(&team, kim).await;
    let renew = PassphraseRenew { member_id: kim };
    let first = app.call_once::<PassphraseRenew>(&admin, renew.clone()).await.unwrap();
    let second = app.call_once::<PassphraseRenew>(&admin, renew).await.unwrap();
    assert_eq!(code(&app, &token(first.link.as_deref().unwrap()), OTHER).await, "link_over", "one link at a time");
    assert!(proves(&app, team.workspace, kim, PASSPHRASE).await, "nothing has happened yet");
    let joined = join_with(&app, &token(second.link.as_deref().unwrap()), OTHER).await.unwrap();
    assert_eq!(joined.member, kim);
    assert!(!proves(&app, team.workspace, kim, PASSPHRASE).await);
    assert!(proves(&app, team.workspace, kim, OTHER).await);
    let titles = async |ctx: &Ctx| -> Vec<String> {
        let told = app.call_once::<NotificationList>(ctx, NotificationList::default()).await.unwrap();
        told.notifications.into_iter().map(|one| one.title).collect()
    };
    let set = "The passphrase of A admin was set anew";
    let asked = "A new passphrase of A admin was asked for";
    assert_eq!(titles(&theirs).await, [set, asked, asked]);
    assert_eq!(titles(&admin).await, [set], "who asked knows");
    let mut superuser = app.database.superuser().await;
    let audited: Vec<String> = sqlx::query_scalar(
        "select use_case from audit_entries where use_case like 'passphrase_renew%' and outcome = 'done' order by at, entry_id",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    assert_eq!(audited, ["passphrase_renew", "passphrase_renew", "passphrase_renewed"]);
    app.close().await;
}

/// An Admin of one workspace must not get at a person's rights in another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_elsewhere_too_gets_the_link_by_mail_only() {
    let (app, smtp, bakery, butcher) = mailing().await;
    // Known only by name: nothing but the person's own word for it.
    let anna = app.member(&bakery, Role::Manager).await;
    app.proven(&bakery, anna).await;
    let (_, token) = handed(&app, &butcher.person(&app), invite("Anna", Role::Viewer, None)).await;
    let given = Given {
        name: None,
        passphrase: SecretString::from(PASSPHRASE),
        once_more: SecretString::from(PASSPHRASE),
        member: Some((bakery.workspace, anna)),
    };
    let anna = join::join(&app, &token, Origin::CommandLine, given).await.unwrap();
    let renew = async |team: &Team, member_id| {
        app.call_once::<PassphraseRenew>(&team.person(&app), PassphraseRenew { member_id }).await
    };
    assert_eq!(renew(&butcher, anna.member).await.err().unwrap().code(), "person_shared");

    // An address that an Admin set while the person was in one workspace only is not proved.
    let kim = app.member(&bakery, Role::Manager).await;
    let email = MemberEmail { member_id: kim, email: Some("admins-own-mailbox@example.com".into()) };
    app.call_once::<MemberEmail>(&bakery.person(&app), email).await.unwrap();
    let set = PassphraseSet { passphrase: SecretString::from(PASSPHRASE) };
    let theirs = bakery.ctx(&app, kim, crate::support::people::Door::CommandLine);
    app.call_once::<PassphraseSet>(&theirs, set).await.unwrap();
    let (_, token) = handed(&app, &butcher.person(&app), invite("Kim", Role::Manager, None)).await;
    let given = Given {
        name: None,
        passphrase: SecretString::from(PASSPHRASE),
        once_more: SecretString::from(PASSPHRASE),
        member: Some((bakery.workspace, kim)),
    };
    join::join(&app, &token, Origin::CommandLine, given).await.unwrap();
    assert_eq!(renew(&bakery, kim).await.err().unwrap().code(), "person_shared");

    // One that somebody joined with is.
    let lee = invite("Lee", Role::Manager, Some("lee@example.com"));
    app.call_once::<MemberInvite>(&bakery.person(&app), lee.clone()).await.unwrap();
    let first = join_with(&app, &mailed(&app, &smtp).await, PASSPHRASE).await.unwrap();
    app.call_once::<MemberInvite>(&butcher.person(&app), lee).await.unwrap();
    let second = join_with(&app, &mailed(&app, &smtp).await, PASSPHRASE).await.unwrap();
    let renewed = renew(&butcher, second.member).await.unwrap();
    assert_eq!(renewed.link, None);
    join_with(&app, &mailed(&app, &smtp).await, OTHER).await.unwrap();
    assert!(proves(&app, bakery.workspace, first.member, OTHER).await);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_is_kept_nowhere() {
    let (app, smtp, team, _) = mailing().await;
    let admin = team.person(&app);
    let keyed = CallOptions { idempotency_key: Some("once".into()), ..CallOptions::default() };
    let input = invite("Kim", Role::Viewer, None);
    let first = app.call::<MemberInvite>(&admin, input.clone(), keyed.clone()).await.unwrap().done().unwrap();
    let repeated = app.call::<MemberInvite>(&admin, input, keyed).await.unwrap().done().unwrap();
    assert_eq!((repeated.link, repeated.invitation.id), (None, first.invitation.id));
    app.call_once::<MemberInvite>(&admin, invite("Lee", Role::Viewer, Some("lee@example.com"))).await.unwrap();
    let handed = token(first.link.as_deref().unwrap());
    let mut superuser = app.database.superuser().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    let mut secrets = vec![handed.clone(), handed.trim_start_matches("join_").to_owned()];
    let mut everything = async |secrets: &[String]| {
        for table in &tables {
            let sql = format!("select coalesce(string_agg(to_jsonb(t)::text, ' '), '') from {table} t");
            let text: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut superuser).await.unwrap();
            for secret in secrets {
                let hex = data_encoding::HEXLOWER.encode(secret.as_bytes());
                assert!(!text.contains(secret) && !text.contains(&hex), "{table} holds the link");
            }
        }
    };
    everything(&secrets).await;
    secrets.push(mailed(&app, &smtp).await);
    everything(&secrets).await;
    let all = MemberInvitations { all: Some(true) };
    let listed = app.call_once::<MemberInvitations>(&team.connection(&app), all).await.unwrap();
    let listed = serde_json::to_string(&listed).unwrap();
    assert!(secrets.iter().all(|secret| !listed.contains(secret)), "{listed}");
    app.close().await;
}

/// What was used or revoked since the backup must not work once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_lets_nobody_in_by_an_old_link() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (_, token) = handed(&app, &team.person(&app), invite("Kim", Role::Viewer, None)).await;
    restored::check(&app.app).await.unwrap();
    assert!(join::find(&app, &token).await.unwrap().is_some());
    let mut superuser = app.database.superuser().await;
    sqlx::query("update installation set value = 'null' where name = 'cluster'").execute(&mut superuser).await.unwrap();
    restored::check(&app.app).await.unwrap();
    assert_eq!(code(&app, &token, PASSPHRASE).await, "link_over");
    app.close().await;
}
