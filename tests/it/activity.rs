//! What a member did, from the audit log.

use allin::{
    app::{
        ctx::{Actor, Ctx, Origin},
        members::{
            activity::{Activity, MemberActivity},
            add::MemberAdd,
            change::MemberChange,
        },
        posts::{create::PostCreate, schedule::PostSchedule, update::PostUpdate},
        use_case::Effect,
    },
    ids::MemberId,
    model::{activity::did, roles::Role},
};

use crate::support::{
    TestApp, cases, named,
    people::{Door, Team, draft, schedule},
};

async fn activity(app: &TestApp, ctx: &Ctx, member_id: Option<MemberId>) -> Activity {
    let input = MemberActivity { member_id, days: Some(3), ..MemberActivity::default() };
    app.call_once::<MemberActivity>(ctx, input).await.unwrap()
}

fn through(team: &Team, app: &TestApp, member: MemberId, name: &str) -> Ctx {
    let actor = Actor::Connection { member, name: name.into() };
    Ctx { workspace: team.workspace, actor, origin: Origin::Stdio, request: app.new_request() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_member_did_is_told_in_sentences() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let anna = app.member_called(&team, "Anna", Role::Publisher).await;
    app.grant(&team, account, anna).await;
    let (key, _) = app.key(&team, anna).await;
    let person = team.ctx(&app, anna, Door::CommandLine);
    let keyed = team.ctx(&app, anna, Door::Http(key));
    let post = app.call_once::<PostCreate>(&keyed, draft(&["Fresh bread"], &[account])).await.unwrap().post.id;
    app.clock.advance_secs(24 * 3600);
    let retitled = PostUpdate {
        post_id: post,
        version: None,
        segments: None,
        account_ids: None,
        variants: None,
        title: Some("Bread \u{202e}post".into()),
        campaign_id: None,
        tags: None,
    };
    app.call_once::<PostUpdate>(&through(&team, &app, anna, "claude-desktop"), retitled).await.unwrap();
    app.clock.advance_secs(3600);
    app.call_once::<PostSchedule>(&through(&team, &app, anna, "a/b\u{1b}"), schedule(post, "2026-12-09T09:00"))
        .await
        .unwrap();
    let refused = MemberAdd { name: "X".into(), role: Role::Viewer };
    assert_eq!(app.call_once::<MemberAdd>(&person, refused).await.unwrap_err().code(), "role_too_low");
    // Others did more.
    app.draft(&team.person(&app), "Not Anna's", &[]).await;

    let own = activity(&app, &person, None).await;
    insta::assert_json_snapshot!(named(&own));
    let manager = team.ctx(&app, app.member(&team, Role::Manager).await, Door::Stdio);
    assert_eq!(named(&activity(&app, &manager, Some(anna)).await), named(&own));
    let others = MemberActivity { member_id: Some(team.admin), ..MemberActivity::default() };
    assert_eq!(app.call_once::<MemberActivity>(&person, others).await.unwrap_err().code(), "activity_not_yours");

    // Whoever is removed is answered for still, by those who may ask.
    app.call_once::<MemberChange>(&team.person(&app), MemberChange { member_id: anna, role: None, hand_over_to: None })
        .await
        .unwrap();
    let left = activity(&app, &manager, Some(anna)).await;
    assert_eq!((left.removed, left.entries.len()), (true, own.entries.len()));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_go_through_all_actors_in_order_and_days_count_them() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (anna, ben) = (app.member(&team, Role::Contributor).await, app.member(&team, Role::Contributor).await);
    let ctx = team.ctx(&app, anna, Door::CommandLine);
    let mut expected = Vec::new();
    for number in 0..30 {
        app.clock.advance_secs(3600);
        let by = ["zed", "Ärger", "0", "claude", "~"][number % 5];
        let by = if number % 7 == 0 { ctx.clone() } else { through(&team, &app, anna, by) };
        expected.push(app.draft(&by, &format!("Number {number}"), &[]).await.id.to_string());
        app.draft(&through(&team, &app, ben, "zed"), &format!("Of Ben {number}"), &[]).await;
    }
    expected.reverse();
    let (mut seen, mut cursor) = (Vec::new(), None);
    let first = MemberActivity { limit: Some(7), days: Some(4), ..MemberActivity::default() };
    loop {
        let page = app.call_once::<MemberActivity>(&ctx, MemberActivity { cursor, ..first.clone() }).await.unwrap();
        seen.extend(page.entries.iter().map(|entry| entry.about[0].id.clone()));
        let days: Vec<_> = page.days.iter().map(|day| (day.day.as_str(), day.count)).collect();
        // From 10:00 on Tuesday, Berlin time, one an hour.
        assert_eq!(days, [("2026-12-02", 16), ("2026-12-01", 14), ("2026-11-30", 0), ("2026-11-29", 0)]);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let theirs = team.ctx(&app, ben, Door::CommandLine);
    let page = app.call_once::<MemberActivity>(&ctx, first.clone()).await.unwrap();
    let stolen = MemberActivity { cursor: page.next_cursor, ..first };
    assert_eq!(app.call_once::<MemberActivity>(&theirs, stolen).await.unwrap_err().code(), "cursor_invalid");
    app.close().await;
}

#[test]
fn everything_that_changes_something_has_its_words() {
    let silent: Vec<_> = cases::all()
        .into_iter()
        .filter(|case| case.effect != Effect::Read && did(case.name).is_none())
        .map(|case| case.name)
        .collect();
    assert_eq!(silent, Vec::<&str>::new(), "src/model/activity.rs says what its caller did");
}
