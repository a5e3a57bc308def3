//! Rows that say nearly the same as a post or as another row are told, as scheduling tells it.

use std::collections::HashSet;

use allin::app::{
    imports::import::PostsImport,
    posts::{create::PostCreate, schedule::PostSchedule},
};

use super::{file, import, said};
use crate::support::{
    TestApp,
    people::{draft, schedule},
};

const BREAD: &str = "Fresh bread every morning at seven. Come in and taste our new rye, still warm from the oven!";
const NEAR: &str = "Fresh bread every morning at eight. Come in and taste our new rye, still warm from the oven!";
const FAR: &str = "Our cakes are back: apple, plum and cherry, all week long, as long as the fruit lasts.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeats_of_posts_and_of_other_rows_are_told_by_row() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    app.account(&team, "cafe").await;
    let there = app.scheduled(&ctx, FAR, &[account], "2026-12-02T09:00").await.id;
    let content = format!(
        "text,text_2,accounts,scheduled_at\n\
         \"{BREAD}\",,bakery,2026-12-03 09:00\n\
         A thread about grain and time,\"{NEAR}\",bakery cafe,2026-12-04 09:00\n\
         \"{FAR}\",,bakery cafe,2026-12-05 09:00\n\
         \"{BREAD}\",,bakery,\n\
         \"{FAR}\",,,\n"
    );
    let input = PostsImport { dry_run: true, ..file(content.clone()) };
    let report = app.call_once::<PostsImport>(&ctx, input).await.unwrap();
    let warnings = said(&report.warnings);
    let near = "row 3, text_2: @bakery on sandbox: nearly the same as row 2, ";
    assert!(warnings[0].starts_with(near) && warnings[0].ends_with(" % alike"), "{warnings:?}");
    assert_eq!(
        warnings[1..],
        [
            format!(
                "row 4, text: @bakery on sandbox: the same text as {there} (scheduled Wed 2 Dec 2026, 09:00 (Europe/Berlin))"
            ),
            "row 5, text: @bakery on sandbox: the same text as row 2".to_owned(),
        ]
    );
    assert_eq!((report.problems_total, report.imported), (0, 5));

    // A warning refuses nothing, and what was imported is compared like anything else.
    assert_eq!(import(&app, &ctx, content).await.unwrap().imported, 5);
    let mut superuser = app.database.superuser().await;
    let unsketched: i64 = sqlx::query_scalar("select count(*) from segments where sketch is null")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert_eq!(unsketched, 0);
    let post = app.call_once::<PostCreate>(&ctx, draft(&[BREAD], &[account])).await.unwrap().post.id;
    let warnings = app.call_once::<PostSchedule>(&ctx, schedule(post, "2026-12-06T09:00")).await.unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("has the same text")), "{warnings:?}");
    // A month later it is no matter any more.
    app.clock.set("2027-01-20T12:00:00Z".parse().unwrap());
    app.publish_due().await;
    let later = format!("text,accounts,scheduled_at\n\"{BREAD}\",bakery,2027-02-01 09:00\n");
    assert_eq!(said(&import(&app, &ctx, later).await.unwrap().warnings), [""; 0]);
    app.close().await;
}

/// The server ends transactions that are silent for ten seconds; comparing many rows on a busy machine takes longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_comparison_keeps_in_touch_with_the_database() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    app.account(&team, "bakery").await;
    let rows: String = (0..2000).map(|n| format!("\"{BREAD} Number {n}\",bakery,2027-01-01 00:00\n")).collect();
    let input = PostsImport { dry_run: true, ..file(format!("text,accounts,scheduled_at\n{rows}")) };
    let mut superuser = app.database.superuser().await;
    let mut heard: HashSet<String> = HashSet::new();
    let mut import = Box::pin(app.call_once::<PostsImport>(&ctx, input));
    let report = loop {
        let said = sqlx::query_scalar(
            "select state_change::text from pg_stat_activity
             where datname = current_database() and state = 'idle in transaction'",
        )
        .fetch_all(&mut superuser);
        tokio::select! {
            report = &mut import => break report.unwrap(),
            said = said => heard.extend::<Vec<String>>(said.unwrap()),
        }
    };
    drop(import);
    assert_eq!(report.imported, 2000);
    // Of three times forty rests, and some ten statements.
    assert!(heard.len() > 30, "{}", heard.len());
    app.close().await;
}
