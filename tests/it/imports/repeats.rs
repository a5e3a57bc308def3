//! The same file twice is the same file once.

use allin::{
    app::{imports::import::PostsImport, posts::delete::PostDelete, progress::Progress, use_case::CallOptions},
    ids::PostId,
};
use futures::future::join_all;

use super::{file, import, posts, said};
use crate::support::TestApp;

const FILE: &str = "key,text,accounts,scheduled_at\na,One,bakery,2026-12-03 07:00\n,Two,bakery,2026-12-03 08:00\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_twice_changes_nothing() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    app.account(&team, "bakery").await;
    assert_eq!(import(&app, &ctx, FILE).await.unwrap().imported, 2);
    let before = posts(&app, &ctx).await;
    // Also when its times are over.
    app.clock.set("2026-12-05T07:00:00Z".parse().unwrap());
    let again = import(&app, &ctx, FILE).await.unwrap();
    assert_eq!((again.imported, again.unchanged, again.problems_total), (0, 2, 0));
    assert_eq!(posts(&app, &ctx).await, before);
    // One row more is that one row.
    let more = import(&app, &ctx, format!("{FILE},Three,bakery,2026-12-06 07:00\n")).await.unwrap();
    assert_eq!((more.imported, more.unchanged), (1, 2));
    // The same key with other words is a mistake somewhere.
    let changed = import(&app, &ctx, FILE.replace("One", "Eins")).await.unwrap_err();
    let details = changed.public().details;
    assert!(details[0].field == "row 2 key" && details[0].message.contains("said something else"), "{details:?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_post_can_be_imported_again() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    import(&app, &ctx, "key,text\na,One\n").await.unwrap();
    let mut superuser = app.database.superuser().await;
    let id: uuid::Uuid = sqlx::query_scalar("select post_id from import_rows").fetch_one(&mut superuser).await.unwrap();
    app.agreed::<PostDelete>(&ctx, PostDelete { post_id: PostId(id) }).await.unwrap();
    let again = import(&app, &ctx, "key,text\na,Another\n").await.unwrap();
    assert_eq!((again.imported, posts(&app, &ctx).await), (1, vec!["Another [draft] -".to_owned()]));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_twice_in_a_file_are_named() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let content = "key,text\n,Same\n,Same\na,One\na,Two\n";
    let input = PostsImport { dry_run: true, ..file(content) };
    let report = app.call_once::<PostsImport>(&team.person(&app), input).await.unwrap();
    assert_eq!(said(&report.problems), ["row 3, key: is the same as row 2", "row 5, key: has the key of row 4"]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_at_once_make_each_post_once() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    app.account(&team, "bakery").await;
    let rows: String = (0..1200).map(|n| format!("k{n},Text {n},bakery,2027-01-01 00:00:00\n")).collect();
    let content = format!("key,text,accounts,scheduled_at\n{rows}");
    let callers: Vec<_> = (0..4).map(|_| team.person(&app)).collect();
    let imports = callers.iter().map(|ctx| import(&app, ctx, content.clone()));
    let reports: Vec<_> = join_all(imports).await.into_iter().map(Result::unwrap).collect();
    let made: usize = reports.iter().map(|report| report.imported).sum();
    assert_eq!((made, reports.iter().all(|report| report.imported + report.unchanged == 1200)), (1200, true));
    let mut superuser = app.database.superuser().await;
    let counts: (i64, i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from posts), (select count(*) from targets where state = 'scheduled'),
                (select count(*) from segments), (select count(*) from dispatch)",
    )
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!(counts, (1200, 1200, 1200, 1200));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_import_tells_how_far_it_is() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let rows: String = (0..2500).map(|n| format!("Text {n}\n")).collect();
    let (progress, mut steps) = Progress::channel();
    let options = CallOptions { progress, ..CallOptions::default() };
    let ctx = team.person(&app);
    let report = app.call::<PostsImport>(&ctx, file(format!("text\n{rows}")), options).await.unwrap().done().unwrap();
    assert_eq!(report.imported, 2500);
    let mut told = Vec::new();
    while let Some(step) = steps.recv().await {
        told.push((step.done, step.total, step.what));
    }
    assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0), "it only grows: {told:?}");
    assert_eq!(told.last(), Some(&(5000, 5000, "rows written")));
    assert!(told.len() >= 8, "{told:?}");
    app.close().await;
}
