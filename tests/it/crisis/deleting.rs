//! Deleting what was published: chosen or all, told post by post, finished by the publisher, by hand where nothing else goes.

use allin::{
    app::{
        accounts::remove::AccountRemove,
        crisis::delete::CrisisDelete,
        use_case::{CallOptions, Reply},
    },
    ids::{IdGen as _, PostId, RandomIds},
    model::crisis::Standing,
};
use serde_json::json;

use super::{Stage, standings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chosen_posts_are_deleted_after_the_person_agreed() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let old = stage.published("Old", &stage.accounts[..1]).await;
    app.clock.advance_secs(25 * 3600);
    let cake = stage.published("Cake for 1 euro", &stage.accounts).await;
    let bread = stage.published("Bread", &stage.accounts[..1]).await;
    assert_eq!(stage.delete(&[cake]).await.unwrap_err().code(), "no_crisis");
    stage.start(&stage.leader()).await.unwrap();

    let input = CrisisDelete { post_ids: vec![cake], all_since: false };
    let asked = app.call::<CrisisDelete>(&stage.leader(), input.clone(), CallOptions::default()).await.unwrap();
    let Reply::Ask(asked) = asked else { panic!("it did not ask") };
    assert_eq!(
        asked.question.text,
        "Delete what was published since Tue 1 Dec 2026, 10:03 (Europe/Berlin), 2 in all: “Cake for 1 euro” on \
         sandbox/bakery, “Cake for 1 euro” on sandbox/cafe? Likes and replies there are lost."
    );
    let mut texts = app.sandbox.texts();
    texts.sort();
    assert_eq!(texts, ["Bread", "Cake for 1 euro", "Cake for 1 euro", "Old"], "nothing happens before the yes");
    let deleted = stage.delete(&[cake]).await.unwrap();
    assert_eq!((deleted.message.as_str(), deleted.not_begun.len()), ("2 of 2 removed.", 0));
    assert_eq!(app.sandbox.texts(), ["Old", "Bread"]);
    // The yes was for what was there then.
    let stale = CallOptions { confirmation: Some(asked.state), ..CallOptions::default() };
    let error = app.call::<CrisisDelete>(&stage.leader(), input, stale).await.unwrap_err();
    assert_eq!(error.code(), "confirmation_stale");

    // What is not listed is answered like what never was.
    let unlisted: Vec<_> = [old, PostId(RandomIds.next(app.now()))].into();
    for post in unlisted {
        let error = stage.delete(&[bread, post]).await.unwrap_err();
        assert_eq!(error.code(), "post_not_listed");
    }
    let both = CrisisDelete { post_ids: vec![bread], all_since: true };
    assert_eq!(app.call_once::<CrisisDelete>(&stage.leader(), both).await.unwrap_err().code(), "posts_ambiguous");
    assert_eq!(app.sandbox.texts(), ["Old", "Bread"]);

    assert_eq!(stage.delete(&[]).await.unwrap().message, "1 of 1 removed.");
    assert_eq!(stage.delete(&[]).await.unwrap_err().code(), "nothing_to_delete");
    let again = stage.delete(&[cake]).await.unwrap();
    assert_eq!(again.message, "2 of 2 removed.", "again changes nothing");
    assert_eq!(app.sandbox.texts(), ["Old"]);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_told_and_tried_again_and_what_nobody_can_reach_is_done_by_hand() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let bread = stage.published("Bread", &stage.accounts[..1]).await;
    let cake = stage.published("Cake", &stage.accounts).await;
    let lost = AccountRemove { account_id: stage.accounts[1] };
    app.agreed::<AccountRemove>(&stage.team.person(app), lost).await.unwrap();
    stage.start(&stage.leader()).await.unwrap();
    app.sandbox.order(json!({ "fault": "error", "calls": "change", "times": 1 })).await;

    let deleted = stage.delete(&[]).await.unwrap();
    let mut seen = standings(&deleted.posts);
    seen.sort_by_key(|(text, account, _)| (text.to_owned(), account.to_owned()));
    let failed = seen
        .iter()
        .filter(|(_, account, standing)| *account == "sandbox/bakery" && *standing == Standing::BeingRemoved);
    assert_eq!(failed.count(), 1, "one call failed: {seen:?}");
    assert!(seen.contains(&("Cake", "sandbox/cafe", Standing::ByHand)), "{seen:?}");
    assert_eq!(deleted.message, "1 of 3 removed, 1 not yet: it is tried again by itself, 1 to be deleted by hand.");
    for one in &deleted.posts {
        let problem = one.problem.as_deref().unwrap_or_default();
        let expected = match one.standing {
            Standing::ByHand => {
                problem.starts_with("@cafe is disconnected: sign in on Sandbox and delete it at its link")
            }
            Standing::BeingRemoved => {
                problem.contains("It is tried again by itself; you can also delete it on Sandbox")
            }
            _ => problem.is_empty(),
        };
        assert!(expected && !one.links.is_empty(), "{one:?}");
    }
    // The publisher goes on with it, behind the pause.
    app.clock.advance_secs(120);
    app.publish_due().await;
    let mut left = stage.now().await;
    left.published.retain(|one| one.standing != Standing::Removed);
    assert_eq!(standings(&left.published), [("Cake", "sandbox/cafe", Standing::ByHand)]);
    assert_eq!(app.sandbox.texts(), ["Cake"]);
    // Connected again, it can be deleted.
    app.account(&stage.team, "cafe").await;
    let deleted = stage.delete(&[bread, cake]).await.unwrap();
    assert_eq!((deleted.message.as_str(), app.sandbox.texts().len()), ("3 of 3 removed.", 0));
    stage.app.close().await;
}

/// Two delete at once, and a third ends the account's token: each post is told as it stands, and none is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deleting_twice_at_once_deletes_once() {
    let stage = Stage::new().await;
    let mut posts = Vec::new();
    for number in 0..20 {
        posts.push(stage.published(&format!("Post {number}"), &stage.accounts).await);
    }
    stage.start(&stage.leader()).await.unwrap();
    let (one, other) = tokio::join!(stage.delete(&posts), stage.delete(&posts));
    // Whoever asked before the other was done is asked anew.
    let won = [&one, &other].into_iter().filter(|answer| answer.is_ok()).count();
    let lost = [&one, &other].into_iter().filter_map(|answer| answer.as_ref().err());
    assert!(won >= 1 && lost.clone().all(|error| error.code() == "confirmation_stale"), "{one:?} {other:?}");
    assert_eq!(stage.delete(&posts).await.unwrap().message, "40 of 40 removed.");
    let deleted = stage.app.sandbox.log().into_iter().filter(|entry| entry["event"] == "post_deleted").count();
    assert_eq!((deleted, stage.app.sandbox.texts().len()), (40, 0));
    stage.app.close().await;
}
