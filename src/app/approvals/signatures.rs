//! Decisions are signed with a key that only the person's passphrase gives, or for a reviewer with the installation's
//! own, which is outside the database. Before a post is sent on approvals, their signatures are checked.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::{
    app::{App, use_case::Scope},
    clock::Timestamp,
    error::{Error, Result},
    ids::{MemberId, PostId, ReviewerId, WorkspaceId},
    model::approvals::{Decided, Verdict},
    store::{
        approvals::{
            self, Step,
            decisions::{self, Decision},
            requests::Request,
        },
        db::Tx,
        people,
    },
    vault::passphrase::signed_by,
};

/// Who decides, as the decision names them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decider {
    Member(MemberId),
    Reviewer(ReviewerId),
}

pub(super) fn signed(
    scope: &Scope<'_>,
    request: &Request,
    step: &Step,
    decider: Decider,
    on_behalf_of: Option<MemberId>,
    verdict: Verdict,
    comment: Option<String>,
) -> Result<Decision> {
    let (member_id, reviewer_id) = match decider {
        Decider::Member(member) => (Some(member), None),
        Decider::Reviewer(reviewer) => (None, Some(reviewer)),
    };
    let decided = Decided {
        workspace: scope.ctx.workspace,
        request: request.request_id,
        post: request.post_id,
        policy: step.policy_id,
        ordinal: step.ordinal,
        verdict,
        member: member_id,
        reviewer: reviewer_id,
        digest: &request.digest,
        not_before: request.not_before,
        not_after: request.not_after,
        at: scope.now,
    };
    let (key_id, signature) = match (scope.ctx.actor.proof(), decider) {
        (Some(proof), Decider::Member(_)) => (Some(proof.key_id()), proof.sign(&decided.text())),
        (None, Decider::Reviewer(_)) => (None, scope.app.vault.attest(&decided.text())),
        _ => return Err(Error::internal("a decision without a proof")),
    };
    Ok(Decision {
        decision_id: scope.new_id(),
        request_id: request.request_id,
        post_id: request.post_id,
        policy_id: step.policy_id,
        ordinal: step.ordinal,
        verdict,
        member_id,
        reviewer_id,
        on_behalf_of,
        digest: request.digest.clone(),
        not_before: request.not_before,
        not_after: request.not_after,
        comment,
        key_id,
        signature: signature.to_vec(),
        decided_at: scope.now,
    })
}

/// Those of the posts that stand on an approval whose signature is wrong.
pub async fn forged(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    posts: &[Uuid],
    now: Timestamp,
) -> Result<HashSet<PostId>> {
    if !approvals::in_force(tx, workspace, now).await? {
        return Ok(HashSet::new());
    }
    let standing = decisions::standing(tx, workspace, posts).await?;
    let mut keys: Vec<Uuid> = standing.iter().filter_map(|decision| decision.key_id).collect();
    keys.sort_unstable();
    keys.dedup();
    let keys: HashMap<Uuid, Vec<u8>> = people::public_keys(tx, &keys).await?.into_iter().collect();
    let ours = app.vault.audit_key();
    let genuine = |decision: &Decision| match (decision.member_id, decision.key_id) {
        (Some(_), Some(key)) => keys.get(&key).is_some_and(|public| is_signed(workspace, decision, public)),
        (None, None) => is_signed(workspace, decision, ours.as_bytes()),
        _ => false,
    };
    Ok(standing.iter().filter(|decision| !genuine(decision)).map(|decision| decision.post_id).collect())
}

fn is_signed(workspace: WorkspaceId, decision: &Decision, public: &[u8]) -> bool {
    let decided = Decided {
        workspace,
        request: decision.request_id,
        post: decision.post_id,
        policy: decision.policy_id,
        ordinal: decision.ordinal,
        verdict: decision.verdict,
        member: decision.member_id,
        reviewer: decision.reviewer_id,
        digest: &decision.digest,
        not_before: decision.not_before,
        not_after: decision.not_after,
        at: decision.decided_at,
    };
    signed_by(public, &decided.text(), &decision.signature)
}
