//! What may be done with a post in each state, as its callers meet it: what the model's table allows and nothing else.
//! Every state is reached as it is in life.

use std::sync::Arc;

use allin::{
    app::{
        ctx::Ctx,
        held::{Release, release::HeldRelease},
        pauses::{resume::PublishingResume, start::PublishingPause},
        posts::{
            cancel::PostCancel, delete::PostDelete, edit::PostEdit, publish::PostPublish, schedule::PostSchedule,
            update::PostUpdate,
        },
    },
    error::{Error, Result},
    ids::{AccountId, PostId},
    jobs::publish_posts,
    model::states::{TargetEvent, TargetState},
};
use tokio::task::JoinHandle;

use crate::support::{
    Setup, TestApp,
    faults::{Fault, Proxy},
    people::{Team, message, schedule},
};

const DEEDS: [Deed; 6] = [Deed::Schedule, Deed::Cancel, Deed::Update, Deed::Release, Deed::Delete, Deed::Edit];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Schedule,
    Cancel,
    Update,
    Release,
    Delete,
    /// Of what is public.
    Edit,
}

impl Deed {
    /// By the model alone.
    fn allowed(self, state: TargetState) -> bool {
        let under_way = matches!(state, TargetState::Publishing | TargetState::Unknown);
        match self {
            Self::Schedule => state.after(TargetEvent::Schedule).is_some(),
            Self::Cancel => state.after(TargetEvent::Cancel).is_some(),
            Self::Update => state.is_editable(),
            Self::Release => state.after(TargetEvent::Confirm).is_some(),
            Self::Delete => !under_way,
            Self::Edit => state == TargetState::Published,
        }
    }
}

struct Stage {
    app: TestApp,
    proxy: Proxy,
    team: Team,
    ctx: Ctx,
}

/// A post in a state, and the publisher's step that is still at it.
struct Case {
    post: PostId,
    account: AccountId,
    step: Option<JoinHandle<usize>>,
}

impl Stage {
    async fn set() -> Self {
        let proxy = Proxy::default();
        let before = proxy.clone();
        let between: Box<dyn FnOnce(&url::Url) -> url::Url + Send> = Box::new(move |network| before.before(network));
        let app = TestApp::with(Setup { between: Some(between), ..Setup::default() }).await;
        let team = app.team("Bakery").await;
        let ctx = team.connection(&app);
        Self { app, proxy, team, ctx }
    }

    /// A post that has come so far, on an account of its own.
    async fn case(&self, state: TargetState, name: &str) -> Case {
        let app = &self.app;
        let account = app.account(&self.team, name).await;
        let post = app.draft(&self.ctx, name, &[account]).await.id;
        let mut case = Case { post, account, step: None };
        if state == TargetState::Draft {
            return case;
        }
        // What is to stay scheduled is far away: it would take the fault of a later case.
        let far = state == TargetState::Scheduled;
        let due = app.now().plus_secs(if far { 90 * 24 * 3600 } else { 60 });
        app.call_once::<PostSchedule>(&self.ctx, schedule(post, &due.to_string())).await.unwrap();
        let fault = match state {
            TargetState::Scheduled => return case,
            TargetState::Cancelled => {
                let cancel = PostCancel { post_id: post, account_ids: vec![] };
                app.call_once::<PostCancel>(&self.ctx, cancel).await.unwrap();
                return case;
            }
            TargetState::Held => {
                let account_id = Some(account);
                let pause = PublishingPause { reason: "A test".into(), account_id, campaign_id: None, tag: None };
                app.call_once::<PublishingPause>(&self.ctx, pause).await.unwrap();
                Fault::Pass
            }
            TargetState::Failed => Fault::Refused,
            TargetState::Unknown => Fault::ResetAfter,
            TargetState::Publishing => Fault::HangAfter,
            TargetState::Draft | TargetState::Published => Fault::Pass,
        };
        let arrived = self.proxy.arrived();
        self.proxy.publishes([fault]);
        app.clock.set(due);
        let inner = Arc::clone(&app.app);
        let step = tokio::spawn(async move { publish_posts::step(&inner, 10).await.unwrap() });
        if state == TargetState::Publishing {
            while self.proxy.arrived() == arrived {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            case.step = Some(step);
        } else {
            step.await.unwrap();
        }
        if state == TargetState::Held {
            let resume = PublishingResume { account_id: Some(account), ..PublishingResume::default() };
            app.agreed::<PublishingResume>(&self.ctx, resume).await.unwrap();
        }
        case
    }

    async fn state(&self, post: PostId) -> TargetState {
        self.app.post(&self.ctx, post).await.targets[0].status
    }

    async fn does(&self, deed: Deed, case: &Case) -> Result<()> {
        let (app, ctx, post_id) = (&self.app, &self.ctx, case.post);
        match deed {
            Deed::Schedule => {
                let input = PostSchedule { account_ids: vec![case.account], ..schedule(post_id, "2027-03-01T09:00") };
                app.call_once::<PostSchedule>(ctx, input).await.map(drop)
            }
            Deed::Cancel => {
                let input = PostCancel { post_id, account_ids: vec![case.account] };
                app.call_once::<PostCancel>(ctx, input).await.map(drop)
            }
            Deed::Update => {
                let input = PostUpdate {
                    post_id,
                    version: None,
                    segments: Some(vec![message("Other words")]),
                    account_ids: None,
                    variants: None,
                    title: None,
                    campaign_id: None,
                    tags: None,
                };
                app.call_once::<PostUpdate>(ctx, input).await.map(drop)
            }
            Deed::Release => {
                let input = HeldRelease {
                    release: Release::NewTimes,
                    post_ids: vec![post_id],
                    account_id: None,
                    campaign_id: None,
                    tag: None,
                    reason: None,
                    from: None,
                    every_minutes: None,
                };
                app.agreed::<HeldRelease>(ctx, input).await.map(drop)
            }
            Deed::Delete => app.agreed::<PostDelete>(ctx, PostDelete { post_id }).await.map(drop),
            Deed::Edit => {
                let texts = vec!["Better words".to_owned()];
                let input = PostEdit { post_id, texts, account_ids: vec![case.account], version: None };
                app.agreed::<PostEdit>(ctx, input).await.map(drop)
            }
        }
    }
}

fn refusal(error: &Error) -> String {
    format!("{}: {} {}", error.code(), error.message(), error.public().next_step)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_each_state_what_is_allowed_works_and_the_rest_is_refused_with_what_is() {
    let stage = Stage::set().await;
    let mut table = String::new();
    for state in TargetState::ALL {
        for deed in DEEDS {
            let name = format!("{}-{deed:?}", state.as_str()).to_lowercase();
            let case = stage.case(state, &name).await;
            assert_eq!(stage.state(case.post).await, state, "{name}");
            let done = stage.does(deed, &case).await;
            assert_eq!(done.is_ok(), deed.allowed(state), "{name}: {done:?}");
            let after = match &done {
                Ok(()) if deed == Deed::Delete => "gone".to_owned(),
                Ok(()) => stage.state(case.post).await.as_str().to_owned(),
                Err(error) => {
                    assert_eq!(stage.state(case.post).await, state, "{name}: a refusal changes nothing");
                    refusal(error).replace(&name, "handle")
                }
            };
            table.push_str(&format!("{} {deed:?}: {after}\n", state.as_str()));
            if let Some(step) = case.step {
                step.abort();
                _ = step.await;
            }
        }
    }
    insta::assert_snapshot!(table);
    stage.app.close().await;
}

/// Publishing now waits for an outcome, so only its refusals are asked for here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_public_or_under_way_is_not_published_again() {
    let stage = Stage::set().await;
    for state in [TargetState::Publishing, TargetState::Unknown, TargetState::Published] {
        let case = stage.case(state, state.as_str()).await;
        let calls = stage.proxy.arrived();
        let input = PostPublish { post_id: case.post, account_ids: vec![case.account], emergency_reason: None };
        let error = stage.app.agreed::<PostPublish>(&stage.ctx, input).await.unwrap_err();
        assert_eq!((error.code(), stage.state(case.post).await), ("state_forbids", state));
        assert!(error.public().next_step.contains(state.allowed()), "{error:?}");
        assert_eq!(stage.proxy.arrived(), calls);
        if let Some(step) = case.step {
            step.abort();
            _ = step.await;
        }
    }
    stage.app.close().await;
}
