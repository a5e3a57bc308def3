//! Posts that come too close, and days with too many.

use allin::app::imports::import::PostsImport;

use super::{file, import, said};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clashes_and_crowded_days_are_named() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    app.account(&team, "cafe").await;
    app.scheduled(&ctx, "There already", &[account], "2026-12-03T09:10").await;
    let content = "text,accounts,scheduled_at\n\
        A,bakery,2026-12-03 07:00\n\
        B,bakery cafe,2026-12-03 07:00\n\
        C,bakery,2026-12-03 07:14\n\
        D,cafe,2026-12-03 07:15\n\
        E,bakery,2026-12-03 09:00\n\
        F,bakery,2026-12-03 09:25\n";
    let input = PostsImport { dry_run: true, ..file(content) };
    let report = app.call_once::<PostsImport>(&ctx, input).await.unwrap();
    assert_eq!(
        said(&report.warnings),
        [
            "row 3, scheduled_at: @bakery on sandbox: the same time as row 2",
            "row 4, scheduled_at: @bakery on sandbox: 14 minutes from row 3",
            "row 6, scheduled_at: @bakery on sandbox: 10 minutes from a post that is scheduled already",
        ]
    );
    app.close().await;
}

/// In the days of the account's zone, not of UTC.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_are_those_of_the_account() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    app.scheduled(&ctx, "There already", &[account], "2026-12-03T23:30").await;
    let rows: String = (0..11).map(|hour| format!("Text {hour},bakery,2026-12-04 {hour:02}:30\n")).collect();
    let report = import(&app, &ctx, format!("text,accounts,scheduled_at\n{rows}")).await.unwrap();
    assert_eq!(report.imported, 11, "a warning refuses nothing");
    assert_eq!(
        said(&report.warnings),
        ["row 12, scheduled_at: @bakery on sandbox: 11 posts on 2026-12-04, more than 10 a day"]
    );
    app.close().await;
}
