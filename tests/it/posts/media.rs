//! Videos: looked at when they are added, and told apart from what a network is sent today.

use allin::app::{
    assets::add::AssetAdd,
    posts::{create::PostCreate, preview::PostPreview, schedule::PostSchedule},
};
use allin::model::{networks::KnownNetwork, posts::MediaRef};

use crate::support::{
    TestApp,
    named::named,
    people::{draft, schedule},
};

const LANDSCAPE: &[u8] = include_bytes!("../../data/media/landscape-h264-aac.mp4");
const TURNED: &[u8] = include_bytes!("../../data/media/turned-h264.mov");
const FRAGMENTED: &[u8] = include_bytes!("../../data/media/fragmented-h264.mp4");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn videos_are_kept_with_their_facts_and_refused_before_they_are_scheduled() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    let mut added = Vec::new();
    for bytes in [LANDSCAPE, TURNED, FRAGMENTED] {
        added.push(app.call_once::<AssetAdd>(&ctx, AssetAdd::new(bytes, None, Some("A dance".into()))).await.unwrap());
    }
    insta::assert_json_snapshot!(named(&added));
    let cut = app.call_once::<AssetAdd>(&ctx, AssetAdd::new(&LANDSCAPE[..5000], None, None)).await.unwrap_err();
    assert_eq!(cut.code(), "media_unreadable");

    let mut input = draft(&["Look"], &[account]);
    input.segments[0].media.push(MediaRef { asset_id: added[0].asset.id, alt_text: None });
    let drafted = app.call_once::<PostCreate>(&ctx, input).await.unwrap();
    let refusal =
        "segments[0].media[0]: Sandbox: Video 1 of message 1 cannot be sent: AllIN publishes no videos to Sandbox.";
    assert_eq!(drafted.warnings, [refusal]);
    let refused = app.call_once::<PostSchedule>(&ctx, schedule(drafted.post.id, "2026-12-02T09:00")).await.unwrap_err();
    assert_eq!(refused.code(), "post_unsendable");

    // The same post for networks that take videos, whose accounts cannot be connected yet.
    let input = PostPreview {
        post_id: Some(drafted.post.id),
        networks: vec![KnownNetwork::X, KnownNetwork::Tiktok, KnownNetwork::Youtube],
        ..PostPreview::default()
    };
    let previews = app.call_once::<PostPreview>(&ctx, input).await.unwrap().previews;
    let problems: Vec<_> = previews[1..].iter().map(|shown| (shown.network, shown.problems.clone())).collect();
    insta::assert_json_snapshot!(problems);
    app.close().await;
}
