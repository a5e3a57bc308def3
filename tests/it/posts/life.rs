//! From a draft to the network and away again.

use allin::{
    app::posts::{delete::PostDelete, schedule::PostSchedule},
    model::states::PostStatus,
};

use crate::support::{TestApp, people::{draft, schedule}};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_scheduled_and_published_at_its_time() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let post = app.scheduled(&ctx, "Fresh bread", &[account], "2026-12-01T09:30").await;
    assert_eq!(app.publish_due().await, 0);
    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 1);
    assert_eq!(app.sandbox.texts(), ["Fresh bread"]);
    assert_eq!(app.post(&ctx, post.id).await.status, PostStatus::Published);
    app.close().await;
}
