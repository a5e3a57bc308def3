//! Two workspaces: what is the other's does not exist, whichever way it is asked for.

mod doors;
mod rows;

use allin::{
    app::{
        assets::add::AssetAdd,
        ctx::Ctx,
        members::email::MemberEmail,
        notifications::{
            choose_mail::NotificationChooseMail,
            list::NotificationList,
            note::{Notice, note},
        },
        pauses::{resume::PublishingResume, start::PublishingPause},
        posts::{create::PostCreate, schedule::PostSchedule, update::PostUpdate},
        use_case::CallOptions,
    },
    clock::Clock as _,
    ids::{AccountId, CampaignId, ConnectId, IdGen as _, NotificationId, PostId, RandomIds},
    jobs::keep_house,
    model::{
        notifications::{MailState, NotificationKind},
        posts::{MediaRef, Variant},
        roles::Role,
    },
    store::db::Entrance,
};

use crate::support::{
    TestApp,
    cases::Ids,
    people::{Team, draft, message, schedule},
    pictures::png,
};

/// Every text of a filled workspace carries its mark.
const MARKS: [&str; 2] = ["aardvark", "zebra"];

/// A workspace with something of everything, and the Admin's key.
struct Filled {
    team: Team,
    ids: Ids,
    key: String,
    mark: &'static str,
}

impl Filled {
    fn person(&self, app: &TestApp) -> Ctx {
        self.team.person(app)
    }
}

/// Two filled workspaces. Posts are scheduled, published and drafted; the draft is the one in `ids`.
async fn two(app: &TestApp) -> [Filled; 2] {
    app.set_pages_url("http://127.0.0.1:1/".parse().unwrap());
    let filled = [fill(app, MARKS[0]).await, fill(app, MARKS[1]).await];
    keep_house::step(app).await.unwrap();
    filled
}

/// A notification about the post, which waits to be mailed.
async fn told(app: &TestApp, team: &Team, account: AccountId, post: PostId, mark: &str) -> NotificationId {
    let (mut tx, _) = app.db.tenant(team.workspace, Entrance::System, app.now()).await.unwrap();
    let notice = Notice {
        kind: NotificationKind::PostFailed,
        account,
        post: Some(post),
        code: "refused_by_network",
        cause: &format!("{mark} cause"),
        next_step: "Look.",
        done_by: None,
    };
    note(app, &mut tx, team.workspace, &[notice], app.now()).await.unwrap();
    tx.commit().await.unwrap();
    let mine = app.call_once::<NotificationList>(&team.person(app), NotificationList::default()).await.unwrap();
    assert_eq!(mine.notifications[0].mail, Some(MailState::Waiting));
    mine.notifications[0].id
}

async fn fill(app: &TestApp, mark: &'static str) -> Filled {
    let team = app.team(&format!("{mark} workspace")).await;
    let ctx = team.person(app);
    let member = app.member(&team, Role::Publisher).await;
    let account = app.account(&team, &format!("{mark}-account")).await;
    app.grant(&team, account, member).await;
    let (key_id, key) = app.key(&team, team.admin).await;
    let picture = AssetAdd::new(&png(8, 8, [9; 3]), Some(format!("{mark}.png")), Some(format!("{mark} picture")));
    let asset = app.call_once::<AssetAdd>(&ctx, picture).await.unwrap().asset.id;
    let page = app.call_once::<allin::app::accounts::connect::AccountConnect>(
        &ctx,
        allin::app::accounts::connect::AccountConnect {
            network: allin::model::networks::NetworkId::Sandbox,
            server: None,
        },
    );
    page.await.unwrap();

    let due = app.clock.now().plus_secs(60).to_string();
    app.scheduled(&ctx, &format!("{mark} published"), &[account], &due).await;
    app.clock.advance_secs(60);
    app.publish_due().await;
    app.scheduled(&ctx, &format!("{mark} scheduled"), &[account], "2027-02-01T09:00").await;
    let mut input = draft(&[&format!("{mark} draft")], &[account]);
    input.segments[0].media.push(MediaRef { asset_id: asset, alt_text: None });
    input.variants.push(Variant { account_id: account, segments: vec![message(&format!("{mark} variant"))] });
    input.title = Some(format!("{mark} title"));
    let post = app.call_once::<PostCreate>(&ctx, input).await.unwrap().post.id;
    let titled = PostUpdate {
        post_id: post,
        version: None,
        segments: None,
        account_ids: None,
        variants: None,
        title: Some(format!("{mark} changed")),
    };
    app.call_once::<PostUpdate>(&ctx, titled).await.unwrap();
    let keyed = CallOptions { idempotency_key: Some("the same in both".into()), confirmation: None };
    app.call::<PostSchedule>(&ctx, schedule(post, "2027-03-01T09:00"), keyed).await.unwrap();
    // A pause and its confirmed end leave a spent confirmation.
    let pause = PublishingPause {
        reason: format!("{mark} reason"),
        account_id: None,
        campaign_id: None,
        tag: Some(format!("{mark}-tag")),
    };
    app.call_once::<PublishingPause>(&ctx, PublishingPause { tag: None, ..pause.clone() }).await.unwrap();
    let resume = PublishingResume { account_id: None, campaign_id: None, tag: None };
    app.agreed::<PublishingResume>(&ctx, resume).await.unwrap();
    app.call_once::<PublishingPause>(&ctx, pause).await.unwrap();

    let email = MemberEmail { member_id: team.admin, email: Some(format!("{mark}@example.com")) };
    app.call_once::<MemberEmail>(&ctx, email).await.unwrap();
    let choice = NotificationChooseMail { kind: None, mail: Some(true) };
    app.call_once::<NotificationChooseMail>(&ctx, choice).await.unwrap();
    let note = told(app, &team, account, post, mark).await;

    let campaign = CampaignId(RandomIds.next(app.now()));
    let mut superuser = app.database.superuser().await;
    sqlx::query("insert into campaigns (workspace_id, campaign_id, name, created_at, updated_at) values ($1, $2, $3, now(), now())")
        .bind(team.workspace.uuid())
        .bind(campaign.uuid())
        .bind(format!("{mark} campaign"))
        .execute(&mut superuser)
        .await
        .unwrap();
    let page: uuid::Uuid = sqlx::query_scalar("select connect_id from connect_requests where workspace_id = $1")
        .bind(team.workspace.uuid())
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    let ids = Ids { post, account, campaign, member, asset, key: key_id, page: ConnectId(page), note };
    Filled { team, ids, key, mark }
}
