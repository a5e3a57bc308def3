//! Unknown outcomes: a person looks again, says that it is there, or that it is not.

use allin::{
    app::{
        ctx::Ctx,
        held::{
            Release,
            list::HeldView,
            release::HeldRelease,
            resolve::{HeldResolve, Verdict},
        },
        posts::{create::PostCreate, schedule::PostSchedule, view::PostChanged},
    },
    error::Result,
    ids::{AccountId, PostId},
    model::{sandbox::Mode, states::PostStatus},
};

use super::{all, held};
use crate::support::{
    Setup, TestApp,
    faults::{Fault, PATIENCE, Proxy},
    people::{draft, schedule},
};

/// A post whose call was answered with an error after the network had taken it, and that no look-up could find.
struct Lost {
    app: TestApp,
    proxy: Proxy,
    ctx: Ctx,
    post: PostId,
}

impl Lost {
    async fn with(fault: Fault, texts: &[&str]) -> Self {
        let proxy = Proxy::default();
        let before = proxy.clone();
        let between: Box<dyn FnOnce(&url::Url) -> url::Url + Send> = Box::new(move |network| before.before(network));
        let answer_within = i64::try_from(PATIENCE).unwrap();
        let app =
            TestApp::with(Setup { mode: Mode::Lookup, answer_within, between: Some(between), ..Setup::default() })
                .await;
        let team = app.team("Bakery").await;
        let ctx = team.connection(&app);
        let account: AccountId = app.account(&team, "bakery").await;
        let post = app.call_once::<PostCreate>(&ctx, draft(texts, &[account])).await.unwrap().post.id;
        let at = app.now().plus_secs(1).to_string();
        app.call_once::<PostSchedule>(&ctx, schedule(post, &at)).await.unwrap();
        app.clock.advance_secs(1);
        proxy.publishes([fault]);
        proxy.lookups([Fault::ErrorBefore; 50]);
        while app.post(&ctx, post).await.status != PostStatus::Held {
            app.publish_due().await;
            app.clock.advance_secs(600);
        }
        Self { app, proxy, ctx, post }
    }

    async fn line(&self) -> HeldView {
        held(&self.app, &self.ctx).await.remove(0)
    }

    async fn input(&self, outcome: Verdict, link: Option<&str>) -> HeldResolve {
        let attempt_id = self.line().await.open_attempt.unwrap().attempt_id;
        HeldResolve { post_id: self.post, attempt_id, outcome, link: link.map(str::to_owned) }
    }

    async fn says(&self, outcome: Verdict, link: Option<&str>) -> Result<PostChanged> {
        let input = self.input(outcome, link).await;
        self.app.agreed::<HeldResolve>(&self.ctx, input).await
    }

    async fn looks(&self) -> PostChanged {
        let input = self.input(Verdict::LookAgain, None).await;
        self.app.call_once::<HeldResolve>(&self.ctx, input).await.unwrap()
    }

    fn id(&self) -> String {
        self.app.sandbox.posts()[0]["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_again_finds_it_or_says_that_it_could_not() {
    let lost = Lost::with(Fault::ErrorAfter, &["Bread"]).await;
    let line = lost.line().await;
    assert_eq!((line.reason.as_str(), line.open_attempt.map(|open| open.message)), ("outcome_unknown", Some(1)));
    let looked = lost.looks().await;
    assert!(looked.message.starts_with("Still not known for @bakery"), "{}", looked.message);
    assert_eq!(looked.post.status, PostStatus::Held);
    lost.proxy.lookups([]);
    let looked = lost.looks().await;
    assert_eq!(
        (looked.message.as_str(), looked.post.status),
        ("It is published on @bakery; it is not sent again.", PostStatus::Published)
    );
    assert!(looked.post.targets[0].segments[0].url.is_some());
    assert_eq!((lost.app.publish_due().await, lost.proxy.arrived()), (0, 1));
    lost.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_keeps_nobody_from_looking() {
    for link in [false, true] {
        let lost = Lost::with(Fault::ErrorAfter, &["Bread"]).await;
        lost.proxy.lookups([]);
        lost.app.sandbox.order(serde_json::json!({ "fault": "token_expired", "calls": "look_up" })).await;
        let looked = match link {
            false => lost.looks().await,
            true => lost.says(Verdict::Published, Some(&lost.id())).await.unwrap(),
        };
        let shown = &looked.post.targets[0].segments[0];
        assert_eq!((looked.post.status, shown.remote_id.clone()), (PostStatus::Published, Some(lost.id())));
        lost.app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_looked_at_before_it_is_believed() {
    let lost = Lost::with(Fault::ErrorAfter, &["Bread"]).await;
    let input = lost.input(Verdict::Published, None).await;
    assert_eq!(lost.app.call_once::<HeldResolve>(&lost.ctx, input).await.unwrap_err().code(), "link_missing");
    let error = lost.says(Verdict::Published, Some("https://example.com/post-0")).await.unwrap_err();
    assert_eq!(error.code(), "not_found_there");
    let link = format!("https://sandbox.example/@bakery#{}", lost.id());
    let said = lost.says(Verdict::Published, Some(&link)).await.unwrap();
    let shown = &said.post.targets[0].segments[0];
    assert_eq!((said.post.status, shown.remote_id.clone()), (PostStatus::Published, Some(lost.id())));
    lost.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_there_is_checked_and_then_a_person_may_send_it_again() {
    // It is there after all: the person is spared a second one.
    let lost = Lost::with(Fault::ErrorAfter, &["Bread"]).await;
    lost.proxy.lookups([]);
    let said = lost.says(Verdict::NotPublished, None).await.unwrap();
    assert_eq!((said.post.status, lost.proxy.arrived()), (PostStatus::Published, 1));
    lost.app.close().await;

    // Nobody can tell: the person's word counts, nothing is sent by it, and sending again is asked.
    let lost = Lost::with(Fault::ResetBefore, &["Rolls"]).await;
    let first = lost.input(Verdict::NotPublished, None).await;
    let said = lost.says(Verdict::NotPublished, None).await.unwrap();
    let problem = said.post.targets[0].problem.clone().unwrap();
    assert_eq!((said.post.status, problem.code.as_str()), (PostStatus::Held, "not_published"));
    assert_eq!((lost.app.publish_due().await, lost.proxy.arrived()), (0, 1));
    let error = lost.app.call_once::<HeldResolve>(&lost.ctx, first).await.unwrap_err();
    assert_eq!(error.code(), "outcome_known", "an answer is bound to the attempt that was shown");
    lost.app.agreed::<HeldRelease>(&lost.ctx, all(Release::PublishNow)).await.unwrap();
    lost.app.publish_due().await;
    assert_eq!(
        (lost.app.post(&lost.ctx, lost.post).await.status, lost.app.sandbox.texts()),
        (PostStatus::Published, vec!["Rolls".to_owned()])
    );
    lost.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_answers_at_once_one_counts() {
    let lost = Lost::with(Fault::ErrorAfter, &["Bread"]).await;
    let id = lost.id();
    let there = lost.input(Verdict::Published, Some(&id)).await;
    let absent = lost.input(Verdict::NotPublished, None).await;
    let says = |input| lost.app.agreed::<HeldResolve>(&lost.ctx, input);
    let both = tokio::join!(says(there), says(absent));
    let (there, absent) = (both.0.is_ok(), both.1.is_ok());
    assert!(there != absent, "{both:?}");
    let status = lost.app.post(&lost.ctx, lost.post).await.status;
    assert_eq!(status, if there { PostStatus::Published } else { PostStatus::Held });
    lost.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_goes_on_after_its_lost_message_was_found() {
    let lost = Lost::with(Fault::ErrorAfter, &["One", "Two"]).await;
    let said = lost.says(Verdict::Published, Some(&lost.id())).await.unwrap();
    let problem = said.post.targets[0].problem.clone().unwrap();
    assert_eq!((said.post.status, problem.code.as_str()), (PostStatus::Held, "thread_incomplete"));
    lost.app.agreed::<HeldRelease>(&lost.ctx, all(Release::PublishNow)).await.unwrap();
    lost.app.publish_due().await;
    let posts = lost.app.sandbox.posts();
    assert_eq!(lost.app.sandbox.texts(), ["One", "Two"]);
    assert_eq!(posts[1]["reply_to"], posts[0]["id"]);
    lost.app.close().await;
}
