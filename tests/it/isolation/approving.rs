//! Something in every table of approvals.

use allin::{
    app::approvals::{
        decide::ApprovalDecide,
        delegate::ApprovalDelegate,
        get::ApprovalGet,
        list::ApprovalList,
        page::ApprovalPage,
        policy_set::ApprovalPolicySet,
        reviewers::{ReviewerAdd, ReviewerRemove},
        unfreeze::ApprovalUnfreeze,
    },
    app::{
        crisis::{note::CrisisNote, start::CrisisStart},
        pauses::resume::PublishingResume,
        posts::create::PostCreate,
    },
    ids::{AccountId, ApprovalId, IncidentId, PolicyId, ReviewerId},
    model::{
        approvals::{Need, StepSpec, Verdict},
        roles::Role,
    },
};

use crate::support::{
    TestApp,
    people::{Team, draft, schedule},
};

pub struct Approving {
    pub approval: ApprovalId,
    pub policy: PolicyId,
    pub reviewer: ReviewerId,
    pub incident: IncidentId,
}

/// A request that waits, one step of which is decided; by others than the workspace's first Admin.
pub async fn approving(app: &TestApp, team: &Team, account: AccountId, mark: &str) -> Approving {
    let chief = app.member(team, Role::Admin).await;
    let second = app.member(team, Role::Manager).await;
    let proven = app.proven(team, chief).await;
    let person = team.person(app);
    let reviewer = ReviewerAdd { name: format!("{mark} client"), email: format!("{mark}@client.example") };
    let reviewer = app.call_once::<ReviewerAdd>(&proven, reviewer).await.unwrap().reviewer.id;
    let gone = ReviewerAdd { name: format!("{mark} gone"), email: format!("{mark}-gone@client.example") };
    let gone = app.call_once::<ReviewerAdd>(&proven, gone).await.unwrap().reviewer.id;
    app.call_once::<ReviewerRemove>(&proven, ReviewerRemove { reviewer_id: gone }).await.unwrap();
    // It lasts, without what it stopped.
    let crisis = CrisisStart { reason: format!("{mark} trouble"), since: None };
    let incident = app.call_once::<CrisisStart>(&person, crisis).await.unwrap().situation.incident.id;
    let note = CrisisNote { text: format!("{mark} finding"), incident_id: None };
    app.call_once::<CrisisNote>(&person, note).await.unwrap();
    app.agreed::<PublishingResume>(&person, PublishingResume::default()).await.unwrap();
    app.call_once::<ApprovalUnfreeze>(&proven, ApprovalUnfreeze {}).await.unwrap();
    let step = |members: Vec<_>, reviewers: Vec<_>| StepSpec {
        role: None,
        member_ids: members,
        reviewer_ids: reviewers,
        need: Need::All,
        deadline_hours: Some(24),
        escalate_to: Some(Role::Admin),
    };
    let policy = ApprovalPolicySet {
        name: format!("{mark} policy"),
        account_ids: vec![],
        tags: vec![format!("{mark}-guarded")],
        contents: vec![],
        steps: vec![step(vec![chief, second], vec![]), step(vec![], vec![reviewer])],
        window_hours: None,
        own_allowed: false,
        replaces: None,
    };
    let policy = app.call_once::<ApprovalPolicySet>(&proven, policy).await.unwrap().policy_id;
    let guarded =
        PostCreate { tags: vec![format!("{mark}-guarded")], ..draft(&[&format!("{mark} guarded")], &[account]) };
    let post = app.call_once::<PostCreate>(&person, guarded).await.unwrap().post.id;
    app.call_once::<allin::app::posts::schedule::PostSchedule>(&person, schedule(post, "2027-02-02T09:00"))
        .await
        .unwrap();
    let waiting = ApprovalList { post_id: Some(post), ..ApprovalList::default() };
    let approval = app.call_once::<ApprovalList>(&person, waiting).await.unwrap().approvals[0].id;
    let digest = app.call_once::<ApprovalGet>(&person, ApprovalGet { approval_id: approval }).await.unwrap();
    app.call_once::<ApprovalPage>(&proven, ApprovalPage { approval_id: approval }).await.unwrap();
    let handed = ApprovalDelegate { approval_id: approval, to: chief, from: Some(second) };
    app.call_once::<ApprovalDelegate>(&proven, handed).await.unwrap();
    let decision = ApprovalDecide {
        approval_id: approval,
        verdict: Verdict::Approve,
        comment: Some(format!("{mark} comment")),
        digest: digest.approval.digest,
        link_id: None,
    };
    app.call_once::<ApprovalDecide>(&proven, decision).await.unwrap();
    Approving { approval, policy, reviewer, incident }
}
