//! Revoke an invitation: its link is useless at once, and a letter that waits is not sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        members::invite,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::InvitationId,
    model::roles::Permission,
    store::invitations::{self, Which},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationRevoke {
    pub invitation_id: InvitationId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InvitationRevoked {
    pub message: String,
}

impl UseCase for InvitationRevoke {
    type Input = Self;
    type Output = InvitationRevoked;
    type Form = Locally;
    const NAME: &'static str = "invitation_revoke";
    const NEEDS: Permission = Permission::ManageMembers;
    const EFFECT: Effect = Effect::Destructive;
}

impl Local for InvitationRevoke {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<InvitationRevoked> {
        let which = Which::One(input.invitation_id);
        let revoked = invitations::revoke(scope.tx, scope.ctx.workspace, which, scope.now).await?;
        if revoked.is_empty() {
            return Err(Error::not_found(
                "invitation_not_found",
                format!("There is no open invitation {} in this workspace.", input.invitation_id),
            )
            .next("Use `allin member invitations`."));
        }
        invite::void(scope, &revoked).await?;
        scope.changed("invitation", input.invitation_id, json!({ "revoked": true }));
        Ok(InvitationRevoked { message: "The link is useless now.".into() })
    }
}
