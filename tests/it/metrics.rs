//! Figures: asked for as posts age, kept with their time, and never guessed.

use std::sync::Arc;

use allin::{
    app::{
        accounts::{finish_connect::AccountFinishConnect, list::AccountList},
        ctx::Ctx,
        metrics::{
            TargetFigures, collect,
            post::{Measurements, PostMetrics},
        },
        posts::{delete::PostDelete, get::PostGet},
        workspaces::overview::WorkspaceOverview,
    },
    clients::http::guard::Origin,
    ids::{AccountId, PostId},
    jobs::collect_metrics,
    model::{
        accounts::AccountStatus,
        metrics::{Absence, Freshness, next_collection},
        networks::NetworkId,
    },
    store::collections,
    tools::registry::Spoken as _,
};
use futures::future::join_all;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{
    Setup, TestApp,
    bluesky::{Bluesky, View},
    people::{Team, draft, schedule},
};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

struct Stage {
    app: TestApp,
    ctx: Ctx,
    account: AccountId,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start().await;
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        Self { ctx: team.connection(&app), app, account }
    }

    /// A published thread.
    async fn published(&self, texts: &[&str]) -> PostId {
        published(&self.app, &self.ctx, texts, self.account).await
    }

    async fn count(&self) -> i64 {
        count(&self.app, "select count(*) from metric_samples").await
    }

    async fn measured(&self, post: PostId) -> Measurements {
        let input = PostMetrics { post_id: Some(post), ..PostMetrics::default() };
        self.app.call_once::<PostMetrics>(&self.ctx, input).await.unwrap()
    }

    async fn latest(&self, post: PostId) -> TargetFigures {
        self.app.call_once::<PostGet>(&self.ctx, PostGet { post_id: post }).await.unwrap().figures.remove(0)
    }

    /// What the sandbox itself says of its newest posts.
    async fn told_by_sandbox(&self, messages: usize) -> Vec<Value> {
        let posts = self.app.sandbox.posts();
        let newest = posts[posts.len() - messages..].iter().map(async |post| {
            let path = format!("v1/posts/{}/metrics", post["id"].as_str().unwrap());
            reqwest::get(self.app.sandbox.url.join(&path).unwrap()).await.unwrap().json::<Value>().await.unwrap()
        });
        join_all(newest).await
    }
}

async fn published(app: &TestApp, ctx: &Ctx, texts: &[&str], account: AccountId) -> PostId {
    let input = draft(texts, &[account]);
    let post = app.call_once::<allin::app::posts::create::PostCreate>(ctx, input).await.unwrap().post.id;
    let at = app.now().plus_secs(1).to_string();
    app.call_once::<allin::app::posts::schedule::PostSchedule>(ctx, schedule(post, &at)).await.unwrap();
    app.clock.advance_secs(1);
    assert_eq!(app.publish_due().await, 1);
    post
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut app.database.superuser().await).await.unwrap()
}

fn value(figures: &TargetFigures, metric: &str) -> (Option<i64>, Option<Absence>) {
    let figure = figures.figures.iter().find(|figure| figure.metric == metric).unwrap();
    (figure.value, figure.absence)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_young_post_is_measured_as_it_ages() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let post = stage.published(&["Bread", "And cake"]).await;
    let born = app.now();
    // The account's own figures are asked for at once, the post's are not.
    assert_eq!((app.collect_due().await, stage.count().await), (1, 0));
    assert_eq!(stage.latest(post).await.freshness, Freshness::Waiting);
    app.clock.set(born.plus_secs(HOUR - 1));
    app.collect_due().await;
    assert_eq!(stage.count().await, 0, "a second early");
    let mut ages = Vec::new();
    for minutes in (60..=4 * 24 * 60).step_by(15) {
        app.clock.set(born.plus_secs(minutes * 60));
        let before = stage.count().await;
        app.collect_due().await;
        let new = stage.count().await - before;
        assert!(new == 0 || new == 10, "five figures of two messages, not {new}");
        if new > 0 {
            ages.push(minutes / 60);
        }
    }
    assert_eq!(ages, [1, 3, 6, 12, 24, 48, 72, 96]);

    let told = stage.told_by_sandbox(2).await;
    let latest = stage.latest(post).await;
    let of = |metric: &str| told.iter().map(|one| one[metric].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(value(&latest, "reach"), (of("reach").into_iter().max(), None));
    assert_eq!(value(&latest, "likes"), (Some(of("likes").iter().sum()), None));
    assert_eq!(value(&latest, "replies"), (Some(1), None), "the thread's second message, as the network counts");
    let engagement: i64 = of("likes").iter().chain(&of("reposts")).sum();
    assert_eq!(latest.engagement, Some(engagement), "which is no engagement");
    assert_eq!((latest.freshness, latest.age.as_deref(), latest.problem), (Freshness::Fresh, Some("just now"), None));

    let measured = stage.measured(post).await;
    let series = &measured.targets[0].series;
    assert_eq!(series.len(), 10);
    assert!(series.iter().all(|one| one.points.len() == 8 && one.source.starts_with("sandbox:")), "{series:#?}");
    let reach = series.iter().find(|one| one.metric == "reach" && one.message == 1).unwrap();
    assert!(reach.points.is_sorted_by_key(|point| point.value), "{reach:?}");
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_waits_as_long_as_the_rules_say() {
    let stage = Stage::set().await;
    stage.published(&["Bread"]).await;
    let mut superuser = stage.app.database.superuser().await;
    let secs: i64 = sqlx::query_scalar("select extract(epoch from next_at - published_at)::bigint from metric_targets")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    let now = stage.app.now();
    assert_eq!(Some(now.plus_secs(secs)), next_collection(now, None));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_collectors_ask_once() {
    let stage = Stage::set().await;
    let app = &stage.app;
    stage.published(&["Bread"]).await;
    app.clock.advance_secs(HOUR);
    let looked = join_all((0..6).map(|_| collect_metrics::step(&app.app, 5))).await;
    let looked: usize = looked.into_iter().map(Result::unwrap).sum();
    assert_eq!((looked, stage.count().await), (1, 5));

    // One that slept past its lease finds that another was there.
    app.clock.advance_secs(2 * HOUR);
    let mut tx = app.db.begin().await.unwrap();
    let claims = collections::claim(&mut tx, app.now(), app.now().plus_secs(60), 5).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((claims.len(), app.collect_due().await), (1, 0));
    app.clock.advance_secs(61);
    assert_eq!((app.collect_due().await, stage.count().await), (1, 10));
    app.clock.advance_secs(3 * HOUR);
    assert_eq!(collect::collect(&app.app, &claims[0]).await.unwrap(), 0);
    assert_eq!(stage.count().await, 10);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_samples_are_thinned_to_one_a_day() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let post = stage.published(&["Bread"]).await;
    for _ in 0..4 * 95 {
        app.clock.advance_secs(6 * HOUR);
        app.collect_due().await;
    }
    let days = count(
        app,
        "select count(*) from (select 1 from metric_samples where collected_at < timestamptz '2027-01-25'
         group by metric, date_trunc('day', collected_at, 'UTC') having count(*) > 1) twice",
    )
    .await;
    assert_eq!(days, 0);
    let own = count(app, "select max(n) from (select count(*) n from account_samples where collected_at < timestamptz '2027-01-25' group by metric, date_trunc('day', collected_at, 'UTC')) d").await;
    assert_eq!(own, 1);
    // The first day's last one stays, then one a day for a month, then one a month.
    assert_eq!(stage.measured(post).await.targets[0].series[0].points.len(), 2 + 29 + 2);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_is_away_makes_figures_stale_and_nothing_else() {
    let mut stage = Stage::set().await;
    let post = stage.published(&["Bread"]).await;
    stage.app.clock.advance_secs(HOUR);
    stage.app.collect_due().await;
    let before = stage.latest(post).await;
    stage.app.sandbox.stop().await;
    let app = &stage.app;
    let mut tries = 0;
    for _ in 0..24 * 4 {
        app.clock.advance_secs(900);
        tries += app.collect_due().await;
    }
    let after = stage.latest(post).await;
    assert_eq!(
        (after.figures.len(), after.engagement),
        (before.figures.len(), before.engagement),
        "what was known stays"
    );
    assert_eq!((after.freshness, after.age.as_deref()), (Freshness::Stale, Some("24 hours ago")));
    assert!(after.problem.is_some() && after.say().contains("overdue"), "{}", after.say());
    let accounts = app.call_once::<AccountList>(&stage.ctx, AccountList::default()).await.unwrap();
    assert_eq!(accounts.accounts[0].status, AccountStatus::Connected);
    let failures = count(app, "select failures::bigint from metric_accounts").await;
    assert!((5..12).contains(&failures), "{failures} failures in {tries} looks: it backs off");
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_removed_is_not_asked_for() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let post = stage.published(&["Bread"]).await;
    let kept = stage.published(&["Cake"]).await;
    app.agreed::<PostDelete>(&stage.ctx, PostDelete { post_id: post }).await.unwrap();
    app.clock.advance_secs(HOUR);
    app.collect_due().await;
    assert_eq!(stage.count().await, 5);
    assert_eq!(stage.latest(kept).await.figures.len(), 5);
    assert_eq!(count(app, "select count(*) from metric_targets where next_at is null").await, 1);
    stage.app.close().await;
}

async fn bluesky(app: &TestApp, team: &Team, server: &Bluesky) -> AccountId {
    let input = AccountFinishConnect {
        network: NetworkId::Bluesky,
        server: Some(server.url.to_string()),
        identifier: "bakery.test".into(),
        password: SecretString::from("abcd-efgh-ijkl-mnop"),
        page: None,
    };
    app.call_once::<AccountFinishConnect>(&team.person(app), input).await.unwrap().account.id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_unsupported_and_zero_are_told_apart() {
    let server = Bluesky::start().await;
    let app = TestApp::with(Setup { allow: vec![Origin::of(&server.url).unwrap()], ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = bluesky(&app, &team, &server).await;
    let post = published(&app, &ctx, &["Bread"], account).await;
    let stage = Stage { app, ctx, account };
    let app = &stage.app;

    // Without app view nothing is offered, and nothing is wrong with the account.
    app.clock.advance_secs(HOUR);
    app.collect_due().await;
    let figures = stage.latest(post).await;
    assert!(figures.figures.iter().all(|figure| figure.absence == Some(Absence::Unsupported)), "{figures:?}");
    assert_eq!((figures.figures.len(), figures.engagement, figures.problem.clone()), (4, None, None));
    assert!(figures.say().contains("likes not offered by this server"), "{}", figures.say());

    // The server gets one: a figure that it leaves out is missing, 0 is 0.
    server.shows(View::Figures { post: json!({ "likeCount": 0, "repostCount": 2, "replyCount": 1 }), followers: 40 });
    app.clock.advance_secs(12 * HOUR);
    app.collect_due().await;
    let figures = stage.latest(post).await;
    let told = ["likes", "reposts", "replies", "quotes"].map(|metric| value(&figures, metric));
    // Quotes were unsupported and are missing now.
    assert_eq!(told, [(Some(0), None), (Some(2), None), (Some(1), None), (None, Some(Absence::Missing))]);
    assert_eq!((figures.engagement, figures.engagement_partial, figures.engagement_rate), (Some(3), true, None));
    let overview = app.call_once::<WorkspaceOverview>(&stage.ctx, WorkspaceOverview {}).await.unwrap();
    let sum = &overview.figures[0];
    assert_eq!((sum.posts, sum.engagement, sum.reach, sum.followers), (1, 3, None, Some(40)));

    // The app view goes away: what it said stays, with its age.
    server.shows(View::Absent);
    app.clock.advance_secs(DAY);
    app.collect_due().await;
    let figures = stage.latest(post).await;
    assert_eq!((value(&figures, "reposts"), figures.age.as_deref()), ((Some(2), None), Some("24 hours ago")));
    assert_eq!(figures.problem.as_deref(), Some("the server has no figures at the moment"));
    server.shows(View::Broken);
    app.clock.advance_secs(HOUR);
    app.collect_due().await;
    assert_eq!(value(&stage.latest(post).await, "likes"), (Some(0), None));
    assert_eq!(count(app, "select count(*) from accounts where status <> 'connected'").await, 0);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accounts_own_figures_are_shown_over_time() {
    let server = Bluesky::start().await;
    let app = TestApp::with(Setup { allow: vec![Origin::of(&server.url).unwrap()], ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = bluesky(&app, &team, &server).await;
    let shown = async |days| {
        let input = PostMetrics { post_id: None, account_id: Some(account), days };
        app.call_once::<PostMetrics>(&ctx, input).await.unwrap().account.unwrap()
    };
    let begin = shown(None).await;
    assert_eq!((begin.figures.len(), begin.age.clone(), begin.account.as_str()), (0, None, "bluesky/bakery.test"));
    let mut answers = [View::Absent]
        .into_iter()
        .chain([40, 50, 45].into_iter().map(|followers| View::Figures { post: json!({ "likeCount": 0 }), followers }));
    // A figure that is not offered is no 0, and no change.
    for count in 1..=4 {
        server.shows(answers.next().unwrap());
        app.collect_due().await;
        let shown = shown(None).await;
        let followers = shown.figures.iter().find(|figure| figure.metric == "followers").unwrap();
        let points: Vec<_> = followers.points.iter().map(|point| (point.value, point.absence)).collect();
        let told = [(None, Some(Absence::Unsupported)), (Some(40), None), (Some(50), None), (Some(45), None)];
        assert_eq!(points, told[..count]);
        assert_eq!(followers.change, [None, None, Some(10), Some(5)][count - 1]);
        assert_eq!((shown.age.as_deref(), shown.problem), (Some("just now"), None));
        app.clock.advance_secs(12 * HOUR);
    }
    let day = shown(Some(1)).await;
    let followers = day.figures.iter().find(|figure| figure.metric == "followers").unwrap();
    assert_eq!((followers.points.len(), followers.change), (2, Some(-5)));
    let said = PostMetrics::say(&Measurements { account: Some(day), ..Measurements::default() });
    assert!(said.contains("bluesky/bakery.test, the last 1 day(s), asked 12 hours ago"), "{said}");
    assert!(said.contains("  followers: 50 at ") && said.contains(" (2 in all), -5\n"), "{said}");

    let post = published(&app, &ctx, &["Bread"], account).await;
    for (code, input) in [
        ("nothing_named", PostMetrics::default()),
        ("days_out_of_range", PostMetrics { account_id: Some(account), days: Some(0), ..PostMetrics::default() }),
        ("days_not_meant", PostMetrics { post_id: Some(post), days: Some(1), ..PostMetrics::default() }),
    ] {
        assert_eq!(app.call_once::<PostMetrics>(&ctx, input).await.unwrap_err().code(), code);
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_account_with_much_to_ask_does_not_keep_the_others_waiting() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let texts: Vec<String> = (0..60).map(|number| format!("Post {number}")).collect();
    let at = app.now().plus_secs(60).to_string();
    for text in &texts {
        app.scheduled(&stage.ctx, text, &[stage.account], &at).await;
    }
    app.clock.advance_secs(60);
    while app.publish_due().await > 0 {}
    let team = Team { workspace: stage.ctx.workspace, admin: stage.ctx.member().unwrap() };
    let other = app.account(&team, "butcher").await;
    published(app, &stage.ctx, &["Ham"], other).await;
    app.clock.advance_secs(HOUR);
    // Claims of one account each: the second is the other's, though the first has two thirds left.
    let mut written = Vec::new();
    for _ in 0..4 {
        let before = stage.count().await;
        collect_metrics::step(&app.app, 1).await.unwrap();
        written.push((stage.count().await - before) / 5);
        app.clock.advance_secs(1);
    }
    assert_eq!(written, [25, 1, 25, 10]);
    assert_eq!(Arc::strong_count(&app.app), 1, "nothing runs on");
    stage.app.close().await;
}
