//! Changing a post before it is out.

use allin::{
    app::posts::{cancel::PostCancel, schedule::PostSchedule, update::PostUpdate},
    ids::PostId,
    model::states::PostStatus,
};

use crate::support::{
    TestApp,
    people::{message, schedule},
};

fn text(post_id: PostId, text: &str, version: Option<i32>) -> PostUpdate {
    let segments = Some(vec![message(text)]);
    PostUpdate {
        post_id,
        version,
        segments,
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: None,
        tags: None,
    }
}

fn cancel(post_id: PostId) -> PostCancel {
    PostCancel { post_id, account_ids: vec![] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_somebody_else_overtook_is_refused() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let post = app.draft(&ctx, "Bread", &[]).await;
    app.call_once::<PostUpdate>(&ctx, text(post.id, "Rolls", Some(1))).await.unwrap();
    let error = app.call_once::<PostUpdate>(&ctx, text(post.id, "Cake", Some(1))).await.unwrap_err();
    assert_eq!((error.code(), error.message()), ("version_conflict", "The post is at version 2 by now."));

    let (one, other) = (text(post.id, "A", Some(2)), text(post.id, "B", Some(2)));
    let both = tokio::join!(app.call_once::<PostUpdate>(&ctx, one), app.call_once::<PostUpdate>(&ctx, other));
    let refused = [&both.0, &both.1]
        .iter()
        .filter(|result| result.as_ref().is_err_and(|error| error.code() == "version_conflict"))
        .count();
    assert_eq!((refused, app.post(&ctx, post.id).await.version), (1, 3));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_and_moving_change_what_goes_out() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let cancelled = app.scheduled(&ctx, "Cancelled", &[account], "2026-12-01T09:30").await;
    let moved = app.scheduled(&ctx, "Moved", &[account], "2026-12-01T09:30").await;
    let answer = app.call_once::<PostCancel>(&ctx, cancel(cancelled.id)).await.unwrap();
    assert_eq!(
        (answer.message.as_str(), answer.post.status),
        ("Cancelled for @bakery; nothing more will be sent there.", PostStatus::Cancelled)
    );
    app.call_once::<PostSchedule>(&ctx, schedule(moved.id, "2026-12-01T10:30")).await.unwrap();
    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    assert_eq!((app.publish_due().await, app.sandbox.texts()), (0, vec![]));

    let error = app.call_once::<PostCancel>(&ctx, cancel(cancelled.id)).await.unwrap_err();
    assert_eq!(error.code(), "nothing_to_cancel");
    app.call_once::<PostSchedule>(&ctx, schedule(cancelled.id, "2026-12-01T10:31")).await.unwrap();
    app.clock.set("2026-12-01T09:31:00Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 2);
    let mut texts = app.sandbox.texts();
    texts.sort();
    assert_eq!(texts, ["Cancelled", "Moved"]);

    for error in [
        app.call_once::<PostCancel>(&ctx, cancel(moved.id)).await.unwrap_err(),
        app.call_once::<PostSchedule>(&ctx, schedule(moved.id, "2026-12-02T10:30")).await.unwrap_err(),
        app.call_once::<PostUpdate>(&ctx, text(moved.id, "Too late", None)).await.unwrap_err(),
    ] {
        assert!(matches!(error.code(), "nothing_to_cancel" | "already_published" | "state_forbids"), "{error:?}");
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_are_read_in_the_workspace_zone_and_refused_when_over() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let post = app.draft(&ctx, "Bread", &[account]).await;
    let due = async |at: &str| {
        let planned = app.call_once::<PostSchedule>(&ctx, schedule(post.id, at)).await;
        planned.map(|planned| planned.post.targets[0].due_at.unwrap().to_string()).map_err(|error| error.code())
    };
    assert_eq!(due("2027-07-01T09:00").await, Ok("2027-07-01T07:00:00Z".into()), "summer time");
    assert_eq!(due("2027-01-15T09:00").await, Ok("2027-01-15T08:00:00Z".into()), "winter time");
    assert_eq!(due("2027-03-28T02:30").await, Ok("2027-03-28T01:30:00Z".into()), "an hour that the clocks skip");
    assert_eq!(
        due("2027-10-31T02:30").await,
        Ok("2027-10-31T00:30:00Z".into()),
        "the first of an hour that comes twice"
    );
    assert_eq!(due("2027-01-15T09:00-05:00").await, Ok("2027-01-15T14:00:00Z".into()), "an offset wins");
    assert_eq!(due("2026-12-01T09:00").await, Err("time_in_past"), "this very minute");
    assert_eq!(due("2036-12-01T09:00").await, Err("time_too_far"));
    assert!(due("tomorrow").await.is_err());
    app.close().await;
}
