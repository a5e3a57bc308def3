//! Scheduling and cancelling while the publisher is at work.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use allin::{
    app::{
        ctx::Ctx,
        posts::{cancel::PostCancel, schedule::PostSchedule},
    },
    error::Result,
    ids::PostId,
    model::states::PostStatus,
};
use futures::future::join_all;

use crate::support::{TestApp, people::schedule};

const POSTS: usize = 40;

/// What a person was told.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Told {
    Stopped,
    TooLate,
}

/// Posts that are all due at one instant, and somebody who interferes with each at that very moment.
async fn race(interfere: impl AsyncFn(&TestApp, &Ctx, PostId) -> Result<()>) -> (TestApp, Ctx, Vec<(PostId, Told)>) {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let mut posts = Vec::new();
    for number in 0..POSTS {
        posts.push(app.scheduled(&ctx, &format!("Post {number}"), &[account], "2026-12-01T09:30").await.id);
    }
    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    let inner = Arc::clone(&app.app);
    // Three workers take a few at a time, so that claims, sending and interference overlap.
    let workers = (0..3).map(|_| {
        let app = Arc::clone(&inner);
        tokio::spawn(async move { while allin::jobs::publish_posts::step(&app, 3).await.unwrap() > 0 {} })
    });
    let done = AtomicBool::new(false);
    let workers = async {
        let ended = join_all(workers).await;
        done.store(true, Ordering::Relaxed);
        ended
    };
    let told = join_all(posts.iter().enumerate().map(async |(number, id)| {
        // In another order than the publisher's and at its pace, however slow the machine is.
        while app.sandbox.texts().len() < number * 17 % POSTS / 2 && !done.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        match interfere(&app, &ctx, *id).await {
            Ok(()) => (*id, Told::Stopped),
            Err(error) => {
                assert!(
                    matches!(error.code(), "state_forbids" | "already_published" | "nothing_to_cancel"),
                    "{error:?}"
                );
                (*id, Told::TooLate)
            }
        }
    }));
    let (workers, told) = tokio::join!(workers, told);
    workers.into_iter().for_each(std::result::Result::unwrap);
    let stopped = told.iter().filter(|(_, told)| *told == Told::Stopped).count();
    assert!((1..POSTS).contains(&stopped), "no race took place: {stopped} of {POSTS} stopped");
    (app, ctx, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_after_its_cancellation_was_confirmed() {
    let cancel = async |app: &TestApp, ctx: &Ctx, id| {
        app.call_once::<PostCancel>(ctx, PostCancel { post_id: id, account_ids: vec![] }).await.map(drop)
    };
    let (app, ctx, all) = race(cancel).await;
    while app.publish_due().await > 0 {}
    let sent = app.sandbox.texts();
    for (number, (id, told)) in all.iter().enumerate() {
        let status = app.post(&ctx, *id).await.status;
        let out = sent.iter().filter(|text| **text == format!("Post {number}")).count();
        let expected = if *told == Told::Stopped { (PostStatus::Cancelled, 0) } else { (PostStatus::Published, 1) };
        assert_eq!((status, out), expected, "post {number}");
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_moved_while_due_goes_out_once_and_at_the_new_time() {
    let (app, _, all) = race(async |app: &TestApp, ctx: &Ctx, id| {
        app.call_once::<PostSchedule>(ctx, schedule(id, "2026-12-01T10:00")).await.map(drop)
    })
    .await;
    let out = |number: usize, sent: &[String]| sent.iter().filter(|text| **text == format!("Post {number}")).count();
    let before = app.sandbox.texts();
    app.clock.set("2026-12-01T09:00:00Z".parse().unwrap());
    while app.publish_due().await > 0 {}
    let after = app.sandbox.texts();
    for (number, (_, told)) in all.iter().enumerate() {
        let expected = if *told == Told::Stopped { (0, 1) } else { (1, 1) };
        assert_eq!((out(number, &before), out(number, &after)), expected, "post {number}");
    }
    app.close().await;
}
