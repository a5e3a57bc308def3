//! Credits: set aside, spent, given back, and never more than there are.

use std::sync::Arc;

use allin::{
    app::plans::{
        add_pack::PackAdd,
        credits::{commit, give_back, release, reserve},
        end_pack::PackEnd,
    },
    error::{Error, Result},
    ids::ReservationId,
    model::plans::{Limit, Plan},
    store::db::Entrance,
};
use futures::future::join_all;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::Value;

use super::{operator, patiently, set, standing, used};
use crate::support::{TestApp, app::Setup, people::Team};

async fn take(app: &TestApp, team: &Team, credits: u32) -> Result<ReservationId> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(team.workspace, Entrance::System, now).await?;
    let id = reserve(&app.app, &mut tx, team.workspace, credits, "a_test", now).await?;
    tx.commit().await?;
    Ok(id)
}

async fn spend(app: &TestApp, team: &Team, id: ReservationId, credits: u32) -> Result<()> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(team.workspace, Entrance::System, now).await?;
    commit(&mut tx, team.workspace, id, credits, now).await?;
    tx.commit().await
}

async fn spent(app: &TestApp, team: &Team, credits: u32) {
    let id = take(app, team, credits).await.unwrap();
    spend(app, team, id, credits).await.unwrap();
}

fn codes<T>(answers: &[Result<T>]) -> Vec<&'static str> {
    answers.iter().filter_map(|answer| answer.as_ref().err()).map(Error::code).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_leave_exactly_fifty() {
    let app = Arc::new(TestApp::with(Setup { pool: 16, ..Setup::default() }).await);
    let team = app.team("Bakery").await;
    set(&app, &team, Plan::Professional).await;
    spent(&app, &team, 450).await;
    let asked = (0..200).map(|number| {
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            let id = patiently(|| take(&app, &team, 1)).await?;
            match number % 3 {
                // One in three is spent at once, one stays under way, and one is given back for others to take.
                0 => patiently(|| spend(&app, &team, id, 1)).await?,
                1 => {}
                _ => {
                    patiently(|| give_back(&app.app, team.workspace, id)).await?;
                    let again = patiently(|| take(&app, &team, 1)).await?;
                    patiently(|| spend(&app, &team, again, 1)).await?;
                }
            }
            Ok(())
        })
    });
    let answers: Vec<Result<()>> = join_all(asked).await.into_iter().map(std::result::Result::unwrap).collect();
    let refused = codes(&answers);
    assert_eq!((answers.len() - refused.len(), used(&app, &team, Limit::Credits).await), (50, (500, Some(500))));
    assert!(refused.iter().all(|code| *code == "plan_limit"), "{refused:?}");
    Arc::into_inner(app).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_tells_of_plans_and_packs() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    set(&app, &team, Plan::Starter).await;
    spent(&app, &team, 28).await;
    let refused = take(&app, &team, 3).await.unwrap_err();
    insta::assert_json_snapshot!("three_credits_too_many", refused.public());
    take(&app, &team, 2).await.unwrap();
    let pack = PackAdd { credits: 500, once: false };
    let pack = app.call_once::<PackAdd>(&operator(&app, &team), pack).await.unwrap().pack.id;
    let once = PackAdd { credits: 1000, once: true };
    app.call_once::<PackAdd>(&operator(&app, &team), once).await.unwrap();
    assert_eq!(used(&app, &team, Limit::Credits).await, (30, Some(1530)));
    spent(&app, &team, 1400).await;
    // More than Professional with the packs has, and less than Team.
    let refused = take(&app, &team, 601).await.unwrap_err();
    insta::assert_json_snapshot!("six_hundred_credits_too_many", refused.public());
    let odd = PackAdd { credits: 600, once: false };
    assert_eq!(app.call_once::<PackAdd>(&operator(&app, &team), odd).await.unwrap_err().code(), "pack_unknown");

    // A month later the first pack is still there, and the second is not.
    app.clock.advance_secs(31 * 24 * 3600);
    assert_eq!(used(&app, &team, Limit::Credits).await, (0, Some(530)));
    let end = PackEnd { pack_id: pack };
    app.call_once::<PackEnd>(&operator(&app, &team), end.clone()).await.unwrap();
    assert_eq!(used(&app, &team, Limit::Credits).await, (0, Some(530)), "to the end of the month");
    assert_eq!(app.call_once::<PackEnd>(&operator(&app, &team), end).await.unwrap_err().code(), "pack_not_found");
    app.clock.advance_secs(31 * 24 * 3600);
    assert_eq!(used(&app, &team, Limit::Credits).await, (0, Some(30)));
    assert!(standing(&app, &team).await.packs.is_empty());
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_comes_back_for_is_given_back() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    set(&app, &team, Plan::Starter).await;
    let lost = take(&app, &team, 30).await.unwrap();
    assert_eq!(take(&app, &team, 1).await.unwrap_err().code(), "plan_limit");
    app.clock.advance_secs(901);
    // By the house, which looks into every workspace.
    allin::app::expiry::forget_expired(&app.app).await.unwrap();
    assert_eq!(used(&app, &team, Limit::Credits).await, (0, Some(30)));
    // Who comes back after all gets them while they are there.
    spend(&app, &team, lost, 20).await.unwrap();
    assert_eq!(used(&app, &team, Limit::Credits).await, (20, Some(30)));

    let late = take(&app, &team, 10).await.unwrap();
    app.clock.advance_secs(901);
    // By whoever needs them, without the house.
    spent(&app, &team, 10).await;
    // The late one would overspend.
    assert_eq!(spend(&app, &team, late, 10).await.unwrap_err().code(), "plan_limit");
    assert_eq!(used(&app, &team, Limit::Credits).await, (30, Some(30)));
    give_back(&app.app, team.workspace, late).await.unwrap();
    assert_eq!(used(&app, &team, Limit::Credits).await, (30, Some(30)));
    // In the end nothing is left of reservations, and what was spent stays known.
    app.clock.advance_secs(41 * 24 * 3600);
    allin::app::expiry::forget_expired(&app.app).await.unwrap();
    let mut superuser = app.database.superuser().await;
    let left: (i64, i64) = sqlx::query_as(
        "select (select count(*) from credit_reservations), (select sum(used)::bigint from credit_months)",
    )
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!(left, (0, 30));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doing_it_twice_changes_nothing() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    set(&app, &team, Plan::Starter).await;
    let id = take(&app, &team, 5).await.unwrap();
    for _ in 0..2 {
        spend(&app, &team, id, 3).await.unwrap();
        give_back(&app.app, team.workspace, id).await.unwrap();
        assert_eq!(used(&app, &team, Limit::Credits).await, (3, Some(30)));
    }
    let other = take(&app, &team, 5).await.unwrap();
    for _ in 0..2 {
        give_back(&app.app, team.workspace, other).await.unwrap();
        assert_eq!(used(&app, &team, Limit::Credits).await, (3, Some(30)));
    }
    assert_eq!(spend(&app, &team, other, 1).await.unwrap_err().code(), "internal");
    let third = take(&app, &team, 5).await.unwrap();
    assert_eq!(spend(&app, &team, third, 6).await.unwrap_err().code(), "internal", "more than was set aside");
    // A reservation counts in the month in which it was made.
    app.clock.advance_secs(31 * 24 * 3600);
    spend(&app, &team, third, 5).await.unwrap();
    assert_eq!(used(&app, &team, Limit::Credits).await, (0, Some(30)));
    app.close().await;
}

/// Random reservations, ends, delays and changes of plan: the counters are what the reservations come to, and nothing
/// new is taken beyond the limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_agree_with_reservations_whatever_happens() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut draw = |below: u32| rand_below(&mut random, below);
    let mut open: Vec<(ReservationId, u32)> = Vec::new();
    let mut superuser = app.database.superuser().await;
    for _ in 0..400 {
        let before = used(&app, &team, Limit::Credits).await;
        match draw(8) {
            0..=3 => {
                let wanted = 1 + draw(9);
                match take(&app, &team, wanted).await {
                    Ok(id) => open.push((id, wanted)),
                    Err(error) => assert_eq!(error.code(), "plan_limit"),
                }
            }
            4 | 5 if !open.is_empty() => {
                let at = usize::try_from(draw(u32::try_from(open.len()).unwrap())).unwrap();
                let (id, most) = open[at];
                match spend(&app, &team, id, draw(most + 1)).await {
                    Ok(()) => {}
                    Err(error) => assert!(["plan_limit", "internal"].contains(&error.code()), "{error:?}"),
                }
            }
            6 if !open.is_empty() => {
                let at = usize::try_from(draw(u32::try_from(open.len()).unwrap())).unwrap();
                let now = app.now();
                let (mut tx, _) = app.db.tenant(team.workspace, Entrance::System, now).await.unwrap();
                release(&mut tx, team.workspace, open[at].0, now).await.unwrap();
                tx.commit().await.unwrap();
            }
            _ => match draw(4) {
                0 => drop(set(&app, &team, Plan::ALL[usize::try_from(draw(4)).unwrap()]).await),
                1 => app.clock.advance_secs(1000),
                2 => allin::app::expiry::forget_expired(&app.app).await.unwrap(),
                _ => {}
            },
        }
        let after = used(&app, &team, Limit::Credits).await;
        if let Some(limit) = after.1.filter(|_| before.1 == after.1) {
            assert!(after.0 <= limit.max(before.0), "{before:?} {after:?}");
        }
        let sums: Vec<Value> = sqlx::query_scalar(
            "select to_jsonb(s) from (
                select m.month, m.used, m.held,
                    coalesce(sum(r.spent), 0) as spent, coalesce(sum(r.credits) filter (where r.state = 'held'), 0) as aside
                from credit_months m left join credit_reservations r using (workspace_id, month) group by 1, 2, 3) s",
        )
        .fetch_all(&mut superuser)
        .await
        .unwrap();
        for sum in sums {
            assert_eq!((&sum["used"], &sum["held"]), (&sum["spent"], &sum["aside"]), "{sum}");
        }
    }
    app.close().await;
}

fn rand_below(random: &mut TestRng, below: u32) -> u32 {
    use proptest::prelude::Rng as _;
    random.next_u32() % below
}
