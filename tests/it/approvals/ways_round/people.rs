//! Ways that pretend to be somebody: programs, keys, a shell, links.

use allin::{
    app::{
        approvals::{
            decide::ApprovalDecide, link, policy_end::ApprovalPolicyEnd, policy_set::ApprovalPolicySet,
            reviewers::ReviewerAdd,
        },
        ctx::{Actor, Ctx, Origin},
        people::{passphrase::PassphraseSet, proof},
    },
    ids::{ReviewLinkId, ReviewerId},
    model::{
        approvals::{Need, StepSpec, Verdict},
        roles::Role,
    },
    store::{approvals::links, db::Entrance},
    vault::Vault,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{SOON, guarded};
use crate::{
    approvals::{Stage, policy, role_step},
    support::people::Door,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_and_a_key_of_the_manager() {
    let stage = guarded().await;
    let post = stage.scheduled("By a program", SOON).await;
    let (key, _) = stage.app.key(&stage.team, stage.manager).await;
    for door in [Door::Stdio, Door::Http(key)] {
        let program = stage.team.ctx(&stage.app, stage.manager, door);
        assert_eq!(stage.approve(&program, post).await.unwrap_err().code(), "person_only");
    }
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_with_a_shell() {
    let stage = guarded().await;
    let post = stage.scheduled("From a shell", SOON).await;
    stage.proven(stage.manager).await;
    let shell = stage.team.ctx(&stage.app, stage.manager, Door::CommandLine);
    assert_eq!(stage.approve(&shell, post).await.unwrap_err().code(), "proof_needed");
    // It does not know the passphrase, and cannot set another one or take the policy away.
    let guess = SecretString::from("the manager's birthday");
    assert_eq!(
        proof::prove(&stage.app, stage.team.workspace, stage.manager, guess).await.unwrap_err().code(),
        "passphrase_wrong"
    );
    let own = PassphraseSet { passphrase: SecretString::from("what the agent would like") };
    assert_eq!(stage.app.call_once::<PassphraseSet>(&shell, own).await.unwrap_err().code(), "proof_needed");
    let rule = allin::app::approvals::policies::ApprovalPolicies {};
    let rules = stage.app.call_once::<allin::app::approvals::policies::ApprovalPolicies>(&shell, rule).await.unwrap();
    let end = ApprovalPolicyEnd { policy_id: rules.policies[0].id };
    assert_eq!(stage.app.call_once::<ApprovalPolicyEnd>(&shell, end).await.unwrap_err().code(), "proof_needed");
    let looser = ApprovalPolicySet { own_allowed: true, ..policy(vec![role_step(Role::Contributor)]) };
    assert_eq!(stage.app.call_once::<ApprovalPolicySet>(&shell, looser).await.unwrap_err().code(), "proof_needed");
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_author_and_somebody_who_is_not_asked() {
    let stage = guarded().await;
    let post = stage.scheduled("My own", SOON).await;
    let author = stage.proven(stage.publisher).await;
    assert_eq!(stage.approve(&author, post).await.unwrap_err().code(), "not_asked");
    let own = stage.app.scheduled(&stage.proven(stage.manager).await, "The manager's", &[stage.account], SOON).await.id;
    assert_eq!(stage.approve(&stage.proven(stage.manager).await, own).await.unwrap_err().code(), "own_post");
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_proof_and_one_of_another_workspace() {
    let stage = guarded().await;
    let post = stage.scheduled("With another's proof", SOON).await;
    let foreign = stage.app.team("Butcher").await;
    let elsewhere = stage.app.proven(&foreign, foreign.admin).await;
    let carried = Ctx { workspace: stage.team.workspace, ..elsewhere.clone() };
    assert_eq!(stage.approve(&carried, post).await.unwrap_err().code(), "access_ended");
    // The publisher's key under the manager's name: the signature is not the manager's.
    let publisher = stage.proven(stage.publisher).await;
    let proof = publisher.actor.proof().unwrap().clone();
    stage.proven(stage.manager).await;
    let mixed = Ctx { actor: Actor::Proven { member: stage.manager, proof }, ..publisher };
    _ = stage.approve(&mixed, post).await;
    stage.only(&[]).await;
}

/// A workspace where a reviewer outside must approve, a request that waits, and a link to it.
async fn reviewed() -> (Stage, allin::ids::PostId, ReviewerId, ReviewLinkId) {
    let stage = Stage::new().await;
    let client = ReviewerAdd { name: "The client".into(), email: "client@example.com".into() };
    let reviewer = stage.app.call_once::<ReviewerAdd>(&stage.admin, client).await.unwrap().reviewer.id;
    let step = StepSpec { role: None, reviewer_ids: vec![reviewer], need: Need::Any, ..role_step(Role::Manager) };
    stage.app.call_once::<ApprovalPolicySet>(&stage.admin, policy(vec![step])).await.unwrap();
    let post = stage.scheduled("For the client", SOON).await;
    let link = links::Link {
        link_id: ReviewLinkId(stage.app.ids.next(stage.app.now())),
        request_id: stage.request(post).await.id,
        member_id: None,
        reviewer_id: Some(reviewer),
        expires_at: stage.app.now().plus_secs(link::VALID_SECS),
        attempts: 0,
        used_at: None,
    };
    let (mut tx, _) = stage.app.db.tenant(stage.team.workspace, Entrance::System, stage.app.now()).await.unwrap();
    links::insert(&mut tx, stage.team.workspace, &link, stage.app.now()).await.unwrap();
    tx.commit().await.unwrap();
    (stage, post, reviewer, link.link_id)
}

fn outside(stage: &Stage, reviewer: ReviewerId, link: ReviewLinkId) -> Ctx {
    Ctx {
        workspace: stage.team.workspace,
        actor: Actor::Reviewer { reviewer, link },
        origin: Origin::Page,
        request: stage.app.new_request(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_link_and_a_link_of_another_request() {
    let (stage, post, reviewer, link) = reviewed().await;
    let client = outside(&stage, reviewer, link);
    let other = stage.scheduled("Something else", SOON).await;
    assert_eq!(stage.approve(&client, other).await.unwrap_err().code(), "link_over");
    stage.approve(&client, post).await.unwrap();
    // Changed after the approval: the same link does not approve it again.
    let rewritten = allin::app::posts::update::PostUpdate {
        segments: Some(vec![crate::support::people::message("For the client, rewritten")]),
        ..super::change(post)
    };
    stage.app.call_once::<allin::app::posts::update::PostUpdate>(&stage.author(), rewritten).await.unwrap();
    assert_eq!(stage.approve(&client, post).await.unwrap_err().code(), "link_over");
    // A reviewer sees and does nothing else.
    let all = allin::app::posts::query::PostQuery::default();
    let refused = stage.app.call_once::<allin::app::posts::query::PostQuery>(&client, all).await.unwrap_err();
    assert_eq!(refused.code(), "reviewer_only_reviews");
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_somebody_made_up() {
    let (stage, _, _, id) = reviewed().await;
    let app = &stage.app;
    let genuine = link::token(app, stage.team.workspace, id);
    assert_eq!(link::read(app, genuine.expose_secret()), Some((stage.team.workspace, id)));
    // With another installation's key, for another workspace, and bit by bit.
    let mut bytes = data_encoding::BASE64URL_NOPAD.decode(genuine.expose_secret().as_bytes()).unwrap();
    let forged = Vault::new(&[9; 32], &[9; 32]).sign("review link", &bytes[..32]);
    bytes[32..].copy_from_slice(&forged);
    assert_eq!(link::read(app, &data_encoding::BASE64URL_NOPAD.encode(&bytes)), None);
    let genuine = data_encoding::BASE64URL_NOPAD.decode(genuine.expose_secret().as_bytes()).unwrap();
    for place in 0..genuine.len() {
        let mut changed = genuine.clone();
        changed[place] ^= 1;
        assert_eq!(link::read(app, &data_encoding::BASE64URL_NOPAD.encode(&changed)), None);
    }
    for wrong in ["", "x", "../../etc/passwd"] {
        assert_eq!(link::read(app, wrong), None);
    }
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewer_without_a_link_and_a_removed_one() {
    let (stage, post, reviewer, link) = reviewed().await;
    let unlinked = outside(&stage, reviewer, ReviewLinkId(uuid::Uuid::nil()));
    assert_eq!(stage.approve(&unlinked, post).await.unwrap_err().code(), "link_over");
    let gone = allin::app::approvals::reviewers::ReviewerRemove { reviewer_id: reviewer };
    stage.app.call_once::<allin::app::approvals::reviewers::ReviewerRemove>(&stage.admin, gone).await.unwrap();
    let refused = stage.approve(&outside(&stage, reviewer, link), post).await.unwrap_err();
    assert!(matches!(refused.code(), "decision_refused" | "not_asked"), "{}", refused.code());
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approving_what_is_not_what_was_seen() {
    let stage = guarded().await;
    let post = stage.scheduled("What will be seen", SOON).await;
    let request = stage.request(post).await;
    let blind = ApprovalDecide {
        approval_id: request.id,
        verdict: Verdict::Approve,
        comment: None,
        digest: "00".repeat(32),
        link_id: None,
    };
    let manager = stage.proven(stage.manager).await;
    assert_eq!(stage.app.call_once::<ApprovalDecide>(&manager, blind).await.unwrap_err().code(), "approval_stale");
    stage.only(&[]).await;
}
