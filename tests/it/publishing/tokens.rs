//! Tokens that a network refuses: those that have expired are renewed, whoever notices, and those that a person has just
//! renewed stay.

use allin::{
    app::{
        accounts::{
            list::{AccountList, AccountView},
            test::{AccountTest, AccountTested},
        },
        posts::delete::PostDelete,
    },
    model::{accounts::AccountStatus, sandbox::Mode, states::PostStatus},
};
use serde_json::json;
use sqlx::Connection as _;

use super::Stage;
use crate::support::faults::Fault;

impl Stage {
    /// The account's tokens end at the next of these calls.
    async fn expires_at(&self, calls: &str) {
        self.app.sandbox.order(json!({ "fault": "token_expired", "calls": calls })).await;
    }

    async fn account_now(&self) -> AccountView {
        let list = self.app.call_once::<AccountList>(&self.team.connection(&self.app), AccountList::default()).await;
        list.unwrap().accounts.into_iter().find(|account| account.id == self.account).unwrap()
    }

    async fn tested(&self) -> AccountTested {
        let input = AccountTest { account_id: self.account };
        self.app.call_once::<AccountTest>(&self.team.connection(&self.app), input).await.unwrap()
    }

    /// A person connects the account anew while an answer waits, which goes on then.
    async fn connected_anew(&self) {
        self.proxy.waits().await;
        assert_eq!(self.app.account(&self.team, "bakery").await, self.account);
        self.proxy.release();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_is_renewed_whatever_failed_before() {
    let stage = Stage::set(Mode::ResumableHandle).await;
    stage.app.sandbox.order(json!({ "fault": "error", "calls": "prepare", "times": 3 })).await;
    stage.expires_at("publish").await;
    let post = stage.due(&["Bread"]).await;
    assert_eq!((stage.settled(post).await.status, stage.accepted("Bread")), (PostStatus::Published, 1));
    assert_eq!(stage.account_now().await.status, AccountStatus::Connected);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_renewed_and_is_refused_again_takes_a_person() {
    let stage = Stage::set(Mode::ClientKey).await;
    stage.app.sandbox.order(json!({ "fault": "token_expired", "times": 2 })).await;
    let post = stage.due(&["Bread"]).await;
    let view = stage.settled(post).await;
    let problem = view.targets[0].problem.clone().unwrap();
    assert_eq!((view.status, problem.code.as_str()), (PostStatus::Held, "account_disconnected"));
    assert_eq!(stage.account_now().await.status, AccountStatus::Disconnected);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_up_renews_an_expired_token_and_asks_again() {
    for mode in [Mode::ClientKey, Mode::DeterministicId, Mode::ResumableHandle, Mode::Lookup] {
        let stage = Stage::set(mode).await;
        stage.proxy.publishes([Fault::ResetAfter]);
        let post = stage.due(&["Bread"]).await;
        stage.app.publish_due().await;
        assert_eq!(stage.view(post).await.status, PostStatus::Unknown, "{mode}");
        stage.expires_at("look_up").await;
        stage.app.clock.advance_secs(5);
        stage.app.publish_due().await;
        assert_eq!((stage.view(post).await.status, stage.accepted("Bread")), (PostStatus::Published, 1), "{mode}");
        stage.app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_renews_an_expired_token() {
    let stage = Stage::set(Mode::ClientKey).await;
    let post = stage.due(&["One", "Two"]).await;
    assert_eq!(stage.settled(post).await.status, PostStatus::Published);
    stage.expires_at("change").await;
    let input = PostDelete { post_id: post };
    let deleted = stage.app.agreed::<PostDelete>(&stage.team.connection(&stage.app), input).await.unwrap();
    assert_eq!((deleted.deleted, deleted.warnings), (true, Vec::<String>::new()));
    assert_eq!(stage.app.sandbox.texts(), Vec::<String>::new());
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn testing_an_account_renews_an_expired_token_and_disconnects_nobody() {
    let stage = Stage::set(Mode::ClientKey).await;
    stage.expires_at("check").await;
    let tested = stage.tested().await;
    assert_eq!((tested.works, tested.status), (true, AccountStatus::Connected), "{}", tested.message);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_that_was_under_way_leaves_a_new_sign_in_alone() {
    let stage = Stage::patient(Mode::ClientKey, 30_000).await;
    stage.proxy.publishes([Fault::SignedOutLater]);
    let post = stage.due(&["Bread"]).await;
    tokio::join!(stage.app.publish_due(), stage.connected_anew());
    assert_eq!(stage.account_now().await.status, AccountStatus::Connected);
    assert_eq!((stage.view(post).await.status, stage.proxy.arrived()), (PostStatus::Published, 2));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_that_was_under_way_leaves_a_new_sign_in_alone() {
    let stage = Stage::patient(Mode::ClientKey, 30_000).await;
    stage.proxy.checks([Fault::SignedOutLater]);
    let (tested, ()) = tokio::join!(stage.tested(), stage.connected_anew());
    assert_eq!(
        (tested.works, tested.status, tested.message.as_str()),
        (false, AccountStatus::Connected, "@bakery was connected anew while it was tested; test again.")
    );
    assert!(stage.tested().await.works);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_nobody_can_open_take_a_person_and_no_further_tries() {
    let stage = Stage::set(Mode::ClientKey).await;
    let post = stage.due(&["Bread"]).await;
    let mut superuser = stage.app.database.superuser().await;
    sqlx::query("update accounts set secret = decode('00', 'hex')").execute(&mut superuser).await.unwrap();
    superuser.close().await.unwrap();
    assert_eq!(stage.app.publish_due().await, 1);
    let view = stage.view(post).await;
    let problem = view.targets[0].problem.clone().unwrap();
    assert_eq!((view.status, problem.code.as_str()), (PostStatus::Held, "account_disconnected"), "{problem:?}");
    assert!(problem.message.contains("sealed with a key"), "{problem:?}");
    assert_eq!((stage.account_now().await.status, stage.proxy.arrived()), (AccountStatus::Disconnected, 0));
    stage.app.close().await;
}
