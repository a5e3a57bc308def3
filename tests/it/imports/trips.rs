//! Out of one workspace and into another: the same posts. And through the doors that users have.

use std::time::Duration;

use allin::{
    app::{
        assets::add::AssetAdd,
        ctx::Ctx,
        imports::export::{Exported, PostsExport},
        posts::{cancel::PostCancel, create::PostCreate, get::PostGet, query::PostQuery, schedule::PostSchedule},
    },
    model::{
        imports::Format,
        posts::{MediaRef, Variant},
    },
};
use serde_json::{Value, json};

use super::{import, said};
use crate::support::{
    TestApp,
    client::{Client, Era, Says},
    http::whole,
    people::{Team, draft, message},
    pictures::png,
};

async fn export(app: &TestApp, ctx: &Ctx, input: PostsExport) -> Exported {
    app.call_once::<PostsExport>(ctx, PostsExport { limit: Some(500), ..input }).await.unwrap()
}

fn text(exported: &Exported) -> String {
    format!("{}{}", exported.heading, exported.content)
}

/// Everything that goes out, in words that do not differ between workspaces.
async fn going(app: &TestApp, ctx: &Ctx) -> Vec<String> {
    let page = app.call_once::<PostQuery>(ctx, PostQuery { limit: Some(100), ..PostQuery::default() }).await.unwrap();
    let mut all = Vec::new();
    for line in page.posts {
        let post = app.call_once::<PostGet>(ctx, PostGet { post_id: line.id }).await.unwrap().post;
        let targets: Vec<Value> = post
            .targets
            .iter()
            .map(|target| {
                let messages: Vec<Value> = target
                    .segments
                    .iter()
                    .map(|segment| {
                        let alts: Vec<_> = segment.message.media.iter().map(|media| media.alt_text.clone()).collect();
                        json!([segment.message.text, alts])
                    })
                    .collect();
                json!([target.handle, target.status, target.due_at, target.due_local, messages])
            })
            .collect();
        let campaign = post.campaign.map(|campaign| campaign.name);
        all.push(json!([post.title, post.tags, campaign, targets, post.segments.len()]).to_string());
    }
    all.sort_unstable();
    all
}

/// Texts that a spreadsheet or a careless reader would spoil.
async fn fill(app: &TestApp, team: &Team) {
    let ctx = team.person(app);
    let accounts = [app.account(team, "bakery").await, app.account(team, "cafe").await];
    let asset = AssetAdd::new(&png(8, 8, [1; 3]), None, Some("A loaf | sliced".into()));
    let asset = app.call_once::<AssetAdd>(&ctx, asset).await.unwrap().asset.id;
    for text in [
        "=HYPERLINK(\"http://x\")",
        "+1",
        "-1",
        "@cafe",
        "'=1",
        "\tTab",
        "\"quoted\", and; more",
        "two\nlines\n",
        "'tis",
        "  spaces around  ",
        "Grüße 🍞",
        "a|b\\|c",
    ] {
        app.draft(&ctx, text, &accounts).await;
    }
    let mut thread = draft(&["One", "Two", "Three"], &accounts);
    thread.segments[1].media.push(MediaRef { asset_id: asset, alt_text: None });
    thread.variants.push(Variant { account_id: accounts[1], segments: vec![message("Shorter")] });
    thread.title = Some("=title".into());
    thread.tags = vec!["b".into(), "a".into()];
    let campaign = allin::app::campaigns::create::CampaignCreate {
        name: "Spring, early".into(),
        description: None,
        post_ids: vec![],
    };
    let campaign = app.call_once::<allin::app::campaigns::create::CampaignCreate>(&ctx, campaign).await.unwrap();
    thread.campaign_id = Some(campaign.campaign.id);
    let thread = app.call_once::<PostCreate>(&ctx, thread).await.unwrap().post.id;
    let at = |post_id, at: &str, account_ids: &[_]| PostSchedule {
        post_id,
        at: at.into(),
        time_zone: None,
        account_ids: account_ids.to_vec(),
    };
    // Another hour on one account, and an hour that comes twice, the second time.
    app.call_once::<PostSchedule>(&ctx, at(thread, "2027-10-31T02:30:00+01:00", &accounts[..1])).await.unwrap();
    app.call_once::<PostSchedule>(&ctx, at(thread, "2027-01-02T09:00:30", &accounts[1..])).await.unwrap();
    let half = app.scheduled(&ctx, "On one account only", &accounts, "2027-01-03T09:00").await.id;
    app.call_once::<PostCancel>(&ctx, PostCancel { post_id: half, account_ids: vec![accounts[0]] }).await.unwrap();
    app.call_once::<PostCreate>(&ctx, draft(&["Nowhere to go"], &[])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_out_comes_in_again() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    fill(&app, &team).await;
    let ctx = team.person(&app);
    let before: Vec<_> =
        going(&app, &ctx).await.into_iter().map(|line| line.replace("\"cancelled\"", "\"draft\"")).collect();
    assert_eq!(before.len(), 15);
    for format in [Format::Csv, Format::Json] {
        let out = export(&app, &ctx, PostsExport { format: Some(format), ..PostsExport::default() }).await;
        let other = app.team(&format!("Other {format:?}")).await;
        let there = other.person(&app);
        app.account(&other, "bakery").await;
        app.account(&other, "cafe").await;
        app.call_once::<AssetAdd>(&there, AssetAdd::new(&png(8, 8, [1; 3]), None, None)).await.unwrap();
        let report = import(&app, &there, text(&out)).await.unwrap();
        assert_eq!((report.imported, said(&report.problems)), (15, vec![]), "{format:?}");
        let mut after = going(&app, &there).await;
        // What was cancelled comes as a draft, and a draft has no time.
        let timeless = |line: &mut String| {
            if line.contains("On one account only") {
                *line = "On one account only".into();
            }
        };
        let mut expected = before.clone();
        after.iter_mut().for_each(timeless);
        expected.iter_mut().for_each(timeless);
        after.sort_unstable();
        expected.sort_unstable();
        assert_eq!(after, expected, "{format:?}");
        // At home it is all known.
        assert_eq!(import(&app, &ctx, text(&out)).await.unwrap().unchanged, 15);
        assert_eq!(import(&app, &there, text(&out)).await.unwrap().unchanged, 15);
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_are_narrowed_paged_and_written_down() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    fill(&app, &team).await;
    let ctx = team.person(&app);
    let scheduled = PostsExport { status: Some("scheduled".parse().unwrap()), ..PostsExport::default() };
    let out = export(&app, &ctx, scheduled).await;
    assert_eq!((out.posts, out.content.contains("'=title"), out.content.contains("\r\n=")), (2, true, false));
    let mut pages = 0;
    let mut input = PostsExport { limit: Some(4), format: Some(Format::Json), ..PostsExport::default() };
    let mut posts = 0;
    loop {
        let page = app.call_once::<PostsExport>(&ctx, input.clone()).await.unwrap();
        (pages, posts) = (pages + 1, posts + page.posts);
        let Some(cursor) = page.next_cursor else { break };
        input.cursor = Some(cursor);
    }
    assert_eq!((pages, posts), (4, 15));
    let mut superuser = app.database.superuser().await;
    let logged: i64 =
        sqlx::query_scalar("select count(*) from audit_entries where use_case = 'posts_export' and outcome = 'done'")
            .fetch_one(&mut superuser)
            .await
            .unwrap();
    assert_eq!(logged, 5, "much leaves with an export, so it is written down");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_both_eras_are_told_how_far_it_is() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let http = app.serve().await;
    let (_, key) = app.key(&team, team.admin).await;
    for era in Era::BOTH {
        let rows: String = (0..1200).map(|n| format!("{era:?} {n}\n")).collect();
        let local = app.local(&team, whole(), era, Says::Mute).await;
        let remote = http.client(&key, era, Says::Mute).await;
        for (client, dry_run) in [(local, true), (remote, false)] {
            let arguments = json!({ "content": format!("text\n{rows}"), "dry_run": dry_run });
            let result = client.tool("posts_import", arguments).await;
            assert_eq!(result["structuredContent"]["imported"], 1200, "{result}");
            let expected: &[f64] = if dry_run { &[0.0, 500.0, 1000.0] } else { &[0.0, 500.0, 1000.0, 2200.0, 2400.0] };
            // The client's handlers run side by side: what is told in order may be noted out of it, and after the result.
            for _ in 0..200 {
                if client.told().len() >= expected.len() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let mut told: Vec<_> = client.told().into_iter().map(|step| (step.progress, step.total)).collect();
            told.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert_eq!(told, expected.iter().map(|done| (*done, Some(2400.0))).collect::<Vec<_>>(), "{era:?}");
            Client::close(client).await;
        }
    }
    http.stop().await;
    app.close().await;
}
