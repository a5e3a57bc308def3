//! The preview of a post, and what the network then really gets.

use allin::{
    app::{
        assets::add::AssetAdd,
        posts::{
            create::PostCreate,
            preview::{PostPreview, Preview, Splitting},
            schedule::PostSchedule,
            update::PostUpdate,
        },
    },
    ids::PostId,
    model::{networks::KnownNetwork, posts::MediaRef, roles::Role, states::PostStatus},
};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    app::Setup,
    faults::Proxy,
    people::{draft, schedule},
    pictures::png,
};

async fn shown(app: &TestApp, ctx: &allin::app::ctx::Ctx, post: PostId) -> Vec<Preview> {
    let input = PostPreview { post_id: Some(post), ..PostPreview::default() };
    app.call_once::<PostPreview>(ctx, input).await.unwrap().previews
}

fn bodies(preview: &Preview) -> Vec<String> {
    preview.segments.iter().map(|segment| segment.body.clone().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_gets_the_bytes_that_were_shown() {
    let proxy = Proxy::default();
    let between = proxy.clone();
    let setup = Setup { between: Some(Box::new(move |network| between.before(network))), ..Setup::default() };
    let app = TestApp::with(setup).await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    let asset =
        app.call_once::<AssetAdd>(&ctx, AssetAdd::new(&png(9, 9, [7; 3]), None, Some("A loaf".into()))).await.unwrap();

    let mut input = draft(&["Bread “fresh” \\ at seven 👩🏽‍🍳", "And the second\nmessage"], &[account]);
    input.segments[0].media.push(MediaRef { asset_id: asset.asset.id, alt_text: None });
    let post = app.call_once::<PostCreate>(&ctx, input).await.unwrap().post.id;
    app.call_once::<PostSchedule>(&ctx, schedule(post, "2026-12-01T10:00")).await.unwrap();
    let before = shown(&app, &ctx, post).await;
    assert_eq!((before.len(), before[0].problems.len(), before[0].handle.as_deref()), (1, 0, Some("bakery")));

    app.clock.advance_secs(3600);
    app.publish_due().await;
    assert_eq!(app.post(&ctx, post).await.status, PostStatus::Published);
    // What only the network could say is told in brackets beforehand, and is there afterwards.
    let sent = proxy.bodies();
    let first: Value = serde_json::from_str(&sent[0]).unwrap();
    let second: Value = serde_json::from_str(&sent[1]).unwrap();
    let told = |body: &str, words: &str, value: &Value| {
        assert!(body.contains(words), "{body}");
        body.replace(words, value.as_str().unwrap())
    };
    let expected = [
        told(&bodies(&before[0])[0], "(id of image 1)", &first["media"][0]["id"]),
        told(&bodies(&before[0])[1], "(id of the message before)", &second["reply_to"]),
    ];
    assert_eq!(sent, expected);
    assert_eq!(bodies(&shown(&app, &ctx, post).await[0]), sent, "afterwards nothing is left open");

    // Without images and thread nothing is open: byte for byte the same.
    let plain =
        app.scheduled(&ctx, "Plain: é, \"quotes\", https://example.com/?a=1&b=2", &[account], "2026-12-01T11:00").await;
    let before = bodies(&shown(&app, &ctx, plain.id).await[0]);
    app.clock.advance_secs(3600);
    app.publish_due().await;
    assert_eq!(proxy.bodies()[2..], before);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn problems_are_told_for_every_message_and_account() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    let long = "x".repeat(501);
    let post = app.call_once::<PostCreate>(&ctx, draft(&["fine", &long], &[account])).await.unwrap();
    let input = PostPreview {
        post_id: Some(post.post.id),
        networks: vec![KnownNetwork::X, KnownNetwork::Instagram],
        ..PostPreview::default()
    };
    let seen = app.call_once::<PostPreview>(&ctx, input).await.unwrap().previews;
    let problems: Vec<_> = seen
        .iter()
        .flat_map(|preview| {
            preview.problems.iter().map(|issue| format!("{}: {}: {}", preview.network, issue.field, issue.message))
        })
        .collect();
    insta::assert_json_snapshot!(problems);
    assert!(seen[0].segments.iter().all(|segment| segment.body.is_none()), "what cannot be sent has no bytes");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_are_checked_and_split_before_any_account_exists() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let text =
        "We bake with rye & wheat (from Anna's mill). https://example.com/a/long/address/that/counts/less #bread "
            .repeat(4);
    let input = PostPreview {
        texts: vec![text],
        networks: vec![KnownNetwork::Linkedin, KnownNetwork::X, KnownNetwork::Mastodon],
        split: Some(Splitting::Numbered),
        ..PostPreview::default()
    };
    let seen = app.call_once::<PostPreview>(&ctx, input.clone()).await.unwrap();
    insta::assert_json_snapshot!(seen);

    let code = async |input: PostPreview| app.call_once::<PostPreview>(&ctx, input).await.unwrap_err().code();
    assert_eq!(code(PostPreview::default()).await, "post_or_texts");
    assert_eq!(code(PostPreview { networks: vec![], ..input.clone() }).await, "networks_missing");
    assert_eq!(code(PostPreview { texts: vec!["x".repeat(100_001)], ..input }).await, "texts_too_long");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_shown_to_those_who_may_read_it() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let viewer = app.member(&team, Role::Viewer).await;
    let viewer = team.ctx(&app, viewer, crate::support::people::Door::CommandLine);
    let post = app.draft(&ctx, "Not yet", &[]).await;
    let input = PostPreview { post_id: Some(post.id), networks: vec![KnownNetwork::X], ..PostPreview::default() };
    let own = app.call_once::<PostPreview>(&ctx, input.clone()).await.unwrap().previews;
    assert_eq!(json!(own[0].segments[0].text), "Not yet");
    assert_eq!(app.call_once::<PostPreview>(&viewer, input).await.unwrap_err().code(), "post_not_found");
    // A change shows at once.
    let change = PostUpdate {
        post_id: post.id,
        version: None,
        segments: Some(vec![crate::support::people::message("Now")]),
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: None,
        tags: None,
    };
    app.call_once::<PostUpdate>(&ctx, change).await.unwrap();
    let input = PostPreview { post_id: Some(post.id), networks: vec![KnownNetwork::X], ..PostPreview::default() };
    assert_eq!(app.call_once::<PostPreview>(&ctx, input).await.unwrap().previews[0].segments[0].length, 3);
    app.close().await;
}
