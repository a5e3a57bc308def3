//! Steps that are taken together: one that cannot go with the others holds none of them up, and spoils nothing.

use allin::model::sandbox::Mode;
use allin::{ids::TargetId, jobs::publish_posts, model::states::PostStatus, platform::Role};
use sqlx::{ConnectOptions as _, Connection as _};

use super::Stage;
use crate::support::faults::Fault;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_somebody_holds_delays_no_other() {
    let stage = Stage::set(Mode::ClientKey).await;
    let accounts = stage.accounts(&stage.team, "batch", 10).await;
    let posts = stage.planned(&stage.team, &accounts, "Bread").await;
    stage.app.clock.advance_secs(60);
    let mut holder = stage.app.database.superuser().await;
    sqlx::query("begin").execute(&mut holder).await.unwrap();
    let (busy, others) = posts.split_first().unwrap();
    sqlx::query("select from posts where post_id = $1 for update")
        .bind(busy.uuid())
        .execute(&mut holder)
        .await
        .unwrap();
    let app = stage.app.app.clone();
    let step = tokio::spawn(async move { publish_posts::step(&app, 50).await });
    for post in others {
        stage.becomes(*post, PostStatus::Published).await;
    }
    assert_eq!((stage.view(*busy).await.status, stage.proxy.arrived()), (PostStatus::Scheduled, 9));
    sqlx::query("rollback").execute(&mut holder).await.unwrap();
    assert_eq!(step.await.unwrap().unwrap(), 10);
    assert_eq!((stage.view(*busy).await.status, stage.proxy.arrived()), (PostStatus::Published, 10));
    holder.close().await.unwrap();
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_the_database_refuses_spoils_no_other() {
    let stage = Stage::set(Mode::ClientKey).await;
    let accounts = stage.accounts(&stage.team, "batch", 10).await;
    let posts = stage.planned(&stage.team, &accounts, "Bread").await;
    stage.app.clock.advance_secs(60);
    let refused: TargetId = stage.view(posts[3]).await.targets[0].id;
    let mut owner = stage.app.database.options(Role::Owner).connect().await.unwrap();
    let trigger = format!(
        "create function refuse_one() returns trigger language plpgsql as $$
         begin
             if new.target_id = '{}' then
                 raise exception 'must not be sent: of a test' using errcode = '23514', constraint = 'attempt_may_arm';
             end if;
             return new;
         end $$;
         grant execute on function refuse_one to allin_app;
         create trigger refuse_one before insert on attempts for each row execute function refuse_one()",
        refused.uuid()
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    assert_eq!(stage.app.publish_due().await, 10);
    for (number, post) in posts.iter().enumerate() {
        let view = stage.view(*post).await;
        let expected = if number == 3 { PostStatus::Held } else { PostStatus::Published };
        assert_eq!(view.status, expected, "{view:#?}");
    }
    let problem = stage.view(posts[3]).await.targets[0].problem.clone().unwrap();
    assert_eq!((problem.code.as_str(), stage.proxy.arrived()), ("not_allowed", 9));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_go_out_with_few_commits_and_every_outcome_is_its_own() {
    let stage = Stage::set(Mode::Lookup).await;
    let accounts = stage.accounts(&stage.team, "batch", 40).await;
    let posts = stage.planned(&stage.team, &accounts, "Bread").await;
    stage.app.clock.advance_secs(60);
    stage.proxy.publishes([Fault::TooMany, Fault::ErrorAfter, Fault::ErrorBefore]);
    let before = commits(&stage).await;
    assert_eq!(stage.app.publish_due().await, 40);
    let commits = commits(&stage).await - before;
    let mut statuses: Vec<_> = Vec::new();
    for post in &posts {
        statuses.push(stage.view(*post).await.status);
    }
    let count = |status| statuses.iter().filter(|known| **known == status).count();
    let counts = (count(PostStatus::Published), count(PostStatus::Scheduled), count(PostStatus::Unknown));
    assert_eq!(counts, (37, 1, 2));
    // One by one it would be four for each. On a busy machine fewer come together than on an idle one.
    assert!(commits < 130, "{commits} commits");
    for post in posts {
        assert_eq!(stage.settled(post).await.status, PostStatus::Published);
    }
    assert_eq!(stage.app.sandbox.accepted().len(), 40);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_that_somebody_holds_for_long_stop_no_other_tenant() {
    let stage = Stage::set(Mode::ClientKey).await;
    // More than there are places for deliveries in the database.
    let mut held = Vec::new();
    for name in ["one", "two"] {
        let team = stage.app.team(name).await;
        let accounts = stage.accounts(&team, name, 6).await;
        held.extend(stage.planned(&team, &accounts, name).await);
    }
    stage.app.clock.advance_secs(1);
    let free = stage.planned(&stage.team, &[stage.account], "Free").await[0];
    stage.app.clock.advance_secs(59);
    let mut holder = stage.app.database.superuser().await;
    sqlx::query("begin").execute(&mut holder).await.unwrap();
    let held: Vec<_> = held.iter().map(|post| post.uuid()).collect();
    sqlx::query("select from posts where post_id = any ($1) for update").bind(held).execute(&mut holder).await.unwrap();
    let app = stage.app.app.clone();
    let step = tokio::spawn(async move { publish_posts::step(&app, 50).await });
    stage.sessions_that("wait_event_type = 'Lock'", 3).await;
    stage.app.clock.advance_secs(1);
    let others = tokio::time::timeout(std::time::Duration::from_secs(20), stage.app.publish_due());
    assert_eq!(others.await.unwrap(), 1);
    assert_eq!((stage.view(free).await.status, stage.proxy.arrived()), (PostStatus::Published, 1));
    sqlx::query("rollback").execute(&mut holder).await.unwrap();
    holder.close().await.unwrap();
    assert_eq!((step.await.unwrap().unwrap(), stage.proxy.arrived()), (12, 13));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_hangs_stops_its_workspace_for_a_lease_at_most() {
    let stage = Stage::set(Mode::ClientKey).await;
    let accounts = stage.accounts(&stage.team, "batch", 3).await;
    let hang = stage.planned(&stage.team, &accounts[..2], "Hangs").await;
    stage.app.clock.advance_secs(1);
    let after = stage.planned(&stage.team, &accounts[2..], "After").await[0];
    stage.app.clock.advance_secs(59);
    let mut owner = stage.app.database.options(Role::Owner).connect().await.unwrap();
    // The first attempt only: what a sequence counted is not rolled back.
    let trigger = "create sequence attempt_number;
         create function hang_once() returns trigger language plpgsql as $$
         begin
             if nextval('attempt_number') = 1 then
                 perform pg_sleep(600);
             end if;
             return new;
         end $$;
         grant usage on sequence attempt_number to allin_app;
         grant execute on function hang_once to allin_app;
         create trigger hang_once before insert on attempts for each row execute function hang_once()";
    sqlx::raw_sql(trigger).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    let app = stage.app.app.clone();
    let step = tokio::spawn(async move { publish_posts::step(&app, 50).await });
    stage.sessions_that("wait_event = 'PgSleep'", 1).await;
    // What comes due while it hangs goes out while it hangs.
    stage.app.clock.advance_secs(1);
    let others = tokio::time::timeout(std::time::Duration::from_secs(20), stage.app.publish_due());
    assert_eq!(others.await.unwrap(), 1);
    assert_eq!(stage.view(after).await.status, PostStatus::Published);
    let mut superuser = stage.app.database.superuser().await;
    let ended: Vec<bool> = sqlx::query_scalar(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event = 'PgSleep'",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    superuser.close().await.unwrap();
    assert_eq!((ended, step.await.unwrap().unwrap()), (vec![true], 2));
    for post in hang {
        assert_eq!(stage.settled(post).await.status, PostStatus::Published);
    }
    assert_eq!(stage.app.sandbox.accepted().len(), 3);
    stage.app.close().await;
}

impl Stage {
    /// Waits until so many sessions of the database are in a state, as SQL says it.
    async fn sessions_that(&self, state: &str, least: i64) {
        let mut superuser = self.app.database.superuser().await;
        let count = format!("select count(*) from pg_stat_activity where datname = current_database() and {state}");
        for _ in 0..2000 {
            let count = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(count.clone()));
            if count.fetch_one(&mut superuser).await.unwrap() >= least {
                superuser.close().await.unwrap();
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("not {least} sessions that {state}");
    }
}

/// Transactions that the application has committed, as far as the server has counted them.
async fn commits(stage: &Stage) -> i64 {
    let mut superuser = stage.app.database.superuser().await;
    // Sessions report what they did when they have been idle for a second, or now.
    let count = "select xact_commit from pg_stat_database where datname = current_database()";
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    let count = sqlx::query_scalar(count).fetch_one(&mut superuser).await.unwrap();
    superuser.close().await.unwrap();
    count
}
