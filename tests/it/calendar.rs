//! The calendar by month, week, day and agenda: days that the clocks lengthen or shorten, weeks, filters.

use allin::{
    app::calendar::get::{Calendar, CalendarGet},
    model::{
        calendar::{View, WeekStart},
        states::TargetState,
    },
};
use serde_json::json;

use crate::support::TestApp;

fn view(view: View, from: &str) -> CalendarGet {
    CalendarGet { view: Some(view), from: Some(from.into()), ..CalendarGet::default() }
}

/// Span, entries by day, and changes of the clocks.
fn shown(calendar: &Calendar) -> serde_json::Value {
    let days: Vec<_> = calendar
        .days
        .iter()
        .map(|day| {
            let entries: Vec<_> = day.entries.iter().map(|entry| format!("{} {}", entry.time, entry.excerpt)).collect();
            json!([day.date, entries])
        })
        .collect();
    json!({ "span": [calendar.from, calendar.to], "days": days, "clocks": calendar.clock_changes })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_hold_what_their_zone_puts_into_them() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    // The last and the first minute around the day of 23 hours in Berlin, and around the one of 25 hours.
    for (text, at) in [
        ("before", "2027-03-27T22:59:00Z"),
        ("first", "2027-03-27T23:00:00Z"),
        ("last", "2027-03-28T21:59:00Z"),
        ("after", "2027-03-28T22:00:00Z"),
        ("twice, first", "2027-10-31T00:30:00Z"),
        ("twice, second", "2027-10-31T01:30:00Z"),
        ("late", "2027-10-31T22:59:00Z"),
    ] {
        app.scheduled(&ctx, text, &[account], at).await;
    }
    let get = async |input| shown(&app.call_once::<CalendarGet>(&ctx, input).await.unwrap());
    assert_eq!(
        get(view(View::Day, "2027-03-28")).await,
        json!({
            "span": ["2027-03-28", "2027-03-28"],
            "days": [["2027-03-28", ["00:00 first", "23:59 last"]]],
            "clocks": [{ "date": "2027-03-28", "minutes": -60 }],
        })
    );
    assert_eq!(
        get(view(View::Week, "2027-03-25")).await,
        json!({
            "span": ["2027-03-22", "2027-03-28"],
            "days": [["2027-03-27", ["23:59 before"]], ["2027-03-28", ["00:00 first", "23:59 last"]]],
            "clocks": [{ "date": "2027-03-28", "minutes": -60 }],
        })
    );
    assert_eq!(
        get(view(View::Month, "2027-10-10")).await,
        json!({
            "span": ["2027-09-27", "2027-10-31"],
            "days": [["2027-10-31", ["02:30 twice, first", "02:30 twice, second", "23:59 late"]]],
            "clocks": [{ "date": "2027-10-31", "minutes": 60 }],
        })
    );
    let sunday = CalendarGet { week_start: Some(WeekStart::Sunday), ..view(View::Week, "2027-03-28") };
    assert_eq!(
        get(sunday).await["days"],
        json!([["2027-03-28", ["00:00 first", "23:59 last"]], ["2027-03-29", ["00:00 after"]]])
    );
    // The same instants in another zone are on other days.
    let york = CalendarGet { time_zone: Some("America/New_York".into()), ..view(View::Day, "2027-03-28") };
    assert_eq!(get(york).await["days"], json!([["2027-03-28", ["17:59 last", "18:00 after"]]]));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_narrow_and_nonsense_is_refused() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let (bakery, cafe) = (app.account(&team, "bakery").await, app.account(&team, "cafe").await);
    let gone = app.scheduled(&ctx, "Gone", &[bakery], "2026-12-01T10:00").await;
    app.scheduled(&ctx, "Bread", &[bakery], "2026-12-01T11:00").await;
    app.scheduled(&ctx, "Coffee", &[cafe], "2026-12-01T12:00").await;
    let cancel = allin::app::posts::cancel::PostCancel { post_id: gone.id, account_ids: vec![] };
    app.call_once::<allin::app::posts::cancel::PostCancel>(&ctx, cancel).await.unwrap();
    let texts = async |input: CalendarGet| {
        let calendar = app.call_once::<CalendarGet>(&ctx, input).await.unwrap();
        calendar.days.into_iter().flat_map(|day| day.entries).map(|entry| entry.excerpt).collect::<Vec<_>>()
    };
    assert_eq!(texts(CalendarGet::default()).await, ["Bread", "Coffee"]);
    assert_eq!(texts(CalendarGet { account_id: Some(cafe), ..CalendarGet::default() }).await, ["Coffee"]);
    assert_eq!(texts(CalendarGet { status: Some(TargetState::Cancelled), ..CalendarGet::default() }).await, ["Gone"]);
    assert_eq!(
        texts(CalendarGet { status: Some(TargetState::Published), ..CalendarGet::default() }).await,
        Vec::<String>::new()
    );
    let bluesky = CalendarGet { network: Some("bluesky".parse().unwrap()), ..CalendarGet::default() };
    assert_eq!(texts(bluesky).await, Vec::<String>::new());
    for (input, code) in [
        (CalendarGet { days: Some(3), ..view(View::Week, "2026-12-01") }, "days_without_agenda"),
        (CalendarGet { days: Some(0), ..CalendarGet::default() }, "days_out_of_range"),
        (view(View::Month, "2026-13-01"), "date_malformed"),
        (view(View::Month, "9999-12-31"), "time_out_of_range"),
        (CalendarGet { tag: Some("two words".into()), ..CalendarGet::default() }, "tag_malformed"),
    ] {
        assert_eq!(app.call_once::<CalendarGet>(&ctx, input).await.unwrap_err().code(), code);
    }
    app.close().await;
}
