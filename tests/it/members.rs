//! Members who change, leave and hand over: what stops, and what never may.

use allin::{
    app::{
        accounts::grant::AccountGrant,
        members::{
            change::MemberChange, hand_over::MemberHandOver, invite::MemberInvite, leave::MemberLeave, stop::Stopped,
        },
        notifications::list::NotificationList,
        recycling::{get::RecyclingGet, set::RecyclingSet},
        series::{create::SeriesCreate, list::SeriesList},
        workspaces::transfer::WorkspaceTransfer,
    },
    ids::{AccountId, MemberId, PostId},
    jobs::fill_series,
    model::{roles::Role, states::PostStatus},
    store::sessions,
};
use sqlx::AssertSqlSafe;

use crate::{
    invitations::{invite, join_with, token},
    support::{
        TestApp,
        people::{Door, PASSPHRASE, Team},
    },
};

struct Stage {
    app: TestApp,
    team: Team,
    account: AccountId,
    /// A Publisher who may use the account.
    kim: MemberId,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start().await;
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        let kim = app.member(&team, Role::Publisher).await;
        app.grant(&team, account, kim).await;
        Self { app, team, account, kim }
    }

    /// Kim schedules, drafts, repeats and recycles.
    async fn work(&self) -> PostId {
        let ctx = self.team.ctx(&self.app, self.kim, Door::Stdio);
        let scheduled = self.app.scheduled(&ctx, "Bread", &[self.account], "2026-12-20T09:00").await.id;
        let draft = self.app.draft(&ctx, "Cake", &[self.account]).await.id;
        let series = SeriesCreate {
            post_id: draft,
            rule: "FREQ=WEEKLY".into(),
            starts: "2027-01-04T09:00".into(),
            until: None,
            except: vec![],
            time_zone: None,
            replaces: None,
        };
        self.app.call_once::<SeriesCreate>(&ctx, series).await.unwrap();
        let rule = RecyclingSet {
            account_id: self.account,
            enabled: Some(true),
            min_age_days: None,
            window_days: None,
            per_week: None,
            candidates: None,
        };
        self.app.call_once::<RecyclingSet>(&ctx, rule).await.unwrap();
        scheduled
    }

    async fn remove(&self, to: Option<MemberId>) -> Result<Stopped, &'static str> {
        let input = MemberChange { member_id: self.kim, role: None, hand_over_to: to };
        let done = self.app.call_once::<MemberChange>(&self.team.person(&self.app), input).await;
        done.map(|done| done.stopped.unwrap()).map_err(|error| error.code())
    }

    async fn status(&self, post: PostId) -> (PostStatus, Option<String>) {
        let post = self.app.post(&self.team.connection(&self.app), post).await;
        (post.status, post.targets[0].problem.as_ref().map(|problem| problem.code.clone()))
    }

    async fn author(&self, post: PostId) -> MemberId {
        let sql = "select author_id from posts where post_id = $1";
        let mut superuser = self.app.database.superuser().await;
        let id: uuid::Uuid = sqlx::query_scalar(sql).bind(post.uuid()).fetch_one(&mut superuser).await.unwrap();
        id.into()
    }

    async fn recycles(&self) -> (bool, Option<String>) {
        let input = RecyclingGet { account_id: Some(self.account) };
        let found = self.app.call_once::<RecyclingGet>(&self.team.connection(&self.app), input).await.unwrap();
        (found.accounts[0].rule.enabled, found.accounts[0].set_by.clone())
    }

    /// Series that go on.
    async fn series(&self) -> usize {
        let found = self.app.call_once::<SeriesList>(&self.team.connection(&self.app), SeriesList::default()).await;
        found.unwrap().series.len()
    }
}

async fn count(app: &TestApp, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut app.database.superuser().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_admin_stays_however_many_want_to_go() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let mut admins = vec![team.admin];
    for _ in 0..5 {
        admins.push(app.member(&team, Role::Admin).await);
    }
    let leaving = admins.iter().enumerate().map(|(index, member)| {
        let (app, ctx, member) = (&app, team.ctx(&app, *member, Door::CommandLine), *member);
        async move {
            if index % 2 == 0 {
                app.agreed::<MemberLeave>(&ctx, MemberLeave { hand_over_to: None }).await.map(drop)
            } else {
                let change = MemberChange { member_id: member, role: Some(Role::Viewer), hand_over_to: None };
                app.call_once::<MemberChange>(&ctx, change).await.map(drop)
            }
        }
    });
    let done = futures::future::join_all(leaving).await;
    assert_eq!(done.iter().filter(|done| done.is_err()).count(), 1, "{done:?}");
    let refused = done.into_iter().find_map(Result::err).unwrap();
    assert_eq!(refused.code(), "last_admin");
    assert_eq!(count(&app, "select count(*) from members where role = 'admin' and removed_at is null").await, 1);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_is_handed_over_by_who_proves_to_be_its_admin() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let kim = app.member(&team, Role::Publisher).await;
    let input = WorkspaceTransfer { member_id: kim };
    for ctx in [team.person(&app), team.ctx(&app, team.admin, Door::CommandLine)] {
        let refused = app.call_once::<WorkspaceTransfer>(&ctx, input.clone()).await.unwrap_err();
        assert_eq!(refused.code(), "proof_needed");
    }
    let proven = app.proven(&team, team.admin).await;
    let own = WorkspaceTransfer { member_id: team.admin };
    assert_eq!(app.agreed::<WorkspaceTransfer>(&proven, own).await.unwrap_err().code(), "transfer_to_self");
    let invited = app.call_once::<MemberInvite>(&proven, invite("Lee", Role::Admin, None)).await.unwrap();
    app.agreed::<WorkspaceTransfer>(&proven, input.clone()).await.unwrap();
    let again = app.agreed::<WorkspaceTransfer>(&proven, input).await.unwrap_err();
    assert_eq!(again.code(), "role_too_low", "a manager now");
    let late = join_with(&app, &token(invited.link.as_deref().unwrap()), PASSPHRASE).await.unwrap_err();
    assert_eq!(late.code(), "link_over");
    let theirs = team.ctx(&app, kim, Door::Stdio);
    let told = app.call_once::<NotificationList>(&theirs, NotificationList::default()).await.unwrap();
    assert_eq!(told.notifications[0].title, "You are Admin of the workspace now");
    let roles = "select count(*) from members where (role = 'admin') = (display_name = 'A publisher')";
    assert_eq!(count(&app, roles).await, 2);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_removed_member_began_stops() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let post = stage.work().await;
    let (key, _) = app.key(&stage.team, stage.kim).await;
    let owner = format!("{}/{}/{key}", stage.team.workspace, stage.kim);
    let other = format!("{}/{}/{key}", stage.team.workspace, stage.team.admin);
    let mut tx = app.db.begin().await.unwrap();
    for (hash, owner) in [([1; 32], &owner), ([2; 32], &other)] {
        let until = app.now().plus_secs(3600);
        sessions::put(&mut tx, &hash, owner, &serde_json::json!({}), until).await.unwrap();
    }
    tx.commit().await.unwrap();

    let stopped = stage.remove(None).await.unwrap();
    let expected =
        Stopped { scheduled_posts: 1, waiting_posts: 1, series: 1, recycling: 1, keys: 1, ..Stopped::default() };
    assert_eq!(stopped, expected);
    assert_eq!((stage.series().await, stage.recycles().await.0), (0, false));
    assert_eq!(count(app, "select count(*) from protocol_sessions").await, 1, "the other's goes on");
    assert_eq!(count(app, "select count(*) from account_grants").await, 0);
    assert_eq!(count(app, "select count(*) from token_hashes where kind = 'api_key'").await, 0);
    app.clock.set("2026-12-20T08:00:00Z".parse().unwrap());
    app.publish_due().await;
    assert_eq!(stage.status(post).await, (PostStatus::Held, Some("author_removed".into())));
    app.clock.set("2027-02-01T08:00:00Z".parse().unwrap());
    assert_eq!(fill_series::step(app).await.unwrap(), 0);

    // Handed over afterwards, the posts are another's.
    let input = MemberHandOver { member_id: stage.kim, hand_over_to: stage.team.admin };
    let given = app.call_once::<MemberHandOver>(&stage.team.person(app), input).await.unwrap();
    assert_eq!((given.handed_over.waiting_posts, given.handed_over.series), (2, 0));
    assert_eq!(stage.author(post).await, stage.team.admin);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_goes_on_with_what_was_handed_over() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let post = stage.work().await;
    for (role, code) in [(Role::Contributor, "heir_unfit"), (Role::Publisher, "heir_unfit")] {
        let unfit = app.member(&stage.team, role).await;
        assert_eq!(stage.remove(Some(unfit)).await, Err(code), "{role:?}");
    }
    assert_eq!(stage.remove(Some(stage.kim)).await, Err("heir_unfit"));
    let heir = app.member(&stage.team, Role::Publisher).await;
    app.grant(&stage.team, stage.account, heir).await;
    let stopped = stage.remove(Some(heir)).await.unwrap();
    assert_eq!((stopped.handed_over_to.as_deref(), stopped.scheduled_posts), (Some("A publisher"), 1));
    assert_eq!((stage.author(post).await, stage.series().await), (heir, 1));
    assert_eq!(stage.recycles().await, (true, Some("A publisher".into())));
    app.clock.set("2026-12-20T08:00:00Z".parse().unwrap());
    app.publish_due().await;
    assert_eq!(stage.status(post).await, (PostStatus::Published, None));
    app.clock.set("2027-01-02T08:00:00Z".parse().unwrap());
    assert!(fill_series::step(app).await.unwrap() > 0, "the series makes its posts");
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_out_at_once() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let ctx = stage.team.ctx(app, stage.kim, Door::CommandLine);
    let connection = stage.team.ctx(app, stage.kim, Door::Stdio);
    let leave = MemberLeave { hand_over_to: Some(stage.team.admin) };
    assert_eq!(app.call_once::<MemberLeave>(&connection, leave.clone()).await.unwrap_err().code(), "person_only");
    app.scheduled(&ctx, "Bread", &[stage.account], "2026-12-20T09:00").await;
    let left = app.agreed::<MemberLeave>(&ctx, leave.clone()).await.unwrap();
    assert_eq!(left.message, "You have left. Bakery's owner goes on with 1 scheduled post.");
    assert_eq!(app.call_once::<MemberLeave>(&ctx, leave).await.unwrap_err().code(), "access_ended");
    let admin = stage.team.person(app);
    let told = app.call_once::<NotificationList>(&admin, NotificationList::default()).await.unwrap();
    assert_eq!(told.notifications[0].title, "A publisher has left");
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_is_taken_back_holds_what_was_scheduled_by_it() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let ctx = stage.team.ctx(app, stage.kim, Door::Stdio);
    let other = app.account(&stage.team, "other").await;
    app.grant(&stage.team, other, stage.kim).await;
    let both = app.scheduled(&ctx, "Bread", &[stage.account, other], "2026-12-20T09:00").await.id;
    let admins = app.scheduled(&stage.team.connection(app), "Cake", &[stage.account], "2026-12-21T09:00").await.id;
    let revoke = AccountGrant { account_id: stage.account, member_id: stage.kim, granted: false };
    let done = app.call_once::<AccountGrant>(&stage.team.person(app), revoke).await.unwrap();
    assert!(
        done.message.ends_with("1 post that they had scheduled there is held: `allin held list`."),
        "{}",
        done.message
    );
    let post = app.post(&ctx, both).await;
    let states: Vec<_> = post
        .targets
        .iter()
        .map(|target| {
            (target.account_id == stage.account, target.problem.as_ref().map(|problem| problem.code.as_str()))
        })
        .collect();
    assert!(states.contains(&(true, Some("not_granted"))) && states.contains(&(false, None)), "{states:?}");
    assert_eq!(stage.status(admins).await, (PostStatus::Scheduled, None));
    app.clock.set("2026-12-20T08:00:00Z".parse().unwrap());
    app.publish_due().await;
    let post = app.post(&ctx, both).await;
    assert_eq!(post.targets.iter().filter(|target| target.published_at.is_some()).count(), 1, "{post:?}");
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_who_is_lowered_keeps_what_is_granted() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let other = app.account(&stage.team, "other").await;
    let raise = |role| MemberChange { member_id: stage.kim, role: Some(role), hand_over_to: None };
    let admin = stage.team.person(app);
    app.call_once::<MemberChange>(&admin, raise(Role::Manager)).await.unwrap();
    let ctx = stage.team.ctx(app, stage.kim, Door::Stdio);
    let granted = app.scheduled(&ctx, "Bread", &[stage.account], "2026-12-20T09:00").await.id;
    let lost = app.scheduled(&ctx, "Cake", &[other], "2026-12-21T09:00").await.id;
    let changed = app.call_once::<MemberChange>(&admin, raise(Role::Publisher)).await.unwrap();
    assert!(changed.message.contains("1 of their scheduled posts are held"), "{}", changed.message);
    assert_eq!(stage.status(granted).await, (PostStatus::Scheduled, None));
    assert_eq!(stage.status(lost).await, (PostStatus::Held, Some("not_granted".into())));
    stage.app.close().await;
}

/// Whoever schedules at the moment at which the grant is taken back either finds no grant, or is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_slips_through_while_a_grant_is_taken_back() {
    let stage = Stage::set().await;
    let app = &stage.app;
    let ctx = stage.team.ctx(app, stage.kim, Door::Stdio);
    for round in 0..10 {
        app.grant(&stage.team, stage.account, stage.kim).await;
        let post = app.draft(&ctx, &format!("Round {round}"), &[stage.account]).await.id;
        let at = format!("2027-03-{:02}T09:00", round + 1);
        let revoke = AccountGrant { account_id: stage.account, member_id: stage.kim, granted: false };
        let admin = stage.team.person(app);
        let schedule = crate::support::people::schedule(post, &at);
        let (scheduled, revoked) = tokio::join!(
            app.call_once::<allin::app::posts::schedule::PostSchedule>(&ctx, schedule),
            app.call_once::<AccountGrant>(&admin, revoke)
        );
        revoked.unwrap();
        let expected = match scheduled {
            Ok(_) => PostStatus::Held,
            Err(error) => {
                assert_eq!(error.code(), "account_not_granted");
                PostStatus::Draft
            }
        };
        assert_eq!(stage.status(post).await.0, expected);
    }
    stage.app.close().await;
}
