//! Revoking: apart, after deleting, by a proven Admin, whose own way in stays.

use allin::{
    app::{
        accounts::list::AccountList,
        crisis::{end::CrisisEnd, revoke::CrisisRevoke},
        keys::{create::KeyCreate, list::KeyList},
    },
    ids::{IdGen as _, RandomIds},
    model::{accounts::AccountStatus, crisis::Access, roles::Role},
};
use serde_json::json;

use super::Stage;
use crate::support::{
    client::{Era, Says},
    people::Door,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_revoked_and_the_last_admin_comes_in_as_before() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let (own, _) = app.key(&stage.team, stage.team.admin).await;
    let (_, secret) = app.key(&stage.team, stage.publisher).await;
    let http = app.serve().await;
    let client = http.client(&secret, Era::Legacy, Says::Mute).await;
    assert!(!client.tools().await.is_empty());
    stage.published("Bread", &stage.accounts).await;
    let admin = app.proven(&stage.team, stage.team.admin).await;
    let everything = CrisisRevoke::default();
    let error = app.call_once::<CrisisRevoke>(&admin, everything.clone()).await.unwrap_err();
    assert_eq!(error.code(), "no_crisis");
    stage.start(&stage.leader()).await.unwrap();

    // No program, nobody without the passphrase, no Manager.
    for (ctx, code) in [
        (stage.team.connection(app), "person_only"),
        (stage.team.ctx(app, stage.team.admin, Door::Http(own)), "person_only"),
        (stage.team.person(app), "proof_needed"),
        (app.proven(&stage.team, stage.manager).await, "role_too_low"),
    ] {
        assert_eq!(app.call_once::<CrisisRevoke>(&ctx, everything.clone()).await.unwrap_err().code(), code);
    }
    let sessions = stage.count("select count(*) from protocol_sessions").await;
    assert!(sessions > 0);
    let revoked = app.agreed::<CrisisRevoke>(&admin, everything.clone()).await.unwrap();
    assert_eq!((revoked.keys.len(), revoked.accounts.len(), revoked.members.len()), (2, 2, 3), "{revoked:?}");
    assert!(revoked.left[0].starts_with("The networks do not know of it"), "{revoked:?}");
    assert_eq!(stage.count("select count(*) from protocol_sessions").await, 0);
    assert_eq!(stage.count("select count(*) from accounts where secret is not null").await, 0);
    assert_eq!(stage.count("select count(*) from token_hashes where kind = 'api_key'").await, 0);
    // Past what the server remembers of keys.
    let answer =
        http.post(&secret, &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })).send().await.unwrap();
    assert_ne!(answer.status().as_u16(), 200, "the key works still");
    let list = app.call_once::<AccountList>(&admin, AccountList::default()).await.unwrap();
    assert!(list.accounts.iter().all(|account| account.status == AccountStatus::Disconnected), "{list:?}");

    // The only Admin, who has no key any more, goes on.
    let made = KeyCreate { name: "after".into(), member_id: None, expires_in_days: None };
    assert!(app.call_once::<KeyCreate>(&admin, made).await.unwrap().key.is_some());
    app.proven(&stage.team, stage.team.admin).await;
    app.account(&stage.team, "bakery").await;
    app.call_once::<CrisisEnd>(&admin, CrisisEnd {}).await.unwrap();
    drop(client);
    http.stop().await;
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn named_ways_are_closed_and_others_stay_open() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let (bad, _) = app.key(&stage.team, stage.publisher).await;
    let (good, _) = app.key(&stage.team, stage.manager).await;
    let foreign = app.team("Butcher").await;
    let (theirs, _) = app.key(&foreign, foreign.admin).await;
    let their_account = app.account(&foreign, "butcher").await;
    stage.start(&stage.leader()).await.unwrap();
    let admin = app.proven(&stage.team, stage.team.admin).await;
    let none = CrisisRevoke::default();
    for (input, code) in [
        (CrisisRevoke { key_ids: vec![bad, theirs], ..none.clone() }, "key_not_found"),
        (CrisisRevoke { account_ids: vec![their_account], ..none.clone() }, "account_not_found"),
        (CrisisRevoke { member_ids: vec![foreign.admin], ..none.clone() }, "member_not_found"),
        (CrisisRevoke { key_ids: vec![RandomIds.next(app.now()).into()], ..none.clone() }, "key_not_found"),
    ] {
        assert_eq!(app.call_once::<CrisisRevoke>(&admin, input).await.unwrap_err().code(), code);
    }
    let input = CrisisRevoke { key_ids: vec![bad], account_ids: vec![stage.accounts[0]], ..none.clone() };
    let revoked = app.agreed::<CrisisRevoke>(&admin, input).await.unwrap();
    assert_eq!((revoked.keys, revoked.accounts, revoked.members), (vec![bad], vec![stage.accounts[0]], vec![]));
    let keys = app.call_once::<KeyList>(&admin, KeyList::default()).await.unwrap().keys;
    let open: Vec<_> = keys.iter().filter(|key| key.revoked_at.is_none()).map(|key| key.id).collect();
    assert_eq!(open, [good]);
    let rest = CrisisRevoke { only: vec![Access::Accounts], ..none };
    let revoked = app.agreed::<CrisisRevoke>(&admin, rest).await.unwrap();
    assert_eq!((revoked.keys.len(), revoked.accounts), (0, vec![stage.accounts[1]]));
    assert_eq!(stage.count("select count(*) from accounts where secret is not null").await, 1, "the foreign one");
    // Nobody else is let out of the workspace by it.
    app.member(&stage.team, Role::Viewer).await;
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_stay_while_deletions_need_them() {
    let stage = Stage::new().await;
    let app = &stage.app;
    stage.published("Bread", &stage.accounts[..1]).await;
    let cake = stage.published("Cake", &stage.accounts[..1]).await;
    stage.start(&stage.leader()).await.unwrap();
    app.sandbox.order(json!({ "fault": "error", "calls": "change", "times": 1 })).await;
    stage.delete(&[cake]).await.unwrap();
    let admin = app.proven(&stage.team, stage.team.admin).await;
    let everything = CrisisRevoke::default();
    let error = app.call_once::<CrisisRevoke>(&admin, everything.clone()).await.unwrap_err();
    assert_eq!(error.code(), "deletions_under_way");
    let other = CrisisRevoke { only: vec![Access::Keys, Access::Sessions], ..everything.clone() };
    app.agreed::<CrisisRevoke>(&admin, other).await.unwrap();
    let other = CrisisRevoke { account_ids: vec![stage.accounts[1]], ..everything.clone() };
    app.agreed::<CrisisRevoke>(&admin, other).await.unwrap();
    // Once it is done they go, and the question says what stays public.
    app.clock.advance_secs(120);
    app.publish_due().await;
    let allin::app::use_case::Reply::Ask(asked) = app
        .call::<CrisisRevoke>(&admin, everything.clone(), allin::app::use_case::CallOptions::default())
        .await
        .unwrap()
    else {
        panic!("it did not ask")
    };
    assert_eq!(
        asked.question.text,
        "Revoke 0 API key(s), the tokens of 1 account(s), the sessions of 3 member(s)? sandbox/bakery have to be \
         connected again afterwards. 1 of what was published since is still public there, and cannot be deleted from \
         here then."
    );
    let anyway = CrisisRevoke { anyway: true, ..everything };
    assert_eq!(app.agreed::<CrisisRevoke>(&admin, anyway).await.unwrap().accounts.len(), 1);
    stage.app.close().await;
}
