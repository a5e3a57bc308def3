//! Approvals: who is asked, what an approval is bound to, and that nothing is sent without one that is needed.

mod flow;
mod sequences;
mod ways_round;

use allin::{
    app::{
        approvals::{
            decide::{ApprovalDecide, ApprovalDecided},
            get::ApprovalGet,
            list::ApprovalList,
            policy_set::ApprovalPolicySet,
            view::ApprovalView,
        },
        ctx::Ctx,
    },
    error::Result,
    ids::{AccountId, ApprovalId, MemberId, PostId},
    model::{
        approvals::{Need, StepSpec, Verdict},
        roles::Role,
        states::TargetState,
    },
};

use crate::support::{TestApp, people::Team};

/// A workspace with an Admin who has proved it, a Manager, a Publisher with a grant, and an account.
pub struct Stage {
    pub app: TestApp,
    pub team: Team,
    pub account: AccountId,
    /// Proven.
    pub admin: Ctx,
    pub manager: MemberId,
    pub publisher: MemberId,
}

pub fn role_step(role: Role) -> StepSpec {
    StepSpec {
        role: Some(role),
        member_ids: vec![],
        reviewer_ids: vec![],
        need: Need::Any,
        deadline_hours: None,
        escalate_to: None,
    }
}

pub fn named_step(members: &[MemberId], need: Need) -> StepSpec {
    StepSpec { role: None, member_ids: members.to_vec(), need, ..role_step(Role::Manager) }
}

pub fn policy(steps: Vec<StepSpec>) -> ApprovalPolicySet {
    ApprovalPolicySet {
        name: "Four eyes".into(),
        account_ids: vec![],
        tags: vec![],
        contents: vec![],
        steps,
        window_hours: None,
        own_allowed: false,
        replaces: None,
    }
}

impl Stage {
    pub async fn new() -> Self {
        let app = TestApp::start().await;
        app.set_pages_url("http://127.0.0.1:1/".parse().unwrap());
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        let manager = app.member(&team, Role::Manager).await;
        let publisher = app.member(&team, Role::Publisher).await;
        app.grant(&team, account, publisher).await;
        let admin = app.proven(&team, team.admin).await;
        Self { app, team, account, admin, manager, publisher }
    }

    /// With a policy of these steps.
    pub async fn under(steps: Vec<StepSpec>) -> Self {
        let stage = Self::new().await;
        stage.app.call_once::<ApprovalPolicySet>(&stage.admin, policy(steps)).await.unwrap();
        stage
    }

    pub fn author(&self) -> Ctx {
        self.team.ctx(&self.app, self.publisher, crate::support::people::Door::Stdio)
    }

    pub async fn scheduled(&self, text: &str, at: &str) -> PostId {
        self.app.scheduled(&self.author(), text, &[self.account], at).await.id
    }

    pub async fn request(&self, post: PostId) -> ApprovalView {
        let input = ApprovalList { post_id: Some(post), ..ApprovalList::default() };
        self.app.call_once::<ApprovalList>(&self.admin, input).await.unwrap().approvals.remove(0)
    }

    pub async fn decide(&self, by: &Ctx, id: ApprovalId, verdict: Verdict) -> Result<ApprovalDecided> {
        let shown = self.app.call_once::<ApprovalGet>(&self.admin, ApprovalGet { approval_id: id }).await?;
        let input = ApprovalDecide {
            approval_id: id,
            verdict,
            comment: Some("Because".into()),
            digest: shown.approval.digest,
            link_id: None,
        };
        self.app.call_once::<ApprovalDecide>(by, input).await
    }

    pub async fn approve(&self, by: &Ctx, post: PostId) -> Result<ApprovalDecided> {
        let request = self.request(post).await;
        self.decide(by, request.id, Verdict::Approve).await
    }

    pub async fn proven(&self, member: MemberId) -> Ctx {
        self.app.proven(&self.team, member).await
    }

    /// Lets a time pass, and says where the post stands then.
    pub async fn at(&self, seconds: i64, post: PostId) -> TargetState {
        self.app.clock.advance_secs(seconds);
        self.app.publish_due().await;
        self.app.post(&self.team.person(&self.app), post).await.targets[0].status
    }
}
