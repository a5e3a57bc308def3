//! What proves a person: the passphrase, its tries, and what takes it.

use allin::{
    app::{
        ctx::{Actor, Ctx},
        keys::create::KeyCreate,
        people::{passphrase::PassphraseSet, proof},
    },
    ids::MemberId,
    model::roles::Role,
};
use secrecy::SecretString;

use crate::support::{
    TestApp,
    people::{PASSPHRASE, Team},
};

async fn set(app: &TestApp, ctx: &Ctx, passphrase: &str) -> Result<(), &'static str> {
    let input = PassphraseSet { passphrase: SecretString::from(passphrase) };
    app.call_once::<PassphraseSet>(ctx, input).await.map(drop).map_err(|error| error.code())
}

async fn prove(app: &TestApp, team: &Team, member: MemberId, passphrase: &str) -> Result<Actor, &'static str> {
    let passphrase = SecretString::from(passphrase);
    proof::prove(app, team.workspace, member, passphrase).await.map_err(|error| error.code())
}

async fn make_key(app: &TestApp, ctx: &Ctx) -> Result<(), &'static str> {
    let input = KeyCreate { name: "a key".into(), member_id: None, expires_in_days: None };
    app.call_once::<KeyCreate>(ctx, input).await.map(drop).map_err(|error| error.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passphrase_is_asked_for_once_it_is_set() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let person = team.person(&app);
    assert_eq!(prove(&app, &team, team.admin, PASSPHRASE).await.unwrap_err(), "passphrase_unset");
    assert_eq!(make_key(&app, &person).await, Ok(()));
    assert_eq!(set(&app, &person, "short").await, Err("passphrase_weak"));
    assert_eq!(set(&app, &person, PASSPHRASE).await, Ok(()));

    // Whoever has only the shell does it no more, and cannot set another one either.
    assert_eq!(make_key(&app, &person).await, Err("proof_needed"));
    assert_eq!(set(&app, &person, "an agent's own words").await, Err("proof_needed"));
    assert_eq!(prove(&app, &team, team.admin, "not the right words").await.unwrap_err(), "passphrase_wrong");
    let proven = Ctx { actor: prove(&app, &team, team.admin, PASSPHRASE).await.unwrap(), ..person.clone() };
    assert_eq!(make_key(&app, &proven).await, Ok(()));
    assert_eq!(set(&app, &proven, "quite another set of words").await, Ok(()));
    assert_eq!(prove(&app, &team, team.admin, PASSPHRASE).await.unwrap_err(), "passphrase_wrong");
    assert!(prove(&app, &team, team.admin, "quite another set of words").await.is_ok());
    // A connection never sets one.
    assert_eq!(set(&app, &team.connection(&app), PASSPHRASE).await, Err("person_only"));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_is_slowed_down() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let other = app.member(&team, Role::Manager).await;
    set(&app, &team.person(&app), PASSPHRASE).await.unwrap();
    for _ in 0..5 {
        assert_eq!(prove(&app, &team, team.admin, "a wrong one, again").await.unwrap_err(), "passphrase_wrong");
    }
    assert_eq!(prove(&app, &team, team.admin, PASSPHRASE).await.unwrap_err(), "passphrase_locked");
    // Nobody else waits.
    assert_eq!(prove(&app, &team, other, PASSPHRASE).await.unwrap_err(), "passphrase_unset");
    app.clock.advance_secs(61);
    assert_eq!(prove(&app, &team, team.admin, "a wrong one, again").await.unwrap_err(), "passphrase_wrong");
    app.clock.advance_secs(61);
    assert_eq!(prove(&app, &team, team.admin, PASSPHRASE).await.unwrap_err(), "passphrase_locked");
    app.clock.advance_secs(60);
    assert!(prove(&app, &team, team.admin, PASSPHRASE).await.is_ok());
    assert_eq!(prove(&app, &team, team.admin, "a wrong one, again").await.unwrap_err(), "passphrase_wrong");
    app.close().await;
}

/// The application's own role of the database cannot give anybody another key, nor see one of another workspace.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_people_are_out_of_the_applications_reach() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let foreign = app.team("Butcher").await;
    set(&app, &team.person(&app), PASSPHRASE).await.unwrap();
    let entrance = allin::store::db::Entrance::System;
    let (mut tx, _) = app.db.tenant(team.workspace, entrance, app.now()).await.unwrap();
    let given = sqlx::query("select person_key_set($1, $2, $2, $3, $4, now())")
        .bind(team.workspace.uuid())
        .bind(team.admin.uuid())
        .bind([0_u8; 16].as_slice())
        .bind([0_u8; 32].as_slice())
        .execute(&mut *tx)
        .await;
    assert!(given.unwrap_err().to_string().contains("permission denied"));
    drop(tx);
    let (mut tx, _) = app.db.tenant(foreign.workspace, entrance, app.now()).await.unwrap();
    let found = allin::store::people::key(&mut tx, team.workspace, team.admin).await.unwrap();
    assert!(found.is_none(), "a key is seen from another workspace");
    tx.finish_read();
    app.close().await;
}
