//! Accounts' queues: nobody gets a time that is taken, and rules are kept, warned about, or enforced.

use std::{collections::BTreeSet, sync::Arc};

use allin::{
    app::{
        posts::{cancel::PostCancel, schedule::PostSchedule},
        queue::{
            WeeklyTimes,
            get::QueueGet,
            set::{QueueChanged, QueueSet},
        },
    },
    clock::Timestamp,
    error::Result,
    ids::AccountId,
    model::{queue::Day, roles::Role},
};
use futures::future::join_all;

use crate::support::{
    Setup, TestApp,
    people::{Door, Team, schedule},
};

fn rules(account_id: AccountId, times: &[&str]) -> QueueSet {
    let slots = WeeklyTimes { days: Day::ALL.to_vec(), times: times.iter().map(|time| (*time).to_owned()).collect() };
    QueueSet {
        account_id,
        slots: Some(vec![slots]),
        quiet_hours: None,
        daily_cap: None,
        distance_minutes: None,
        strict: None,
    }
}

async fn set(app: &TestApp, team: &Team, input: QueueSet) -> Result<QueueChanged> {
    app.call_once::<QueueSet>(&team.connection(app), input).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_callers_at_once_get_fifty_times() {
    let app = TestApp::with(Setup { pool: 20, ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let mut queue = rules(account, &["09:00", "09:30", "12:00", "17:30"]);
    (queue.daily_cap, queue.distance_minutes) = (Some(2), Some(60));
    set(&app, &team, queue).await.unwrap();
    let free = app.call_once::<QueueGet>(&ctx, QueueGet { account_id: Some(account), free: Some(50) }).await.unwrap();
    let expected: BTreeSet<Timestamp> = free.queues[0].next_free.iter().map(|free| free.at).collect();
    assert_eq!(expected.len(), 50);

    let mut posts = Vec::new();
    for number in 0..50 {
        posts.push(app.draft(&ctx, &format!("Post {number}"), &[account]).await.id);
    }
    let inner = Arc::clone(&app.app);
    let booked = join_all(posts.into_iter().map(|post| {
        let (app, ctx) = (Arc::clone(&inner), ctx.clone());
        tokio::spawn(async move { app.call_once::<PostSchedule>(&ctx, schedule(post, "next free slot")).await })
    }));
    let booked: Vec<Timestamp> =
        booked.await.into_iter().map(|done| done.unwrap().unwrap().post.targets[0].due_at.unwrap()).collect();
    assert_eq!(booked.len(), 50);
    assert_eq!(booked.into_iter().collect::<BTreeSet<_>>(), expected, "fifty different ones, none skipped");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_that_is_given_back_is_free_again() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let (account, other) = (app.account(&team, "bakery").await, app.account(&team, "cafe").await);
    set(&app, &team, rules(account, &["12:00"])).await.unwrap();
    set(&app, &team, rules(other, &["18:00"])).await.unwrap();
    let first = app.scheduled(&ctx, "First", &[account, other], "next").await;
    let local = |post: &allin::app::posts::view::PostView| {
        post.targets.iter().map(|target| target.due_local.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(local(&first), ["Tue 1 Dec 2026, 12:00 (Europe/Berlin)", "Tue 1 Dec 2026, 18:00 (Europe/Berlin)"]);
    let second = app.scheduled(&ctx, "Second", &[account], "next").await;
    assert_eq!(local(&second), ["Wed 2 Dec 2026, 12:00 (Europe/Berlin)"]);
    // Asked again, a post does not stand in its own way.
    assert_eq!(local(&app.scheduled_again(&ctx, second.id, "Next Free Slot").await), local(&second));
    app.call_once::<PostCancel>(&ctx, PostCancel { post_id: first.id, account_ids: vec![] }).await.unwrap();
    assert_eq!(local(&app.scheduled_again(&ctx, second.id, "next").await), ["Tue 1 Dec 2026, 12:00 (Europe/Berlin)"]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_times_are_warned_about_or_refused() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let post = app.draft(&ctx, "Late", &[account]).await.id;
    let error = app.call_once::<PostSchedule>(&ctx, schedule(post, "next")).await.unwrap_err();
    assert_eq!(error.code(), "queue_empty");
    let mut queue = rules(account, &["12:00"]);
    (queue.daily_cap, queue.distance_minutes, queue.quiet_hours) = (Some(1), Some(60), Some("22:00-07:00".into()));
    set(&app, &team, queue).await.unwrap();
    app.scheduled(&ctx, "Noon", &[account], "next").await;

    let warned = app.call_once::<PostSchedule>(&ctx, schedule(post, "today 12:30")).await.unwrap();
    assert_eq!(
        warned.warnings[..2],
        [
            "@bakery: overposting: 1 posts go out that day already, the account's cap is 1.",
            "@bakery: overposting: another post goes out 30 minutes from it, the least distance is 60.",
        ]
    );
    let strict = QueueSet { slots: None, strict: Some(true), ..rules(account, &[]) };
    set(&app, &team, strict).await.unwrap();
    let error = app.call_once::<PostSchedule>(&ctx, schedule(post, "tomorrow 23:00")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            "queue_forbids",
            "@bakery is strict about its queue, and Wed 2 Dec 2026, 23:00 (Europe/Berlin) breaks it: it lies in the quiet \
             hours 22:00-07:00."
        )
    );
    let kept = app.post(&ctx, post).await.targets[0].due_local.clone();
    assert_eq!(kept.as_deref(), Some("Tue 1 Dec 2026, 12:30 (Europe/Berlin)"), "a refusal changes nothing");
    let fine = app.call_once::<PostSchedule>(&ctx, schedule(post, "tomorrow 10:00")).await.unwrap();
    assert!(!fine.warnings.iter().any(|warning| warning.starts_with("@bakery")), "{:?}", fine.warnings);
    let mut zoned = schedule(post, "next");
    zoned.time_zone = Some("Asia/Tokyo".into());
    assert_eq!(app.call_once::<PostSchedule>(&ctx, zoned).await.unwrap_err().code(), "time_zone_unused");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_is_changed_in_parts_by_who_may_use_the_account() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let member = app.member(&team, Role::Publisher).await;
    let ctx = team.ctx(&app, member, Door::Stdio);
    let refused = app.call_once::<QueueSet>(&ctx, rules(account, &["9:00"])).await.unwrap_err();
    assert_eq!(refused.code(), "account_not_granted");
    app.grant(&team, account, member).await;
    let mut input = rules(account, &["17:30", "9:00", "09:00"]);
    input.slots.as_mut().unwrap().push(WeeklyTimes { days: vec![Day::Sunday], times: vec!["noon".into()] });
    let changed = app.call_once::<QueueSet>(&ctx, input).await.unwrap().queue;
    let six = Day::ALL[..6].to_vec();
    let nine = |more: &[&str]| ["09:00"].iter().chain(more).map(|time| (*time).to_owned()).collect::<Vec<_>>();
    let expected = [
        WeeklyTimes { days: six, times: nine(&["17:30"]) },
        WeeklyTimes { days: vec![Day::Sunday], times: nine(&["12:00", "17:30"]) },
    ];
    assert_eq!(changed.slots, expected);
    let part = QueueSet { slots: None, daily_cap: Some(3), ..rules(account, &[]) };
    let changed = app.call_once::<QueueSet>(&ctx, part).await.unwrap().queue;
    assert_eq!((changed.slots, changed.daily_cap), (expected.to_vec(), Some(3)));

    for (input, code, field) in [
        (rules(account, &["25:00"]), "queue_malformed", "slots[0].times[0]"),
        (rules(account, &[]), "queue_malformed", "slots[0]"),
        (
            QueueSet { quiet_hours: Some("22:00".into()), ..rules(account, &["9:00"]) },
            "quiet_hours_malformed",
            "quiet_hours",
        ),
        (QueueSet { quiet_hours: Some("08:00-10:00".into()), ..rules(account, &["9:00"]) }, "queue_malformed", "slots"),
        (QueueSet { daily_cap: Some(1001), ..rules(account, &["9:00"]) }, "queue_malformed", "daily_cap"),
        (
            QueueSet { distance_minutes: Some(20_000), ..rules(account, &["9:00"]) },
            "queue_malformed",
            "distance_minutes",
        ),
    ] {
        let error = app.call_once::<QueueSet>(&ctx, input).await.unwrap_err();
        assert_eq!((error.code(), error.public().details[0].field.as_str()), (code, field));
    }
    let kept = app.call_once::<QueueGet>(&ctx, QueueGet::default()).await.unwrap();
    assert_eq!(kept.queues[0].slots, expected, "a refusal changes nothing");
    app.close().await;
}

/// Callers at one moment, each for a post of its own. None is done before all have come as far as they can, so that whoever
/// looks for a time without the queue's lock sees the same as the others.
async fn at_once(
    app: &TestApp,
    team: &Team,
    account: AccountId,
    times: &[&str],
) -> Vec<Result<Timestamp, &'static str>> {
    let ctx = team.connection(app);
    let mut posts = Vec::new();
    for number in 0..times.len() {
        posts.push(app.draft(&ctx, &format!("Caller {number}"), &[account]).await.id);
    }
    let (mut gate, mut watcher) = (app.database.superuser().await, app.database.superuser().await);
    // Written to once the time is chosen.
    sqlx::raw_sql("begin; lock table dispatch in share row exclusive mode").execute(&mut gate).await.unwrap();
    let inner = Arc::clone(&app.app);
    let calls = posts.into_iter().zip(times).map(|(post, at)| {
        let (app, ctx, input) = (Arc::clone(&inner), ctx.clone(), schedule(post, at));
        tokio::spawn(async move { app.call_once::<PostSchedule>(&ctx, input).await })
    });
    let calls: Vec<_> = calls.collect();
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watcher).await.unwrap()
        < i64::try_from(times.len()).unwrap()
    {
        assert!(!calls.iter().any(tokio::task::JoinHandle::is_finished), "somebody is past the gate");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    sqlx::raw_sql("commit").execute(&mut gate).await.unwrap();
    let done = join_all(calls).await.into_iter().map(std::result::Result::unwrap);
    done.map(|done| done.map(|done| done.post.targets[0].due_at.unwrap()).map_err(|error| error.code())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_free_time_goes_to_one_of_those_who_ask() {
    let app = TestApp::with(Setup { pool: 20, ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    // One time a week, looked for within 52 weeks.
    let mondays = WeeklyTimes { days: vec![Day::Monday], times: vec!["12:00".into()] };
    set(&app, &team, QueueSet { slots: Some(vec![mondays]), ..rules(account, &[]) }).await.unwrap();
    for week in 0..51 {
        app.scheduled(&ctx, &format!("Week {week}"), &[account], "next free slot").await;
    }
    let got = at_once(&app, &team, account, &["next free slot"; 8]).await;
    let last: Timestamp = "2027-11-29T11:00:00Z".parse().unwrap();
    let won: Vec<_> = got.iter().filter_map(|one| one.ok()).collect();
    let lost: Vec<_> = got.iter().filter_map(|one| one.err()).collect();
    assert_eq!((won, lost), (vec![last], vec!["queue_full"; 7]));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_place_of_a_strict_day_goes_to_one_of_those_who_ask() {
    let app = TestApp::with(Setup { pool: 20, ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let strict = QueueSet {
        slots: None,
        daily_cap: Some(3),
        distance_minutes: Some(60),
        strict: Some(true),
        ..rules(account, &[])
    };
    set(&app, &team, strict).await.unwrap();
    // As many times as callers, all of them free by themselves.
    let hours: Vec<String> = (8..16).map(|hour| format!("2026-12-02T{hour:02}:00")).collect();
    let got = at_once(&app, &team, account, &hours.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let lost: Vec<_> = got.iter().filter_map(|one| one.err()).collect();
    assert_eq!((got.len() - lost.len(), lost), (3, vec!["queue_forbids"; 5]), "{got:?}");
    app.close().await;
}
