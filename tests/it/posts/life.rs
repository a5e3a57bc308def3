//! The straight way: draft, schedule, publish, delete.

use allin::{
    app::{
        assets::fetch::AssetFetch,
        posts::{create::PostCreate, delete::PostDelete, publish::PostPublish, schedule::PostSchedule},
    },
    model::{posts::MediaRef, states::PostStatus},
};
use serde_json::json;

use crate::support::{
    TestApp, named,
    people::{draft, schedule},
    pictures::png,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_goes_out_in_order_at_its_time() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let made = app.call_once::<PostCreate>(&ctx, draft(&["One", "Two", "Three"], &[account])).await.unwrap();
    insta::assert_json_snapshot!("drafted", named(&made));
    let planned = app.call_once::<PostSchedule>(&ctx, schedule(made.post.id, "2026-12-01T09:30")).await.unwrap();
    insta::assert_json_snapshot!("scheduled", named(&planned));

    app.clock.set("2026-12-01T08:29:59.999Z".parse().unwrap());
    assert_eq!((app.publish_due().await, app.sandbox.texts()), (0, vec![]), "a millisecond early");
    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 1);
    assert_eq!(app.publish_due().await, 0, "nothing is left to do");

    let posts = app.sandbox.posts();
    let above: Vec<_> = posts.iter().map(|post| post["reply_to"].clone()).collect();
    assert_eq!(app.sandbox.texts(), ["One", "Two", "Three"]);
    assert_eq!(above, [json!(null), posts[0]["id"].clone(), posts[1]["id"].clone()]);
    insta::assert_json_snapshot!("published", named(&app.post(&ctx, made.post.id).await));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_travels_with_its_description() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let path = app.folder.path().join("media").join("bread.png");
    std::fs::write(&path, png(40, 30, [200, 150, 90])).unwrap();
    let input = AssetFetch { path: path.to_str().map(str::to_owned), url: None, alt_text: Some("A loaf".into()) };
    let asset = app.call_once::<AssetFetch>(&ctx, input.clone()).await.unwrap().asset;
    assert_eq!(
        (asset.mime.as_str(), asset.width, asset.height, asset.alt_text.as_str()),
        ("image/png", 40, 30, "A loaf")
    );

    let mut input = draft(&["With its own", "With the asset's"], &[account]);
    let own = MediaRef { asset_id: asset.id, alt_text: Some("A loaf on a board".into()) };
    input.segments[0].media.push(own);
    input.segments[1].media.push(MediaRef { asset_id: asset.id, alt_text: None });
    let post = app.call_once::<PostCreate>(&ctx, input).await.unwrap().post;
    app.call_once::<PostSchedule>(&ctx, schedule(post.id, "2026-12-01T09:01")).await.unwrap();
    app.clock.advance_secs(60);
    assert_eq!(app.publish_due().await, 1);

    let shown: Vec<_> = app.sandbox.posts().iter().map(|post| post["media"][0]["alt_text"].clone()).collect();
    assert_eq!(shown, ["A loaf on a board", "A loaf"]);
    let stored: Vec<_> = app.sandbox.log().into_iter().filter(|entry| entry["event"] == "media_stored").collect();
    let facts =
        |entry: &serde_json::Value| json!([entry["media"]["mime"], entry["media"]["width"], entry["media"]["height"]]);
    assert!(stored.iter().all(|entry| facts(entry) == json!(["image/png", 40, 30])), "{stored:?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_outside_the_allowed_folders_is_refused() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let path = app.folder.path().join("secret.png");
    std::fs::write(&path, png(4, 4, [0; 3])).unwrap();
    let inside = app.folder.path().join("media").join("way-out.png");
    std::os::unix::fs::symlink(&path, &inside).unwrap();
    for path in [path, inside, app.folder.path().join("media/../secret.png")] {
        let input = AssetFetch { path: path.to_str().map(str::to_owned), url: None, alt_text: None };
        let error = app.call_once::<AssetFetch>(&team.connection(&app), input).await.unwrap_err();
        assert_eq!(error.code(), "path_not_allowed", "{}", path.display());
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_now_waits_for_the_link_and_deleting_removes_it_from_the_network() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let post = app.draft(&ctx, "Open today", &[account]).await;

    let publishing =
        app.agreed::<PostPublish>(&ctx, PostPublish { post_id: post.id, account_ids: vec![], emergency_reason: None });
    let working = async {
        while app.publish_due().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    let (published, ()) = tokio::join!(publishing, working);
    let published = published.unwrap();
    let url = published.post.targets[0].segments[0].url.clone().unwrap();
    assert_eq!(published.message, format!("Published on @bakery: {url}."));
    assert_eq!((published.post.status, app.sandbox.texts()), (PostStatus::Published, vec!["Open today".to_owned()]));

    let deleted = app.agreed::<PostDelete>(&ctx, PostDelete { post_id: post.id }).await.unwrap();
    assert_eq!(deleted.message, "Deleted here and on the networks where it was public.");
    assert_eq!((deleted.deleted, app.sandbox.texts()), (true, vec![]));
    let error = app.agreed::<PostDelete>(&ctx, PostDelete { post_id: post.id }).await.unwrap_err();
    assert_eq!(error.code(), "post_not_found", "it is gone here, too");
    app.close().await;
}
