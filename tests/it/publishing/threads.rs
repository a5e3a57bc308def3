//! Threads that are interrupted: whatever happens between and during the calls, every message is there once, in order,
//! and replies to the one before it.

use std::{cell::Cell, sync::Arc, time::Duration};

use allin::{
    app::posts::schedule::PostSchedule,
    ids::PostId,
    jobs::publish_posts,
    model::{sandbox::Mode, states::TargetState},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::Value;

use super::Stage;
use crate::support::{faults::Fault, people::schedule};

/// What becomes of one call that sends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    None,
    /// The network took it, and its answer is lost.
    LostAnswer,
    /// It never arrived.
    LostCall,
    /// The network refuses it, and a person schedules the rest again.
    Refused,
    /// The process ends before the call arrives.
    KilledBefore,
    /// The process ends when the network has taken it.
    KilledAfter,
}

const MISHAPS: [Mishap; 6] =
    [Mishap::None, Mishap::LostAnswer, Mishap::LostCall, Mishap::Refused, Mishap::KilledBefore, Mishap::KilledAfter];

impl Mishap {
    fn fault(self) -> Fault {
        match self {
            Self::None => Fault::Pass,
            Self::LostAnswer => Fault::ResetAfter,
            Self::LostCall => Fault::ResetBefore,
            Self::Refused => Fault::Refused,
            Self::KilledBefore => Fault::HangBefore,
            Self::KilledAfter => Fault::HangAfter,
        }
    }
}

/// Messages of a thread, and what happens to its calls one after the other; nothing happens to further ones.
#[derive(Debug, Clone)]
struct Plan {
    messages: usize,
    calls: Vec<Mishap>,
}

fn plans() -> impl proptest::strategy::Strategy<Value = Plan> {
    (2_usize..=5).prop_flat_map(|messages| {
        let mishap = (0..MISHAPS.len()).prop_map(|index| MISHAPS[index]);
        proptest::collection::vec(mishap, 1..=2 * messages).prop_map(move |calls| Plan { messages, calls })
    })
}

impl Plan {
    fn call(&self, number: usize) -> Mishap {
        self.calls.get(number).copied().unwrap_or(Mishap::None)
    }

    /// How many messages are public after so many calls.
    fn public_after(&self, calls: usize) -> usize {
        let takes =
            |number: &usize| matches!(self.call(*number), Mishap::None | Mishap::LostAnswer | Mishap::KilledAfter);
        (0..calls).filter(takes).count()
    }

    /// Calls until all is public, when nothing that is there is sent again.
    fn calls_needed(&self) -> usize {
        (0..).find(|calls| self.public_after(*calls) == self.messages).unwrap()
    }
}

/// A thread on its way.
struct Thread<'a> {
    stage: &'a Stage,
    plan: &'a Plan,
    texts: Vec<String>,
    post: PostId,
    /// Calls of earlier threads.
    before: usize,
}

impl<'a> Thread<'a> {
    async fn due(stage: &'a Stage, plan: &'a Plan, name: &str) -> Self {
        let texts: Vec<String> =
            (1..=plan.messages).map(|part| format!("{name}: {part} of {}", plan.messages)).collect();
        let before = stage.proxy.arrived();
        stage.proxy.publishes(plan.calls.iter().map(|mishap| mishap.fault()));
        let post = stage.due(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        Self { stage, plan, texts, post, before }
    }

    fn calls(&self) -> usize {
        self.stage.proxy.arrived() - self.before
    }

    /// What is public of it, oldest first.
    fn public(&self) -> Vec<Value> {
        let posts = self.stage.app.sandbox.posts();
        posts.into_iter().filter(|post| self.texts.iter().any(|text| post["text"] == text.as_str())).collect()
    }

    /// One step of the publisher, which ends where the plan kills it.
    async fn step(&self) {
        let seen = self.calls();
        let inner = Arc::clone(&self.stage.app.app);
        let mut step = tokio::spawn(async move { publish_posts::step(&inner, 10).await.unwrap() });
        loop {
            let calls = self.calls();
            let last = if calls > seen { self.plan.call(calls - 1) } else { Mishap::None };
            if matches!(last, Mishap::KilledBefore | Mishap::KilledAfter) {
                break;
            }
            if let Ok(done) = tokio::time::timeout(Duration::from_millis(2), &mut step).await {
                done.unwrap();
                return;
            }
        }
        step.abort();
        _ = step.await;
        // What was under way arrives before anybody looks: the test's time is not the application's.
        for _ in 0..1000 {
            if self.public().len() >= self.plan.public_after(self.calls()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Each message once, in order, in reply to the one before it, as far as it is public.
    fn check(&self) -> Result<(), TestCaseError> {
        let public = self.public();
        let shown: Vec<_> = public.iter().map(|post| (post["text"].as_str().unwrap(), &post["reply_to"])).collect();
        let above = std::iter::once(&Value::Null).chain(public.iter().map(|post| &post["id"]));
        let expected: Vec<_> = self.texts.iter().map(String::as_str).zip(above).take(shown.len()).collect();
        prop_assert_eq!(shown, expected);
        Ok(())
    }

    /// Until all of it is public.
    async fn goes_out(&self) -> Result<(), TestCaseError> {
        for _ in 0..200 {
            self.step().await;
            self.check()?;
            let target = self.stage.view(self.post).await.targets.remove(0);
            match target.status {
                TargetState::Published => {
                    let public = self.public();
                    prop_assert_eq!(public.len(), self.plan.messages);
                    let known: Vec<_> = target.segments.iter().map(|segment| segment.remote_id.as_deref()).collect();
                    prop_assert_eq!(known, public.iter().map(|post| post["id"].as_str()).collect::<Vec<_>>());
                    prop_assert_eq!(self.calls(), self.plan.calls_needed(), "nothing that is there is sent again");
                    return Ok(());
                }
                TargetState::Failed => {
                    let code = target.problem.map(|problem| problem.code);
                    prop_assert_eq!(code.as_deref(), Some("refused_by_network"));
                    let app = &self.stage.app;
                    let again = schedule(self.post, &app.now().plus_secs(1).to_string());
                    app.call_once::<PostSchedule>(&self.stage.team.connection(app), again).await.unwrap();
                    app.clock.advance_secs(1);
                }
                TargetState::Scheduled | TargetState::Publishing | TargetState::Unknown => {
                    self.stage.app.clock.advance_secs(5);
                }
                other => return Err(TestCaseError::fail(format!("{other:?}: {:?}", target.problem))),
            }
        }
        Err(TestCaseError::fail("it never comes out"))
    }
}

/// Threads of all kinds on a network of this mode.
fn threads(mode: Mode) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // A case that fails leaves the stage to be dropped here.
    let _inside = runtime.enter();
    let stage = runtime.block_on(Stage::set(mode));
    let number = Cell::new(0);
    let config = Config { cases: 24, max_shrink_iters: 50, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&plans(), |plan| {
        number.set(number.get() + 1);
        runtime.block_on(async {
            let thread = Thread::due(&stage, &plan, &format!("Thread {}", number.get())).await;
            thread.goes_out().await
        })
    });
    if let Err(failure) = outcome {
        panic!("{mode}: {failure}");
    }
    runtime.block_on(stage.app.close());
}

#[test]
fn interrupted_threads_are_whole_where_a_key_is_kept() {
    threads(Mode::ClientKey);
}

#[test]
fn interrupted_threads_are_whole_where_only_a_list_tells() {
    threads(Mode::Lookup);
}

#[test]
fn interrupted_threads_are_whole_where_we_choose_the_id() {
    threads(Mode::DeterministicId);
}

#[test]
fn interrupted_threads_are_whole_where_a_handle_is_made_first() {
    threads(Mode::ResumableHandle);
}
