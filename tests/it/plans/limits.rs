//! Users and accounts, and what a plan is.

use std::sync::Arc;

use allin::{
    app::{
        accounts::{finish_connect::AccountFinishConnect, remove::AccountRemove},
        members::{add::MemberAdd, change::MemberChange},
        plans::set::PlanSet,
        workspaces::overview::WorkspaceOverview,
    },
    error::Error,
    model::{
        networks::NetworkId,
        plans::{Limit, Plan},
        roles::Role,
    },
    platform,
    store::db::{Db, Entrance},
};
use futures::future::join_all;
use secrecy::SecretString;

use super::{patiently, set, standing, used};
use crate::support::{TestApp, app::Setup, people::Team};

fn somebody(number: usize) -> MemberAdd {
    MemberAdd { name: format!("Somebody {number}"), role: Role::Viewer }
}

async fn connect(app: &TestApp, team: &Team, handle: &str) -> Result<(), Error> {
    let input = AccountFinishConnect {
        network: NetworkId::Sandbox,
        server: None,
        identifier: handle.into(),
        password: SecretString::from("correct horse"),
        page: None,
    };
    app.call_once::<AccountFinishConnect>(&team.person(app), input).await.map(drop)
}

fn many() -> Setup {
    Setup { pool: 16, real_time: true, ..Setup::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_leave_as_many_users_as_the_plan_has() {
    let app = Arc::new(TestApp::with(many()).await);
    let team = app.team("Agency").await;
    set(&app, &team, Plan::Team).await;
    let asked = (0..200).map(|number| {
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            let ctx = team.person(&app);
            patiently(|| app.call_once::<MemberAdd>(&ctx, somebody(number))).await.map(drop)
        })
    });
    let answers: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).map(Error::code).collect();
    // One is the owner.
    assert_eq!((answers.len() - refused.len(), used(&app, &team, Limit::Users).await), (9, (10, Some(10))));
    assert!(refused.iter().all(|code| *code == "plan_limit"), "{refused:?}");
    Arc::into_inner(app).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_leave_as_many_accounts_as_the_plan_has() {
    let app = Arc::new(TestApp::with(many()).await);
    let team = app.team("Agency").await;
    set(&app, &team, Plan::Team).await;
    let asked = (0..200).map(|number| {
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            let handle = format!("account{number}");
            patiently(|| connect(&app, &team, &handle)).await
        })
    });
    let answers: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).map(Error::code).collect();
    assert_eq!((answers.len() - refused.len(), used(&app, &team, Limit::Accounts).await), (50, (50, Some(50))));
    assert!(refused.iter().all(|code| *code == "plan_limit"), "{refused:?}");
    Arc::into_inner(app).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_names_the_limit_what_is_used_and_what_lifts_it() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    set(&app, &team, Plan::Starter).await;
    let refused = app.call_once::<MemberAdd>(&team.person(&app), somebody(1)).await.unwrap_err();
    insta::assert_json_snapshot!("one_user_too_many", refused.public());
    for number in 0..5 {
        connect(&app, &team, &format!("account{number}")).await.unwrap();
    }
    let refused = connect(&app, &team, "account5").await.unwrap_err();
    insta::assert_json_snapshot!("one_account_too_many", refused.public());
    // Those that are there can be renewed.
    connect(&app, &team, "account4").await.unwrap();
    // One that is disconnected makes room, and takes a place when it comes back.
    let first = app.account(&team, "account0").await;
    app.agreed::<AccountRemove>(&team.person(&app), AccountRemove { account_id: first }).await.unwrap();
    connect(&app, &team, "account5").await.unwrap();
    assert_eq!(connect(&app, &team, "account0").await.unwrap_err().code(), "plan_limit");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lower_plan_takes_nothing_away() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    // Without a plan there are no limits.
    let mut members = Vec::new();
    for _ in 0..4 {
        members.push(app.member(&team, Role::Viewer).await);
    }
    for number in 0..7 {
        connect(&app, &team, &format!("account{number}")).await.unwrap();
    }
    assert_eq!(standing(&app, &team).await.set_at, None);
    let changed = set(&app, &team, Plan::Starter).await;
    assert_eq!(
        changed.message,
        "The plan is Starter now. In use are 5 of 1 users, 7 of 5 accounts: all of it stays, and more is refused."
    );
    assert_eq!(used(&app, &team, Limit::Users).await, (5, Some(1)));
    let overview = app.call_once::<WorkspaceOverview>(&team.person(&app), WorkspaceOverview {}).await.unwrap();
    assert_eq!(overview.accounts.len(), 7);
    let near = "Of the Starter plan, 7 of 5 accounts are in use; plan_get tells more.";
    assert!(overview.warnings.iter().any(|warning| warning == near), "{:?}", overview.warnings);
    connect(&app, &team, "account6").await.unwrap();
    assert_eq!(connect(&app, &team, "account7").await.unwrap_err().code(), "plan_limit");
    // Down to the plan's number, and one less: then there is room.
    for member in members {
        assert_eq!(app.call_once::<MemberAdd>(&team.person(&app), somebody(0)).await.unwrap_err().code(), "plan_limit");
        app.call_once::<MemberChange>(
            &team.person(&app),
            MemberChange { member_id: member, role: None, hand_over_to: None },
        )
        .await
        .unwrap();
    }
    assert_eq!(app.call_once::<MemberAdd>(&team.person(&app), somebody(0)).await.unwrap_err().code(), "plan_limit");
    set(&app, &team, Plan::Professional).await;
    app.call_once::<MemberAdd>(&team.person(&app), somebody(0)).await.unwrap();
    app.close().await;
}

/// Whatever the program forgets to ask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_refuses_more_than_the_plan_by_itself() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let removed = app.member(&team, Role::Viewer).await;
    app.call_once::<MemberChange>(
        &team.person(&app),
        MemberChange { member_id: removed, role: None, hand_over_to: None },
    )
    .await
    .unwrap();
    for number in 0..6 {
        connect(&app, &team, &format!("account{number}")).await.unwrap();
    }
    let first = app.account(&team, "account0").await;
    app.agreed::<AccountRemove>(&team.person(&app), AccountRemove { account_id: first }).await.unwrap();
    set(&app, &team, Plan::Starter).await;
    let db = Db::connect(app.database.options(platform::Role::App), 2).await.unwrap();
    for statement in [
        "insert into members select workspace_id, gen_random_uuid(), p.person_id, 'X', 'viewer', now()
         from members m cross join lateral (select person_id from members limit 1) p limit 1",
        "update members set removed_at = null where removed_at is not null",
        "insert into accounts (workspace_id, account_id, network, remote_id, handle, base_url, status, created_at, updated_at)
         select workspace_id, gen_random_uuid(), network, 'other', 'other', base_url, 'connected', now(), now()
         from accounts limit 1",
        "update accounts set status = 'limited' where status = 'disconnected'",
        "insert into credit_months select workspace_id, '2026-12', 31, 0 from workspaces",
    ] {
        let (mut tx, _) = db.tenant(team.workspace, Entrance::System, app.now()).await.unwrap();
        let refused = sqlx::query(statement).execute(&mut *tx).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().constraint(), Some("plan_limit"), "{statement}");
        assert_eq!(Error::from(refused).code(), "plan_limit");
    }
    db.close().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_member_sets_the_plan() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    for ctx in [team.person(&app), team.connection(&app)] {
        let refused = app.call_once::<PlanSet>(&ctx, PlanSet { plan: Plan::Enterprise }).await.unwrap_err();
        assert_eq!(refused.code(), "operator_only");
    }
    let other = app.team("Other").await;
    set(&app, &team, Plan::Starter).await;
    assert_eq!(standing(&app, &other).await.plan, Plan::Enterprise);
    insta::assert_json_snapshot!("standing", standing(&app, &team).await, { ".set_at" => "[then]" });
    let nowhere = Team { workspace: allin::ids::WorkspaceId(uuid::Uuid::nil()), ..team };
    let ctx = super::operator(&app, &nowhere);
    let unknown = app.call_once::<PlanSet>(&ctx, PlanSet { plan: Plan::Team }).await.unwrap_err();
    assert_eq!(unknown.code(), "workspace_not_found");
    app.close().await;
}
