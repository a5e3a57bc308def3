//! Who is told, how it ends, and what the report says.

use allin::{
    app::{
        approvals::{decide::ApprovalDecide, get::ApprovalGet, list::ApprovalList, policy_set::ApprovalPolicySet},
        audit::query::AuditQuery,
        crisis::{end::CrisisEnd, note::CrisisNote, report::CrisisReport, revoke::CrisisRevoke, status::CrisisStatus},
        ctx::Ctx,
        notifications::list::NotificationList,
    },
    ids::{IdGen as _, PostId, RandomIds},
    model::{approvals::Verdict, crisis::Access, roles::Role},
    tools::registry::Spoken as _,
};
use serde_json::json;

use super::Stage;
use crate::{
    approvals::{policy, role_step},
    support::{named::Names, people::Door},
};

async fn titles(stage: &Stage, ctx: &Ctx) -> Vec<String> {
    let input = NotificationList::default();
    let found = stage.app.call_once::<NotificationList>(ctx, input).await.unwrap().notifications;
    let mut titles: Vec<_> = found.into_iter().filter(|one| json!(one.kind) == "crisis").map(|one| one.title).collect();
    titles.reverse();
    titles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_concerned_is_told_and_a_proven_person_ends_it() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let viewer = app.member(&stage.team, Role::Viewer).await;
    let viewer = stage.team.ctx(app, viewer, Door::CommandLine);
    let manager = stage.team.ctx(app, stage.manager, Door::CommandLine);
    let (publisher, admin) = (stage.author(), stage.team.person(app));
    assert_eq!(app.call_once::<CrisisStatus>(&manager, CrisisStatus {}).await.unwrap().message, "No crisis lasts.");
    stage.start(&manager).await.unwrap();
    let begun = "Publishing is stopped: A wrong price went out";
    for (ctx, expected) in [(&publisher, vec![begun]), (&admin, vec![begun]), (&manager, vec![]), (&viewer, vec![])] {
        assert_eq!(titles(&stage, ctx).await, expected);
    }
    // A program may begin, not end.
    for (ctx, code) in [(stage.leader(), "person_only"), (manager.clone(), "proof_needed"), (publisher, "person_only")]
    {
        assert_eq!(app.call_once::<CrisisEnd>(&ctx, CrisisEnd {}).await.unwrap_err().code(), code);
    }
    let proven = app.proven(&stage.team, stage.manager).await;
    let ended = app.call_once::<CrisisEnd>(&proven, CrisisEnd {}).await.unwrap();
    let left: Vec<_> = ended.left.iter().map(|left| left.split(',').next().unwrap()).collect();
    assert_eq!(left, ["Publishing is still paused", "Everything still needs a Manager's approval"], "{:?}", ended.left);
    assert_eq!(titles(&stage, &admin).await, [begun, "The crisis is over: A wrong price went out"]);
    assert_eq!(app.call_once::<CrisisEnd>(&proven, CrisisEnd {}).await.unwrap_err().code(), "no_crisis");
    assert!(app.call_once::<CrisisStatus>(&proven, CrisisStatus {}).await.unwrap().situation.is_none());
    // Another one is another.
    let again = stage.start(&manager).await.unwrap();
    assert!(!again.joined && again.situation.incident.id != ended.incident_id);
    stage.app.close().await;
}

async fn approve(stage: &Stage, by: &Ctx, post: PostId) {
    let waiting = ApprovalList { post_id: Some(post), ..ApprovalList::default() };
    let id = stage.app.call_once::<ApprovalList>(by, waiting).await.unwrap().approvals[0].id;
    let shown = stage.app.call_once::<ApprovalGet>(by, ApprovalGet { approval_id: id }).await.unwrap();
    let (verdict, comment) = (Verdict::Approve, Some("Fine".into()));
    let decision = ApprovalDecide { approval_id: id, verdict, comment, digest: shown.approval.digest, link_id: None };
    stage.app.call_once::<ApprovalDecide>(by, decision).await.unwrap();
}

/// Published as approved, stopped, deleted in part, revoked in part, ended.
async fn whole_story(stage: &Stage) -> PostId {
    let app = &stage.app;
    let admin = app.proven(&stage.team, stage.team.admin).await;
    let manager = app.proven(&stage.team, stage.manager).await;
    app.call_once::<ApprovalPolicySet>(&admin, policy(vec![role_step(Role::Manager)])).await.unwrap();
    app.clock.advance_secs(60);
    let due = app.now().plus_secs(600).to_string();
    let post = app.scheduled(&stage.author(), "Cake for *1* euro", &stage.accounts, &due).await.id;
    approve(stage, &manager, post).await;
    app.clock.advance_secs(600);
    app.publish_due().await;
    let due = app.now().plus_secs(120).to_string();
    let rolls = app.scheduled(&stage.author(), "Rolls", &stage.accounts[..1], &due).await.id;
    app.clock.advance_secs(60);
    stage.start(&stage.leader()).await.unwrap();
    approve(stage, &manager, rolls).await;
    app.clock.advance_secs(60);
    app.publish_due().await;
    app.sandbox.order(json!({ "fault": "error", "calls": "change", "account": "cafe", "times": 1 })).await;
    stage.delete(&[post]).await.unwrap();
    let note = CrisisNote { text: "The price list of *last* year was used.\nPaul was told.".into(), incident_id: None };
    app.call_once::<CrisisNote>(&manager, note).await.unwrap();
    app.key(&stage.team, stage.publisher).await;
    let keys = CrisisRevoke { only: vec![Access::Keys], ..CrisisRevoke::default() };
    app.agreed::<CrisisRevoke>(&admin, keys).await.unwrap();
    app.clock.advance_secs(60);
    app.call_once::<CrisisEnd>(&manager, CrisisEnd {}).await.unwrap();
    app.clock.advance_secs(60);
    post
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_has_everything() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let post = whole_story(&stage).await;
    let report = stage.report().await;
    let mut names = Names::default();
    insta::assert_snapshot!(
        "report",
        names.text(&CrisisReport::say(&report)).replace(&app.sandbox.url.to_string(), "[network]/")
    );
    assert!(report.shortened.is_empty() && report.published.iter().all(|one| one.post_id == post));
    assert!(report.published.iter().all(|one| one.approved_by == ["Mona"]), "{:?}", report.published);
    // Nothing of the log in between is missing.
    let everything =
        AuditQuery { since: Some(report.incident.since.to_string()), limit: Some(200), ..AuditQuery::default() };
    let page = app.call_once::<AuditQuery>(&stage.team.person(app), everything).await.unwrap();
    let ended = report.incident.ended_at.unwrap();
    let logged: Vec<_> = page
        .entries
        .iter()
        .rev()
        .filter(|entry| entry.at <= ended)
        .map(|entry| (entry.at, &entry.use_case, &entry.outcome))
        .collect();
    let told: Vec<_> = report.timeline.iter().map(|event| (event.at, &event.use_case, &event.outcome)).collect();
    assert_eq!(told, logged);
    // That it was read is logged, too.
    let reads = AuditQuery { use_case: Some("crisis_report".into()), ..AuditQuery::default() };
    let reads = app.call_once::<AuditQuery>(&stage.team.person(app), reads).await.unwrap();
    assert_eq!(reads.entries.len(), 1);
    let unknown = CrisisReport { incident_id: Some(RandomIds.next(app.now()).into()) };
    assert_eq!(app.call_once::<CrisisReport>(&stage.leader(), unknown).await.unwrap_err().code(), "incident_not_found");
    assert_eq!(
        app.call_once::<CrisisReport>(&stage.author(), CrisisReport::default()).await.unwrap_err().code(),
        "role_too_low"
    );
    stage.app.close().await;
}
