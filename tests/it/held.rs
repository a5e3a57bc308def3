//! Held posts: released by choice and apart from each other.

mod outcomes;

use allin::{
    app::{
        accounts::change::AccountChange,
        ctx::Ctx,
        held::{
            Release,
            list::{HeldList, HeldView},
            release::HeldRelease,
        },
        pauses::{resume::PublishingResume, start::PublishingPause},
        posts::{cancel::PostCancel, publish::PostPublish},
        queue::set::QueueSet,
    },
    ids::PostId,
    model::{roles::Role, states::PostStatus},
};

use crate::support::{
    TestApp,
    people::{Door, Team},
};

fn pause(tag: Option<&str>) -> PublishingPause {
    PublishingPause { reason: "A crisis".into(), account_id: None, campaign_id: None, tag: tag.map(str::to_owned) }
}

fn resume(held: Option<Release>) -> PublishingResume {
    PublishingResume { held, ..PublishingResume::default() }
}

fn all(release: Release) -> HeldRelease {
    HeldRelease {
        release,
        post_ids: vec![],
        account_id: None,
        campaign_id: None,
        tag: None,
        reason: None,
        from: None,
        every_minutes: None,
    }
}

async fn held(app: &TestApp, ctx: &Ctx) -> Vec<HeldView> {
    app.call_once::<HeldList>(ctx, HeldList::default()).await.unwrap().held
}

/// Three posts of one account and one of another that came due during a pause of everything.
async fn paused_posts() -> (TestApp, Team, Ctx, Vec<PostId>) {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let (one, other) = (app.account(&team, "bakery").await, app.account(&team, "cafe").await);
    let mut posts = Vec::new();
    for (text, account) in [("One", one), ("Two", one), ("Three", one), ("Four", other)] {
        posts.push(app.scheduled(&ctx, text, &[account], "2026-12-01T09:30").await.id);
    }
    // Planned already where the second would go.
    app.scheduled(&ctx, "Planned", &[one], "2026-12-01T09:50").await;
    app.call_once::<PublishingPause>(&ctx, pause(None)).await.unwrap();
    app.clock.set("2026-12-01T08:30:00Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 4);
    assert_eq!((held(&app, &ctx).await.len(), app.sandbox.texts()), (4, vec![]));
    (app, team, ctx, posts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resuming_sends_nothing_unless_it_is_chosen() {
    let (app, _, ctx, _) = paused_posts().await;
    let resumed = app.agreed::<PublishingResume>(&ctx, resume(None)).await.unwrap();
    assert_eq!(
        resumed.message,
        "Publishing of everything goes on. 4 that came due during the pause stay held: held_list shows them, held_release \
         lets them go."
    );
    assert_eq!((app.publish_due().await, app.sandbox.texts()), (0, vec![]));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_times_are_apart_from_each_other_and_from_what_is_planned() {
    let (app, _, ctx, _) = paused_posts().await;
    let input = PublishingResume { every_minutes: Some(10), ..resume(Some(Release::NewTimes)) };
    let resumed = app.agreed::<PublishingResume>(&ctx, input).await.unwrap();
    let times: Vec<_> =
        resumed.held.iter().map(|moved| (moved.excerpt.as_str(), moved.at_local.as_deref().unwrap())).collect();
    // The order of those due at one instant is that of their ids.
    let mut at: Vec<_> = times.iter().map(|(text, at)| (*at, *text)).collect();
    at.sort();
    let expected = ["09:35", "09:35", "10:00", "10:10"].map(|time| format!("Tue 1 Dec 2026, {time} (Europe/Berlin)"));
    assert_eq!(at.iter().map(|(at, _)| (*at).to_owned()).collect::<Vec<_>>(), expected);
    assert_eq!(app.publish_due().await, 0, "nothing goes out at once");
    for (until, sent) in [("08:35:00", 2), ("08:50:00", 3), ("08:59:59", 3), ("09:00:00", 4), ("09:10:00", 5)] {
        app.clock.set(format!("2026-12-01T{until}Z").parse().unwrap());
        app.publish_due().await;
        assert_eq!(app.sandbox.texts().len(), sent, "{until}");
    }
    app.close().await;
}

/// As scheduling does, and with the times that the others got by the same call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_says_nearly_the_same_is_told_with_the_new_times() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let other = app.account(&team, "cafe").await;
    let bread = "Fresh bread every morning at seven. Come in and taste our new rye, still warm from the oven!";
    let near = "Fresh bread every morning at eight. Come in and taste our new rye, still warm from the oven!";
    for resuming in [true, false] {
        let at = app.now().plus_secs(60).to_string();
        let one = app.scheduled(&ctx, bread, &[account], &at).await.id;
        let two = app.scheduled(&ctx, near, &[account], &at).await.id;
        app.scheduled(&ctx, bread, &[other], &at).await;
        app.call_once::<PublishingPause>(&ctx, pause(None)).await.unwrap();
        app.clock.advance_secs(60);
        assert_eq!(app.publish_due().await, 3);
        let from = app.now().plus_secs(3600);
        let from = Some(from.to_string());
        let (posts, warnings) = if resuming {
            let input = PublishingResume { from, ..resume(Some(Release::NewTimes)) };
            let resumed = app.agreed::<PublishingResume>(&ctx, input).await.unwrap();
            (resumed.held, resumed.warnings)
        } else {
            app.agreed::<PublishingResume>(&ctx, resume(None)).await.unwrap();
            let released =
                app.agreed::<HeldRelease>(&ctx, HeldRelease { from, ..all(Release::NewTimes) }).await.unwrap();
            (released.posts, released.warnings)
        };
        let at = |post| posts.iter().find(|moved| moved.post_id == post).unwrap().at_local.clone().unwrap();
        let said: Vec<_> = warnings.iter().filter(|warning| warning.contains("nearly the same")).collect();
        assert_eq!(said.len(), 2, "{warnings:?}");
        for (post, like) in [(one, two), (two, one)] {
            let like = format!("nearly the same as {like} (scheduled {})", at(like));
            assert!(
                said.iter().any(|warning| warning.contains(&format!("({post}): @bakery")) && warning.contains(&like)),
                "{said:?}"
            );
        }
        // Dropped for good, and a month later what was said is no matter any more.
        for post in [one, two] {
            let input = PostCancel { post_id: post, account_ids: vec![] };
            app.call_once::<PostCancel>(&ctx, input).await.unwrap();
        }
        app.clock.advance_secs(40 * 86_400);
        app.publish_due().await;
        app.agreed::<HeldRelease>(&ctx, all(Release::Drop)).await.unwrap();
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_times_keep_the_rules_of_the_queue() {
    let (app, _, ctx, _) = paused_posts().await;
    let account = held(&app, &ctx).await.iter().find(|line| line.account == "sandbox/bakery").unwrap().account_id;
    let rules = QueueSet {
        account_id: account,
        slots: None,
        quiet_hours: Some("09:00-20:00".into()),
        daily_cap: Some(2),
        distance_minutes: None,
        strict: None,
    };
    app.call_once::<QueueSet>(&ctx, rules).await.unwrap();
    let resumed = app.agreed::<PublishingResume>(&ctx, resume(Some(Release::NewTimes))).await.unwrap();
    let mut times: Vec<_> = resumed
        .held
        .iter()
        .filter(|moved| moved.account == "sandbox/bakery")
        .map(|moved| moved.at_local.clone().unwrap())
        .collect();
    times.sort();
    // One is planned that day already; two fit into each day after it.
    let expected = ["Tue 1 Dec 2026, 20:05", "Wed 2 Dec 2026, 00:05", "Wed 2 Dec 2026, 00:35"];
    assert_eq!(times, expected.map(|time| format!("{time} (Europe/Berlin)")));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_posts_are_published_now_or_dropped_by_choice() {
    let (app, _, ctx, posts) = paused_posts().await;
    app.agreed::<PublishingResume>(&ctx, resume(None)).await.unwrap();
    let some = HeldRelease { post_ids: posts[..2].to_vec(), ..all(Release::PublishNow) };
    let released = app.agreed::<HeldRelease>(&ctx, some).await.unwrap();
    assert_eq!(released.message, "Of the held posts 2 is published now.");
    app.publish_due().await;
    let mut texts = app.sandbox.texts();
    texts.sort();
    assert_eq!(texts, ["One", "Two"]);
    let dropped = app.agreed::<HeldRelease>(&ctx, all(Release::Drop)).await.unwrap();
    assert_eq!((dropped.posts.len(), held(&app, &ctx).await.len()), (2, 0));
    assert_eq!(app.post(&ctx, posts[2]).await.status, PostStatus::Cancelled);
    let error = app.call_once::<HeldRelease>(&ctx, all(Release::Drop)).await.unwrap_err();
    assert_eq!(error.code(), "nothing_held");
    let wrong = HeldRelease { every_minutes: Some(0), ..all(Release::NewTimes) };
    assert_eq!(app.call_once::<HeldRelease>(&ctx, wrong).await.unwrap_err().code(), "distance_out_of_range");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_go_stays_held_and_says_why() {
    let (app, team, ctx, posts) = paused_posts().await;
    let mut superuser = app.database.superuser().await;
    let tagged = sqlx::query("update posts set tags = array['bread'] where post_id = $1");
    tagged.bind(posts[0].uuid()).execute(&mut superuser).await.unwrap();
    app.call_once::<PublishingPause>(&ctx, pause(Some("bread"))).await.unwrap();
    // While everything is paused nothing is released.
    let released = app.agreed::<HeldRelease>(&ctx, all(Release::PublishNow)).await.unwrap();
    assert_eq!(released.message, "Of the held posts 0 is published now, 4 stayed held.");
    let resumed = app.agreed::<PublishingResume>(&ctx, resume(Some(Release::PublishNow))).await.unwrap();
    let stayed: Vec<_> = resumed.held.iter().filter_map(|moved| moved.still_held.as_deref()).collect();
    assert_eq!(
        stayed,
        [
            "Publishing of the tag #bread is paused (A crisis). A manager ends the pause first, with publishing_resume or \
          `allin resume`; then repeat this."
        ]
    );
    app.publish_due().await;
    assert_eq!(app.sandbox.texts().len(), 3);

    // A publisher releases on granted accounts only.
    let publisher = app.member(&team, Role::Publisher).await;
    let theirs = team.ctx(&app, publisher, Door::Stdio);
    let input = PublishingResume { tag: Some("bread".into()), ..resume(None) };
    app.agreed::<PublishingResume>(&ctx, input).await.unwrap();
    let released = app.agreed::<HeldRelease>(&theirs, all(Release::PublishNow)).await.unwrap();
    assert!(released.posts[0].still_held.as_deref().unwrap().contains("You were not granted"), "{released:?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_late_a_post_may_go_out_is_the_accounts() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let accounts =
        [app.account(&team, "strict").await, app.account(&team, "usual").await, app.account(&team, "lax").await];
    for (account, minutes) in [(accounts[0], 0), (accounts[2], 120)] {
        let change = AccountChange { account_id: account, tolerance_minutes: Some(minutes), time_zone: None };
        assert_eq!(app.call_once::<AccountChange>(&ctx, change).await.unwrap().tolerance_minutes, minutes);
    }
    for account in accounts {
        app.scheduled(&ctx, &format!("{account}"), &[account], "2026-12-01T09:30").await;
    }
    app.clock.set("2026-12-01T10:30:00Z".parse().unwrap());
    app.publish_due().await;
    let lines: Vec<_> =
        held(&app, &ctx).await.into_iter().map(|line| (line.account, line.reason, line.tolerance_minutes)).collect();
    let missed = |handle: &str, minutes| (format!("sandbox/{handle}"), "missed".to_owned(), minutes);
    let mut expected = [missed("strict", 0), missed("usual", 15)];
    expected.sort();
    let mut lines = lines;
    lines.sort();
    assert_eq!((lines.as_slice(), app.sandbox.texts()), (expected.as_slice(), vec![format!("{}", accounts[2])]));
    let wrong = AccountChange { account_id: accounts[0], tolerance_minutes: Some(10_081), time_zone: None };
    assert_eq!(app.call_once::<AccountChange>(&ctx, wrong).await.unwrap_err().code(), "tolerance_out_of_range");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emergency_takes_a_manager_and_a_reason_and_passes_no_pause() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let post = app.draft(&ctx, "Recall of all rolls", &[account]).await.id;
    let now =
        |reason: &str| PostPublish { post_id: post, account_ids: vec![], emergency_reason: Some(reason.to_owned()) };
    let publisher = app.member(&team, Role::Publisher).await;
    app.grant(&team, account, publisher).await;
    let theirs = team.ctx(&app, publisher, Door::Stdio);
    assert_eq!(app.call_once::<PostPublish>(&theirs, now("Recall")).await.unwrap_err().code(), "role_too_low");
    assert_eq!(app.call_once::<PostPublish>(&ctx, now(" ")).await.unwrap_err().code(), "reason_missing");
    let strict = QueueSet {
        account_id: account,
        slots: None,
        quiet_hours: Some("00:00-23:59".into()),
        daily_cap: None,
        distance_minutes: None,
        strict: Some(true),
    };
    app.call_once::<QueueSet>(&ctx, strict).await.unwrap();
    let usual = PostPublish { emergency_reason: None, ..now("") };
    assert_eq!(app.agreed::<PostPublish>(&ctx, usual).await.unwrap_err().code(), "queue_forbids");
    app.call_once::<PublishingPause>(&ctx, pause(None)).await.unwrap();
    assert_eq!(app.call_once::<PostPublish>(&ctx, now("Recall")).await.unwrap_err().code(), "publishing_paused");
    app.agreed::<PublishingResume>(&ctx, resume(None)).await.unwrap();
    let publishing = app.agreed::<PostPublish>(&ctx, now("Recall"));
    let working = async {
        while app.publish_due().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    let (published, ()) = tokio::join!(publishing, working);
    assert_eq!(published.unwrap().post.status, PostStatus::Published);
    let mut superuser = app.database.superuser().await;
    let kept: i64 = sqlx::query_scalar(
        "select count(*) from audit_entries e join audit_openings o
             on e.changes @> jsonb_build_array(jsonb_build_object('how', jsonb_build_object('emergency',
                jsonb_build_object('commitment', encode(o.commitment, 'hex')))))
         where use_case = 'post_publish' and o.value = 'Recall'",
    )
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!(kept, 1);
    app.close().await;
}
