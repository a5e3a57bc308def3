//! Tags of scheduled posts: set, found by, and paused by, whenever they were set.

use allin::{
    app::{
        ctx::Ctx,
        held::{
            Release,
            list::{HeldList, HeldView},
            release::HeldRelease,
        },
        pauses::{resume::PublishingResume, start::PublishingPause},
        posts::{create::PostCreate, query::PostQuery, schedule::PostSchedule, update::PostUpdate, view::PostChanged},
    },
    error::Result,
    ids::{AccountId, PostId},
    jobs::publish_posts,
    model::{
        roles::Role,
        sandbox::Mode,
        states::PostStatus::{Held, Published, Scheduled},
    },
};

use crate::support::{
    Setup, TestApp,
    people::{Door, draft, schedule},
};

const DUE: &str = "2026-12-01T09:30";

fn tags(post_id: PostId, tags: &[&str]) -> PostUpdate {
    PostUpdate {
        post_id,
        version: None,
        segments: None,
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: None,
        tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
    }
}

async fn tag(app: &TestApp, ctx: &Ctx, post: PostId, words: &[&str]) -> Result<PostChanged> {
    app.call_once::<PostUpdate>(ctx, tags(post, words)).await
}

fn pause(tag: &str) -> PublishingPause {
    PublishingPause { reason: "Flour recall".into(), account_id: None, campaign_id: None, tag: Some(tag.into()) }
}

/// A post with these tags that is due at the same instant as the others.
async fn due(app: &TestApp, ctx: &Ctx, account: AccountId, text: &str, words: &[&str]) -> PostId {
    let input = PostCreate { tags: words.iter().map(|tag| (*tag).to_owned()).collect(), ..draft(&[text], &[account]) };
    let post = app.call_once::<PostCreate>(ctx, input).await.unwrap().post.id;
    app.call_once::<PostSchedule>(ctx, schedule(post, DUE)).await.unwrap();
    post
}

async fn held(app: &TestApp, ctx: &Ctx, tag: &str) -> Vec<HeldView> {
    app.call_once::<HeldList>(ctx, HeldList { tag: Some(tag.into()), ..HeldList::default() }).await.unwrap().held
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_tag_stops_what_has_it_when_it_is_due() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    let early = due(&app, &ctx, account, "Tagged before it was scheduled", &["bread"]).await;
    let later = due(&app, &ctx, account, "Tagged after that", &[]).await;
    assert_eq!(tag(&app, &ctx, later, &["#Bread", "news"]).await.unwrap().warnings, [""; 0]);
    let during = due(&app, &ctx, account, "Tagged during the pause", &["news"]).await;
    let loosed = due(&app, &ctx, account, "Loosed during the pause", &["bread"]).await;
    let back = due(&app, &ctx, account, "Loosed and tagged again", &["bread", "rolls"]).await;
    let other = due(&app, &ctx, account, "Of another tag", &["breadcrumbs"]).await;
    let paused = app.call_once::<PublishingPause>(&ctx, pause("bread")).await.unwrap();
    assert_eq!((paused.scheduled, paused.under_way.len()), (4, 0));

    // Whoever takes a post into the pause or out of it is told.
    let stopped = "Publishing of the tag #bread is paused (Flour recall): what comes due is held for review.";
    let free = "The pause of the tag #bread (Flour recall) stops it no longer: it goes out at its time.";
    for (post, words, said) in [
        (during, &["news", "bread"][..], &[stopped][..]),
        (loosed, &[], &[free]),
        (back, &["rolls"], &[free]),
        (back, &["rolls", "bread"], &[stopped]),
        (back, &["bread"], &[stopped]),
        (other, &["crumbs"], &[]),
    ] {
        let changed = tag(&app, &ctx, post, words).await.unwrap();
        assert_eq!(changed.post.status, Scheduled);
        assert_eq!(changed.warnings, said, "{words:?}");
    }

    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 6);
    let mut texts = app.sandbox.texts();
    texts.sort_unstable();
    assert_eq!(texts, ["Loosed during the pause", "Of another tag"]);
    let mut waiting: Vec<_> =
        held(&app, &ctx, "bread").await.into_iter().map(|line| (line.post_id, line.reason)).collect();
    let mut expected: Vec<_> = [early, later, during, back].map(|post| (post, "paused".to_owned())).into();
    waiting.sort_unstable();
    expected.sort_unstable();
    assert_eq!(waiting, expected);

    // What is held stays held without its tag, and goes out only when somebody lets it.
    tag(&app, &ctx, early, &[]).await.unwrap();
    assert_eq!((app.publish_due().await, app.post(&ctx, early).await.status), (0, Held));
    let release = |post: PostId| HeldRelease {
        release: Release::PublishNow,
        post_ids: vec![post],
        account_id: None,
        campaign_id: None,
        tag: None,
        reason: None,
        from: None,
        every_minutes: None,
    };
    let kept = app.agreed::<HeldRelease>(&ctx, release(later)).await.unwrap().posts.remove(0).still_held;
    assert!(kept.as_deref().unwrap().starts_with("Publishing of the tag #bread is paused (Flour recall)."), "{kept:?}");
    app.agreed::<HeldRelease>(&ctx, release(early)).await.unwrap();
    app.publish_due().await;
    assert_eq!((app.post(&ctx, early).await.status, app.post(&ctx, later).await.status), (Published, Held));
    let resume = PublishingResume { tag: Some("bread".into()), ..PublishingResume::default() };
    app.agreed::<PublishingResume>(&ctx, resume).await.unwrap();
    assert_eq!((app.publish_due().await, app.sandbox.texts().len()), (0, 3));
    app.close().await;
}

/// The publisher has looked at the post and prepares it when it gets the paused tag: the database refuses the call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tag_that_comes_between_the_look_and_the_call_stops_it() {
    let app = TestApp::with(Setup { mode: Mode::ResumableHandle, ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    app.call_once::<PublishingPause>(&ctx, pause("bread")).await.unwrap();
    let post = due(&app, &ctx, account, "Rye", &[]).await;
    app.sandbox.order(serde_json::json!({ "fault": "slow", "calls": "prepare", "millis": 1000 })).await;
    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    let inner = std::sync::Arc::clone(&app.app);
    let step = tokio::spawn(async move { publish_posts::step(&inner, 10).await.unwrap() });
    while !app.sandbox.log().iter().any(|entry| entry["event"] == "upload_opened") {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    tag(&app, &ctx, post, &["bread"]).await.unwrap();
    assert!(!step.is_finished(), "preparing was too fast for this test");
    step.await.unwrap();
    app.publish_due().await;
    let problem = app.post(&ctx, post).await.targets.remove(0).problem.map(|problem| problem.code);
    assert_eq!(
        (app.sandbox.texts(), app.post(&ctx, post).await.status, problem.as_deref()),
        (vec![], Held, Some("paused"))
    );
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scheduled_posts_are_found_by_the_tags_that_they_have_now() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    let post = due(&app, &ctx, account, "Rye", &["bread"]).await;
    let found = async |tag: &str| {
        let input = PostQuery { tag: Some(tag.into()), ..PostQuery::default() };
        let page = app.call_once::<PostQuery>(&ctx, input).await.unwrap();
        page.posts.into_iter().map(|line| line.id).collect::<Vec<_>>()
    };
    assert_eq!((found("bread").await, found("rye").await), (vec![post], vec![]));
    tag(&app, &ctx, post, &["RYE"]).await.unwrap();
    assert_eq!((found("bread").await, found("rye").await), (vec![], vec![post]));
    let many: Vec<String> = (0..21).map(|number| format!("t{number}")).collect();
    for (words, code) in [
        (many.iter().map(String::as_str).collect::<Vec<_>>(), "too_many_tags"),
        (vec!["two words"], "tag_malformed"),
        (vec!["rye", ""], "tag_malformed"),
    ] {
        assert_eq!(tag(&app, &ctx, post, &words).await.unwrap_err().code(), code);
    }
    assert_eq!(app.post(&ctx, post).await.tags, ["rye"], "a refusal changes nothing");
    // A pause can hang on the tags of what is scheduled: who may not schedule may not change them.
    let contributor = app.member(&team, Role::Contributor).await;
    let theirs = team.ctx(&app, contributor, Door::Stdio);
    let own = app.draft(&theirs, "Rolls", &[account]).await.id;
    tag(&app, &theirs, own, &["rolls"]).await.unwrap();
    app.call_once::<PostSchedule>(&ctx, schedule(own, DUE)).await.unwrap();
    assert_eq!(tag(&app, &theirs, own, &[]).await.unwrap_err().code(), "scheduled_post");
    assert_eq!(found("rolls").await, [own]);
    app.close().await;
}
