//! Personal data: take it along, have it erased, say how long it is kept, and who agreed to what.

pub mod consents;
pub mod erase_person;
pub mod erase_reviewer;
pub mod erase_workspace;
pub mod export_person;
pub mod export_workspace;
pub mod keep;
mod lines;
pub mod retention_get;
pub mod retention_set;

pub use lines::{ExportPage, end};

use crate::{
    app::{
        App,
        ctx::Ctx,
        members::{known_ever, own},
        use_case::Scope,
    },
    error::{Error, Result},
    ids::MemberId,
    model::roles::{Permission, Role},
    store::workspaces::Member,
};

impl App {
    /// The caller, proved at the terminal once for several calls that take the same right.
    pub async fn proved(&self, ctx: &Ctx, needs: Permission) -> Result<Ctx> {
        Ok(self.prove_at_terminal(ctx, needs).await?.unwrap_or_else(|| ctx.clone()))
    }
}

/// The caller, or as an Admin anybody who is or was in the workspace.
async fn subject(scope: &mut Scope<'_>, member: Option<MemberId>) -> Result<Member> {
    let Some(id) = member.filter(|id| Some(*id) != scope.ctx.member()) else { return own(scope).await };
    if scope.role() < Role::Admin {
        return Err(Error::forbidden("data_not_yours", "Only the person or an Admin can do this.")
            .next("Leave the member out for your own data, or ask an Admin."));
    }
    known_ever(scope, id).await?.ok_or_else(|| {
        Error::not_found("member_not_found", format!("There is no member {id} in this workspace."))
            .next("Use `allin member list`.")
    })
}
