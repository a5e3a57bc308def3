//! Whose turn it is: nobody waits for somebody else's backlog or somebody else's slow network.

use allin::{
    app::posts::publish::PostPublish,
    jobs::publish_posts,
    model::{
        sandbox::Mode,
        states::{PostStatus, TargetState},
    },
};
use sqlx::Connection as _;

use super::Stage;
use crate::support::faults::Fault;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_sends_one_post_at_a_time_in_the_order_of_their_times() {
    let stage = Stage::set(Mode::ClientKey).await;
    let ctx = stage.team.connection(&stage.app);
    let mut texts = Vec::new();
    for number in (0..12).rev() {
        let at = stage.app.now().plus_secs(60 + number).to_string();
        stage.app.scheduled(&ctx, &format!("Number {number:02}"), &[stage.account], &at).await;
        texts.insert(0, format!("Number {number:02}"));
    }
    stage.app.clock.advance_secs(120);
    assert_eq!(stage.app.publish_due().await, 12);
    assert_eq!((stage.app.sandbox.texts(), stage.proxy.most_at_once()), (texts, 1));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_of_one_tenant_stands_before_nobody() {
    let stage = Stage::set(Mode::ClientKey).await;
    let many = stage.accounts(&stage.team, "many", 6).await;
    for text in ["First", "Second", "Third"] {
        stage.planned(&stage.team, &many, text).await;
        stage.app.clock.advance_secs(1);
    }
    // Due a second after all of the others, in another workspace.
    stage.app.clock.advance_secs(1);
    let other = stage.app.team("Other").await;
    let account = stage.app.account(&other, "other").await;
    let theirs = stage.planned(&other, &[account], "Theirs").await[0];
    stage.app.clock.advance_secs(60);
    assert_eq!(publish_posts::step(&stage.app.app, 2).await.unwrap(), 2);
    let view = stage.app.post(&other.connection(&stage.app), theirs).await;
    assert_eq!((view.status, stage.app.sandbox.texts().len()), (PostStatus::Published, 2));
    // And the accounts of the first workspace take turns, too.
    assert_eq!(publish_posts::step(&stage.app.app, 5).await.unwrap(), 5);
    let mut texts = stage.app.sandbox.texts();
    texts.sort();
    let firsts = (0..6).map(|number| format!("First {number}"));
    assert_eq!(texts, firsts.chain(["Theirs 0".to_owned()]).collect::<Vec<_>>());
    assert_eq!(stage.app.publish_due().await, 12);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_does_not_answer_delays_nobody_else() {
    let stage = Stage::patient(Mode::ClientKey, 5_000).await;
    let accounts = stage.accounts(&stage.team, "also", 8).await;
    stage.proxy.publishes([Fault::HangBefore]);
    let slow = stage.planned(&stage.team, &[stage.account], "Slow").await[0];
    stage.app.clock.advance_secs(1);
    let behind = stage.planned(&stage.team, &[stage.account], "Behind").await[0];
    let others = stage.planned(&stage.team, &accounts, "Other").await;
    stage.app.clock.advance_secs(60);
    // Its time was a second before the others'. The clock stands still from here on, so its lease does not end.
    let app = stage.app.app.clone();
    let first = tokio::spawn(async move { publish_posts::step(&app, 1).await });
    while stage.proxy.arrived() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // Behind it on its own account: waits. On other accounts, of this workspace: does not.
    assert_eq!(stage.app.publish_due().await, 8);
    for post in others {
        assert_eq!(stage.view(post).await.status, PostStatus::Published);
    }
    assert_eq!(stage.view(slow).await.status, PostStatus::Publishing, "still under way");
    assert_eq!(stage.view(behind).await.status, PostStatus::Scheduled);
    first.await.unwrap().unwrap();
    assert_eq!(stage.settled(slow).await.status, PostStatus::Published);
    assert_eq!(stage.settled(behind).await.status, PostStatus::Published);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_waits_for_goes_first() {
    let stage = Stage::set(Mode::ClientKey).await;
    let ctx = stage.team.connection(&stage.app);
    for text in ["One", "Two", "Three"] {
        stage.planned(&stage.team, &[stage.account], text).await;
    }
    let urgent = stage.app.draft(&ctx, "Now", &[stage.account]).await.id;
    stage.app.clock.advance_secs(60);
    let publish = async {
        let input = PostPublish { post_id: urgent, account_ids: vec![], emergency_reason: None };
        stage.app.agreed::<PostPublish>(&ctx, input).await.unwrap()
    };
    let deliver = async {
        stage.becomes(urgent, PostStatus::Scheduled).await;
        assert_eq!(publish_posts::step(&stage.app.app, 1).await.unwrap(), 1);
    };
    let (published, ()) = tokio::join!(publish, deliver);
    assert_eq!(published.post.targets[0].status, TargetState::Published);
    assert_eq!(stage.app.sandbox.texts(), ["Now"]);
    assert_eq!(stage.app.publish_due().await, 3);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_that_wait_stand_before_nobody() {
    let stage = Stage::set(Mode::ClientKey).await;
    let post = stage.due(&["Bread"]).await;
    // As many as one look at the queue lists, before it in the queue's order.
    let mut superuser = stage.app.database.superuser().await;
    let later = stage.app.now().plus_secs(3600);
    sqlx::query(
        "with account as (select lpad(number::text, 32, '0')::uuid as id from generate_series(1, 1000) number),
              lane as (insert into lanes (workspace_id, account_id, network, server, not_before)
                       select $1, id, 'sandbox', 'sandbox elsewhere', $3 from account)
         insert into dispatch (workspace_id, target_id, account_id, due_at, noticed_at, fence)
         select $1, id, id, $2, $2, 0 from account",
    )
    .bind(uuid::Uuid::nil())
    .bind(stage.app.now())
    .bind(later)
    .execute(&mut superuser)
    .await
    .unwrap();
    superuser.close().await.unwrap();
    assert_eq!(stage.app.publish_due().await, 1);
    assert_eq!(stage.view(post).await.status, PostStatus::Published);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_that_is_due_at_once_is_noticed_together_with_what_comes_after_it() {
    let stage = Stage::set(Mode::ClientKey).await;
    let other = stage.app.team("Other").await;
    let account = stage.app.account(&other, "other").await;
    let theirs = stage.planned(&other, &[account], "Theirs").await[0];
    let mut superuser = stage.app.database.superuser().await;
    sqlx::query(
        "insert into dispatch (workspace_id, target_id, account_id, due_at, fence)
         select $1, gen_random_uuid(), $2, $3, 0 from generate_series(1, 5000)",
    )
    .bind(stage.team.workspace.uuid())
    .bind(stage.account.uuid())
    .bind(stage.app.now().plus_secs(59))
    .execute(&mut superuser)
    .await
    .unwrap();
    superuser.close().await.unwrap();
    stage.app.clock.advance_secs(60);
    assert_eq!(publish_posts::step(&stage.app.app, 2).await.unwrap(), 2);
    let view = stage.app.post(&other.connection(&stage.app), theirs).await;
    assert_eq!(view.status, PostStatus::Published);
    stage.app.close().await;
}
