//! Ask for approval of a post. Scheduling asks by itself; this is for what has no time yet, or was refused and is asked
//! about once more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        approvals::{
            ask, tell,
            view::{self, ApprovalView, Names},
        },
        posts,
        use_case::{Effect, Local, Locally, Repeat, Scope, UseCase},
    },
    error::{Error, Result},
    ids::PostId,
    model::{
        approvals::{COMMENT_MAX, RequestState},
        roles::Permission,
    },
    store::approvals::{self, requests},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRequest {
    pub post_id: PostId,
    /// For those who decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub note: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalRequested {
    pub message: String,
    pub approval: ApprovalView,
}

impl UseCase for ApprovalRequest {
    type Input = Self;
    type Output = ApprovalRequested;
    type Form = Locally;
    const NAME: &'static str = "approval_request";
    const NEEDS: Permission = Permission::RequestApproval;
    const EFFECT: Effect = Effect::Write;
    const REPEAT: Repeat = Repeat::SameWithinTenMinutes;
}

impl Local for ApprovalRequest {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ApprovalRequested> {
        let workspace = scope.ctx.workspace;
        let note = input.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
        if note.is_some_and(|note| note.chars().count() > COMMENT_MAX || note.contains('\0')) {
            return Err(Error::invalid("note_invalid", format!("A note has at most {COMMENT_MAX} characters."))
                .field("note", "is too long or contains a NUL character"));
        }
        let (post, targets) = posts::lock(scope, input.post_id).await?;
        if targets.is_empty() {
            return Err(Error::conflict("post_without_accounts", "The post has no account to go to.")
                .next("Add account_ids with post_update first: who is asked can depend on them."));
        }
        if approvals::demands(scope.tx, workspace, post.post_id, scope.now, (scope.now, scope.now)).await?.is_empty() {
            return Err(Error::conflict("approval_not_needed", "No policy asks for approval of this post.")
                .next("Schedule or publish it. A Manager sets policies with `allin approval policy set`."));
        }
        requests::void_stale(scope.tx, workspace, Some(post.post_id), scope.now).await?;
        let open = requests::list(scope.tx, workspace, Some(post.post_id), Some(RequestState::Open), 1).await?;
        if approvals::missing(scope.tx, workspace, post.post_id, scope.now, (scope.now, scope.now)).await?.is_none() {
            return Err(Error::conflict("approved_already", "What the post says now is approved.")
                .next("Schedule or publish it."));
        }
        let (message, request) = match open.into_iter().next() {
            Some(open) => ("People are asked already.", open),
            None => {
                let asked = [ask(scope, post.post_id, note).await?];
                tell::asked(scope, &asked).await?;
                let [asked] = asked;
                ("Those concerned are asked.", asked.request)
            }
        };
        requests::derive_reviews(scope.tx, workspace, Some(post.post_id), scope.now).await?;
        let names = Names::load(scope).await?;
        let approval = view::load(scope, request, &names).await?;
        let turns: Vec<_> = approval.steps.iter().filter(|step| step.open).map(|step| step.asked.clone()).collect();
        Ok(ApprovalRequested { message: format!("{message} Now it is the turn of {}.", turns.join("; ")), approval })
    }
}
