//! Clocks that jump, machines that sleep, and the days on which the hours shift: nothing goes out twice, and nothing before
//! its time. A process's clock cannot be moved from outside, so these run in the test's own process.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use allin::{
    app::{
        posts::{create::PostCreate, schedule::PostSchedule, view::PostView},
        publishing::claim::claim,
    },
    clock::{Clock, Timestamp},
    ids::PostId,
    jobs::publish_posts,
    model::{
        sandbox::Mode,
        states::{PostStatus, TargetState},
        times,
    },
    store::servers,
};
use jiff::ToSpan as _;
use serde_json::json;

use crate::support::{
    Setup, TestApp,
    app::dawn,
    people::{Team, draft, schedule},
};

/// A wall clock that can be set, beside a clock that only runs on.
#[derive(Clone)]
struct Clocks(Arc<Mutex<(Timestamp, u64)>>);

impl Clocks {
    fn jump(&self, secs: i64) {
        let mut clocks = self.0.lock().unwrap();
        clocks.0 = clocks.0.plus_secs(secs);
    }
}

impl Clock for Clocks {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }

    fn boot_millis(&self) -> u64 {
        self.0.lock().unwrap().1
    }
}

const HOUR: i64 = 3600;
const ANSWER_WITHIN: i64 = 1000;

struct Stage {
    app: TestApp,
    clocks: Clocks,
    team: Team,
    account: allin::ids::AccountId,
}

impl Stage {
    async fn set() -> Self {
        let clocks = Clocks(Arc::new(Mutex::new((dawn(), 1_000_000))));
        let clock: Arc<dyn Clock> = Arc::new(clocks.clone());
        let setup = Setup { mode: Mode::Lookup, answer_within: ANSWER_WITHIN, clock: Some(clock), ..Setup::default() };
        let app = TestApp::with(setup).await;
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        Self { app, clocks, team, account }
    }

    /// Time as it really passes, for the network too.
    fn pass(&self, millis: u64) {
        let mut clocks = self.clocks.0.lock().unwrap();
        *clocks = (clocks.0.plus_millis(millis.cast_signed()), clocks.1 + millis);
        self.app.clock.set(self.app.clock.now().plus_millis(millis.cast_signed()));
    }

    async fn scheduled(&self, text: &str) -> PostId {
        let ctx = self.team.connection(&self.app);
        let post = self.app.call_once::<PostCreate>(&ctx, draft(&[text], &[self.account])).await.unwrap().post.id;
        let at = self.app.now().plus_secs(1).to_string();
        self.app.call_once::<PostSchedule>(&ctx, schedule(post, &at)).await.unwrap();
        post
    }

    async fn view(&self, post: PostId) -> PostView {
        self.app.post(&self.team.connection(&self.app), post).await
    }

    fn accepted(&self, text: &str) -> usize {
        self.app.sandbox.texts().iter().filter(|accepted| *accepted == text).count()
    }

    /// Publishes with time passing, until it is decided.
    async fn settled(&self, post: PostId) -> PostView {
        for _ in 0..400 {
            self.app.publish_due().await;
            let view = self.view(post).await;
            if !matches!(view.status, PostStatus::Scheduled | PostStatus::Publishing | PostStatus::Unknown) {
                return view;
            }
            // Far enough for a clock that was set back by a day.
            let wait = view.targets[0].due_at.map_or(0, |due| due.millis_since(self.app.now()));
            self.pass(5000_u64.max(u64::try_from(wait).unwrap_or(0)));
        }
        panic!("still open: {:#?}", self.view(post).await)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_sends_nothing_twice() {
    let stage = Stage::set().await;
    for jump in [HOUR, -HOUR, 24 * HOUR, -24 * HOUR, -5, 5] {
        // Before it is due; with a lost answer; with a lost call.
        for fault in [None, Some("accept_then_reset"), Some("error")] {
            let text = format!("{jump} {fault:?}");
            let post = stage.scheduled(&text).await;
            if let Some(fault) = fault {
                stage.app.sandbox.order(json!({ "fault": fault })).await;
                stage.pass(1000);
                stage.app.publish_due().await;
                assert_eq!(stage.view(post).await.targets[0].status, TargetState::Unknown, "{text}");
            }
            stage.clocks.jump(jump);
            let view = stage.settled(post).await;
            match (view.status, view.targets[0].problem.as_ref().map(|problem| problem.code.as_str())) {
                (PostStatus::Published, None) => assert_eq!(stage.accepted(&text), 1, "{text}"),
                // An hour late by the clock that is right now is more than the tolerance, and nothing was sent.
                (PostStatus::Held, Some("missed")) => {
                    assert!(jump >= HOUR && fault != Some("accept_then_reset"), "{text}");
                    assert_eq!(stage.accepted(&text), 0, "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
            stage.clocks.jump(-jump);
        }
    }
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_under_way_while_the_clock_jumps_is_not_repeated() {
    for jump in [HOUR, 24 * HOUR, -5, -HOUR] {
        let stage = Stage::set().await;
        let post = stage.scheduled("Bread").await;
        // The network takes the call at once and lets it count late.
        stage.app.sandbox.order(json!({ "fault": "late", "millis": 700 })).await;
        stage.pass(1000);
        let app = Arc::clone(&stage.app.app);
        let first = tokio::spawn(async move { publish_posts::step(&app, 50).await.unwrap() });
        while stage.view(post).await.status != PostStatus::Publishing {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stage.clocks.jump(jump);
        // By the clock its lease is over, and so is every answer.
        while !first.is_finished() {
            stage.app.publish_due().await;
        }
        first.await.unwrap();
        assert_eq!((stage.settled(post).await.status, stage.accepted("Bread")), (PostStatus::Published, 1), "{jump}");
        stage.app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_go_out_once_and_in_time_on_the_days_on_which_the_hours_shift() {
    const ZONES: [&str; 20] = [
        "Europe/Berlin",
        "Europe/London",
        "Europe/Lisbon",
        "Europe/Athens",
        "Europe/Chisinau",
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Los_Angeles",
        "America/St_Johns",
        "Atlantic/Azores",
        "America/Santiago",
        "America/Nuuk",
        "Asia/Beirut",
        "Asia/Jerusalem",
        "Africa/Cairo",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
        "Pacific/Chatham",
    ];
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let ctx = team.connection(&app);
    let mut cases = Vec::new();
    for name in ZONES {
        let zone = times::zone(name).unwrap();
        // One day with a gap and one with an overlap: the middle of it, as the clock on the wall before it would say.
        for shift in zone.following(dawn().jiff()).take(2) {
            let before = zone.to_offset(shift.timestamp() - 1.second());
            let length = (i64::from(shift.offset().seconds()) - i64::from(before.seconds())).abs();
            let into = if shift.offset() > before { length / 2 } else { -length / 2 };
            let due = shift.timestamp() + into.seconds();
            cases.push((Timestamp::new(due), before.to_datetime(due), name));
        }
    }
    assert_eq!(cases.len(), 40);
    cases.sort();
    for (due, local, zone) in cases {
        let text = format!("{zone} {local}");
        app.clock.set(due.plus_secs(-HOUR));
        let post = app.call_once::<PostCreate>(&ctx, draft(&[&text], &[account])).await.unwrap().post.id;
        let at = PostSchedule { time_zone: Some(zone.into()), ..schedule(post, &local.to_string()) };
        app.call_once::<PostSchedule>(&ctx, at).await.unwrap();
        app.clock.set(due.plus_secs(-1));
        app.publish_due().await;
        assert!(!app.sandbox.texts().contains(&text), "{text} went out early");
        app.clock.set(due);
        app.publish_due().await;
        app.publish_due().await;
        assert_eq!(app.sandbox.texts().iter().filter(|shown| **shown == text).count(), 1, "{text}");
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_ahead_for_a_while_stops_nobody_for_so_long() {
    let stage = Stage::set().await;
    let ctx = stage.team.connection(&stage.app);
    let mut accounts = vec![stage.account];
    for number in 0..6 {
        accounts.push(stage.app.account(&stage.team, &format!("also{number}")).await);
    }
    // Longer than a network may ask an account to wait.
    stage.clocks.jump(72 * HOUR);
    // A worker takes one and dies, a network says that an account has to wait, and its server fails until it is left alone.
    let dead = stage.scheduled("Dead").await;
    stage.pass(1000);
    assert_eq!(claim(&stage.app.app, 1).await.unwrap().taken.len(), 1);
    for (accounts, fault) in [(&accounts[1..2], "too_many"), (&accounts[2..], "error")] {
        stage.app.sandbox.order(json!({ "fault": fault, "times": accounts.len(), "retry_after_secs": 3000 })).await;
        let at = stage.app.now().plus_secs(1).to_string();
        for account in accounts {
            stage.app.scheduled(&ctx, &format!("On {account}"), &[*account], &at).await;
        }
        stage.pass(1000);
        stage.app.publish_due().await;
    }
    let mut tx = stage.app.db.begin().await.unwrap();
    let left_alone = servers::all(&mut tx).await.unwrap().into_iter().any(|server| server.open_until.is_some());
    tx.finish_read();
    assert!(left_alone);
    stage.clocks.jump(-72 * HOUR);
    // By the right clock all of it is over: what comes due goes out, on the very same accounts.
    let at = stage.app.now().plus_secs(1).to_string();
    let mut posts = Vec::new();
    for account in &accounts {
        posts.push(stage.app.scheduled(&ctx, &format!("After on {account}"), &[*account], &at).await.id);
    }
    for _ in 0..10 {
        stage.pass(1000);
        stage.app.publish_due().await;
    }
    for post in posts {
        assert_eq!(stage.view(post).await.status, PostStatus::Published, "{:#?}", stage.view(post).await);
    }
    assert_eq!(stage.view(dead).await.status, PostStatus::Scheduled);
    stage.app.close().await;
}
