//! Recurring posts: each occurrence becomes one post, at its local time, until the series ends.

use std::{collections::BTreeSet, sync::Arc};

use allin::{
    app::{
        ctx::Ctx,
        members::change::MemberChange,
        posts::{get::PostGet, query::PostQuery},
        series::{
            SeriesStatus, SeriesView,
            create::{SeriesCreate, SeriesCreated},
            end::SeriesEnd,
            fill::SeriesFill,
            list::SeriesList,
        },
        workspaces::overview::WorkspaceOverview,
    },
    ids::{AccountId, PostId},
    jobs::fill_series,
    model::{queue::Day, roles::Role, states::PostStatus},
};
use futures::future::join_all;

use crate::support::{
    TestApp,
    people::{Door, Team},
};

fn rule(post_id: PostId, rule: &str, starts: &str) -> SeriesCreate {
    SeriesCreate {
        post_id,
        rule: rule.into(),
        starts: starts.into(),
        until: None,
        except: Vec::new(),
        time_zone: None,
        replaces: None,
    }
}

async fn create(app: &TestApp, ctx: &Ctx, account: AccountId, input: SeriesCreate) -> SeriesCreated {
    let post = app.draft(ctx, "Every time", &[account]).await.id;
    app.call_once::<SeriesCreate>(ctx, SeriesCreate { post_id: post, ..input }).await.unwrap()
}

/// The only series, ended or not.
async fn only(app: &TestApp, ctx: &Ctx) -> SeriesView {
    let mut all = app.call_once::<SeriesList>(ctx, SeriesList { ended: true }).await.unwrap().series;
    assert_eq!(all.len(), 1);
    all.pop().unwrap()
}

fn times(series: &SeriesView) -> Vec<&str> {
    series.waiting.iter().map(|post| post.at_local.as_deref().unwrap().trim_end_matches(" (Europe/Berlin)")).collect()
}

struct Stage {
    app: TestApp,
    team: Team,
    ctx: Ctx,
    account: AccountId,
    nowhere: PostId,
}

async fn stage() -> Stage {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    Stage { team, ctx, account, nowhere: crate::support::cases::Ids::nowhere().post, app }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_are_made_two_weeks_ahead_and_go_out_one_by_one() {
    let Stage { app, ctx, account, nowhere, .. } = stage().await;
    let weekly = rule(nowhere, "FREQ=WEEKLY;BYDAY=MO,TH;COUNT=5", "monday 9:00");
    let created = create(&app, &ctx, account, SeriesCreate { except: vec!["2026-12-10".into()], ..weekly }).await;
    assert_eq!(
        created.message,
        "The series begins on Mon 7 Dec 2026, 09:00 (Europe/Berlin); 2 of its posts are scheduled, later ones two weeks ahead."
    );
    assert_eq!(times(&created.series), ["Mon 7 Dec 2026, 09:00", "Mon 14 Dec 2026, 09:00"]);
    assert_eq!(fill_series::step(&app).await.unwrap(), 0, "the rest is not due to be made");
    app.clock.set("2026-12-03T08:00:00Z".parse().unwrap());
    assert_eq!(fill_series::step(&app).await.unwrap(), 1);
    assert_eq!(times(&only(&app, &ctx).await).last(), Some(&"Thu 17 Dec 2026, 09:00"));
    app.clock.set("2026-12-07T08:00:00Z".parse().unwrap());
    assert_eq!((app.publish_due().await, fill_series::step(&app).await.unwrap()), (1, 1));
    let series = only(&app, &ctx).await;
    assert_eq!((series.status, series.waiting.len()), (SeriesStatus::Complete, 3));
    for due in ["2026-12-14T08:00:00Z", "2026-12-17T08:00:00Z", "2026-12-21T08:00:00Z", "2027-02-01T08:00:00Z"] {
        app.clock.set(due.parse().unwrap());
        app.publish_due().await;
        fill_series::step(&app).await.unwrap();
    }
    assert_eq!(app.sandbox.texts(), ["Every time"; 4]);
    assert_eq!(only(&app, &ctx).await.waiting, []);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_at_the_same_work_make_each_post_once() {
    let Stage { app, ctx, account, nowhere, .. } = stage().await;
    let daily = create(&app, &ctx, account, rule(nowhere, "FREQ=DAILY;BYHOUR=9,17", "2026-12-01T09:30")).await;
    app.clock.set("2026-12-09T07:00:00Z".parse().unwrap());
    let inner = Arc::clone(&app.app);
    let made = join_all((0..8).map(|number| {
        let (app, ctx, id) = (Arc::clone(&inner), ctx.clone(), daily.series.id);
        tokio::spawn(async move {
            match number % 2 {
                0 => fill_series::step(&app).await,
                _ => app.call_once::<SeriesFill>(&ctx, SeriesFill { series_id: id }).await.map(|filled| filled.made),
            }
        })
    }));
    let made: usize = made.await.into_iter().map(|done| done.unwrap().unwrap()).sum();
    // From the 15th until the 22nd; the two weeks end on the 23rd at 08:00.
    assert_eq!(made, 16);
    let rows: Vec<(String, PostId)> =
        sqlx::query_as("select occurs_local, post_id from series_occurrences where post_id is not null")
            .fetch_all(&mut app.database.superuser().await)
            .await
            .unwrap();
    let (locals, posts): (BTreeSet<_>, BTreeSet<_>) = rows.iter().cloned().unzip();
    // Two a day from 1 to 22 December.
    assert_eq!((rows.len(), locals.len(), posts.len()), (44, 44, 44));
    let page = app.call_once::<PostQuery>(&ctx, PostQuery { limit: Some(100), ..PostQuery::default() }).await.unwrap();
    assert_eq!(page.posts.len(), 45, "and the draft");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_cancels_what_waits_and_says_so() {
    let Stage { app, ctx, account, nowhere, .. } = stage().await;
    let daily = create(&app, &ctx, account, rule(nowhere, "FREQ=DAILY", "2026-12-02T09:00")).await.series;
    assert_eq!(daily.waiting.len(), 10, "of 14");
    app.clock.set("2026-12-02T08:00:00Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 1);
    let replaced = SeriesCreate {
        replaces: Some(daily.id),
        until: Some("2026-12-05".into()),
        ..rule(nowhere, "FREQ=DAILY", "2026-12-04T10:00")
    };
    let new = create(&app, &ctx, account, replaced).await;
    assert_eq!(new.warnings[0], "The series is ended; the 13 posts that waited are cancelled.");
    assert_eq!(times(&new.series), ["Fri 4 Dec 2026, 10:00", "Sat 5 Dec 2026, 10:00"]);
    let first = daily.waiting[1].post_id;
    assert_eq!(
        app.call_once::<PostGet>(&ctx, PostGet { post_id: first }).await.unwrap().post.status,
        PostStatus::Cancelled
    );
    let again = app.call_once::<SeriesEnd>(&ctx, SeriesEnd { series_id: daily.id }).await.unwrap_err();
    assert_eq!(again.code(), "series_over");
    let ended = app.call_once::<SeriesEnd>(&ctx, SeriesEnd { series_id: new.series.id }).await.unwrap();
    assert_eq!((ended.cancelled, ended.under_way), (new.series.waiting, vec![]));
    assert_eq!(ended.series.status, SeriesStatus::Ended);
    for day in 3..30 {
        app.clock.set(format!("2026-12-{day:02}T09:00:00Z").parse().unwrap());
        assert_eq!((fill_series::step(&app).await.unwrap(), app.publish_due().await), (0, 0));
    }
    assert_eq!(app.sandbox.texts(), ["Every time"]);
    assert_eq!(app.call_once::<SeriesList>(&ctx, SeriesList::default()).await.unwrap().series.len(), 0);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_made_is_left_out_with_the_reason() {
    let Stage { app, team, ctx, account, nowhere } = stage().await;
    let queue = allin::app::queue::set::QueueSet {
        account_id: account,
        slots: Some(vec![allin::app::queue::WeeklyTimes { days: vec![Day::Monday], times: vec!["12:00".into()] }]),
        quiet_hours: None,
        daily_cap: Some(1),
        distance_minutes: None,
        strict: Some(true),
    };
    app.call_once::<allin::app::queue::set::QueueSet>(&team.connection(&app), queue).await.unwrap();
    app.scheduled(&ctx, "In the way", &[account], "2026-12-09T12:00").await;
    let created = create(&app, &ctx, account, rule(nowhere, "FREQ=WEEKLY", "2026-12-02T09:00")).await;
    assert_eq!(times(&created.series), ["Wed 2 Dec 2026, 09:00"]);
    let reason = "2026-12-09T09:00:00: @bakery is strict about its queue: overposting: 1 posts go out that day already, \
                  the account's cap is 1";
    assert_eq!(created.series.left_out, [reason]);
    // Nothing runs for three weeks: what should have gone out meanwhile is not made up for.
    app.clock.set("2026-12-24T08:00:00Z".parse().unwrap());
    assert_eq!(fill_series::step(&app).await.unwrap(), 2);
    let series = only(&app, &ctx).await;
    assert_eq!(times(&series)[1..], ["Wed 30 Dec 2026, 09:00", "Wed 6 Jan 2027, 09:00"]);
    let over = "its time was over before its post was made; nothing was running";
    assert_eq!(series.left_out[..2], [format!("2026-12-23T09:00:00: {over}"), format!("2026-12-16T09:00:00: {over}")]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skipped_hour_moves_its_occurrence_forward() {
    let Stage { app, ctx, account, nowhere, .. } = stage().await;
    app.clock.set("2027-03-20T08:00:00Z".parse().unwrap());
    let twice = rule(nowhere, "FREQ=DAILY;BYHOUR=2,3", "2027-03-27T02:30");
    let created = create(&app, &ctx, account, SeriesCreate { until: Some("2027-03-28".into()), ..twice }).await;
    assert_eq!(times(&created.series), ["Sat 27 Mar 2027, 02:30", "Sat 27 Mar 2027, 03:30", "Sun 28 Mar 2027, 03:30"]);
    let reason = "2027-03-28T03:30:00: falls on the same instant as the one before, since the clocks skip an hour";
    assert_eq!(created.series.left_out, [reason]);
    let said = "In Europe/Berlin the clocks skip this hour: moved to 03:30.";
    assert!(created.warnings.iter().any(|warning| warning == said), "{:?}", created.warnings);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stops_with_the_rights_of_its_author() {
    let Stage { app, team, account, nowhere, .. } = stage().await;
    let member = app.member(&team, Role::Publisher).await;
    app.grant(&team, account, member).await;
    let ctx = team.ctx(&app, member, Door::Stdio);
    create(&app, &ctx, account, rule(nowhere, "FREQ=DAILY", "2026-12-02T09:00")).await;
    let change = MemberChange { member_id: member, role: Some(Role::Contributor), hand_over_to: None };
    app.call_once::<MemberChange>(&team.person(&app), change).await.unwrap();
    app.clock.set("2026-12-05T08:00:00Z".parse().unwrap());
    assert_eq!(fill_series::step(&app).await.unwrap(), 0);
    let admin = team.connection(&app);
    let problem = only(&app, &admin).await.problem.unwrap();
    assert!(problem.starts_with("This takes the role publisher or higher; you are contributor."), "{problem}");
    let overview = app.call_once::<WorkspaceOverview>(&admin, WorkspaceOverview {}).await.unwrap();
    let line = "1 series cannot make its next posts: series_list tells why.";
    assert!(overview.warnings.iter().any(|warning| warning == line), "{:?}", overview.warnings);
    // An hour later with the right again.
    let change = MemberChange { member_id: member, role: Some(Role::Publisher), hand_over_to: None };
    app.call_once::<MemberChange>(&team.person(&app), change).await.unwrap();
    assert_eq!(fill_series::step(&app).await.unwrap(), 0, "not before");
    app.clock.advance_secs(3600);
    assert_eq!(fill_series::step(&app).await.unwrap(), 4);
    assert_eq!(only(&app, &admin).await.problem, None);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_series_that_makes_no_sense_is_refused() {
    let Stage { app, ctx, account, .. } = stage().await;
    let post = app.draft(&ctx, "Sense", &[account]).await.id;
    let lonely = app.draft(&ctx, "Nowhere to go", &[]).await.id;
    let good = || rule(post, "FREQ=DAILY", "2026-12-02T09:00");
    let until = |until: &str| SeriesCreate { until: Some(until.into()), ..good() };
    for (input, code) in [
        (rule(post, "every day", "2026-12-02T09:00"), "rule_malformed"),
        (rule(post, "FREQ=DAILY", "2026-11-30T09:00"), "time_in_past"),
        (rule(post, "FREQ=DAILY", "soon"), "time_malformed"),
        (rule(post, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-12-02T09:00"), "series_empty"),
        (rule(post, "FREQ=DAILY", "2040-01-01T09:00"), "series_empty"),
        (rule(lonely, "FREQ=DAILY", "2026-12-02T09:00"), "post_without_accounts"),
        (until("2026-12-01"), "rule_malformed"),
        (until("never"), "time_malformed"),
        (SeriesCreate { except: vec!["Christmas".into()], ..good() }, "date_malformed"),
        (
            SeriesCreate { until: Some("2026-12-02".into()), except: vec!["2026-12-02".into()], ..good() },
            "series_empty",
        ),
        (SeriesCreate { time_zone: Some("Berlin".into()), ..good() }, "time_zone_unknown"),
        (SeriesCreate { replaces: Some(crate::support::cases::Ids::nowhere().series), ..good() }, "series_not_found"),
    ] {
        let said = format!("{input:?}");
        assert_eq!(app.call_once::<SeriesCreate>(&ctx, input).await.unwrap_err().code(), code, "{said}");
    }
    let count: i64 =
        sqlx::query_scalar("select count(*) from series").fetch_one(&mut app.database.superuser().await).await.unwrap();
    assert_eq!(count, 0);
    app.close().await;
}
