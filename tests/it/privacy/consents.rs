//! Consents: recorded when somebody joins, by which text and act; taken back, given again, renewed.

use allin::{
    app::{
        members::invite::MemberInvite,
        notifications::list::NotificationList,
        privacy::consents::{ConsentGive, ConsentList, ConsentWithdraw, Consents},
    },
    model::{privacy::Purpose, roles::Role},
    platform,
    store::db::{Db, Entrance},
    vault::sha256,
};
use data_encoding::HEXLOWER;

use crate::{
    invitations::{invite, join_with, token},
    support::{
        TestApp,
        people::{Door, PASSPHRASE, Team},
    },
};

async fn of(app: &TestApp, team: &Team, member: allin::ids::MemberId) -> Consents {
    let input = ConsentList { member_id: Some(member) };
    app.call_once::<ConsentList>(&team.connection(app), input).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_is_recorded_with_the_text_that_was_shown() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let invited = app.call_once::<MemberInvite>(&team.person(&app), invite("Kim", Role::Viewer, None)).await.unwrap();
    let joined = join_with(&app, &token(invited.link.as_deref().unwrap()), PASSPHRASE).await.unwrap();
    let found = of(&app, &team, joined.member).await;
    let [consent] = found.history.as_slice() else { panic!("{found:?}") };
    let text = Purpose::Processing.notice().text;
    assert_eq!((consent.act.as_str(), consent.origin.as_str(), consent.given), ("member_join", "page", true));
    assert_eq!(consent.text_sha256, HEXLOWER.encode(&sha256(text.as_bytes())));
    assert_eq!(consent.renew_by, Some(app.now().plus_secs(730 * 24 * 3600)));
    assert!(found.purposes[0].given && !found.purposes[0].to_be_asked);
    // The same is in the export, and who was added by hand was never asked.
    assert_eq!(super::count(&app, "select count(*) from consents").await, 1);
    assert!(of(&app, &team, team.admin).await.purposes[0].to_be_asked);
    // Two years later it is to be asked again.
    app.clock.advance_secs(730 * 24 * 3600);
    assert!(of(&app, &team, joined.member).await.purposes[0].to_be_asked);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consent_is_taken_back_and_nothing_of_it_is_rewritten() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let kim = app.member_called(&team, "Kim", Role::Viewer).await;
    let person = team.ctx(&app, kim, Door::CommandLine);
    let (give, withdraw) =
        (ConsentGive { purpose: Purpose::Processing }, ConsentWithdraw { purpose: Purpose::Processing });
    let none = app.call_once::<ConsentWithdraw>(&person, withdraw.clone()).await.unwrap_err();
    assert_eq!(none.code(), "consent_not_given");
    app.call_once::<ConsentGive>(&person, give).await.unwrap();
    app.clock.advance_secs(60);
    app.call_once::<ConsentWithdraw>(&person, withdraw).await.unwrap();
    let found = of(&app, &team, kim).await;
    assert_eq!(found.history.iter().map(|one| one.given).collect::<Vec<_>>(), [false, true]);
    assert!(!found.purposes[0].given && !found.purposes[0].to_be_asked, "who said no is not asked");
    let told = app.call_once::<NotificationList>(&team.person(&app), NotificationList::default()).await.unwrap();
    assert_eq!(told.notifications[0].code, "consent_withdrawn");
    let program = team.ctx(&app, kim, Door::Stdio);
    let refused =
        app.call_once::<ConsentGive>(&program, ConsentGive { purpose: Purpose::Processing }).await.unwrap_err();
    assert_eq!(refused.code(), "person_only");
    // Others' are for Admins.
    let others = ConsentList { member_id: Some(team.admin) };
    assert_eq!(app.call_once::<ConsentList>(&person, others).await.unwrap_err().code(), "data_not_yours");
    let db = Db::connect(app.database.options(platform::Role::App), 1).await.unwrap();
    for sql in ["update consents set given = true, renew_by = at", "delete from consents"] {
        let (mut tx, _) = db.tenant(team.workspace, Entrance::System, app.now()).await.unwrap();
        let refused = sqlx::query(sql).execute(&mut *tx).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501", "{sql}");
    }
    db.close().await;
    app.close().await;
}
