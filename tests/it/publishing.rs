//! Publishing over a network that fails: whatever happens to a call, the post is there once.

mod batches;
mod disconnected;
mod fairness;
mod servers;
mod threads;
mod tokens;

use allin::{
    app::{
        held::release::HeldRelease,
        posts::{create::PostCreate, schedule::PostSchedule, view::PostView},
        publishing::{
            arm::{Arm, Armed},
            claim::claim,
            together::{Busy, Step as _},
        },
    },
    ids::{AccountId, PostId},
    jobs::publish_posts,
    model::{
        sandbox::Mode,
        states::{PostStatus, TargetState},
    },
    store::{db::Entrance, targets},
};

use crate::support::{
    Setup, TestApp,
    faults::{Fault, PATIENCE, Proxy},
    people::{Team, draft, schedule},
};

struct Stage {
    app: TestApp,
    proxy: Proxy,
    team: Team,
    account: AccountId,
}

impl Stage {
    async fn set(mode: Mode) -> Self {
        Self::patient(mode, i64::try_from(PATIENCE).unwrap()).await
    }

    /// `answer_within` is how long the application waits for an answer, in milliseconds.
    async fn patient(mode: Mode, answer_within: i64) -> Self {
        let proxy = Proxy::default();
        let before = proxy.clone();
        let between: Box<dyn FnOnce(&url::Url) -> url::Url + Send> = Box::new(move |network| before.before(network));
        let app = TestApp::with(Setup { mode, answer_within, between: Some(between), ..Setup::default() }).await;
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        Self { app, proxy, team, account }
    }

    /// A post that is due now.
    async fn due(&self, texts: &[&str]) -> PostId {
        let ctx = self.team.connection(&self.app);
        let post = self.app.call_once::<PostCreate>(&ctx, draft(texts, &[self.account])).await.unwrap().post.id;
        let at = self.app.now().plus_secs(1).to_string();
        self.app.call_once::<PostSchedule>(&ctx, schedule(post, &at)).await.unwrap();
        self.app.clock.advance_secs(1);
        post
    }

    /// A post to each of these accounts, due in a minute.
    async fn planned(&self, team: &Team, accounts: &[AccountId], text: &str) -> Vec<PostId> {
        let ctx = team.connection(&self.app);
        let at = self.app.now().plus_secs(60).to_string();
        let mut posts = Vec::new();
        for (number, account) in accounts.iter().enumerate() {
            posts.push(self.app.scheduled(&ctx, &format!("{text} {number}"), &[*account], &at).await.id);
        }
        posts
    }

    async fn accounts(&self, team: &Team, name: &str, count: usize) -> Vec<AccountId> {
        let mut accounts = Vec::new();
        for number in 0..count {
            accounts.push(self.app.account(team, &format!("{name}{number}")).await);
        }
        accounts
    }

    /// Waits until a post has come so far while publishing goes on elsewhere.
    async fn becomes(&self, post: PostId, status: PostStatus) {
        for _ in 0..2000 {
            if self.view(post).await.status == status {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("not {status:?}: {:#?}", self.view(post).await)
    }

    async fn view(&self, post: PostId) -> PostView {
        self.app.post(&self.team.connection(&self.app), post).await
    }

    /// Publishes with time passing, until it is decided.
    async fn settled(&self, post: PostId) -> PostView {
        for _ in 0..100 {
            self.app.publish_due().await;
            let view = self.view(post).await;
            if !matches!(view.status, PostStatus::Scheduled | PostStatus::Publishing | PostStatus::Unknown) {
                return view;
            }
            self.app.clock.advance_secs(5);
        }
        panic!("still open: {:#?}", self.view(post).await)
    }

    /// How many calls the sandbox accepted for a text.
    fn accepted(&self, text: &str) -> usize {
        let posts = self.app.sandbox.posts();
        let ids: Vec<_> = posts.iter().filter(|post| post["text"] == text).map(|post| post["id"].clone()).collect();
        let entries = self.app.sandbox.accepted();
        entries.iter().filter(|entry| ids.contains(&entry["post"]["id"]) || ids.contains(&entry["post_id"])).count()
    }
}

async fn every_fault(mode: Mode) {
    let stage = Stage::set(mode).await;
    for fault in Fault::ALL {
        let text = format!("{fault:?}");
        stage.proxy.publishes([fault]);
        let post = stage.due(&[&text]).await;
        stage.app.publish_due().await;
        if fault == Fault::TooLate {
            // What was under way arrives before it is looked up: that is what the waiting is for.
            while stage.accepted(&text) == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
        let first = stage.view(post).await.targets.remove(0);
        let expected = match fault {
            Fault::Pass | Fault::Slow => TargetState::Published,
            Fault::TooMany => TargetState::Scheduled,
            _ => TargetState::Unknown,
        };
        assert_eq!(first.status, expected, "{fault:?}, {mode}");
        let view = stage.settled(post).await;
        assert_eq!((view.status, stage.accepted(&text)), (PostStatus::Published, 1), "{fault:?}, {mode}");
        assert!(view.targets[0].segments[0].url.is_some() && view.targets[0].problem.is_none(), "{view:#?}");
    }
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_a_call_the_post_is_there_once() {
    every_fault(Mode::ClientKey).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_once_where_the_network_does_not_recognise_a_repetition() {
    every_fault(Mode::Lookup).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_once_where_we_choose_the_id() {
    every_fault(Mode::DeterministicId).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_once_where_a_handle_is_made_first() {
    every_fault(Mode::ResumableHandle).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_once_where_the_list_is_late() {
    every_fault(Mode::LookupDelayed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_network_can_tell_waits_for_a_person_at_once() {
    let stage = Stage::set(Mode::Neither).await;
    for (fault, accepted) in [(Fault::ResetAfter, 1), (Fault::ErrorBefore, 0)] {
        let text = format!("{fault:?}");
        stage.proxy.publishes([fault]);
        let post = stage.due(&[&text]).await;
        let view = stage.settled(post).await;
        let problem = view.targets[0].problem.clone().unwrap();
        assert_eq!((view.status, problem.code.as_str()), (PostStatus::Held, "outcome_unknown"), "{fault:?}");
        // Nobody knows more the second time.
        let at = stage.app.now().plus_secs(1).to_string();
        stage.app.call_once::<PostSchedule>(&stage.team.connection(&stage.app), schedule(post, &at)).await.unwrap();
        stage.app.clock.advance_secs(1);
        assert_eq!((stage.settled(post).await.status, stage.accepted(&text)), (PostStatus::Held, accepted));
    }
    assert_eq!(stage.proxy.arrived(), 2);
    let plain = stage.due(&["Nothing goes wrong"]).await;
    assert_eq!(stage.settled(plain).await.status, PostStatus::Published);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_lost_its_claim_sends_nothing() {
    let stage = Stage::set(Mode::ResumableHandle).await;
    let uploads = || stage.app.sandbox.log().iter().filter(|entry| entry["event"] == "upload_opened").count();
    let post = stage.due(&["Bread"]).await;
    // The first worker is slow to prepare, and loses its claim meanwhile.
    stage.app.sandbox.order(serde_json::json!({ "fault": "slow", "calls": "prepare", "millis": 1500 })).await;
    let app = std::sync::Arc::clone(&stage.app.app);
    let first = tokio::spawn(async move { publish_posts::step(&app, 50).await.unwrap() });
    while uploads() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    stage.app.clock.advance_secs(3);
    // The second one sends, and its answer is lost.
    stage.proxy.publishes([Fault::ResetAfter]);
    stage.app.publish_due().await;
    assert!(!first.is_finished(), "the first worker was too fast for this test");
    assert_eq!((stage.view(post).await.status, stage.accepted("Bread")), (PostStatus::Unknown, 1));
    first.await.unwrap();
    assert_eq!((stage.proxy.arrived(), uploads()), (1, 2), "the first one has something to send, and does not");
    assert_eq!((stage.settled(post).await.status, stage.accepted("Bread")), (PostStatus::Published, 1));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_success_moves_nothing_that_a_person_has_to_decide() {
    let stage = Stage::patient(Mode::Neither, 5000).await;
    let post = stage.due(&["One", "Two"]).await;
    stage.proxy.publishes([Fault::Slow]);
    let app = std::sync::Arc::clone(&stage.app.app);
    let first = tokio::spawn(async move { publish_posts::step(&app, 50).await.unwrap() });
    while stage.accepted("One") == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    // The clock runs over everything that is waited for while the answer is on its way.
    for _ in 0..4 {
        stage.app.clock.advance_secs(60);
        stage.app.publish_due().await;
    }
    assert_eq!(stage.view(post).await.status, PostStatus::Held);
    assert!(!first.is_finished(), "the answer came too early for this test");
    first.await.unwrap();
    let view = stage.view(post).await;
    let code = view.targets[0].problem.as_ref().map(|problem| problem.code.as_str());
    assert_eq!((view.status, code), (PostStatus::Held, Some("thread_incomplete")), "{view:#?}");
    let ctx = stage.team.connection(&stage.app);
    let release = serde_json::from_value(serde_json::json!({ "release": "publish_now" })).unwrap();
    stage.app.agreed::<HeldRelease>(&ctx, release).await.unwrap();
    assert_eq!(stage.settled(post).await.status, PostStatus::Published);
    assert_eq!(stage.app.sandbox.texts(), ["One", "Two"]);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_never_arrives_is_not_repeated_for_ever() {
    let stage = Stage::set(Mode::Lookup).await;
    stage.proxy.publishes([Fault::ErrorBefore; 100]);
    let post = stage.due(&["Bread"]).await;
    for _ in 0..200 {
        stage.app.publish_due().await;
        stage.app.clock.advance_secs(60);
    }
    let view = stage.view(post).await;
    let problem = view.targets[0].problem.clone().unwrap();
    assert_eq!((view.status, problem.code.as_str()), (PostStatus::Failed, "network_trouble"), "{problem:?}");
    assert!(problem.message.contains("not there afterwards"), "{problem:?}");
    assert_eq!((stage.proxy.arrived(), stage.accepted("Bread")), (9, 0));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_claims_of_one_target_in_one_batch_one_arms() {
    let stage = Stage::set(Mode::Lookup).await;
    stage.due(&["Bread"]).await;
    let (stale, _) = claim(&stage.app.app, 1).await.unwrap().taken.remove(0);
    stage.app.clock.advance_secs(600);
    let (fresh, _) = claim(&stage.app.app, 1).await.unwrap().taken.remove(0);
    assert!(stale.target == fresh.target && stale.fence < fresh.fence);
    let now = stage.app.now();
    let (mut tx, _) = stage.app.db.tenant(stale.workspace, Entrance::System, now).await.unwrap();
    let segment = targets::segments(&mut tx, stale.workspace, &[stale.target]).await.unwrap().remove(0);
    let post = targets::post_of(&mut tx, stale.workspace, stale.target).await.unwrap().unwrap();
    tx.finish_read();
    let workspace = stale.workspace;
    let steps = [stale, fresh].map(|claim| Arm { claim, post, segment: segment.clone(), prepared: None });
    let armed = Arm::run(&stage.app, workspace, &steps, Busy::Skip).await.unwrap();
    assert!(matches!(armed[..], [Some(Armed::No), Some(Armed::Ready(_))]));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_post_with_the_same_text_is_not_taken_for_it() {
    let stage = Stage::set(Mode::Lookup).await;
    let first = stage.due(&["Good morning"]).await;
    assert_eq!(stage.settled(first).await.status, PostStatus::Published);
    stage.app.clock.advance_secs(700);
    stage.proxy.publishes([Fault::ResetBefore]);
    let second = stage.due(&["Good morning"]).await;
    let view = stage.settled(second).await;
    let url = |view: &PostView| view.targets[0].segments[0].url.clone().unwrap();
    assert_eq!((view.status, stage.app.sandbox.texts().len()), (PostStatus::Published, 2));
    assert_ne!(url(&view), url(&stage.view(first).await));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_goes_on_where_it_was_lost() {
    let stage = Stage::set(Mode::Lookup).await;
    for (number, fault) in [Fault::ResetAfter, Fault::ErrorBefore, Fault::HangAfter].into_iter().enumerate() {
        let texts: Vec<String> = (1..=3).map(|part| format!("{number}: {part} of 3")).collect();
        stage.proxy.publishes([Fault::Pass, fault, fault]);
        let post = stage.due(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert_eq!(stage.settled(post).await.status, PostStatus::Published, "{fault:?}");
        let posts = stage.app.sandbox.posts();
        let posts = &posts[posts.len() - 3..];
        let shown: Vec<_> = posts.iter().map(|post| (post["text"].as_str().unwrap(), &post["reply_to"])).collect();
        let above = [&serde_json::Value::Null, &posts[0]["id"], &posts[1]["id"]];
        assert_eq!(shown, texts.iter().map(String::as_str).zip(above).collect::<Vec<_>>(), "{fault:?}");
    }
    assert_eq!(stage.app.sandbox.accepted().len(), 9);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_up_that_fails_is_no_proof() {
    let stage = Stage::set(Mode::Lookup).await;
    stage.proxy.publishes([Fault::ResetAfter]);
    stage.proxy.lookups([Fault::ErrorBefore, Fault::HangBefore, Fault::ResetBefore, Fault::NonsenseAfter]);
    let post = stage.due(&["Bread"]).await;
    let view = stage.settled(post).await;
    assert_eq!((view.status, stage.accepted("Bread"), stage.proxy.arrived()), (PostStatus::Published, 1, 1));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_found_out_waits_for_a_person() {
    let stage = Stage::set(Mode::Lookup).await;
    stage.proxy.publishes([Fault::ErrorAfter]);
    stage.proxy.lookups([Fault::ErrorBefore; 50]);
    let post = stage.due(&["Bread"]).await;
    let mut view = stage.view(post).await;
    for _ in 0..100 {
        stage.app.publish_due().await;
        view = stage.view(post).await;
        if view.status == PostStatus::Held {
            break;
        }
        stage.app.clock.advance_secs(600);
    }
    let problem = view.targets[0].problem.clone().unwrap();
    assert_eq!((view.status, problem.code.as_str(), stage.proxy.arrived()), (PostStatus::Held, "outcome_unknown", 1));
    insta::assert_json_snapshot!(problem);
    // Scheduling it again looks first, finds it, and sends nothing.
    stage.proxy.lookups([]);
    let at = stage.app.now().plus_secs(1).to_string();
    stage.app.call_once::<PostSchedule>(&stage.team.connection(&stage.app), schedule(post, &at)).await.unwrap();
    stage.app.clock.advance_secs(1);
    assert_eq!(stage.settled(post).await.status, PostStatus::Published);
    assert_eq!((stage.accepted("Bread"), stage.proxy.arrived()), (1, 1));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_asks_to_wait_is_left_alone_so_long() {
    let stage = Stage::set(Mode::ClientKey).await;
    stage.proxy.publishes([Fault::TooMany]);
    let first = stage.due(&["First"]).await;
    stage.app.publish_due().await;
    let problem = stage.view(first).await.targets[0].problem.clone().unwrap();
    let until = stage.app.now().plus_secs(120);
    assert_eq!((problem.code.as_str(), problem.retry_at), ("rate_limited", Some(until)));
    let second = stage.due(&["Second"]).await;
    for _ in 0..11 {
        stage.app.publish_due().await;
        stage.app.clock.advance_secs(10);
    }
    assert_eq!(stage.proxy.arrived(), 1, "the whole account waits");
    stage.app.clock.set(until);
    assert_eq!(
        (stage.settled(first).await.status, stage.settled(second).await.status),
        (PostStatus::Published, PostStatus::Published)
    );
    assert_eq!((stage.accepted("First"), stage.accepted("Second"), stage.proxy.arrived()), (1, 1, 3));
    stage.app.close().await;
}
