//! The versions of a post: who changed what, what is different, and how one comes back.

use allin::{
    app::{
        ctx::Ctx,
        posts::{
            create::PostCreate, delete::PostDelete, diff::PostDiff, history::PostHistory, restore::PostRestore,
            update::PostUpdate,
        },
    },
    ids::PostId,
    model::{diff::RunKind, posts::Variant, roles::Role, states::PostStatus},
};

use crate::support::{
    TestApp, named,
    people::{Door, draft, message},
};

fn update(post_id: PostId) -> PostUpdate {
    PostUpdate {
        post_id,
        version: None,
        segments: None,
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: None,
        tags: None,
    }
}

fn texts(post_id: PostId, texts: &[&str]) -> PostUpdate {
    PostUpdate { segments: Some(texts.iter().map(|text| message(text)).collect()), ..update(post_id) }
}

fn history(post_id: PostId) -> PostHistory {
    PostHistory { post_id, before: None, limit: None }
}

fn diff(post_id: PostId, from: Option<i32>, to: Option<i32>) -> PostDiff {
    PostDiff { post_id, from, to }
}

fn restore(post_id: PostId, version: i32) -> PostRestore {
    PostRestore { post_id, version, present: None }
}

async fn change(app: &TestApp, ctx: &Ctx, input: PostUpdate) -> i32 {
    app.clock.advance_secs(60);
    app.call_once::<PostUpdate>(ctx, input).await.unwrap().post.version
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_version_says_who_made_it_and_what_is_different() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let accounts = [app.account(&team, "bakery").await, app.account(&team, "cafe").await];
    let author = app.member_called(&team, "Anna Berg", Role::Contributor).await;
    let (key, _) = app.key(&team, author).await;
    let writer = team.ctx(&app, author, Door::Http(key));
    let post =
        app.call_once::<PostCreate>(&writer, draft(&["Fresh bread today"], &accounts[..1])).await.unwrap().post.id;
    change(&app, &team.connection(&app), texts(post, &["Fresh rolls today", "Come early"])).await;
    let own = Variant { account_id: accounts[1], segments: vec![message("Rolls at the cafe")] };
    let both = PostUpdate {
        account_ids: Some(accounts.to_vec()),
        variants: Some(vec![own]),
        title: Some("Tuesday".into()),
        ..update(post)
    };
    change(&app, &team.person(&app), both).await;
    app.clock.advance_secs(60);
    app.call_once::<PostRestore>(&writer, restore(post, 1)).await.unwrap();

    let found = app.call_once::<PostHistory>(&writer, history(post)).await.unwrap();
    let compared = app.call_once::<PostDiff>(&writer, diff(post, Some(1), Some(3))).await.unwrap();
    let last = app.call_once::<PostDiff>(&writer, diff(post, None, None)).await.unwrap();
    assert_eq!((last.from, last.to), (3, 4));
    insta::assert_json_snapshot!(named(&(found, compared)));

    // Page by page.
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = PostHistory { before, limit: Some(3), ..history(post) };
        let page = app.call_once::<PostHistory>(&writer, page).await.unwrap();
        seen.extend(page.versions.iter().map(|one| (one.version, one.changes.len())));
        before = page.next_before;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, [(4, 4), (3, 2), (2, 2), (1, 0)]);
    for (from, to) in [(Some(0), None), (None, Some(5)), (Some(9), Some(1))] {
        let missing = app.call_once::<PostDiff>(&writer, diff(post, from, to)).await.unwrap_err();
        assert_eq!(missing.code(), "version_not_found");
    }
    let nothing = app.call_once::<PostDiff>(&writer, diff(post, Some(1), Some(4))).await.unwrap();
    assert!(nothing.parts.is_empty() && nothing.changes.is_empty() && nothing.unified.is_empty());
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_version_is_a_change_like_any_other() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let input = PostCreate { title: Some("First".into()), ..draft(&["Bread", "Cake"], &[account]) };
    let post = app.call_once::<PostCreate>(&ctx, input).await.unwrap().post.id;
    change(&app, &ctx, PostUpdate { title: Some(String::new()), ..texts(post, &[&"x".repeat(501)]) }).await;
    change(&app, &ctx, PostUpdate { account_ids: Some(vec![]), ..texts(post, &["Rolls"]) }).await;

    let back = app.call_once::<PostRestore>(&ctx, restore(post, 1)).await.unwrap();
    let said: Vec<_> = back.post.targets[0].segments.iter().map(|one| one.message.text.as_str()).collect();
    assert_eq!((back.post.version, back.post.title.as_deref(), said), (4, Some("First"), vec!["Bread", "Cake"]));
    assert_eq!(back.message, "Version 1 is back, as version 4.");
    let again = app.call_once::<PostRestore>(&ctx, restore(post, 1)).await.unwrap_err();
    assert_eq!(again.code(), "nothing_to_restore");
    assert_eq!(app.call_once::<PostRestore>(&ctx, restore(post, 7)).await.unwrap_err().code(), "version_not_found");
    let stale = PostRestore { present: Some(3), ..restore(post, 3) };
    assert_eq!(app.call_once::<PostRestore>(&ctx, stale).await.unwrap_err().code(), "version_conflict");

    // The rules hold: nothing that could not be sent comes back into a scheduled post, nor anything into a public one.
    let due = app.now().plus_secs(3600).to_string();
    app.scheduled_again(&ctx, post, &due).await;
    let long = app.call_once::<PostRestore>(&ctx, restore(post, 2)).await.unwrap_err();
    assert_eq!(long.code(), "post_unsendable");
    app.clock.advance_secs(3600);
    app.publish_due().await;
    assert_eq!(app.post(&ctx, post).await.status, PostStatus::Published);
    assert_eq!(app.call_once::<PostRestore>(&ctx, restore(post, 3)).await.unwrap_err().code(), "state_forbids");
    assert_eq!(app.post(&ctx, post).await.version, 4);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn earlier_versions_are_seen_by_whom_drafts_are() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let member = async |role| team.ctx(&app, app.member(&team, role).await, Door::Stdio);
    let (author, other) = (member(Role::Contributor).await, member(Role::Contributor).await);
    let (viewer, publisher) = (member(Role::Viewer).await, member(Role::Publisher).await);
    let post = app.call_once::<PostCreate>(&author, draft(&["Secret words"], &[account])).await.unwrap().post.id;
    change(&app, &author, texts(post, &["Fresh bread"])).await;
    let code = async |ctx: &Ctx| match app.call_once::<PostDiff>(ctx, diff(post, Some(1), None)).await {
        Ok(found) => {
            assert!(found.unified.contains("-Secret words"), "{}", found.unified);
            "seen"
        }
        Err(error) => {
            assert_eq!(app.call_once::<PostHistory>(ctx, history(post)).await.unwrap_err().code(), error.code());
            error.code()
        }
    };
    let all = async || [code(&author).await, code(&publisher).await, code(&other).await, code(&viewer).await];
    assert_eq!(all().await, ["seen", "seen", "post_not_found", "role_too_low"]);
    let due = app.now().plus_secs(60).to_string();
    app.scheduled_again(&team.person(&app), post, &due).await;
    app.clock.advance_secs(60);
    app.publish_due().await;
    assert_eq!(all().await, ["seen", "seen", "history_not_yours", "role_too_low"], "it is public now");
    for (ctx, expected) in [(&other, "post_not_found"), (&viewer, "role_too_low")] {
        assert_eq!(app.call_once::<PostRestore>(ctx, restore(post, 1)).await.unwrap_err().code(), expected);
    }
    app.agreed::<PostDelete>(&team.person(&app), PostDelete { post_id: post }).await.unwrap();
    assert_eq!(all().await, ["post_not_found", "post_not_found", "post_not_found", "role_too_low"]);
    let gone = app.call_once::<PostRestore>(&publisher, restore(post, 1)).await.unwrap_err();
    assert_eq!(gone.code(), "post_not_found");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_change_and_a_restore_at_once_one_wins() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let post = app.draft(&ctx, "One", &[]).await.id;
    change(&app, &ctx, texts(post, &["Two"])).await;
    for round in 0..10 {
        let present = app.post(&ctx, post).await.version;
        let new = format!("Round {round}");
        let changed = PostUpdate { version: Some(present), ..texts(post, &[&new]) };
        let back = PostRestore { present: Some(present), ..restore(post, 1) };
        let (one, other) =
            tokio::join!(app.call_once::<PostUpdate>(&ctx, changed), app.call_once::<PostRestore>(&ctx, back));
        let refused: Vec<_> = [one, other].into_iter().filter_map(Result::err).map(|error| error.code()).collect();
        assert_eq!(refused, ["version_conflict"]);
        assert_eq!(app.post(&ctx, post).await.version, present + 1);
        // So that version 1 is something else again.
        change(&app, &ctx, texts(post, &["Between"])).await;
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hides_in_a_text_shows_in_its_diff() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let post = app.draft(&ctx, "Pay at example.com", &[]).await.id;
    change(&app, &ctx, texts(post, &["Pay at \u{202e}moc.elpmaxe\u{1b}[2J"])).await;
    let found = app.call_once::<PostDiff>(&ctx, diff(post, None, None)).await.unwrap();
    for text in [&found.marked, &found.unified] {
        assert!(text.contains("\\u{202e}") && text.contains("\\u{1b}[2J"), "{text}");
        assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text}");
    }
    // Programs get the text as it is.
    let side = |gone| {
        let runs = found.parts[0].messages[0].runs.iter().filter(|run| run.kind != gone);
        runs.map(|run| run.text.as_str()).collect::<String>()
    };
    assert_eq!(side(RunKind::Deleted), "Pay at \u{202e}moc.elpmaxe\u{1b}[2J");
    assert_eq!(side(RunKind::Inserted), "Pay at example.com");
    app.close().await;
}
