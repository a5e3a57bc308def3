//! What must not go out waits for a person, who is told why.

use allin::{
    app::{
        accounts::remove::AccountRemove,
        pauses::{resume::PublishingResume, start::PublishingPause},
        posts::{schedule::PostSchedule, view::Problem},
    },
    model::states::PostStatus,
};

use crate::support::{TestApp, people::schedule};

fn held(code: &str, message: &str, next_step: &str) -> Option<Problem> {
    Some(Problem { code: code.into(), message: message.into(), next_step: next_step.into(), retry_at: None })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_missed_by_more_than_the_tolerance_is_held() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let late = app.scheduled(&ctx, "Fifteen minutes late", &[account], "2026-12-01T09:30").await;
    let later = app.scheduled(&ctx, "A second more", &[account], "2026-12-01T09:29:59").await;
    app.clock.set("2026-12-01T08:45:00Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 2);
    assert_eq!(app.sandbox.texts(), ["Fifteen minutes late"]);
    assert_eq!(app.post(&ctx, late.id).await.status, PostStatus::Published);
    let view = app.post(&ctx, later.id).await;
    let message = "Nothing was running at its time; 15 minutes later is more than the account's tolerance.";
    let step = "Give it a new time, publish it now or drop it (held_release). Its account's tolerance can be changed.";
    assert_eq!(view.targets[0].problem, held("missed", message, step));

    app.call_once::<PostSchedule>(&ctx, schedule(later.id, "2026-12-01T09:46")).await.unwrap();
    app.clock.advance_secs(60);
    app.publish_due().await;
    assert_eq!(app.sandbox.texts(), ["Fifteen minutes late", "A second more"]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_a_paused_workspace() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let other = app.team("Other").await;
    let their_account = app.account(&other, "other").await;
    let post = app.scheduled(&ctx, "Ours", &[account], "2026-12-01T09:30").await;
    app.scheduled(&other.connection(&app), "Theirs", &[their_account], "2026-12-01T09:30").await;
    let everything = PublishingPause { reason: "A crisis".into(), account_id: None, campaign_id: None, tag: None };
    app.call_once::<PublishingPause>(&ctx, everything).await.unwrap();
    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 2);
    assert_eq!(app.sandbox.texts(), ["Theirs"]);
    let problem = app.post(&ctx, post.id).await.targets[0].problem.clone();
    assert_eq!(
        problem,
        held(
            "paused",
            "It came due while publishing of everything was paused (A crisis).",
            "Once publishing is resumed: give it a new time, publish it now, or drop it (held_release)."
        )
    );

    let planned = app.call_once::<PostSchedule>(&ctx, schedule(post.id, "2026-12-01T09:40")).await.unwrap();
    assert!(
        planned.warnings.iter().any(|warning| warning.contains("Publishing of everything is paused (A crisis)")),
        "{:?}",
        planned.warnings
    );
    let resume = PublishingResume::default();
    app.agreed::<PublishingResume>(&ctx, resume).await.unwrap();
    app.clock.set("2026-12-01T08:40:00Z".parse().unwrap());
    app.publish_due().await;
    assert_eq!(app.sandbox.texts(), ["Theirs", "Ours"]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disconnected_account_holds_its_posts() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let post = app.scheduled(&ctx, "Bread", &[account], "2026-12-01T09:30").await;
    app.agreed::<AccountRemove>(&team.person(&app), AccountRemove { account_id: account }).await.unwrap();
    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    app.publish_due().await;
    let view = app.post(&ctx, post.id).await;
    let problem = held(
        "account_disconnected",
        "@bakery is disconnected.",
        "Connect the account again with account_connect, then schedule the post again.",
    );
    assert_eq!(
        (view.status, view.targets[0].problem.clone(), app.sandbox.texts()),
        (PostStatus::Held, problem, vec![])
    );
    let error = app.call_once::<PostSchedule>(&ctx, schedule(post.id, "2026-12-01T09:40")).await.unwrap_err();
    assert_eq!(error.code(), "account_disconnected");

    app.account(&team, "bakery").await;
    app.call_once::<PostSchedule>(&ctx, schedule(post.id, "2026-12-01T09:40")).await.unwrap();
    app.clock.set("2026-12-01T08:40:00Z".parse().unwrap());
    app.publish_due().await;
    assert_eq!(app.sandbox.texts(), ["Bread"]);
    app.close().await;
}
