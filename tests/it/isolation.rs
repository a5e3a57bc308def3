//! Two workspaces: what is the other's does not exist, whichever way it is asked for.

mod alike;
mod answering;
mod approving;
mod commitments;
mod doors;
mod rows;
mod statements;

use allin::{
    app::{
        assets::add::AssetAdd,
        campaigns::create::CampaignCreate,
        comments::add::CommentAdd,
        ctx::Ctx,
        imports::import::PostsImport,
        members::{email::MemberEmail, invite::MemberInvite},
        notifications::{
            choose::NotificationChoose,
            list::NotificationList,
            note::{Notice, note},
        },
        pauses::{resume::PublishingResume, start::PublishingPause},
        plans::{add_pack::PackAdd, credits, set::PlanSet},
        posts::{create::PostCreate, schedule::PostSchedule, update::PostUpdate},
        privacy::{consents::ConsentGive, keep, retention_set::RetentionSet},
        queue::set::QueueSet,
        recycling::{mark::PostEvergreen, run::RecyclingRun, set::RecyclingSet},
        series::create::SeriesCreate,
        tasks::create::TaskCreate,
        use_case::CallOptions,
    },
    clock::Clock as _,
    ids::{AccountId, AttemptId, ConnectId, NotificationId, PostId},
    jobs::keep_house,
    model::{
        notifications::{MailState, NotificationKind},
        plans::Plan,
        posts::{MediaRef, Variant},
        privacy::{Purpose, RetentionKind},
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
pub struct Filled {
    pub team: Team,
    pub ids: Ids,
    pub key: String,
    pub mark: &'static str,
}

impl Filled {
    fn person(&self, app: &TestApp) -> Ctx {
        self.team.person(app)
    }
}

/// Two filled workspaces. Posts are scheduled, published and drafted; the draft is the one in `ids`.
pub async fn two(app: &TestApp) -> [Filled; 2] {
    app.set_pages_url("http://127.0.0.1:1/".parse().unwrap());
    let filled = [fill(app, MARKS[0]).await, fill(app, MARKS[1]).await];
    keep_house::step(app).await.unwrap();
    filled
}

/// Figures of what was published, and a copy of it to come.
async fn recycle(app: &TestApp, ctx: &Ctx, account_id: AccountId) {
    app.clock.advance_secs(3600);
    app.collect_due().await;
    let rule = RecyclingSet {
        account_id,
        enabled: Some(true),
        min_age_days: Some(1),
        window_days: Some(1),
        per_week: None,
        candidates: None,
    };
    app.call_once::<RecyclingSet>(ctx, rule).await.unwrap();
    let done = app.call_once::<RecyclingRun>(ctx, RecyclingRun { account_id }).await.unwrap();
    assert!(done.post_id.is_some(), "{done:?}");
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

#[expect(clippy::too_many_lines, reason = "a row in every table")]
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
            network: allin::model::networks::KnownNetwork::Sandbox,
            server: None,
        },
    );
    page.await.unwrap();

    let due = app.clock.now().plus_secs(60).to_string();
    let published = app.scheduled(&ctx, &format!("{mark} published"), &[account], &due).await.id;
    app.call_once::<PostEvergreen>(&ctx, PostEvergreen { post_id: published, evergreen: true }).await.unwrap();
    app.clock.advance_secs(60);
    app.publish_due().await;
    recycle(app, &ctx, account).await;
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
        campaign_id: None,
        tags: Some(vec![mark.into()]),
    };
    app.call_once::<PostUpdate>(&ctx, titled).await.unwrap();
    let keyed = CallOptions { idempotency_key: Some("the same in both".into()), ..CallOptions::default() };
    app.call::<PostSchedule>(&ctx, schedule(post, "2027-03-01T09:00"), keyed).await.unwrap();
    // A pause and its confirmed end leave a spent confirmation.
    let pause = PublishingPause {
        reason: format!("{mark} reason"),
        account_id: None,
        campaign_id: None,
        tag: Some(format!("{mark}-tag")),
    };
    app.call_once::<PublishingPause>(&ctx, PublishingPause { tag: None, ..pause.clone() }).await.unwrap();
    let resume = PublishingResume::default();
    app.agreed::<PublishingResume>(&ctx, resume).await.unwrap();
    app.call_once::<PublishingPause>(&ctx, pause).await.unwrap();

    let queue = QueueSet {
        account_id: account,
        slots: None,
        quiet_hours: None,
        daily_cap: Some(9),
        distance_minutes: None,
        strict: None,
    };
    app.call_once::<QueueSet>(&ctx, queue).await.unwrap();

    // One post is made, the others are due later.
    let weekly = SeriesCreate {
        post_id: post,
        rule: "FREQ=WEEKLY;COUNT=3".into(),
        starts: "in 10 days".into(),
        until: None,
        except: vec![],
        time_zone: None,
        replaces: None,
    };
    let series = app.call_once::<SeriesCreate>(&ctx, weekly).await.unwrap().series.id;

    let description = Some(format!("{mark} description"));
    let campaign = CampaignCreate { name: format!("{mark} campaign"), description, post_ids: vec![post] };
    let campaign = app.call_once::<CampaignCreate>(&ctx, campaign).await.unwrap().campaign.id;
    let row = format!("key,text,campaign\n{mark}-row,{mark} imported,{mark} campaign\n");
    let file = PostsImport { content: row, dry_run: false, ..PostsImport::default() };
    app.call_once::<PostsImport>(&ctx, file).await.unwrap();

    let operator = crate::plans::operator(app, &team);
    app.call_once::<PlanSet>(&operator, PlanSet { plan: Plan::Enterprise }).await.unwrap();
    let pack = app.call_once::<PackAdd>(&operator, PackAdd { credits: 500, once: false }).await.unwrap().pack.id;
    let now = app.now();
    let (mut tx, _) = app.db.tenant(team.workspace, Entrance::System, now).await.unwrap();
    credits::reserve(&app.app, &mut tx, team.workspace, 7, mark, now).await.unwrap();
    tx.commit().await.unwrap();

    app.call_once::<ConsentGive>(&ctx, ConsentGive { purpose: Purpose::Processing }).await.unwrap();
    let kept = RetentionSet { kind: RetentionKind::Comments, days: Some(365) };
    app.call_once::<RetentionSet>(&ctx, kept).await.unwrap();
    keep::run(&app.app, team.workspace).await.unwrap();
    let email = MemberEmail { member_id: team.admin, email: Some(format!("{mark}@example.com")) };
    app.call_once::<MemberEmail>(&ctx, email).await.unwrap();
    let choice = NotificationChoose { kind: None, app: None, mail: Some(true) };
    app.call_once::<NotificationChoose>(&ctx, choice).await.unwrap();
    let comment = CommentAdd { post_id: post, text: format!("{mark} comment"), reply_to: None };
    let comment = app.call_once::<CommentAdd>(&ctx, comment).await.unwrap().comment.id;
    let task = TaskCreate {
        title: format!("{mark} task"),
        assignee_id: Some(member),
        post_id: Some(post),
        campaign_id: Some(campaign),
        ..TaskCreate::default()
    };
    let task = app.call_once::<TaskCreate>(&ctx, task).await.unwrap().task.id;
    let note = told(app, &team, account, post, mark).await;
    let invite = MemberInvite {
        name: format!("{mark} guest"),
        role: Role::Publisher,
        email: Some(format!("guest@{mark}.example")),
        account_ids: vec![account],
        expires_in_days: None,
    };
    let invitation = app.call_once::<MemberInvite>(&ctx, invite).await.unwrap().invitation.id;

    let mut superuser = app.database.superuser().await;
    let page: uuid::Uuid = sqlx::query_scalar("select connect_id from connect_requests where workspace_id = $1")
        .bind(team.workspace.uuid())
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    // As where mail can be sent.
    sqlx::query(
        "insert into letters select workspace_id, gen_random_uuid(), 'invitation', invitation_id, $2, email, $2, $2, $2, $2,
             decode('00', 'hex'), 'waiting', null, created_at, expires_at from invitations where workspace_id = $1",
    )
    .bind(team.workspace.uuid())
    .bind(format!("{mark} letter"))
    .execute(&mut superuser)
    .await
    .unwrap();
    // Between asking the network and its answer.
    sqlx::query(
        "insert into edits select workspace_id, target_id, ordinal, $2, 'somebody', now() from segments
         where workspace_id = $1 and remote is not null limit 1",
    )
    .bind(team.workspace.uuid())
    .bind(format!("{mark} edit"))
    .execute(&mut superuser)
    .await
    .unwrap();
    let attempt = sqlx::query_scalar("select attempt_id from attempts where workspace_id = $1 limit 1");
    let attempt = AttemptId(attempt.bind(team.workspace.uuid()).fetch_one(&mut superuser).await.unwrap());
    let answering::Answering { conversation, answer, ticket, document, chunk } =
        answering::answering(app, &team, mark).await;
    let approving::Approving { approval, policy, reviewer, incident } =
        approving::approving(app, &team, account, mark).await;
    // As if its call had begun before the gate was closed.
    sqlx::query("insert into incident_attempts select workspace_id, $2, $3 from incidents where workspace_id = $1")
        .bind(team.workspace.uuid())
        .bind(incident.uuid())
        .bind(attempt.uuid())
        .execute(&mut superuser)
        .await
        .unwrap();
    let page = ConnectId(page);
    let ids = Ids {
        post,
        account,
        campaign,
        member,
        asset,
        key: key_id,
        page,
        attempt,
        series,
        note,
        comment,
        task,
        approval,
        policy,
        reviewer,
        invitation,
        pack,
        incident,
        conversation,
        answer,
        ticket,
        document,
        chunk,
    };
    Filled { team, ids, key, mark }
}
