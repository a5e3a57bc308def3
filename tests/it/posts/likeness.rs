//! What says nearly the same as another post on the account is told, while it is written and when it is scheduled.

use allin::app::{
    campaigns::{create::CampaignCreate, schedule::CampaignSchedule},
    pauses::start::PublishingPause,
    posts::{cancel::PostCancel, create::PostCreate, delete::PostDelete, preview::PostPreview, schedule::PostSchedule},
};

use crate::support::{
    TestApp,
    people::{draft, schedule},
};

const BREAD: &str = "Fresh bread every morning at seven. Come in and taste our new rye, still warm from the oven!";
const NEAR: &str =
    "Fresh bread every morning at eight. Come in and taste our new rye, still warm from the oven! https://example.com";
const FAR: &str = "Our cakes are back: apple, plum and cherry, all week long, as long as the fruit lasts.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeats_of_the_last_month_and_of_what_is_planned_are_told() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    let other = app.account(&team, "cafe").await;
    let told = async |text: &str, account| {
        app.call_once::<PostCreate>(&ctx, draft(&[text], &[account])).await.unwrap().warnings
    };
    assert_eq!(told(BREAD, account).await, [""; 0], "drafts are no repeats of each other");
    let first = app.scheduled(&ctx, BREAD, &[account], "2026-12-02T09:00").await;
    let near = told(NEAR, account).await;
    assert_eq!(near.len(), 1, "{near:?}");
    let start = format!(
        "@bakery: message 1 says nearly the same as {} (scheduled Wed 2 Dec 2026, 09:00 (Europe/Berlin)): ",
        first.id
    );
    assert!(near[0].starts_with(&start), "{near:?}");
    let same = told(&format!(" {BREAD}"), account).await;
    assert_eq!(
        same,
        [format!(
            "@bakery: message 1 has the same text as {} (scheduled Wed 2 Dec 2026, 09:00 (Europe/Berlin)).",
            first.id
        )]
    );
    assert_eq!(told(FAR, account).await, [""; 0]);
    assert_eq!(told(NEAR, other).await, [""; 0], "another account's readers have not seen it");

    // The second message of a thread, at scheduling; the post itself is no repeat of itself.
    let thread = app
        .call_once::<PostCreate>(&ctx, draft(&["A thread about grain and time", NEAR], &[account]))
        .await
        .unwrap()
        .post
        .id;
    let answer = app.call_once::<PostSchedule>(&ctx, schedule(thread, "2026-12-03T09:00")).await.unwrap();
    assert!(
        answer.warnings.iter().any(|warning| warning.starts_with("@bakery: message 2 says nearly the same")),
        "{:?}",
        answer.warnings
    );
    let moved = app.call_once::<PostSchedule>(&ctx, schedule(first.id, "2026-12-02T10:00")).await.unwrap();
    assert!(moved.warnings.iter().any(|warning| warning.contains(&thread.to_string())), "{:?}", moved.warnings);
    assert!(!moved.warnings.iter().any(|warning| warning.contains(&first.id.to_string())), "{:?}", moved.warnings);
    let shown = app
        .call_once::<PostPreview>(&ctx, PostPreview { post_id: Some(thread), ..PostPreview::default() })
        .await
        .unwrap();
    assert!(shown.previews[0].warnings[0].contains(&first.id.to_string()), "{:?}", shown.previews[0].warnings);

    // Published is still a repeat, after a month it is none.
    app.clock.set("2026-12-03T12:00:00Z".parse().unwrap());
    app.publish_due().await;
    assert_eq!(told(NEAR, account).await.len(), 1);
    app.clock.set("2027-01-20T12:00:00Z".parse().unwrap());
    assert_eq!(told(NEAR, account).await, [""; 0]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_from_before_sketches_were_kept_are_compared_by_their_text() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    app.scheduled(&ctx, BREAD, &[account], "2026-12-02T09:00").await;
    let mut superuser = app.database.superuser().await;
    sqlx::query("update segments set sketch = null").execute(&mut superuser).await.unwrap();
    let warnings = app.call_once::<PostCreate>(&ctx, draft(&[NEAR], &[account])).await.unwrap().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_days_back_and_everything_ahead_is_looked_at() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    let published = app.scheduled(&ctx, BREAD, &[account], "2026-12-01T10:00").await.id;
    let far = app.scheduled(&ctx, FAR, &[account], "2031-11-01T10:00").await.id;
    app.clock.set("2026-12-01T09:00:00Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 1);
    // Another actor's drafts: the same words of one actor within ten minutes would be the post itself.
    let (bread, cakes) = {
        let ctx = team.connection(&app);
        (app.draft(&ctx, BREAD, &[account]).await.id, app.draft(&ctx, FAR, &[account]).await.id)
    };
    let told = async |draft| {
        let input = PostPreview { post_id: Some(draft), ..PostPreview::default() };
        app.call_once::<PostPreview>(&ctx, input).await.unwrap().previews.remove(0).warnings
    };
    let same = |post, said| format!("@bakery: message 1 has the same text as {post} ({said} (Europe/Berlin)).");
    app.clock.set("2026-12-31T09:00:00Z".parse().unwrap());
    assert_eq!(told(bread).await, [same(published, "published Tue 1 Dec 2026, 10:00")]);
    app.clock.advance_secs(1);
    assert_eq!(told(bread).await, [""; 0], "a second past the thirty days");
    assert_eq!(told(cakes).await, [same(far, "scheduled Sat 1 Nov 2031, 10:00")]);
    // What was taken back is no repeat, and what is held still is one.
    let cancel = PostCancel { post_id: far, account_ids: vec![] };
    app.call_once::<PostCancel>(&ctx, cancel).await.unwrap();
    assert_eq!(told(cakes).await, [""; 0]);
    let soon = app.now().plus_secs(60);
    app.call_once::<PostSchedule>(&ctx, schedule(far, &soon.to_string())).await.unwrap();
    let everything = PublishingPause { reason: "A crisis".into(), account_id: None, campaign_id: None, tag: None };
    app.call_once::<PublishingPause>(&ctx, everything).await.unwrap();
    app.clock.set(soon);
    app.publish_due().await;
    assert_eq!(told(cakes).await, [same(far, "held Thu 31 Dec 2026, 10:01")]);
    app.agreed::<PostDelete>(&ctx, PostDelete { post_id: far }).await.unwrap();
    assert_eq!(told(cakes).await, [""; 0]);
    app.close().await;
}

/// Drafts are no repeats of each other, until they go out together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_that_are_launched_together_are_compared_with_each_other() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    let mut posts = Vec::new();
    for text in [BREAD, NEAR, FAR] {
        posts.push(app.draft(&ctx, text, &[account]).await.id);
    }
    let input = CampaignCreate { name: "Spring".into(), description: None, post_ids: posts.clone() };
    let campaign_id = app.call_once::<CampaignCreate>(&ctx, input).await.unwrap().campaign.id;
    let input = CampaignSchedule { campaign_id, at: "2026-12-03T08:00".into(), time_zone: None };
    let warnings = app.call_once::<CampaignSchedule>(&ctx, input).await.unwrap().warnings;
    // That of the two which is scheduled first, in the order of their ids, is what the other one repeats.
    let first = posts[..2].iter().min().unwrap();
    let start = format!(
        "@bakery: message 1 says nearly the same as {first} (scheduled Thu 3 Dec 2026, 08:00 (Europe/Berlin)): "
    );
    let alike: Vec<_> = warnings.iter().filter(|warning| warning.contains("nearly the same")).collect();
    assert!(alike.len() == 1 && alike[0].starts_with(&start), "{warnings:?}");
    app.close().await;
}
