//! The same call twice is one call.

use std::sync::Arc;

use allin::{
    app::{
        posts::{create::PostCreate, query::PostQuery},
        use_case::{CallOptions, Reply},
    },
    ids::PostId,
};
use futures::future::join_all;

use crate::support::{TestApp, people::draft};

/// The post and whether it is said to be an earlier one.
async fn create(
    app: &TestApp,
    ctx: &allin::app::ctx::Ctx,
    text: &str,
    key: Option<&str>,
) -> Result<(PostId, bool), &'static str> {
    let options = CallOptions { idempotency_key: key.map(str::to_owned), ..CallOptions::default() };
    match app.call::<PostCreate>(ctx, draft(&[text], &[]), options).await {
        Ok(Reply::Done(answer)) => Ok((answer.output.post.id, answer.replayed)),
        Ok(Reply::Ask(_)) => panic!("a draft asks nobody"),
        Err(error) => Err(error.code()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identical_draft_within_ten_minutes_is_the_first_one() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let (first, replayed) = create(&app, &ctx, "Bread", None).await.unwrap();
    assert!(!replayed);
    app.clock.advance_secs(599);
    assert_eq!(create(&app, &ctx, "Bread", None).await, Ok((first, true)));
    let (other, replayed) = create(&app, &ctx, "Bread.", None).await.unwrap();
    assert!(other != first && !replayed, "one character more is another post");
    let (of_another, replayed) = create(&app, &team.person(&app), "Bread", None).await.unwrap();
    assert!(of_another != first && !replayed, "another actor's post is another post");
    app.clock.advance_secs(1);
    let (later, replayed) = create(&app, &ctx, "Bread", None).await.unwrap();
    assert!(later != first && !replayed, "ten minutes are over");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_belongs_to_one_body_for_a_day() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let (first, _) = create(&app, &ctx, "Bread", Some("k")).await.unwrap();
    assert_eq!(create(&app, &ctx, "Rolls", Some("k")).await, Err("idempotency_key_reused"));
    assert_eq!(create(&app, &ctx, "Bread", Some("k")).await, Ok((first, true)));
    assert!(create(&app, &ctx, "Bread", Some("other key")).await.unwrap().0 != first, "a new key means a new post");
    app.clock.advance_secs(24 * 3600);
    let (next, replayed) = create(&app, &ctx, "Rolls", Some("k")).await.unwrap();
    assert!(next != first && !replayed);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_identical_drafts_at_once_are_one_post() {
    let app = Arc::new(TestApp::start().await);
    let team = app.team("Bakery").await;
    let calls = (0..50).map(|_| {
        let app = Arc::clone(&app);
        tokio::spawn(async move { create(&app, &team.connection(&app), "Bread", None).await.unwrap() })
    });
    let made: Vec<(PostId, bool)> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    let fresh = made.iter().filter(|(_, replayed)| !replayed).count();
    assert!(made.iter().all(|(id, _)| *id == made[0].0), "{made:?}");
    let page = app.call_once::<PostQuery>(&team.person(&app), PostQuery::default()).await.unwrap();
    assert_eq!((fresh, page.posts.len()), (1, 1));
    Arc::into_inner(app).unwrap().close().await;
}
