//! What people experience: asked, approving, changing, moving, chains, delegation, freezes.

use allin::{
    app::{
        approvals::{
            decide::ApprovalDecide, delegate::ApprovalDelegate, follow::follow, freeze::ApprovalFreeze,
            get::ApprovalGet, list::ApprovalList, policy_end::ApprovalPolicyEnd, policy_set::ApprovalPolicySet,
            request::ApprovalRequest, unfreeze::ApprovalUnfreeze, withdraw::ApprovalWithdraw,
        },
        posts::{publish::PostPublish, update::PostUpdate},
    },
    ids::PostId,
    model::{
        approvals::{ContentKind, Need, RequestState, StepSpec, Verdict},
        roles::Role,
        states::{Review, TargetState},
    },
};

use super::{Stage, named_step, policy, role_step};
use crate::support::people::{Door, message};

const HOUR: i64 = 3600;
/// An hour after the tests' dawn.
const SOON: &str = "2026-12-01T10:00";

fn rewrite(post: PostId, text: &str) -> PostUpdate {
    PostUpdate {
        post_id: post,
        version: None,
        segments: Some(vec![message(text)]),
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: None,
        tags: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_approved_goes_out_and_what_is_not_is_held() {
    let stage = Stage::under(vec![role_step(Role::Manager)]).await;
    let approved = stage.scheduled("Approved", SOON).await;
    let waiting = stage.scheduled("Waiting", SOON).await;
    let person = stage.team.person(&stage.app);
    assert_eq!(stage.app.post(&person, approved).await.review, Review::Requested);
    let mine = ApprovalList { mine: true, ..ApprovalList::default() };
    let manager = stage.proven(stage.manager).await;
    assert_eq!(stage.app.call_once::<ApprovalList>(&manager, mine.clone()).await.unwrap().approvals.len(), 2);
    assert_eq!(stage.app.call_once::<ApprovalList>(&stage.author(), mine.clone()).await.unwrap().approvals.len(), 0);

    let done = stage.approve(&manager, approved).await.unwrap();
    assert_eq!((done.message.as_str(), done.approval.state), ("Approved.", RequestState::Approved));
    assert_eq!(done.approval.decisions[0].by, "A manager");
    assert_eq!(stage.app.post(&person, approved).await.review, Review::Approved);
    assert_eq!(stage.at(HOUR, approved).await, TargetState::Published);
    assert_eq!(stage.at(0, waiting).await, TargetState::Held);
    assert_eq!(stage.app.sandbox.texts(), ["Approved"]);

    // Late, it is released by hand.
    let late = stage.approve(&manager, waiting).await.unwrap();
    assert!(late.message.contains("held_release"), "{}", late.message);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_change_of_what_is_sent_voids_and_moving_within_the_window_does_not() {
    let stage = Stage::under(vec![role_step(Role::Manager)]).await;
    let manager = stage.proven(stage.manager).await;
    let person = stage.team.person(&stage.app);
    let post = stage.scheduled("First words", SOON).await;
    let seen = stage.request(post).await;
    stage.approve(&manager, post).await.unwrap();

    stage.app.scheduled_again(&stage.author(), post, "2026-12-02T09:30").await;
    assert_eq!(stage.app.post(&person, post).await.review, Review::Approved);
    stage.app.scheduled_again(&stage.author(), post, "2026-12-09T09:30").await;
    assert_eq!(stage.app.post(&person, post).await.review, Review::Requested);
    stage.app.scheduled_again(&stage.author(), post, SOON).await;
    assert_eq!(stage.app.post(&person, post).await.review, Review::Approved, "back where it was approved for");

    stage.app.call_once::<PostUpdate>(&stage.author(), rewrite(post, "Other words")).await.unwrap();
    assert_eq!(stage.app.post(&person, post).await.review, Review::Requested);
    let fresh = stage.request(post).await;
    assert_ne!((fresh.id, &fresh.digest), (seen.id, &seen.digest));
    // Who saw the first words cannot approve the second with them.
    let stale = ApprovalDecide {
        approval_id: fresh.id,
        verdict: Verdict::Approve,
        comment: None,
        digest: seen.digest,
        link_id: None,
    };
    assert_eq!(stage.app.call_once::<ApprovalDecide>(&manager, stale).await.unwrap_err().code(), "approval_stale");
    let over = stage.decide(&manager, seen.id, Verdict::Approve).await.unwrap_err();
    assert_eq!(over.code(), "approval_over");
    assert_eq!(stage.at(HOUR, post).await, TargetState::Held);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_asks_one_after_the_other_and_everybody_once() {
    let stage = Stage::new().await;
    let second = stage.app.member(&stage.team, Role::Manager).await;
    let steps = vec![named_step(&[stage.manager, second], Need::All), role_step(Role::Manager)];
    stage.app.call_once::<ApprovalPolicySet>(&stage.admin, policy(steps)).await.unwrap();
    let post = stage.scheduled("Chained", SOON).await;
    let (first, second) = (stage.proven(stage.manager).await, stage.proven(second).await);
    assert_eq!(stage.approve(&stage.admin, post).await.unwrap_err().code(), "not_asked");
    stage.approve(&first, post).await.unwrap();
    assert_eq!(stage.approve(&first, post).await.unwrap_err().code(), "decided_already");
    let done = stage.approve(&second, post).await.unwrap();
    assert_eq!(done.approval.state, RequestState::Open);
    assert_eq!(
        done.approval.steps.iter().map(|step| (step.passed, step.open)).collect::<Vec<_>>(),
        [(true, false), (false, true)]
    );
    assert_eq!(stage.approve(&second, post).await.unwrap_err().code(), "decided_before");
    stage.approve(&stage.admin, post).await.unwrap();
    assert_eq!(stage.at(HOUR, post).await, TargetState::Published);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_stop_it_until_it_is_changed() {
    let stage = Stage::under(vec![role_step(Role::Manager)]).await;
    let manager = stage.proven(stage.manager).await;
    let person = stage.team.person(&stage.app);
    let post = stage.scheduled("Rash words", SOON).await;
    let request = stage.request(post).await;
    let silent = ApprovalDecide {
        approval_id: request.id,
        verdict: Verdict::RequestChanges,
        comment: Some("  ".into()),
        digest: request.digest.clone(),
        link_id: None,
    };
    assert_eq!(stage.app.call_once::<ApprovalDecide>(&manager, silent).await.unwrap_err().code(), "comment_needed");
    stage.decide(&manager, request.id, Verdict::RequestChanges).await.unwrap();
    assert_eq!(stage.app.post(&person, post).await.review, Review::ChangesRequested);
    stage.app.call_once::<PostUpdate>(&stage.author(), rewrite(post, "Better words")).await.unwrap();
    assert_eq!(stage.app.post(&person, post).await.review, Review::Requested);
    stage.decide(&manager, stage.request(post).await.id, Verdict::Reject).await.unwrap();
    assert_eq!(stage.app.post(&person, post).await.review, Review::Rejected);
    // Scheduling the same words anew asks nobody by itself; a person may ask once more.
    stage.app.scheduled_again(&stage.author(), post, SOON).await;
    assert_eq!(stage.app.post(&person, post).await.review, Review::Rejected);
    stage
        .app
        .call_once::<ApprovalRequest>(&stage.author(), ApprovalRequest { post_id: post, note: None })
        .await
        .unwrap();
    stage.approve(&manager, post).await.unwrap();
    assert_eq!(stage.at(HOUR, post).await, TargetState::Published);
    assert_eq!(stage.app.sandbox.texts(), ["Better words"]);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authors_approve_their_own_only_where_it_is_allowed() {
    let stage = Stage::under(vec![role_step(Role::Manager)]).await;
    let manager = stage.proven(stage.manager).await;
    let own = stage.app.scheduled(&manager, "My own", &[stage.account], SOON).await.id;
    assert_eq!(stage.approve(&manager, own).await.unwrap_err().code(), "own_post");
    // Nor what they rewrote for somebody else.
    let other = stage.scheduled("Somebody's", SOON).await;
    stage.app.call_once::<PostUpdate>(&manager, rewrite(other, "Mine now")).await.unwrap();
    assert_eq!(stage.approve(&manager, other).await.unwrap_err().code(), "own_post");
    // Through a program it is the same person.
    let program = stage.team.ctx(&stage.app, stage.manager, Door::Stdio);
    let drafted = stage.app.scheduled(&program, "By my agent", &[stage.account], SOON).await.id;
    assert_eq!(stage.approve(&manager, drafted).await.unwrap_err().code(), "own_post");
    let policies = stage.app.call_once::<allin::app::approvals::policies::ApprovalPolicies>(
        &stage.admin,
        allin::app::approvals::policies::ApprovalPolicies {},
    );
    let former = policies.await.unwrap().policies[0].id;
    let allowed =
        ApprovalPolicySet { own_allowed: true, replaces: Some(former), ..policy(vec![role_step(Role::Manager)]) };
    stage.app.call_once::<ApprovalPolicySet>(&stage.admin, allowed).await.unwrap();
    stage.approve(&manager, own).await.unwrap();
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_alone_approves_their_own() {
    let app = crate::support::TestApp::start().await;
    let team = app.team("Alone").await;
    let account = app.account(&team, "alone").await;
    let admin = app.proven(&team, team.admin).await;
    app.call_once::<ApprovalPolicySet>(&admin, policy(vec![role_step(Role::Admin)])).await.unwrap();
    let post = app.scheduled(&team.connection(&app), "By my agent", &[account], SOON).await.id;
    let request = ApprovalList { post_id: Some(post), ..ApprovalList::default() };
    let request = app.call_once::<ApprovalList>(&admin, request).await.unwrap().approvals.remove(0);
    let decision = ApprovalDecide {
        approval_id: request.id,
        verdict: Verdict::Approve,
        comment: None,
        digest: request.digest,
        link_id: None,
    };
    app.call_once::<ApprovalDecide>(&admin, decision).await.unwrap();
    app.clock.advance_secs(HOUR);
    app.publish_due().await;
    assert_eq!(app.sandbox.texts(), ["By my agent"]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_are_handed_on_and_escalate() {
    let stage = Stage::new().await;
    let step =
        StepSpec { deadline_hours: Some(2), escalate_to: Some(Role::Admin), ..named_step(&[stage.manager], Need::All) };
    stage.app.call_once::<ApprovalPolicySet>(&stage.admin, policy(vec![step])).await.unwrap();
    let deputy = stage.app.member(&stage.team, Role::Contributor).await;
    let post = stage.scheduled("Handed on", "2026-12-01T14:00").await;
    let id = stage.request(post).await.id;
    let deputy_proven = stage.proven(deputy).await;
    assert_eq!(stage.approve(&deputy_proven, post).await.unwrap_err().code(), "not_asked");
    let hand = |from| ApprovalDelegate { approval_id: id, to: deputy, from };
    let publisher = stage.proven(stage.publisher).await;
    let refused = stage.app.call_once::<ApprovalDelegate>(&publisher, hand(Some(stage.manager))).await;
    assert_eq!(refused.unwrap_err().code(), "role_too_low");
    let manager = stage.proven(stage.manager).await;
    stage.app.call_once::<ApprovalDelegate>(&manager, hand(None)).await.unwrap();
    let seen = stage.app.call_once::<ApprovalGet>(&deputy_proven, ApprovalGet { approval_id: id }).await.unwrap();
    assert_eq!(seen.previews[0].segments[0].text, "Handed on");
    let done = stage.approve(&deputy_proven, post).await.unwrap();
    assert_eq!(done.approval.decisions[0].on_behalf_of.as_deref(), Some("A manager"));

    let late = stage.scheduled("Nobody answers", "2026-12-01T15:00").await;
    assert_eq!(stage.approve(&stage.admin, late).await.unwrap_err().code(), "not_asked");
    stage.app.clock.advance_secs(2 * HOUR);
    stage.approve(&stage.admin, late).await.unwrap();
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_freeze_asks_about_everything_and_ends() {
    let stage = Stage::new().await;
    let before = stage.scheduled("Before the trouble", SOON).await;
    let person = stage.team.person(&stage.app);
    assert_eq!(stage.app.post(&person, before).await.review, Review::NotNeeded);
    let freeze = |hours| ApprovalFreeze { reason: "Something went wrong".into(), hours };
    let by_agent = stage.team.ctx(&stage.app, stage.manager, Door::Stdio);
    let frozen = stage.app.call_once::<ApprovalFreeze>(&by_agent, freeze(Some(48))).await.unwrap();
    assert_eq!(frozen.asked_about, 1);
    assert_eq!(stage.at(HOUR, before).await, TargetState::Held);
    // A program begins it and cannot end it.
    let end = |ctx| stage.app.call_once::<ApprovalUnfreeze>(ctx, ApprovalUnfreeze {});
    assert_eq!(end(&by_agent).await.unwrap_err().code(), "person_only");
    assert_eq!(end(&person).await.unwrap_err().code(), "proof_needed");
    let after = stage.scheduled("After it", "2026-12-01T12:00").await;
    end(&stage.admin).await.unwrap();
    assert_eq!(stage.app.post(&person, after).await.review, Review::NotNeeded);
    assert_eq!(stage.at(2 * HOUR, after).await, TargetState::Published);

    // By itself it ends, too.
    stage.app.call_once::<ApprovalFreeze>(&by_agent, freeze(Some(1))).await.unwrap();
    let later = stage.scheduled("Later", "2026-12-01T15:00").await;
    stage.app.clock.advance_secs(2 * HOUR);
    assert_eq!(follow(&stage.app).await.unwrap(), 1);
    assert_eq!(stage.app.post(&person, later).await.review, Review::NotNeeded);
    assert_eq!(stage.at(HOUR, later).await, TargetState::Published);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_are_for_what_they_name() {
    let stage = Stage::new().await;
    let other = stage.app.account(&stage.team, "other").await;
    let person = stage.team.person(&stage.app);
    let set = async |change: &dyn Fn(&mut ApprovalPolicySet)| {
        let mut wanted = policy(vec![role_step(Role::Manager)]);
        change(&mut wanted);
        stage.app.call_once::<ApprovalPolicySet>(&stage.admin, wanted).await.unwrap().policy_id
    };
    let review = async |text: &str, account| {
        let post = stage.app.scheduled(&person, text, &[account], SOON).await;
        post.review
    };
    let id = set(&|policy| policy.account_ids = vec![other]).await;
    assert_eq!(review("to one", stage.account).await, Review::NotNeeded);
    assert_eq!(review("to the other", other).await, Review::Requested);
    stage.app.call_once::<ApprovalPolicyEnd>(&stage.admin, ApprovalPolicyEnd { policy_id: id }).await.unwrap();
    let id = set(&|policy| policy.contents = vec![ContentKind::Link]).await;
    assert_eq!(review("no link", stage.account).await, Review::NotNeeded);
    assert_eq!(review("see https://example.com", stage.account).await, Review::Requested);
    stage.app.call_once::<ApprovalPolicyEnd>(&stage.admin, ApprovalPolicyEnd { policy_id: id }).await.unwrap();
    set(&|policy| policy.contents = vec![ContentKind::Thread]).await;
    assert_eq!(review("one message", stage.account).await, Review::NotNeeded);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_now_waits_for_the_approval() {
    let stage = Stage::under(vec![role_step(Role::Manager)]).await;
    let person = stage.team.person(&stage.app);
    let post = stage.app.draft(&person, "Right now", &[stage.account]).await.id;
    let publish = PostPublish { post_id: post, account_ids: vec![], emergency_reason: None };
    let refused = stage.app.call::<PostPublish>(&person, publish.clone(), Default::default()).await;
    assert_eq!(refused.unwrap_err().code(), "approval_needed");
    let ask = ApprovalRequest { post_id: post, note: Some("Please, today".into()) };
    let asked = stage.app.call_once::<ApprovalRequest>(&person, ask).await.unwrap();
    assert!(asked.message.ends_with("the turn of a manager or above."), "{}", asked.message);
    let taken_back = ApprovalWithdraw { approval_id: asked.approval.id };
    stage.app.call_once::<ApprovalWithdraw>(&person, taken_back).await.unwrap();
    let manager = stage.proven(stage.manager).await;
    assert_eq!(stage.approve(&manager, post).await.unwrap_err().code(), "approval_over");
    stage.app.clock.advance_secs(700);
    let again = ApprovalRequest { post_id: post, note: None };
    stage.app.call_once::<ApprovalRequest>(&person, again).await.unwrap();
    stage.approve(&manager, post).await.unwrap();
    let publishing = stage.app.agreed::<PostPublish>(&person, publish);
    let delivering = async {
        while stage.app.publish_due().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    let (published, ()) = tokio::join!(publishing, delivering);
    assert_eq!(published.unwrap().post.status.as_str(), "published");
    stage.app.close().await;
}
