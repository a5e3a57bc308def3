//! Campaigns: posts that go out together and are looked at as one.

use allin::{
    app::{
        calendar::get::CalendarGet,
        campaigns::{
            change::CampaignChange, create::CampaignCreate, get::CampaignGet, list::CampaignList,
            schedule::CampaignSchedule,
        },
        posts::{cancel::PostCancel, create::PostCreate, query::PostQuery, update::PostUpdate},
    },
    ids::{CampaignId, PostId},
    model::{roles::Role, states::PostStatus},
};
use serde_json::json;

use crate::support::{
    TestApp, named,
    people::{Door, Team, draft},
};

async fn campaign(app: &TestApp, team: &Team, name: &str, posts: &[PostId]) -> CampaignId {
    let input = CampaignCreate { name: name.into(), description: None, post_ids: posts.to_vec() };
    app.call_once::<CampaignCreate>(&team.person(app), input).await.unwrap().campaign.id
}

fn launch(campaign_id: CampaignId, at: &str) -> CampaignSchedule {
    CampaignSchedule { campaign_id, at: at.into(), time_zone: None }
}

fn relabel(post_id: PostId, campaign: Option<&str>, tags: Option<&[&str]>) -> PostUpdate {
    PostUpdate {
        post_id,
        version: None,
        segments: None,
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: campaign.map(str::to_owned),
        tags: tags.map(|tags| tags.iter().map(|tag| (*tag).to_owned()).collect()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_goes_out_at_one_instant() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let accounts = [app.account(&team, "bakery").await, app.account(&team, "cafe").await];
    let mut posts = Vec::new();
    for text in ["Bread", "Cake", "Pie"] {
        posts.push(app.draft(&ctx, text, &accounts).await.id);
    }
    // One is scheduled for another time already, one account of another was taken back.
    app.call_once::<allin::app::posts::schedule::PostSchedule>(
        &ctx,
        crate::support::people::schedule(posts[1], "2026-12-02T09:00"),
    )
    .await
    .unwrap();
    let back = PostCancel { post_id: posts[2], account_ids: vec![accounts[1]] };
    app.call_once::<PostCancel>(&ctx, back).await.unwrap();
    let id = campaign(&app, &team, "Spring", &posts).await;
    let launched = app.call_once::<CampaignSchedule>(&ctx, launch(id, "2026-12-03T08:00")).await.unwrap();
    insta::assert_json_snapshot!("launched", named(&launched));

    app.clock.set("2026-12-03T06:59:59.999Z".parse().unwrap());
    assert_eq!(app.publish_due().await, 0, "a millisecond early");
    app.clock.set("2026-12-03T07:00:00Z".parse().unwrap());
    app.publish_due().await;
    let mut texts = app.sandbox.texts();
    texts.sort_unstable();
    assert_eq!(texts, ["Bread", "Bread", "Cake", "Cake", "Pie"]);
    let found = app.call_once::<CampaignGet>(&ctx, CampaignGet { campaign_id: id }).await.unwrap();
    assert_eq!(found.campaign.status, PostStatus::PartlyPublished);
    let states: Vec<_> = found
        .posts
        .iter()
        .map(|post| {
            post.targets.iter().map(|target| (target.status.as_str(), target.url.is_some())).collect::<Vec<_>>()
        })
        .collect();
    let out = ("published", true);
    assert_eq!(states, [vec![out, out], vec![out, out], vec![out, ("cancelled", false)]]);
    let nothing = app.call_once::<CampaignSchedule>(&ctx, launch(id, "2026-12-04T08:00")).await.unwrap_err();
    assert_eq!(nothing.code(), "campaign_has_nothing_to_launch");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_post_holds_the_whole_launch_and_all_are_named() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    let good = app.draft(&ctx, "Bread", &[account]).await.id;
    let long = app.draft(&ctx, &"x".repeat(501), &[account]).await.id;
    let longer = app.draft(&ctx, &"y".repeat(600), &[account]).await.id;
    let id = campaign(&app, &team, "Spring", &[good, long, longer]).await;
    let error = app.call_once::<CampaignSchedule>(&ctx, launch(id, "2026-12-03T08:00")).await.unwrap_err();
    assert_eq!(error.code(), "campaign_unsendable");
    let fields: Vec<_> = error.public().details.into_iter().map(|issue| issue.field).collect();
    assert_eq!(fields, [format!("{long}.segments[0].text"), format!("{longer}.segments[0].text")]);
    assert_eq!(app.post(&ctx, good).await.status, PostStatus::Draft, "nothing was scheduled");
    for (at, code) in [("2026-11-01T08:00", "time_in_past"), ("soon", "time_malformed")] {
        assert_eq!(app.call_once::<CampaignSchedule>(&ctx, launch(id, at)).await.unwrap_err().code(), code);
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_are_found_by_campaign_and_tag() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let account = app.account(&team, "bakery").await;
    let id = campaign(&app, &team, "Spring", &[]).await;
    let tagged = PostCreate {
        campaign_id: Some(id),
        tags: vec!["#Bread".into(), "morning".into(), "bread".into()],
        ..draft(&["Tagged"], &[account])
    };
    let post = app.call_once::<PostCreate>(&ctx, tagged).await.unwrap().post;
    assert_eq!(
        (post.tags.clone(), post.campaign.map(|campaign| campaign.name)),
        (vec!["bread".into(), "morning".into()], Some("Spring".into()))
    );
    let other = app.scheduled(&ctx, "Plain", &[account], "2026-12-02T09:00").await.id;
    let found = async |campaign_id, tag: Option<&str>| {
        let input = PostQuery { campaign_id, tag: tag.map(str::to_owned), ..PostQuery::default() };
        let page = app.call_once::<PostQuery>(&ctx, input).await.unwrap();
        page.posts.into_iter().map(|line| line.id).collect::<Vec<_>>()
    };
    assert_eq!(found(Some(id), None).await, [post.id]);
    assert_eq!(found(None, Some("#BREAD")).await, [post.id]);
    assert_eq!(found(Some(id), Some("evening")).await, []);

    // Labels change whatever the post's state, and its version stays.
    app.clock.set("2026-12-02T08:00:00Z".parse().unwrap());
    app.publish_due().await;
    let changed =
        app.call_once::<PostUpdate>(&ctx, relabel(other, Some(&id.to_string()), Some(&["bread"]))).await.unwrap().post;
    assert_eq!((changed.status, changed.version, changed.tags), (PostStatus::Published, 1, vec!["bread".to_owned()]));
    assert_eq!(found(Some(id), Some("bread")).await, [other, post.id]);
    let entries = async |input: CalendarGet| {
        let calendar = app.call_once::<CalendarGet>(&ctx, input).await.unwrap();
        calendar.days.into_iter().flat_map(|day| day.entries).map(|entry| entry.excerpt).collect::<Vec<_>>()
    };
    let whole = CalendarGet { from: Some("2026-12-01".into()), ..CalendarGet::default() };
    assert_eq!(entries(CalendarGet { campaign_id: Some(id), ..whole.clone() }).await, ["Plain"]);
    assert_eq!(entries(CalendarGet { tag: Some("bread".into()), ..whole.clone() }).await, ["Plain"]);
    assert_eq!(entries(CalendarGet { tag: Some("cake".into()), ..whole }).await, Vec::<String>::new());
    app.call_once::<PostUpdate>(&ctx, relabel(other, Some(""), None)).await.unwrap();
    assert_eq!(found(Some(id), None).await, [post.id]);
    for (campaign, tags, code) in [
        (Some("spring"), None, "id_malformed"),
        (Some("cmp_00000000000000000000000000"), None, "campaign_not_found"),
        (None, Some(&["two words"][..]), "tag_malformed"),
    ] {
        let error = app.call_once::<PostUpdate>(&ctx, relabel(post.id, campaign, tags)).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn campaigns_are_named_once_and_put_away() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    let id = campaign(&app, &team, "Spring", &[]).await;
    let second = CampaignCreate { name: " Spring ".into(), description: None, post_ids: vec![] };
    assert_eq!(app.call_once::<CampaignCreate>(&ctx, second).await.unwrap_err().code(), "campaign_name_taken");
    let other = campaign(&app, &team, "Autumn", &[]).await;
    let change = |campaign_id, name: Option<&str>, archived| CampaignChange {
        campaign_id,
        name: name.map(str::to_owned),
        description: None,
        archived,
    };
    let taken = app.call_once::<CampaignChange>(&ctx, change(other, Some("Spring"), None)).await.unwrap_err();
    assert_eq!(taken.code(), "campaign_name_taken");
    app.call_once::<CampaignChange>(&ctx, change(id, Some("Early spring"), Some(true))).await.unwrap();
    let names = async |archived| {
        let found = app.call_once::<CampaignList>(&ctx, CampaignList { archived }).await.unwrap();
        json!(found.campaigns.iter().map(|campaign| &campaign.name).collect::<Vec<_>>())
    };
    assert_eq!((names(false).await, names(true).await), (json!(["Autumn"]), json!(["Autumn", "Early spring"])));
    let into_it = PostCreate { campaign_id: Some(id), ..draft(&["Late"], &[]) };
    assert_eq!(app.call_once::<PostCreate>(&ctx, into_it).await.unwrap_err().code(), "campaign_archived");
    let closed = app.call_once::<CampaignSchedule>(&ctx, launch(id, "2026-12-03T08:00")).await.unwrap_err();
    assert_eq!(closed.code(), "campaign_archived");
    app.close().await;
}

/// A Contributor sees of a campaign what is published and what is theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_of_others_do_not_show_in_a_campaign() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let hidden = app.draft(&team.person(&app), "Secret", &[account]).await.id;
    let id = campaign(&app, &team, "Spring", &[hidden]).await;
    let contributor = app.member(&team, Role::Contributor).await;
    let ctx = team.ctx(&app, contributor, Door::Stdio);
    let own = PostCreate { campaign_id: Some(id), ..draft(&["Mine"], &[account]) };
    app.call_once::<PostCreate>(&ctx, own).await.unwrap();
    let found = app.call_once::<CampaignGet>(&ctx, CampaignGet { campaign_id: id }).await.unwrap();
    let excerpts: Vec<_> = found.posts.iter().map(|post| post.excerpt.as_str()).collect();
    assert_eq!((excerpts, found.campaign.targets[0].count), (vec!["Mine"], 1));
    app.close().await;
}
