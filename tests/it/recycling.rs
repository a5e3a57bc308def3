//! Evergreen posts go out again: the best that were not out for long enough, once, and only while somebody wants it.

use allin::{
    app::{
        campaigns::{change::CampaignChange, create::CampaignCreate},
        ctx::Ctx,
        members::change::MemberChange,
        pauses::start::PublishingPause,
        posts::{cancel::PostCancel, get::PostGet, update::PostUpdate},
        queue::{WeeklyTimes, set::QueueSet},
        recycling::{
            RecyclingView,
            get::RecyclingGet,
            mark::PostEvergreen,
            set::{RecyclingChanged, RecyclingSet},
        },
        workspaces::restored,
    },
    clock::Timestamp,
    ids::{AccountId, PostId},
    jobs::recycle_posts,
    model::{
        queue::Day,
        recycling::Verdict,
        roles::Role,
        states::{PostStatus, TargetState},
    },
};
use futures::future::join_all;

use crate::support::{
    TestApp,
    people::{Door, Team},
};

const DAY: i64 = 86_400;

struct Stage {
    app: TestApp,
    team: Team,
    ctx: Ctx,
    account: AccountId,
}

fn rule(account: AccountId) -> RecyclingSet {
    RecyclingSet {
        account_id: account,
        enabled: Some(true),
        min_age_days: Some(20),
        window_days: Some(60),
        per_week: Some(2),
        candidates: Some(3),
    }
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start().await;
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        Self { ctx: team.connection(&app), app, team, account }
    }

    /// An evergreen post that is out and did so well.
    async fn evergreen(&self, text: &str, engagement: Option<i64>) -> PostId {
        let at = self.app.now().plus_secs(60);
        let post = self.app.scheduled(&self.ctx, text, &[self.account], &at.to_string()).await.id;
        self.app.clock.set(at);
        self.app.publish_due().await;
        let mark = PostEvergreen { post_id: post, evergreen: true };
        self.app.call_once::<PostEvergreen>(&self.ctx, mark).await.unwrap();
        sqlx::query(
            "update metric_targets m set next_at = null, engagement = $2, measured_at = case when $2 is null then null else now() end
             from targets t where t.target_id = m.target_id and t.post_id = $1",
        )
        .bind(post.uuid())
        .bind(engagement)
        .execute(&mut self.app.database.superuser().await)
        .await
        .unwrap();
        post
    }

    async fn allow(&self, input: RecyclingSet) -> RecyclingChanged {
        self.app.call_once::<RecyclingSet>(&self.ctx, input).await.unwrap()
    }

    async fn view(&self) -> RecyclingView {
        let input = RecyclingGet { account_id: Some(self.account) };
        self.app.call_once::<RecyclingGet>(&self.ctx, input).await.unwrap().accounts.remove(0)
    }

    async fn step(&self) -> usize {
        recycle_posts::step(&self.app.app).await.unwrap()
    }

    /// Texts that went out from `after` on, with their times.
    fn out(&self, after: Timestamp) -> Vec<(String, Timestamp)> {
        let posts = self.app.sandbox.posts();
        let all = posts.iter().map(|post| {
            let at: Timestamp = post["created_at"].as_str().unwrap().parse().unwrap();
            (post["text"].as_str().unwrap().to_owned(), at)
        });
        all.filter(|(_, at)| *at > after).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_best_go_out_again_and_never_within_the_window() {
    let stage = Stage::set().await;
    for (text, engagement) in
        [("Poor", Some(1)), ("Best", Some(90)), ("Good", Some(50)), ("Fair", Some(20)), ("Unknown", None)]
    {
        stage.evergreen(text, engagement).await;
    }
    let app = &stage.app;
    app.scheduled(&stage.ctx, "Not marked", &[stage.account], &app.now().plus_secs(60).to_string()).await;
    app.clock.advance_secs(60);
    app.publish_due().await;
    let begin = app.now();
    stage.allow(rule(stage.account)).await;
    assert_eq!(stage.step().await, 0, "everything is too young");
    let verdicts: Vec<_> =
        stage.view().await.evergreen.iter().map(|post| (post.excerpt.clone(), post.verdict)).collect();
    assert!(verdicts.len() == 5 && verdicts.iter().all(|(_, verdict)| *verdict == Verdict::TooYoung), "{verdicts:?}");

    while app.now() < begin.plus_secs(300 * DAY) {
        stage.step().await;
        match stage.view().await.upcoming.filter(|copy| copy.at <= app.now().plus_secs(DAY)) {
            Some(copy) => {
                app.clock.set(copy.at);
                assert_eq!(app.publish_due().await, 1);
            }
            None => app.clock.advance_secs(DAY),
        }
    }
    let out = stage.out(begin);
    assert!(out.iter().all(|(text, _)| ["Best", "Good", "Fair"].contains(&text.as_str())), "{out:?}");
    assert_eq!(out.iter().take(3).map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["Best", "Good", "Fair"]);
    assert!(out[0].1.millis_since(begin) / 1000 >= 20 * DAY - 600, "{out:?}");
    for (index, (text, at)) in out.iter().enumerate() {
        for (other, later) in &out[index + 1..] {
            assert!(text != other || later.millis_since(*at) / 1000 >= 60 * DAY, "{out:?}");
        }
        let week = out.iter().filter(|(_, other)| (0..7 * DAY).contains(&(other.millis_since(*at) / 1000))).count();
        assert!(week <= 2, "{out:?}");
    }
    // About every 60 days each; the good hours of the week cost some days.
    assert!((12..=15).contains(&out.len()), "{}: {out:?}", out.len());
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_plan_one_copy_with_a_link_to_its_original() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let original = stage.evergreen("Bread is good for you", Some(9)).await;
    stage.evergreen("Second", Some(5)).await;
    app.clock.advance_secs(70 * DAY);
    let said = stage.allow(rule(stage.account)).await;
    let next = said.recycling.next.clone().unwrap();
    assert_eq!((next.post_id, said.recycling.upcoming.is_none()), (original, true));
    assert!(said.message.contains(&next.at_local), "{}", said.message);

    let planned = join_all((0..8).map(|_| recycle_posts::step(&app.app))).await;
    assert_eq!(planned.into_iter().map(Result::unwrap).sum::<usize>(), 1);
    let view = stage.view().await;
    let upcoming = view.upcoming.unwrap();
    assert_eq!((upcoming.recycled_from, upcoming.at), (original, next.at), "as the plan said");
    assert_ne!(view.next.unwrap().post_id, original, "its words are to be out");
    let copy = app.call_once::<PostGet>(&stage.ctx, PostGet { post_id: upcoming.post_id }).await.unwrap();
    assert_eq!((copy.recycled_from, copy.evergreen, copy.post.status), (Some(original), false, PostStatus::Scheduled));
    assert_eq!(copy.post.targets[0].segments[0].message.text, "Bread is good for you");
    let mark = PostEvergreen { post_id: upcoming.post_id, evergreen: true };
    let error = app.call_once::<PostEvergreen>(&stage.ctx, mark).await.unwrap_err();
    assert_eq!(error.code(), "post_is_a_copy");

    assert_eq!(stage.step().await, 0, "one at a time");
    app.clock.set(upcoming.at);
    app.publish_due().await;
    assert_eq!(stage.out(upcoming.at.plus_secs(-1)).len(), 1);
    assert_eq!(stage.step().await, 1, "the next, once it is out");
    stage.app.close().await;
}

/// By them people pause and filter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_keeps_the_tags_and_an_open_campaign_of_its_original() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let original = stage.evergreen("Bread is good for you", Some(9)).await;
    let input = CampaignCreate { name: "Spring".into(), description: None, post_ids: vec![original] };
    let campaign = app.call_once::<CampaignCreate>(&stage.ctx, input).await.unwrap().campaign.id;
    let tags = vec!["bread".to_owned(), "health".to_owned()];
    // Labels are no content: those of a public post change, and its copies have what it has at the time.
    let input = PostUpdate {
        post_id: original,
        version: None,
        segments: None,
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: None,
        tags: Some(tags.clone()),
    };
    app.call_once::<PostUpdate>(&stage.ctx, input).await.unwrap();
    stage.allow(rule(stage.account)).await;
    for archived in [false, true] {
        let input = CampaignChange { campaign_id: campaign, name: None, description: None, archived: Some(archived) };
        app.call_once::<CampaignChange>(&stage.ctx, input).await.unwrap();
        app.clock.advance_secs(70 * DAY);
        assert_eq!(stage.step().await, 1);
        let copy = stage.view().await.upcoming.unwrap();
        let post = app.post(&stage.ctx, copy.post_id).await;
        let expected = (!archived).then_some(campaign);
        assert_eq!((post.tags, post.campaign.map(|campaign| campaign.id)), (tags.clone(), expected));
        app.clock.set(copy.at);
        app.publish_due().await;
    }

    // Who pauses the tag means the copies too.
    app.clock.advance_secs(70 * DAY);
    assert_eq!(stage.step().await, 1);
    let copy = stage.view().await.upcoming.unwrap();
    let pause =
        PublishingPause { reason: "A recall".into(), account_id: None, campaign_id: None, tag: Some("bread".into()) };
    app.call_once::<PublishingPause>(&stage.ctx, pause).await.unwrap();
    app.clock.set(copy.at);
    app.publish_due().await;
    assert_eq!(app.post(&stage.ctx, copy.post_id).await.status, PostStatus::Held);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_sees_what_comes_and_stops_it() {
    let stage = Stage::set().await;
    let app = &stage.app;
    stage.evergreen("Bread", Some(9)).await;
    app.clock.advance_secs(70 * DAY);
    assert_eq!(stage.step().await, 0, "no rule, nothing");
    stage.allow(rule(stage.account)).await;
    let off = RecyclingSet { enabled: Some(false), ..rule(stage.account) };
    assert!(stage.allow(off.clone()).await.recycling.next.is_none());
    assert_eq!(stage.step().await, 0, "off is off");
    stage.allow(rule(stage.account)).await;
    assert_eq!(stage.step().await, 1);
    let said = stage.allow(off).await;
    let upcoming = said.recycling.upcoming.unwrap();
    assert!(said.message.contains(&upcoming.post_id.to_string()) && said.message.contains("post_cancel"));
    let cancel = PostCancel { post_id: upcoming.post_id, account_ids: vec![] };
    let cancelled = app.call_once::<PostCancel>(&stage.ctx, cancel).await.unwrap();
    assert_eq!(cancelled.post.targets[0].status, TargetState::Cancelled);
    let before = app.sandbox.texts().len();
    app.clock.set(upcoming.at.plus_secs(30 * DAY));
    app.publish_due().await;
    assert_eq!((stage.step().await, app.sandbox.texts().len()), (0, before));

    for (field, input) in [
        ("min_age_days", RecyclingSet { min_age_days: Some(0), ..rule(stage.account) }),
        ("per_week", RecyclingSet { per_week: Some(8), ..rule(stage.account) }),
        ("candidates", RecyclingSet { candidates: Some(-1), ..rule(stage.account) }),
    ] {
        let error = app.call_once::<RecyclingSet>(&stage.ctx, input).await.unwrap_err();
        assert_eq!((error.code(), error.public().details[0].field.as_str()), ("rule_out_of_range", field));
    }
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_takes_the_next_free_time_of_the_queue() {
    let stage = Stage::set().await;
    let app = &stage.app;
    stage.evergreen("Bread", Some(9)).await;
    app.clock.set("2027-02-08T10:00:00Z".parse().unwrap());
    let times = WeeklyTimes { days: vec![Day::Monday, Day::Wednesday], times: vec!["17:30".into()] };
    let input = QueueSet {
        account_id: stage.account,
        slots: Some(vec![times]),
        quiet_hours: None,
        daily_cap: None,
        distance_minutes: None,
        strict: Some(true),
    };
    app.call_once::<QueueSet>(&stage.ctx, input).await.unwrap();
    app.scheduled(&stage.ctx, "Takes Monday", &[stage.account], "next free slot").await;
    stage.allow(rule(stage.account)).await;
    assert_eq!(stage.step().await, 1);
    assert_eq!(stage.view().await.upcoming.unwrap().at, "2027-02-10T16:30:00Z".parse().unwrap());
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_held_waits_for_somebody_and_nothing_piles_up_behind_it() {
    let stage = Stage::set().await;
    let app = &stage.app;
    stage.evergreen("Bread", Some(9)).await;
    stage.evergreen("Cake", Some(5)).await;
    app.clock.advance_secs(70 * DAY);
    stage.allow(rule(stage.account)).await;
    assert_eq!(stage.step().await, 1);
    // Nothing ran at its time.
    app.clock.advance_secs(30 * DAY);
    app.publish_due().await;
    assert_eq!(stage.step().await, 0);
    let held = stage.view().await.upcoming.unwrap();
    assert_eq!(held.status, "held");
    let cancel = PostCancel { post_id: held.post_id, account_ids: vec![] };
    app.call_once::<PostCancel>(&stage.ctx, cancel).await.unwrap();
    assert_eq!(stage.step().await, 1, "decided");
    stage.app.close().await;
}

/// What was recycled since the backup is not known any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_a_person_turns_it_on_again() {
    let stage = Stage::set().await;
    let app = &stage.app;
    stage.evergreen("Bread", Some(9)).await;
    app.clock.advance_secs(70 * DAY);
    stage.allow(rule(stage.account)).await;
    restored::check(&app.app).await.unwrap();
    assert!(stage.view().await.rule.enabled, "nothing was restored");
    let mut superuser = app.database.superuser().await;
    sqlx::query("update installation set value = 'null' where name = 'cluster'").execute(&mut superuser).await.unwrap();
    restored::check(&app.app).await.unwrap();
    assert_eq!((stage.view().await.rule.enabled, stage.step().await), (false, 0));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_left_recycles_nothing() {
    let stage = Stage::set().await;
    let app = &stage.app;
    stage.evergreen("Bread", Some(9)).await;
    app.clock.advance_secs(70 * DAY);
    let ben = app.member(&stage.team, Role::Publisher).await;
    let ctx = stage.team.ctx(app, ben, Door::Stdio);
    let error = app.call_once::<RecyclingSet>(&ctx, rule(stage.account)).await.unwrap_err();
    assert_eq!(error.code(), "account_not_granted");
    app.grant(&stage.team, stage.account, ben).await;
    app.call_once::<RecyclingSet>(&ctx, rule(stage.account)).await.unwrap();
    for role in [Some(Role::Contributor), None] {
        let change = MemberChange { member_id: ben, role, hand_over_to: None };
        app.call_once::<MemberChange>(&stage.team.person(app), change).await.unwrap();
        let view = stage.view().await;
        assert!(view.next.is_none() && view.blocked.unwrap().contains("A publisher"));
        assert_eq!(stage.step().await, 0);
    }
    let mut superuser = app.database.superuser().await;
    let noise: i64 = sqlx::query_scalar("select count(*) from audit_entries where use_case = 'recycling_run'")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert_eq!(noise, 0, "looking leaves no trace");
    stage.allow(rule(stage.account)).await;
    assert_eq!(stage.step().await, 1, "somebody else stands for it now");
    stage.app.close().await;
}
