//! Pausing: what is stopped, what is not, and what the answer says about calls that had begun.

use allin::{
    app::{
        ctx::Ctx,
        pauses::{
            resume::PublishingResume,
            start::{BegunOutcome, PublishingPause, PublishingPaused},
        },
        posts::{cancel::PostCancel, publish::PostPublish, schedule::PostSchedule},
        workspaces::overview::WorkspaceOverview,
    },
    error::Result,
    ids::{AccountId, AttemptId, CampaignId, IdGen as _, PostId, RandomIds},
    model::{pauses::PauseScope, posts::fingerprint, states::PostStatus},
    store::{
        attempts::{self, NewAttempt},
        db::Entrance,
    },
};
use uuid::Uuid;

use crate::support::{
    Setup, TestApp,
    faults::{Fault, PATIENCE, Proxy},
    people::{Team, message, schedule},
};

fn everything() -> PublishingPause {
    PublishingPause { reason: "A crisis".into(), account_id: None, campaign_id: None, tag: None }
}

fn naming(scope: &PauseScope) -> PublishingPause {
    PublishingPause {
        account_id: scope.account(),
        campaign_id: scope.campaign(),
        tag: scope.tag().map(str::to_owned),
        ..everything()
    }
}

fn ending(scope: &PauseScope) -> PublishingResume {
    PublishingResume { account_id: scope.account(), campaign_id: scope.campaign(), tag: scope.tag().map(str::to_owned) }
}

/// Posts of a workspace by what could pause them: two accounts, one with a campaign, one with a tag.
struct Stage {
    app: TestApp,
    team: Team,
    ctx: Ctx,
    accounts: [AccountId; 2],
    campaign: CampaignId,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start().await;
        let team = app.team("Bakery").await;
        let ctx = team.connection(&app);
        let accounts = [app.account(&team, "bakery").await, app.account(&team, "cafe").await];
        let campaign = CampaignId(RandomIds.next(app.now()));
        let mut superuser = app.database.superuser().await;
        sqlx::query("insert into campaigns (workspace_id, campaign_id, name, created_at, updated_at) values ($1, $2, 'Spring', now(), now())")
            .bind(team.workspace.uuid())
            .bind(campaign.uuid())
            .execute(&mut superuser)
            .await
            .unwrap();
        Self { app, team, ctx, accounts, campaign }
    }

    /// Four posts that are due at one instant.
    async fn due(&self) -> [PostId; 4] {
        let at = self.app.now().plus_secs(60).to_string();
        let mut ids = Vec::new();
        for (text, account) in [("Bakery", 0), ("Café", 1), ("Spring", 0), ("Bread", 0)] {
            // Not the same twice within ten minutes.
            let text = format!("{text} at {at}");
            ids.push(self.app.scheduled(&self.ctx, &text, &[self.accounts[account]], &at).await.id);
        }
        let mut superuser = self.app.database.superuser().await;
        let spring = sqlx::query("update posts set campaign_id = $2 where post_id = $1");
        spring.bind(ids[2].uuid()).bind(self.campaign.uuid()).execute(&mut superuser).await.unwrap();
        let bread = sqlx::query("update posts set tags = array['bread', 'news'] where post_id = $1");
        bread.bind(ids[3].uuid()).execute(&mut superuser).await.unwrap();
        self.app.clock.advance_secs(60);
        ids.try_into().unwrap()
    }

    async fn pause(&self, scope: &PauseScope) -> Result<PublishingPaused> {
        self.app.call_once::<PublishingPause>(&self.ctx, naming(scope)).await
    }

    /// Every scope, with which of the four posts it stops.
    fn scopes(&self) -> [(PauseScope, [bool; 4]); 5] {
        [
            (PauseScope::Workspace, [true, true, true, true]),
            (PauseScope::Account(self.accounts[0]), [true, false, true, true]),
            (PauseScope::Account(self.accounts[1]), [false, true, false, false]),
            (PauseScope::Campaign(self.campaign), [false, false, true, false]),
            (PauseScope::Tag("bread".into()), [false, false, false, true]),
        ]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_stops_what_belongs_to_it_and_nothing_else() {
    let stage = Stage::set().await;
    let app = &stage.app;
    for (scope, stopped) in stage.scopes() {
        let posts = stage.due().await;
        let paused = stage.pause(&scope).await.unwrap();
        let expected = stopped.iter().filter(|stopped| **stopped).count();
        assert_eq!((paused.scheduled, paused.under_way.len()), (i64::try_from(expected).unwrap(), 0), "{scope:?}");
        assert_eq!(app.publish_due().await, 4);
        for (post, stopped) in posts.into_iter().zip(stopped) {
            let view = app.post(&stage.ctx, post).await;
            let code = view.targets[0].problem.as_ref().map(|problem| problem.code.as_str());
            let expected = if stopped { (PostStatus::Held, Some("paused")) } else { (PostStatus::Published, None) };
            assert_eq!((view.status, code), expected, "{scope:?}");
            // Nor does anything go out now, or unheard of.
            if stopped {
                let input = PostPublish { post_id: post, account_ids: vec![] };
                let error = app.call_once::<PostPublish>(&stage.ctx, input).await.unwrap_err();
                assert_eq!(error.code(), "publishing_paused", "{scope:?}");
                let planned = app.call_once::<PostSchedule>(&stage.ctx, schedule(post, "2027-01-01T09:00")).await;
                let warnings = planned.unwrap().warnings;
                assert!(warnings.iter().any(|warning| warning.contains("is paused (A crisis)")), "{warnings:?}");
                let cancel = PostCancel { post_id: post, account_ids: vec![] };
                app.call_once::<PostCancel>(&stage.ctx, cancel).await.unwrap();
            }
        }
        app.agreed::<PublishingResume>(&stage.ctx, ending(&scope)).await.unwrap();
    }
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_itself_refuses_to_arm_behind_a_pause() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let posts = stage.due().await;
    let mut superuser = app.database.superuser().await;
    sqlx::query("update targets set state = 'publishing'").execute(&mut superuser).await.unwrap();
    for (scope, stopped) in stage.scopes() {
        stage.pause(&scope).await.unwrap();
        for (post, stopped) in posts.into_iter().zip(stopped) {
            let target: Uuid = sqlx::query_scalar("select target_id from targets where post_id = $1")
                .bind(post.uuid())
                .fetch_one(&mut superuser)
                .await
                .unwrap();
            let (mut tx, _) = app.db.tenant(stage.team.workspace, Entrance::System, app.now()).await.unwrap();
            let attempt = NewAttempt {
                attempt_id: AttemptId(RandomIds.next(app.now())),
                target_id: target.into(),
                ordinal: 0,
                fingerprint: fingerprint(&message("a text")),
                fence: 1,
                armed_at: app.now(),
                send_deadline: app.now(),
            };
            let armed = attempts::arm(&mut tx, stage.team.workspace, &[attempt]).await.unwrap();
            assert_eq!(armed.is_err(), stopped, "{scope:?}: {armed:?}");
            drop(tx);
        }
        app.agreed::<PublishingResume>(&stage.ctx, ending(&scope)).await.unwrap();
    }
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pauses_add_up_and_end_one_by_one() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let account = PauseScope::Account(stage.accounts[0]);
    stage.pause(&account).await.unwrap();
    stage.pause(&PauseScope::Tag("bread".into())).await.unwrap();
    let again = PublishingPause { reason: "Another".into(), ..naming(&account) };
    let again = app.call_once::<PublishingPause>(&stage.ctx, again).await.unwrap();
    assert!(again.message.contains("was paused already") && again.message.contains("A crisis"), "{}", again.message);
    let overview = app.call_once::<WorkspaceOverview>(&stage.ctx, WorkspaceOverview {}).await.unwrap();
    let said: Vec<_> = overview.warnings.iter().filter(|warning| warning.contains("paused")).collect();
    assert_eq!(
        said,
        [
            "Publishing of the account sandbox/bakery is paused: A crisis",
            "Publishing of the tag #bread is paused: A crisis"
        ]
    );
    let resumed = app.agreed::<PublishingResume>(&stage.ctx, ending(&account)).await.unwrap();
    assert_eq!(resumed.warnings, ["Still paused: the tag #bread (A crisis)."]);
    let error = app.call_once::<PublishingResume>(&stage.ctx, ending(&account)).await.unwrap_err();
    assert_eq!(error.code(), "not_paused");

    for (input, code) in [
        (PublishingPause { reason: "  ".into(), ..everything() }, "reason_missing"),
        (PublishingPause { tag: Some("a b".into()), ..everything() }, "tag_malformed"),
        (
            PublishingPause { tag: Some("a".into()), account_id: Some(stage.accounts[0]), ..everything() },
            "scope_ambiguous",
        ),
        (PublishingPause { campaign_id: Some(RandomIds.next(app.now()).into()), ..everything() }, "campaign_not_found"),
    ] {
        assert_eq!(app.call_once::<PublishingPause>(&stage.ctx, input).await.unwrap_err().code(), code);
    }
    stage.app.close().await;
}

/// A post whose call is under way when everything is paused. The answer, and when it came.
async fn paused_during(fault: Fault) -> (PublishingPaused, PostStatus, std::time::Duration, TestApp) {
    let proxy = Proxy::default();
    let before = proxy.clone();
    let between: Box<dyn FnOnce(&url::Url) -> url::Url + Send> = Box::new(move |network| before.before(network));
    let answer_within = i64::try_from(PATIENCE).unwrap();
    let app = TestApp::with(Setup { answer_within, between: Some(between), ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let at = app.now().plus_secs(1).to_string();
    let post = app.scheduled(&ctx, "Bread", &[account], &at).await.id;
    app.clock.advance_secs(1);
    proxy.publishes([fault]);
    let inner = std::sync::Arc::clone(&app.app);
    let worker = tokio::spawn(async move { allin::jobs::publish_posts::step(&inner, 10).await.unwrap() });
    while proxy.arrived() == 0 {
        tokio::task::yield_now().await;
    }
    let began = std::time::Instant::now();
    let paused = app.call_once::<PublishingPause>(&ctx, everything()).await.unwrap();
    let took = began.elapsed();
    let status = app.post(&ctx, post).await.status;
    worker.await.unwrap();
    (paused, status, took, app)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_under_way_is_waited_for_and_named() {
    let (paused, status, _, app) = paused_during(Fault::Slow).await;
    let named: Vec<_> =
        paused.under_way.iter().map(|begun| (begun.excerpt.as_str(), begun.account.as_str(), begun.outcome)).collect();
    assert_eq!(named, [("Bread", "sandbox/bakery", BegunOutcome::Published)]);
    assert_eq!((status, app.sandbox.texts()), (PostStatus::Published, vec!["Bread".to_owned()]));
    assert_eq!(
        paused.message,
        "Publishing of everything is paused: nothing more is sent, and what comes due is held for review. 1 under way \
         before that: 1 published, 0 not published, 0 not known yet."
    );
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_hangs_is_named_as_open_once_nothing_more_can_start() {
    let (paused, _, took, app) = paused_during(Fault::HangAfter).await;
    assert_eq!(paused.under_way.iter().map(|begun| begun.outcome).collect::<Vec<_>>(), [BegunOutcome::Open]);
    // Started within a third of the time for an answer, and a sixth besides.
    assert!(took.as_millis() >= 400 && took.as_millis() < u128::from(PATIENCE), "{took:?}");
    app.close().await;
}
