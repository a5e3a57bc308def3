//! Series and campaigns on accounts that are strict about their queues: which times they get, and what is said of others.

use allin::{
    app::{
        campaigns::{create::CampaignCreate, schedule::CampaignSchedule},
        ctx::Ctx,
        posts::{schedule::PostSchedule, view::PostView},
        queue::{get::QueueGet, set::QueueSet},
        series::{
            create::{SeriesCreate, SeriesCreated},
            list::SeriesList,
        },
    },
    ids::{AccountId, CampaignId, PostId},
    jobs::fill_series,
    model::states::PostStatus,
};

use crate::support::{
    TestApp,
    people::{Team, schedule},
};

struct Stage {
    app: TestApp,
    team: Team,
    ctx: Ctx,
    /// Strict.
    bakery: AccountId,
    /// Warns only.
    cafe: AccountId,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start().await;
        let team = app.team("Bakery").await;
        let ctx = team.connection(&app);
        let (bakery, cafe) = (app.account(&team, "bakery").await, app.account(&team, "cafe").await);
        Self { app, team, ctx, bakery, cafe }
    }

    async fn rules(&self, account_id: AccountId, change: impl FnOnce(&mut QueueSet)) {
        let mut input = QueueSet {
            account_id,
            slots: None,
            quiet_hours: None,
            daily_cap: None,
            distance_minutes: None,
            strict: Some(account_id == self.bakery),
        };
        change(&mut input);
        self.app.call_once::<QueueSet>(&self.ctx, input).await.unwrap();
    }

    async fn series(&self, text: &str, accounts: &[AccountId], rule: &str, starts: &str) -> SeriesCreated {
        let post_id = self.app.draft(&self.ctx, text, accounts).await.id;
        let input = SeriesCreate {
            post_id,
            rule: rule.into(),
            starts: starts.into(),
            until: None,
            except: Vec::new(),
            time_zone: None,
            replaces: None,
        };
        self.app.call_once::<SeriesCreate>(&self.ctx, input).await.unwrap()
    }

    async fn campaign(&self, name: &str, posts: &[PostId]) -> CampaignId {
        let input = CampaignCreate { name: name.into(), description: None, post_ids: posts.to_vec() };
        self.app.call_once::<CampaignCreate>(&self.team.person(&self.app), input).await.unwrap().campaign.id
    }
}

fn launch(campaign_id: CampaignId, at: &str) -> CampaignSchedule {
    CampaignSchedule { campaign_id, at: at.into(), time_zone: None }
}

fn times(post: &PostView) -> Vec<&str> {
    post.targets.iter().map(|target| target.due_local.as_deref().unwrap_or("none")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_series_takes_what_the_strict_queue_leaves() {
    let stage = Stage::set().await;
    stage
        .rules(stage.bakery, |rules| {
            (rules.quiet_hours, rules.distance_minutes) = (Some("22:00-07:00".into()), Some(90));
        })
        .await;
    // In the way on the second Wednesday; a post of its own is in the way of the next one, an hour later.
    stage.app.scheduled(&stage.ctx, "In the way", &[stage.bakery], "2026-12-09T08:30").await;
    let made = stage.series("Daily loaf", &[stage.bakery], "FREQ=WEEKLY;BYHOUR=9,10,23", "2026-12-02T09:30").await;
    let close = |minutes| format!("another post goes out {minutes} minutes from it, the least distance is 90");
    let left = |at: &str, rule: &str| format!("{at}: @bakery is strict about its queue: {rule}");
    let quiet = "it lies in the quiet hours 22:00-07:00";
    let expected_left = [
        left("2026-12-09T23:30:00", quiet),
        left("2026-12-09T09:30:00", &format!("overposting: {}", close(60))),
        left("2026-12-02T23:30:00", quiet),
        left("2026-12-02T10:30:00", &format!("overposting: {}", close(60))),
    ];
    let at = |series: &allin::app::series::SeriesView| {
        series.waiting.iter().map(|post| post.at_local.clone().unwrap()).collect::<Vec<_>>()
    };
    let local = |times: &[&str]| times.iter().map(|at| format!("{at} (Europe/Berlin)")).collect::<Vec<_>>();
    assert_eq!(at(&made.series), local(&["Wed 2 Dec 2026, 09:30", "Wed 9 Dec 2026, 10:30"]));
    assert_eq!(made.series.left_out, expected_left);
    for line in &expected_left {
        assert!(made.warnings.contains(line), "{line}: {:?}", made.warnings);
    }
    // Its posts are posts like others: nobody moves one where the queue forbids it.
    let first = made.series.waiting[0].post_id;
    let moved = stage.app.call_once::<PostSchedule>(&stage.ctx, schedule(first, "2026-12-02T22:30")).await;
    assert_eq!(moved.unwrap_err().code(), "queue_forbids");
    // Once the account is strict no longer, nothing is left out; what was is not made up for.
    stage.rules(stage.bakery, |rules| rules.strict = Some(false)).await;
    stage.app.clock.set("2026-12-03T08:00:00Z".parse().unwrap());
    assert_eq!(fill_series::step(&stage.app).await.unwrap(), 3);
    let listed = stage.app.call_once::<SeriesList>(&stage.ctx, SeriesList::default()).await.unwrap().series.remove(0);
    let sixteenth = ["Wed 16 Dec 2026, 09:30", "Wed 16 Dec 2026, 10:30", "Wed 16 Dec 2026, 23:30"];
    assert_eq!(at(&listed)[2..], local(&sixteenth));
    assert_eq!(listed.left_out, expected_left);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_strict_account_decides_for_an_occurrence_and_the_others_warn() {
    let stage = Stage::set().await;
    stage.rules(stage.bakery, |rules| rules.daily_cap = Some(1)).await;
    stage.rules(stage.cafe, |rules| rules.quiet_hours = Some("09:00-12:00".into())).await;
    stage.app.scheduled(&stage.ctx, "In the way", &[stage.bakery], "2026-12-09T18:00").await;
    let both = [stage.bakery, stage.cafe];
    let made = stage.series("Loaf", &both, "FREQ=WEEKLY", "2026-12-02T09:30").await;
    assert_eq!(made.series.waiting.len(), 1);
    let cap = "overposting: 1 posts go out that day already, the account's cap is 1";
    assert_eq!(made.series.left_out, [format!("2026-12-09T09:30:00: @bakery is strict about its queue: {cap}")]);
    let cafe = "@cafe: it lies in the quiet hours 09:00-12:00.";
    assert!(made.warnings.iter().any(|warning| warning == cafe), "{:?}", made.warnings);
    let post = stage.app.post(&stage.ctx, made.series.waiting[0].post_id).await;
    assert_eq!(times(&post), ["Wed 2 Dec 2026, 09:30 (Europe/Berlin)"; 2]);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_goes_out_whole_where_its_strict_queues_let_it() {
    let stage = Stage::set().await;
    let ctx = &stage.ctx;
    stage.rules(stage.bakery, |rules| rules.daily_cap = Some(1)).await;
    stage.rules(stage.cafe, |rules| rules.quiet_hours = Some("07:00-09:00".into())).await;
    let mut posts = [
        stage.app.draft(ctx, "Bread", &[stage.bakery, stage.cafe]).await.id,
        stage.app.draft(ctx, "Cake", &[stage.bakery]).await.id,
    ];
    posts.sort_unstable();
    let id = stage.campaign("Spring", &posts).await;
    // The second of them, in the order in which posts are locked, is one too many.
    let refused = stage.app.call_once::<CampaignSchedule>(ctx, launch(id, "2026-12-03T08:00")).await.unwrap_err();
    let told: Vec<_> = refused.public().details.into_iter().map(|issue| (issue.field, issue.message)).collect();
    let cap = "@bakery: overposting: 1 posts go out that day already, the account's cap is 1";
    assert_eq!((refused.code(), told), ("campaign_unsendable", vec![(format!("{}.at", posts[1]), cap.to_owned())]));
    for post in posts {
        assert_eq!(stage.app.post(ctx, post).await.status, PostStatus::Draft, "nothing was scheduled");
    }
    let free = QueueGet { account_id: Some(stage.bakery), free: None };
    assert_eq!(stage.app.call_once::<QueueGet>(ctx, free).await.unwrap().queues[0].daily_cap, Some(1));

    stage.rules(stage.bakery, |rules| rules.daily_cap = Some(2)).await;
    let launched = stage.app.call_once::<CampaignSchedule>(ctx, launch(id, "2026-12-03T08:00")).await.unwrap();
    let quiet = "@cafe: it lies in the quiet hours 07:00-09:00.";
    assert!(launched.warnings.iter().any(|warning| warning == quiet), "{:?}", launched.warnings);
    // Moved within the day its own posts are not in its way; somebody else's is.
    stage.app.call_once::<CampaignSchedule>(ctx, launch(id, "2026-12-03T12:00")).await.unwrap();
    for post in posts {
        let post = stage.app.post(ctx, post).await;
        assert!(times(&post).iter().all(|at| *at == "Thu 3 Dec 2026, 12:00 (Europe/Berlin)"), "{post:?}");
    }
    stage.app.scheduled(ctx, "In the way", &[stage.bakery], "2026-12-04T18:00").await;
    let refused = stage.app.call_once::<CampaignSchedule>(ctx, launch(id, "2026-12-04T12:00")).await.unwrap_err();
    assert_eq!((refused.code(), refused.public().details.len()), ("campaign_unsendable", 1));
    // Two at one instant are never apart.
    stage.rules(stage.bakery, |rules| (rules.daily_cap, rules.distance_minutes) = (Some(5), Some(1))).await;
    let refused = stage.app.call_once::<CampaignSchedule>(ctx, launch(id, "2026-12-05T12:00")).await.unwrap_err();
    let told: Vec<_> = refused.public().details.into_iter().map(|issue| issue.message).collect();
    assert_eq!(told, ["@bakery: overposting: another post goes out 0 minutes from it, the least distance is 1"]);
    let kept = stage.app.post(ctx, posts[0]).await;
    assert!(times(&kept).iter().all(|at| *at == "Thu 3 Dec 2026, 12:00 (Europe/Berlin)"), "a refusal changes nothing");
    stage.app.close().await;
}
