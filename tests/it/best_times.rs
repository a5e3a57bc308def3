//! Best times through the tool's use case, on posts that really went out.

use allin::{
    app::best_times::{
        Basis,
        get::{BestTimes, BestTimesGet},
    },
    clock::Timestamp,
    model::times,
};

use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_hour_is_found_across_a_change_of_the_clocks() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let account = app.account(&team, "bakery").await;
    let ask = async || -> BestTimes {
        app.call_once::<BestTimesGet>(&ctx, BestTimesGet { account_id: account }).await.unwrap()
    };
    let cold = ask().await;
    assert_eq!((cold.basis, cold.posts, cold.posts_needed), (Basis::Default, 0, 30));
    assert!(cold.explanation.contains("0 of the 30") && cold.explanation.contains("n = 0"), "{}", cold.explanation);
    assert!(cold.times.len() == 5 && cold.times.iter().all(|time| time.default && time.n == 0 && time.lift.is_none()));

    // Tuesdays and Fridays at 9:00 in Berlin for twenty weeks: until the end of March that is 8:00 UTC, then 7:00.
    let zone = times::zone("Europe/Berlin").unwrap();
    let first = jiff::civil::date(2026, 12, 4).at(9, 0, 0, 0);
    let mut days = 0;
    for number in 0..40_i64 {
        let local = first.checked_add(jiff::Span::new().days(days)).unwrap();
        let at = Timestamp::new(zone.to_zoned(local).unwrap().timestamp());
        app.scheduled(&ctx, &format!("Post {number}"), &[account], &at.to_string()).await;
        app.clock.set(at);
        assert_eq!(app.publish_due().await, 1);
        days += if number % 2 == 0 { 4 } else { 3 };
        if number == 28 {
            app.clock.advance_secs(26 * 3600);
            while app.collect_due().await > 0 {}
            let some = ask().await;
            assert_eq!((some.basis, some.posts), (Basis::Default, 1), "the others' first day went by unseen");
        }
    }
    let mut superuser = app.database.superuser().await;
    // Tuesdays do four times as well; the scatter is the same on both days.
    let plant = "update metric_targets set measured_at = published_at, engagement = 0, engagement_first_day =
        (20 + 5 * (hashtext(target_id::text) & 3)) * case extract(isodow from published_at) when 2 then 4 else 1 end";
    sqlx::query(plant).execute(&mut superuser).await.unwrap();
    let found = ask().await;
    assert_eq!((found.basis, found.posts, found.times.len()), (Basis::Measured, 40, 1), "{found:#?}");
    let best = &found.times[0];
    assert_eq!((best.weekday.as_str(), best.time.as_str(), best.n, best.default), ("Tuesday", "09:00", 20, false));
    let (low, lift, high) = (best.lift_low.unwrap(), best.lift.unwrap(), best.lift_high.unwrap());
    // Four times on half of the posts is twice the geometric mean.
    assert!(0.0 < low && low < lift && lift < high && (60.0..140.0).contains(&lift), "{low} {lift} {high}");
    assert!(best.next_local.starts_with("Tue ") && best.next_local.ends_with("09:00 (Europe/Berlin)"), "{best:?}");

    sqlx::query("update metric_targets set engagement_first_day = 7").execute(&mut superuser).await.unwrap();
    let equal = ask().await;
    assert_eq!((equal.basis, equal.posts), (Basis::NoDifference, 40));
    assert!(equal.times.iter().all(|time| time.default) && equal.explanation.contains("40 posts were compared"));
    app.close().await;
}
