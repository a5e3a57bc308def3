//! How long things are kept: what is older goes, in small steps and once a day, and proof never.

use allin::{
    app::{
        audit::verify,
        comments::add::CommentAdd,
        expiry,
        posts::delete::PostDelete,
        privacy::{keep, retention_get::RetentionGet, retention_set::RetentionSet},
        tasks::update::TaskUpdate,
    },
    jobs::keep_house,
    model::{privacy::RetentionKind, roles::Role, tasks::TaskState},
};
use serde_json::Value;

use super::{count, where_it_stands};
use crate::{
    isolation::two,
    support::{TestApp, people::Door},
};

const DAY: i64 = 24 * 3600;

fn set(kind: RetentionKind, days: i32) -> RetentionSet {
    RetentionSet { kind, days: Some(days) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_shown_set_and_bounded() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let person = team.person(&app);
    let found = app.call_once::<RetentionGet>(&person, RetentionGet {}).await.unwrap();
    insta::assert_snapshot!(RetentionGet::say(&found));
    let few = app.call_once::<RetentionSet>(&person, set(RetentionKind::AuditOpenings, 29)).await.unwrap_err();
    assert_eq!(few.code(), "retention_days_invalid");
    let now = app.call_once::<RetentionSet>(&person, set(RetentionKind::AuditOpenings, 30)).await.unwrap();
    let rule = now.rules.iter().find(|rule| rule.kind == RetentionKind::AuditOpenings).unwrap();
    assert_eq!((rule.days, rule.set), (Some(30), true));
    let good = RetentionSet { kind: RetentionKind::Notifications, days: None };
    let now = app.call_once::<RetentionSet>(&person, good).await.unwrap();
    assert!(RetentionGet::say(&now).contains("notifications   for good:"), "{}", RetentionGet::say(&now));
    let program = team.ctx(&app, team.admin, Door::Stdio);
    let refused = app.call_once::<RetentionSet>(&program, set(RetentionKind::Comments, 30)).await.unwrap_err();
    assert_eq!(refused.code(), "person_only");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_older_goes_and_proof_stays() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let (team, ctx) = (ours.team, ours.team.person(&app));
    app.call_once::<CommentAdd>(
        &ctx,
        CommentAdd { post_id: ours.ids.post, text: "aardvark old".into(), reply_to: None },
    )
    .await
    .unwrap();
    let closed = TaskUpdate { state: Some(TaskState::Done), ..TaskUpdate::of(ours.ids.task) };
    app.call_once::<TaskUpdate>(&ctx, closed).await.unwrap();
    let never_sent = app.draft(&ctx, "aardvark never sent", &[ours.ids.account]).await.id;
    app.agreed_if_asked::<PostDelete>(&ctx, PostDelete { post_id: never_sent }).await;
    for kind in RetentionKind::ALL {
        let days = kind.rule().least_days.max(90);
        app.call_once::<RetentionSet>(&ctx, set(kind, days)).await.unwrap();
    }
    let proof =
        "select count(*) from (select entry_id from audit_entries union all select decision_id from approval_decisions
                 union all select target_id from receipts union all select attempt_id from attempts) x";
    keep_house::step(&app).await.unwrap();
    let (before, versions) = (count(&app, proof).await, count(&app, "select count(*) from post_versions").await);
    // A day short of it nothing goes.
    app.clock.advance_secs(89 * DAY);
    assert_eq!(keep::run(&app, team.workspace).await.unwrap(), 0);
    // Invitations ended a week after they were made.
    app.clock.advance_secs(9 * DAY);
    let gone = keep::run(&app, team.workspace).await.unwrap();
    assert!(gone > 8, "{gone}");
    let of_ours =
        |table: &str| format!("select count(*) from {table} where workspace_id = '{}'", team.workspace.uuid());
    let mut superuser = app.database.superuser().await;
    for table in ["notifications", "invitations", "audit_openings"] {
        let rows: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(of_ours(table))).fetch_one(&mut superuser).await.unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    for needle in ["aardvark old", "aardvark never sent", "aardvark cause"] {
        assert_eq!(where_it_stands(&mut superuser, needle).await, Vec::<String>::new(), "{needle}");
    }
    // What was sent, decided and logged is whole, and so is the other workspace.
    assert_eq!((count(&app, proof).await, count(&app, "select count(*) from post_versions").await), (before, versions));
    assert!(!where_it_stands(&mut superuser, &format!("{} comment", theirs.mark)).await.is_empty());
    assert!(!where_it_stands(&mut superuser, "aardvark published").await.is_empty());
    keep_house::step(&app).await.unwrap();
    assert_eq!(verify::verify(&app.app, team.workspace).await.unwrap().broken, Vec::<Value>::new());
    let shown = app.call_once::<RetentionGet>(&ctx, RetentionGet {}).await.unwrap();
    assert_eq!(shown.runs.len(), 3, "{:?}", shown.runs);
    let removed = &shown.runs[0].removed;
    assert!(
        ["notifications", "comments", "tasks", "deleted_posts"].iter().all(|kind| removed.contains_key(*kind)),
        "{removed:?}"
    );
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_bounded_and_the_next_goes_on() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    app.member(&team, Role::Viewer).await;
    let mut superuser = app.database.superuser().await;
    sqlx::query(
        "insert into notifications (workspace_id, notification_id, member_id, kind, code, title, cause, next_step, created_at)
         select $1, gen_random_uuid(), $2, 'mention', 'mentioned', 't', 'c', 'n', $3 from generate_series(1, 10700)",
    )
    .bind(team.workspace.uuid())
    .bind(team.admin.uuid())
    .bind(app.now())
    .execute(&mut superuser)
    .await
    .unwrap();
    app.clock.advance_secs(91 * DAY);
    assert_eq!(keep::run(&app, team.workspace).await.unwrap(), 10_000);
    assert_eq!(count(&app, "select count(*) from notifications").await, 700);
    // More was left, so the house goes on at its next round, and then rests for a day.
    expiry::forget_expired(&app.app).await.unwrap();
    assert_eq!(count(&app, "select count(*) from notifications").await, 0);
    expiry::forget_expired(&app.app).await.unwrap();
    let shown = app.call_once::<RetentionGet>(&team.person(&app), RetentionGet {}).await.unwrap();
    assert_eq!(shown.runs.iter().map(|run| run.complete).collect::<Vec<_>>(), [true, false]);
    app.close().await;
}
