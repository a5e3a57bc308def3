//! Show a person the page on which to decide. The address goes to the person's client alone: no result, log or stored
//! answer has it.

use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        approvals::{get, known, link},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{ApprovalId, MemberId},
    model::{approvals::RequestState, roles::Permission},
    store::approvals::links::{self, Link},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPage {
    pub approval_id: ApprovalId,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalPageMade {
    pub message: String,
    /// For the person's client only.
    #[serde(skip)]
    pub url: Option<SecretString>,
}

impl UseCase for ApprovalPage {
    type Input = Self;
    type Output = ApprovalPageMade;
    type Form = Locally;
    const NAME: &'static str = "approval_page";
    const NEEDS: Permission = Permission::ReadApprovals;
    const EFFECT: Effect = Effect::Write;
}

impl Local for ApprovalPage {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ApprovalPageMade> {
        let request = known(scope, input.approval_id).await?;
        if !get::may_see(scope, &request).await? {
            return Err(get::unseen(input.approval_id));
        }
        let member = scope.ctx.member().ok_or_else(|| Error::internal("a page is for a member"))?;
        if request.state != RequestState::Open {
            return Err(Error::conflict("approval_over", "This request is over; approval_get says how it ended."));
        }
        let url = for_member(scope, request.request_id, member).await?;
        let message = format!(
            "Only the person can decide. If the client can open pages, it shows one now; otherwise the person runs \
             `allin approve {0}` or `allin reject {0}` in a terminal. approval_get tells what was decided.",
            request.request_id
        );
        Ok(ApprovalPageMade { message, url: Some(url) })
    }
}

/// The address of a page for one member, on which the passphrase decides.
pub(super) async fn for_member(scope: &mut Scope<'_>, request: ApprovalId, member: MemberId) -> Result<SecretString> {
    let made = Link {
        link_id: scope.new_id(),
        request_id: request,
        member_id: Some(member),
        reviewer_id: None,
        expires_at: scope.now.plus_secs(link::VALID_SECS),
        attempts: 0,
        used_at: None,
    };
    let token = link::token(scope.app, scope.ctx.workspace, made.link_id);
    let address = link::address(scope.app, token.expose_secret())?;
    links::insert(scope.tx, scope.ctx.workspace, &made, scope.now).await?;
    scope.changed("approval", request, json!({ "page_for": member }));
    Ok(SecretString::from(address))
}
