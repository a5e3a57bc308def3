//! Times as people say them, kept beside the instant, and followed when the zone data changes.

use allin::{
    app::{posts::schedule::PostSchedule, workspaces::overview::WorkspaceOverview, zones},
    ids::{AccountId, PostId},
    model::{states::PostStatus, times},
};

use crate::support::{TestApp, people::schedule};

/// What is stored beside the instant of a post's only target.
async fn kept(app: &TestApp, post: PostId) -> (String, String, i16, Option<String>) {
    sqlx::query_as("select due_local, due_zone, due_fold, due_tzdb from targets where post_id = $1")
        .bind(post.uuid())
        .fetch_one(&mut app.database.superuser().await)
        .await
        .unwrap()
}

async fn live_in(app: &TestApp, account: AccountId, zone: &str) {
    sqlx::query("update accounts set time_zone = $2 where account_id = $1")
        .bind(account.uuid())
        .bind(zone)
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_mean_the_accounts_day() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    // 22:00 of the day before.
    live_in(&app, account, "Pacific/Honolulu").await;
    let version = Some(times::tzdb_version().to_owned());
    for (said, due, local, tzdb) in [
        ("tomorrow 9:00", "2026-12-01T19:00:00Z", "2026-12-01T09:00:00", &version),
        ("next monday 9am", "2026-12-07T19:00:00Z", "2026-12-07T09:00:00", &version),
        ("in 2 hours", "2026-12-01T10:00:00Z", "2026-12-01T00:00:00", &None),
        ("2026-12-24T12:00:00+01:00", "2026-12-24T11:00:00Z", "2026-12-24T01:00:00", &None),
    ] {
        let post = app.scheduled(&ctx, said, &[account], said).await;
        assert_eq!(post.targets[0].due_at, Some(due.parse().unwrap()), "{said}");
        assert_eq!(kept(&app, post.id).await, (local.into(), "Pacific/Honolulu".into(), 0, tzdb.clone()), "{said}");
    }
    let draft = app.draft(&ctx, "Too late", &[account]).await;
    let error = app.call_once::<PostSchedule>(&ctx, schedule(draft.id, "today 21:59")).await.unwrap_err();
    assert_eq!(error.code(), "time_in_past");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn skipped_and_repeated_hours_are_decided_and_said() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let post = app.draft(&ctx, "Clocks", &[account]).await.id;
    let gap = app.call_once::<PostSchedule>(&ctx, schedule(post, "2027-03-28 02:30")).await.unwrap();
    assert_eq!(gap.message, "Scheduled for Sun 28 Mar 2027, 03:30 (Europe/Berlin) on @bakery (sandbox).");
    assert_eq!(gap.warnings[0], "In Europe/Berlin the clocks skip this hour: moved to 03:30.");
    assert_eq!(kept(&app, post).await.0, "2027-03-28T03:30:00");
    let overlap = app.call_once::<PostSchedule>(&ctx, schedule(post, "2027-10-31 02:30")).await.unwrap();
    assert_eq!(overlap.post.targets[0].due_at, Some("2027-10-31T00:30:00Z".parse().unwrap()));
    assert_eq!(overlap.warnings[0], "In Europe/Berlin this hour comes twice that night; the first was taken.");
    // The second is named by its offset.
    let second = app.call_once::<PostSchedule>(&ctx, schedule(post, "2027-10-31T02:30:00+01:00")).await.unwrap();
    assert_eq!(second.post.targets[0].due_at, Some("2027-10-31T01:30:00Z".parse().unwrap()));
    assert_eq!(kept(&app, post).await.2, 1);
    app.close().await;
}

/// Makes a target look as if zone data of another time had put it an hour later.
async fn computed_in_2020(app: &TestApp, post: PostId) {
    let mut db = app.database.superuser().await;
    for sql in [
        "update targets set due_tzdb = '2020a', due_at = due_at + interval '1 hour', next_step_at = next_step_at + interval '1 hour'
         where post_id = $1",
        "update dispatch set due_at = due_at + interval '1 hour' where target_id in (select target_id from targets where post_id = $1)",
    ] {
        sqlx::query(sql).bind(post.uuid()).execute(&mut db).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_zone_data_moves_what_was_said_in_local_time_and_reports_it() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let by_clock = app.scheduled(&ctx, "At nine", &[account], "2026-12-02T09:00").await.id;
    let by_instant = app.scheduled(&ctx, "At that instant", &[account], "2026-12-02T08:00:00Z").await.id;
    let same = app.scheduled(&ctx, "Not moved", &[account], "2026-12-03T09:00").await.id;
    computed_in_2020(&app, by_clock).await;
    let mut db = app.database.superuser().await;
    sqlx::query("update targets set due_tzdb = '2020a' where post_id = $1")
        .bind(same.uuid())
        .execute(&mut db)
        .await
        .unwrap();

    assert_eq!(zones::follow(&app).await.unwrap(), 1);
    assert_eq!(zones::follow(&app).await.unwrap(), 0, "once");
    let moved = app.post(&ctx, by_clock).await;
    assert_eq!(moved.targets[0].due_at, Some("2026-12-02T08:00:00Z".parse().unwrap()));
    let problem = moved.targets[0].problem.as_ref().unwrap();
    assert_eq!(
        (problem.code.as_str(), problem.message.as_str()),
        (
            zones::MOVED,
            "The rules of Europe/Berlin changed: it goes out at 2026-12-02T08:00:00Z UTC, not at 2026-12-02T09:00:00Z UTC; \
             the local time is kept."
        )
    );
    for post in [by_clock, same] {
        assert_eq!(kept(&app, post).await.3.as_deref(), Some(times::tzdb_version()));
    }
    assert_eq!(kept(&app, by_instant).await.3, None);
    assert_eq!(app.post(&ctx, same).await.targets[0].problem, None);
    let overview = app.call_once::<WorkspaceOverview>(&ctx, WorkspaceOverview {}).await.unwrap();
    let line = "Rules of a time zone changed: 1 scheduled post goes out at another instant, the local time being kept; post_get tells.";
    assert!(overview.warnings.iter().any(|warning| warning == line), "{:?}", overview.warnings);
    let audited: (String, serde_json::Value) =
        sqlx::query_as("select actor, changes from audit_entries where use_case = 'zone_data_follow'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(audited.0, "system/KeepHouse");
    let how = serde_json::json!({ "from": "2026-12-02T09:00:00Z", "to": "2026-12-02T08:00:00Z" });
    assert_eq!((audited.1.as_array().unwrap().len(), &audited.1[0]["how"]), (1, &how));

    // It goes out at the new time, and the note is gone with it.
    app.clock.set("2026-12-02T08:00:00Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 2);
    let out = app.post(&ctx, by_clock).await;
    assert_eq!((out.status, &out.targets[0].problem), (PostStatus::Published, &None));
    app.close().await;
}
