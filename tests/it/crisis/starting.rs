//! Beginning: everything stops, what went out is listed, twice is once.

use std::time::Duration;

use allin::{
    app::{
        approvals::{freeze::ApprovalFreeze, unfreeze::ApprovalUnfreeze},
        crisis::note::CrisisNote,
        pauses::{
            resume::PublishingResume,
            start::{BegunOutcome, PublishingPause},
        },
    },
    jobs::publish_posts,
    model::states::PostStatus,
};

use super::{Stage, standings};
use crate::support::{
    Setup,
    faults::{Fault, PATIENCE, Proxy},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_stops_everything_and_says_what_went_out() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let old = stage.published("Yesterday's bread", &stage.accounts[..1]).await;
    app.clock.advance_secs(25 * 3600);
    let cake = stage.published("Cake for 1 euro", &stage.accounts).await;
    let later = app.scheduled(&stage.author(), "Later", &stage.accounts[..1], "2026-12-05T09:00").await.id;
    // Due the same second, and claimed by nobody yet.
    let due = app.now().plus_secs(1).to_string();
    let same = app.scheduled(&stage.author(), "The same second", &stage.accounts[..1], &due).await.id;
    app.clock.advance_secs(1);

    let started = stage.start(&stage.leader()).await.unwrap();
    let now = &started.situation;
    assert!(!started.joined && now.paused && now.approval_until.is_some(), "{started:?}");
    assert_eq!((now.scheduled, now.under_way.len(), now.incident.reason.as_str()), (2, 0, "A wrong price went out"));
    assert_eq!(now.incident.started_by, "Mona through test");
    let listed: Vec<_> = now.published.iter().map(|one| (one.post_id, one.account.as_str())).collect();
    assert!(listed.len() == 2 && listed.iter().all(|(post, _)| *post == cake), "{listed:?}, not {old}");
    let one = &now.published[0];
    assert_eq!((one.asked_by.as_deref(), one.written_by.as_str()), (Some("Paul through test"), "Paul through test"));
    assert_eq!((one.asked_from.as_deref(), one.approved_by.len(), one.links.len()), (Some("stdio"), 0, 1));

    app.publish_due().await;
    assert_eq!(app.post(&stage.author(), same).await.status, PostStatus::Held);
    let (code, texts) =
        (app.post(&stage.author(), same).await.targets[0].problem.clone().unwrap().code, app.sandbox.texts());
    assert_eq!((code.as_str(), texts.len()), ("paused", 3), "{texts:?}");
    // Without the pause, the approval is still required.
    app.agreed::<PublishingResume>(&stage.leader(), PublishingResume::default()).await.unwrap();
    app.clock.set("2026-12-05T08:00:00Z".parse().unwrap());
    app.publish_due().await;
    let view = app.post(&stage.author(), later).await;
    assert_eq!(
        (view.status, view.targets[0].problem.as_ref().unwrap().code.as_str()),
        (PostStatus::Held, "not_approved")
    );
    assert!(stage.now().await.next_steps[0].starts_with("Not everything is stopped"));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_begins_again_joins_and_may_look_further_back() {
    let stage = Stage::new().await;
    let app = &stage.app;
    stage.published("Bread", &stage.accounts[..1]).await;
    app.clock.advance_secs(2 * 3600);
    let hour_ago = app.now().plus_secs(-3600).to_string();
    let first = stage.start_since(&stage.leader(), "A wrong price", Some(&hour_ago)).await.unwrap();
    assert_eq!(first.situation.published.len(), 0);
    app.clock.advance_secs(60);
    let again = stage.start_since(&stage.team.person(app), "The account was taken over", None).await.unwrap();
    assert!(again.joined && again.message.contains("joined the crisis that lasts since"), "{}", again.message);
    assert_eq!(again.situation.incident.id, first.situation.incident.id);
    assert_eq!((again.situation.incident.reason.as_str(), again.situation.published.len()), ("A wrong price", 1));
    assert_eq!(again.situation.approval_until, first.situation.approval_until, "no second freeze");
    // A later time takes nothing away.
    let third = stage.start_since(&stage.leader(), "A wrong price", Some(&hour_ago)).await.unwrap();
    assert_eq!(third.situation.incident.since, again.situation.incident.since);
    let notes: Vec<_> = stage.report().await.notes.into_iter().map(|note| note.text).collect();
    assert_eq!(notes, ["The account was taken over"]);

    let tomorrow = stage.start_since(&stage.leader(), "x", Some("2026-12-31T09:00")).await.unwrap_err();
    assert_eq!(tomorrow.code(), "since_in_the_future");
    assert_eq!(stage.start_since(&stage.leader(), " ", None).await.unwrap_err().code(), "reason_missing");
    assert_eq!(stage.start(&stage.author()).await.unwrap_err().code(), "role_too_low");
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_at_once_begins_one_crisis() {
    let stage = Stage::new().await;
    stage.published("Bread", &stage.accounts).await;
    let (leader, person) = (stage.leader(), stage.team.person(&stage.app));
    let starts = (0..12).map(|turn| stage.start(if turn % 2 == 0 { &leader } else { &person }));
    let answers = futures::future::join_all(starts).await;
    let first = answers.iter().filter(|answer| answer.as_ref().is_ok_and(|started| !started.joined)).count();
    assert!(first == 1 && answers.iter().all(Result::is_ok), "{answers:?}");
    // The person is not told what they began themselves; whom a program acts for is told.
    let begun = answers.into_iter().flatten().find(|started| !started.joined).unwrap();
    let told = if begun.situation.incident.started_by.contains(" through ") { 3 } else { 2 };
    for (sql, expected) in [
        ("select count(*) from incidents", 1),
        ("select count(*) from approval_freezes", 1),
        ("select count(*) from incident_notes", 0),
        ("select count(*) from workspaces where paused_at is not null", 1),
        ("select count(*) from notifications where code = 'crisis_started'", told),
    ] {
        assert_eq!(stage.count(sql).await, expected, "{sql}");
    }
    stage.app.close().await;
}

/// The process ends while it waits for a call that hangs: the gate is closed, the rest is missing until somebody begins
/// again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_half_way_beginning_again_completes_it() {
    let proxy = Proxy::default();
    let before = proxy.clone();
    let between: Box<dyn FnOnce(&url::Url) -> url::Url + Send> = Box::new(move |network| before.before(network));
    let answer_within = i64::try_from(PATIENCE).unwrap();
    let stage = Stage::with(Setup { answer_within, between: Some(between), ..Setup::default() }).await;
    let app = &stage.app;
    let due = app.now().plus_secs(1).to_string();
    let post = app.scheduled(&stage.author(), "Bread", &stage.accounts[..1], &due).await.id;
    app.clock.advance_secs(1);
    proxy.publishes([Fault::HangAfter]);
    let inner = std::sync::Arc::clone(&app.app);
    let worker = tokio::spawn(async move { publish_posts::step(&inner, 10).await.unwrap() });
    while proxy.arrived() == 0 {
        tokio::task::yield_now().await;
    }
    let leader = stage.leader();
    let begun = stage.start(&leader);
    let gone = tokio::time::timeout(Duration::from_millis(200), begun).await;
    assert!(gone.is_err(), "it waits for the call: {gone:?}");
    let half = stage.now().await;
    assert_eq!((half.paused, half.approval_until, half.under_way.len()), (true, None, 1));
    assert!(half.next_steps[0].starts_with("Not everything is stopped"), "{:?}", half.next_steps);
    assert_eq!(stage.count("select count(*) from notifications where code = 'crisis_started'").await, 0);

    let person = stage.team.person(app);
    let whole = stage.start(&person).await.unwrap();
    assert!(whole.joined && whole.situation.approval_until.is_some(), "{whole:?}");
    assert_eq!(
        stage.count("select count(*) from notifications where code = 'crisis_started'").await,
        3,
        "also the person who completed it"
    );
    let named: Vec<_> = whole.situation.under_way.iter().map(|begun| (begun.post_id, begun.outcome)).collect();
    assert_eq!(named, [(post, BegunOutcome::Open)]);
    worker.await.unwrap();
    // It had got through; that is found out, and listed.
    app.clock.advance_secs(120);
    app.publish_due().await;
    let found = stage.now().await;
    assert_eq!(found.under_way[0].outcome, BegunOutcome::Published);
    assert_eq!(standings(&found.published).len(), 1);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stopped_already_is_joined_to_the_crisis() {
    let stage = Stage::new().await;
    let (app, leader) = (&stage.app, stage.leader());
    let pause = PublishingPause { reason: "A strike".into(), account_id: None, campaign_id: None, tag: None };
    app.call_once::<PublishingPause>(&leader, pause).await.unwrap();
    let hours = Some(30 * 24);
    app.call_once::<ApprovalFreeze>(&leader, ApprovalFreeze { reason: "A strike".into(), hours }).await.unwrap();
    let started = stage.start(&leader).await.unwrap();
    assert!(
        started.message.contains("was paused already") && started.message.contains("(A strike)"),
        "{}",
        started.message
    );
    assert_eq!(stage.count("select count(*) from approval_freezes").await, 1, "it lasts longer than a crisis asks for");
    // Ended by a person who proves it, it is begun again by whoever begins again.
    let admin = app.proven(&stage.team, stage.team.admin).await;
    app.call_once::<ApprovalUnfreeze>(&admin, ApprovalUnfreeze {}).await.unwrap();
    assert!(stage.now().await.approval_until.is_none());
    assert!(stage.start(&leader).await.unwrap().situation.approval_until.is_some());
    // A note without words is none.
    for text in ["", " \u{200b} ", &"x".repeat(5001)] {
        let note = CrisisNote { text: text.into(), incident_id: None };
        assert_eq!(app.call_once::<CrisisNote>(&leader, note).await.unwrap_err().code(), "note_invalid");
    }
    stage.app.close().await;
}
