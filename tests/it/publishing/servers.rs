//! Servers that fail or limit: they are left alone for a while, and nobody else is.

use allin::{
    ids::{AccountId, PostId, TargetId},
    jobs::publish_posts,
    model::{sandbox::Mode, states::PostStatus},
    store::{
        dispatch::Claimed,
        servers::{self, Server},
    },
};
use sqlx::Connection as _;
use uuid::Uuid;

use super::Stage;
use crate::support::{faults::Fault, people::Team};

impl Stage {
    async fn known_servers(&self) -> Vec<Server> {
        let mut tx = self.app.db.begin().await.unwrap();
        let all = servers::all(&mut tx).await.unwrap();
        tx.finish_read();
        all
    }

    /// The server of the accounts, by the queue's name.
    async fn server(&self) -> String {
        let mut superuser = self.app.database.superuser().await;
        let server = "select server from lanes limit 1";
        let server = sqlx::query_scalar(server).fetch_one(&mut superuser).await.unwrap();
        superuser.close().await.unwrap();
        server
    }

    /// Deliveries of a team failed: accounts and posts by number. Returns how many failures counted, and whether the server
    /// is left alone.
    async fn failing(&self, team: &Team, deliveries: &[(u128, u128)]) -> (i32, bool) {
        let failed: Vec<_> = deliveries
            .iter()
            .map(|(account, post)| (AccountId(Uuid::from_u128(*account)), PostId(Uuid::from_u128(*post)), "no answer"))
            .collect();
        let mut tx = self.app.db.begin().await.unwrap();
        let server = self.server().await;
        servers::failed(&mut tx, &server, team.workspace, &failed, 0, self.app.now()).await.unwrap();
        tx.commit().await.unwrap();
        let known = self.known_servers().await;
        (known[0].failures, known[0].open_until.is_some())
    }

    async fn works(&self) {
        let mut tx = self.app.db.begin().await.unwrap();
        servers::worked(&mut tx, &self.server().await, self.app.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The server was left alone until a moment ago.
    async fn half_open(&self) {
        let mut superuser = self.app.database.superuser().await;
        sqlx::query("insert into servers (server, failures, open_until, opened) values ($1, 5, $2, 1)")
            .bind(self.server().await)
            .bind(self.app.now().plus_secs(-1))
            .execute(&mut superuser)
            .await
            .unwrap();
        superuser.close().await.unwrap();
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
    let accounts = stage.accounts(&stage.team, "also", 5).await;
    let other = stage.app.team("Other").await;
    let another = stage.app.account(&other, "other").await;
    stage.proxy.publishes([Fault::TooMany; 3]);
    let limited = stage.planned(&stage.team, &accounts[..3], "Limited").await;
    stage.app.clock.advance_secs(30);
    let fourth = stage.planned(&stage.team, &accounts[3..4], "Fourth").await;
    stage.app.clock.advance_secs(30);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (3, 3));
    let theirs = stage.planned(&other, &[another], "Theirs").await;
    stage.app.clock.advance_secs(1);
    let fifth = stage.planned(&stage.team, &accounts[4..], "Fifth").await;

    // Told to wait for two minutes, all of one workspace: they may have used up what each of them is allowed.
    stage.app.clock.advance_secs(29);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (1, 4));
    assert_eq!(stage.view(fourth[0]).await.status, PostStatus::Published);

    // One of another workspace besides: it is the server's limit. Everybody else asks again after a minute.
    stage.proxy.publishes([Fault::TooMany]);
    stage.app.clock.advance_secs(30);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (1, 5));
    let mut superuser = stage.app.database.superuser().await;
    let not_before: Option<allin::clock::Timestamp> =
        sqlx::query_scalar("select not_before from servers").fetch_one(&mut superuser).await.unwrap();
    superuser.close().await.unwrap();
    assert_eq!(not_before, Some(stage.app.now().plus_secs(60)));
    stage.app.clock.advance_secs(59);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (0, 5));
    stage.app.clock.advance_secs(1);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (4, 9));
    for post in limited.into_iter().chain(fifth) {
        assert_eq!(stage.settled(post).await.status, PostStatus::Published);
    }
    stage.app.clock.advance_secs(60);
    stage.app.publish_due().await;
    assert_eq!(stage.app.post(&other.connection(&stage.app), theirs[0]).await.status, PostStatus::Published);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_troubles_of_one_tenant_are_not_the_servers() {
    let stage = Stage::set(Mode::ClientKey).await;
    let accounts = stage.accounts(&stage.team, "also", 6).await;
    let other = stage.app.team("Other").await;
    let another = stage.app.account(&other, "other").await;
    stage.proxy.publishes([Fault::ErrorBefore; 7]);
    stage.planned(&stage.team, &accounts, "Troubled").await;
    stage.app.clock.advance_secs(1);
    stage.planned(&other, &[another], "Theirs").await;
    stage.app.clock.advance_secs(59);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (6, 6));
    let known = stage.known_servers().await;
    assert_eq!((known.len(), known[0].failures, known[0].open_until), (1, 6, None));
    // It is not left alone, so another tenant calls it, and fails as well.
    stage.app.clock.advance_secs(1);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (1, 7));
    let known = stage.known_servers().await;
    assert_eq!((known[0].failures, known[0].open_until.is_some()), (7, true));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_counts_once_for_a_post_and_among_tenants_once_for_an_account() {
    let stage = Stage::set(Mode::ClientKey).await;
    // Alone on its server, with one account or several: every post counts, and none twice in a row.
    assert_eq!(stage.failing(&stage.team, &[(1, 1), (1, 1), (1, 1)]).await, (1, false));
    assert_eq!(stage.failing(&stage.team, &[(1, 1)]).await, (1, false));
    assert_eq!(stage.failing(&stage.team, &[(2, 1), (3, 1)]).await, (1, false));
    assert_eq!(stage.failing(&stage.team, &[(1, 2), (1, 3), (1, 1)]).await, (4, false));
    assert_eq!(stage.failing(&stage.team, &[(1, 2)]).await, (5, true));
    stage.works().await;

    // With others on it: neither a post nor an account counts twice in a row, and one tenant's never suffice.
    let other = stage.app.team("Other").await;
    stage.app.account(&other, "other").await;
    assert_eq!(stage.failing(&stage.team, &[(1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]).await, (1, false));
    assert_eq!(stage.failing(&stage.team, &[(2, 6), (3, 6), (4, 6)]).await, (2, false));
    assert_eq!(stage.failing(&stage.team, &[(3, 7), (2, 8), (1, 9), (2, 8)]).await, (6, false));
    assert_eq!(stage.failing(&other, &[(5, 10)]).await, (7, true));
    stage.works().await;
    // Both, but not five.
    assert_eq!(stage.failing(&other, &[(5, 10)]).await, (1, false));
    assert_eq!(stage.failing(&stage.team, &[(1, 1), (1, 2), (2, 3), (1, 4)]).await, (4, false));
    assert_eq!(stage.failing(&other, &[(5, 10), (5, 11), (5, 10)]).await, (5, true));
    // Once it was left alone, the next failure tells that it still fails, whoever tried.
    let open_until = stage.known_servers().await[0].open_until.unwrap();
    stage.app.clock.set(open_until);
    assert_eq!(stage.failing(&other, &[(5, 10)]).await, (5, true));
    let longer = stage.known_servers().await[0].open_until.unwrap();
    assert_eq!(longer.millis_since(open_until), 30_000);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preparing_that_takes_too_long_says_nothing_of_the_server() {
    let stage = Stage::set(Mode::ResumableHandle).await;
    stage.app.sandbox.order(serde_json::json!({ "fault": "slow", "calls": "prepare", "millis": 3_000 })).await;
    let post = stage.due(&["Bread"]).await;
    assert_eq!(stage.app.publish_due().await, 1);
    let problem = stage.view(post).await.targets[0].problem.clone().unwrap();
    assert_eq!((problem.code.as_str(), stage.known_servers().await.len()), ("network_trouble", 0), "{problem:?}");
    assert_eq!(stage.settled(post).await.status, PostStatus::Published);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_is_given_to_somebody_who_has_room() {
    let stage = Stage::set(Mode::ClientKey).await;
    let other = stage.app.team("Other").await;
    let another = stage.app.account(&other, "other").await;
    let mine = stage.planned(&stage.team, &[stage.account], "Mine").await[0];
    stage.app.clock.advance_secs(1);
    let theirs = stage.planned(&other, &[another], "Theirs").await[0];
    stage.app.clock.advance_secs(60);
    stage.half_open().await;
    // The workspace whose post is due first has as much under way as it may.
    let elsewhere = Claimed {
        workspace: stage.team.workspace,
        target: TargetId(Uuid::nil()),
        account: stage.account,
        server: std::sync::Arc::from("elsewhere"),
        due_at: stage.app.now(),
        noticed_at: stage.app.now(),
        fence: 0,
        trial: false,
    };
    let engine = &stage.app.engine;
    let under_way: Vec<_> = (0..engine.limits.per_workspace).map(|_| engine.begin(&elsewhere)).collect();
    assert_eq!(stage.app.publish_due().await, 1);
    assert_eq!(stage.app.post(&other.connection(&stage.app), theirs).await.status, PostStatus::Published);
    drop(under_way);
    assert_eq!(stage.settled(mine).await.status, PostStatus::Published);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_whose_worker_is_lost_passes_to_another() {
    let stage = Stage::set(Mode::ClientKey).await;
    let another = stage.app.account(&stage.team, "another").await;
    let lost = stage.planned(&stage.team, &[stage.account], "Lost").await[0];
    stage.app.clock.advance_secs(1);
    let next = stage.planned(&stage.team, &[another], "Next").await[0];
    stage.app.clock.advance_secs(60);
    stage.half_open().await;
    stage.proxy.publishes([Fault::HangBefore]);
    let app = stage.app.app.clone();
    let worker = tokio::spawn(async move { publish_posts::step(&app, 1).await });
    while stage.proxy.arrived() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    // It may be trying still, for as long as a call takes to be made and answered.
    let send = stage.app.settings.send;
    let ends = stage.app.now().plus_millis(send.start_within + send.answer_within);
    stage.app.clock.set(ends.plus_millis(-1));
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (0, 1));
    stage.app.clock.set(ends);
    assert_eq!((stage.app.publish_due().await, stage.proxy.arrived()), (1, 2));
    assert_eq!(stage.view(next).await.status, PostStatus::Published);
    assert_eq!(stage.known_servers().await[0].open_until, None);
    assert_eq!((stage.settled(lost).await.status, stage.accepted("Lost 0")), (PostStatus::Published, 1));
    stage.app.close().await;
}
