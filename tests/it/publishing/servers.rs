//! Servers that fail or limit: they are left alone for a while, and nobody else is.

use allin::model::sandbox::Mode;
use allin::{
    ids::AccountId,
    model::states::PostStatus,
    store::servers::{self, Server},
};
use sqlx::Connection as _;

use super::Stage;
use crate::support::faults::Fault;

impl Stage {
    async fn known_servers(&self) -> Vec<Server> {
        let mut tx = self.app.db.begin().await.unwrap();
        let all = servers::all(&mut tx).await.unwrap();
        tx.finish_read();
        all
    }

    /// As far as the queue knows, the account is elsewhere.
    async fn move_away(&self, account: AccountId) {
        let mut superuser = self.app.database.superuser().await;
        sqlx::query("update accounts set base_url = 'https://elsewhere.example/' where account_id = $1")
            .bind(account.uuid())
            .execute(&mut superuser)
            .await
            .unwrap();
        superuser.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_fails_is_left_alone_until_one_delivery_succeeds() {
    let stage = Stage::set(Mode::Lookup).await;
    let accounts = stage.accounts(&stage.team, "also", 8).await;
    let elsewhere = stage.app.account(&stage.team, "elsewhere").await;
    stage.move_away(elsewhere).await;
    let mut faults = [Fault::ErrorBefore; 100];
    // The sixth call is the one to the other server.
    faults[5] = Fault::Pass;
    stage.proxy.publishes(faults);
    let first = stage.planned(&stage.team, &accounts[..5], "First").await;
    stage.app.clock.advance_secs(60);
    stage.app.publish_due().await;
    let known = stage.known_servers().await;
    assert_eq!((known.len(), known[0].failures, stage.proxy.arrived()), (1, 5, 5));
    let open_until = known[0].open_until.unwrap();
    let pause = open_until.millis_since(stage.app.now());
    assert!((15_000..22_500).contains(&pause), "{pause}");

    // Due meanwhile: not sent, but for the account that is elsewhere.
    let second = stage.planned(&stage.team, &accounts[5..], "Second").await;
    let theirs = stage.planned(&stage.team, &[elsewhere], "Elsewhere").await;
    let mut superuser = stage.app.database.superuser().await;
    let later = "update servers set open_until = $1";
    let open_until = stage.app.now().plus_secs(300);
    sqlx::query(later).bind(open_until).execute(&mut superuser).await.unwrap();
    superuser.close().await.unwrap();
    stage.app.clock.advance_secs(60);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (1, 6));
    assert_eq!(stage.view(second[0]).await.status, PostStatus::Scheduled);

    // Half open, one delivery at a time: five look up what their last attempts became, which says nothing about sending;
    // then one sends, and fails, and the server is left alone for longer.
    stage.app.clock.set(open_until);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (6, 7));
    let longer =
        stage.known_servers().await.into_iter().find(|server| server.failures > 0 && server.server.contains("127"));
    let longer = longer.unwrap().open_until.unwrap();
    assert!(longer.millis_since(open_until) >= 30_000, "{longer}");

    // It works again: one tries, then all go out.
    stage.proxy.publishes([]);
    stage.app.clock.set(longer.plus_millis(1));
    stage.app.publish_due().await;
    for post in first.into_iter().chain(second).chain(theirs) {
        assert_eq!(stage.settled(post).await.status, PostStatus::Published);
    }
    let known = stage.known_servers().await;
    let mended = known.iter().find(|server| server.server.contains("127")).unwrap();
    assert_eq!((mended.failures, mended.open_until, mended.recovered_at.is_some()), (0, None, true));
    assert_eq!(stage.app.sandbox.accepted().len(), 9);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_content_say_nothing_about_a_server() {
    let stage = Stage::set(Mode::Lookup).await;
    stage.proxy.publishes([Fault::Refused, Fault::TooMany]);
    let refused = stage.due(&["One"]).await;
    let limited = stage.due(&["Two"]).await;
    stage.app.publish_due().await;
    assert_eq!(
        (stage.view(refused).await.status, stage.view(limited).await.status, stage.proxy.arrived()),
        (PostStatus::Failed, PostStatus::Scheduled, 2)
    );
    assert_eq!(stage.known_servers().await.len(), 0);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_call_that_a_network_takes_is_the_last() {
    let stage = Stage::set(Mode::ClientKey).await;
    stage.proxy.publishes([Fault::LastOne]);
    let first = stage.due(&["First"]).await;
    let second = stage.due(&["Second"]).await;
    stage.app.publish_due().await;
    assert_eq!(
        (stage.view(first).await.status, stage.view(second).await.status),
        (PostStatus::Published, PostStatus::Scheduled)
    );
    stage.app.clock.advance_secs(59);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (0, 1));
    stage.app.clock.advance_secs(1);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (1, 2));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_that_are_limited_together_say_that_the_server_is() {
    let stage = Stage::set(Mode::ClientKey).await;
    let accounts = stage.accounts(&stage.team, "also", 4).await;
    stage.proxy.publishes([Fault::TooMany; 3]);
    let limited = stage.planned(&stage.team, &accounts[..3], "Limited").await;
    stage.app.clock.advance_secs(60);
    stage.app.publish_due().await;
    let fourth = stage.planned(&stage.team, &accounts[3..], "Fourth").await;
    let mut superuser = stage.app.database.superuser().await;
    let not_before: Option<allin::clock::Timestamp> =
        sqlx::query_scalar("select not_before from servers").fetch_one(&mut superuser).await.unwrap();
    superuser.close().await.unwrap();
    // Told to wait for two minutes; the others ask again after one.
    assert_eq!(not_before, Some(stage.app.now().plus_secs(60)));
    stage.app.clock.advance_secs(59);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (0, 3));
    stage.app.clock.advance_secs(1);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (1, 4));
    assert_eq!(stage.view(fourth[0]).await.status, PostStatus::Published);
    for post in limited {
        assert_eq!(stage.settled(post).await.status, PostStatus::Published);
    }
    stage.app.close().await;
}
