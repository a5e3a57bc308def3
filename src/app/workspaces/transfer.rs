//! Hand the workspace over: another member is Admin from now on, and whoever was steps down to Manager, in one step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        confirm::Question,
        members::{known, own, stop},
        notifications::tell::{News, tell_members},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::MemberId,
    model::roles::{Permission, Role},
    store::workspaces,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceTransfer {
    /// Who is Admin afterwards.
    pub member_id: MemberId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceTransferred {
    pub message: String,
}

impl UseCase for WorkspaceTransfer {
    type Input = Self;
    type Output = WorkspaceTransferred;
    type Form = Locally;
    const NAME: &'static str = "workspace_transfer";
    const NEEDS: Permission = Permission::TransferWorkspace;
    const EFFECT: Effect = Effect::Destructive;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let heir = known(scope, input.member_id).await?;
        Ok(Some(Question {
            text: format!(
                "Make {} Admin and step down to manager? Only an Admin can change that again.",
                heir.display_name
            ),
            version: heir.role.as_str().to_owned(),
        }))
    }
}

impl Local for WorkspaceTransfer {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<WorkspaceTransferred> {
        let workspace = scope.ctx.workspace;
        workspaces::lock_members(scope.tx, workspace).await?;
        let (heir, caller) = (known(scope, input.member_id).await?, own(scope).await?);
        if heir.member_id == caller.member_id {
            return Err(Error::invalid("transfer_to_self", "You are the Admin already.")
                .next("Name another member; `allin member list` shows them.")
                .field("member_id", "another member"));
        }
        if caller.role != Role::Admin {
            return Err(Error::conflict("role_changed", "You are not Admin any more.").next("Ask an Admin."));
        }
        workspaces::set_role(scope.tx, workspace, heir.member_id, Role::Admin).await?;
        workspaces::set_role(scope.tx, workspace, caller.member_id, Role::Manager).await?;
        let revoked = stop::revoke_invitations(scope, caller.member_id).await?;
        scope.changed("member", heir.member_id, json!({ "role": Role::Admin }));
        scope.changed("member", caller.member_id, json!({ "role": Role::Manager, "invitations_revoked": revoked }));
        let news = News {
            code: "workspace_transferred",
            title: "You are Admin of the workspace now",
            cause: &format!("{} handed it over.", caller.display_name),
            next_step: "Look at members, keys and accounts: `allin member list`, `allin key list`.",
        };
        tell_members(scope, &[heir.member_id], news).await?;
        Ok(WorkspaceTransferred { message: format!("{} is Admin now, and you are manager.", heir.display_name) })
    }
}
