//! The people of a workspace.

pub mod activity;
pub mod actors;
pub mod add;
pub mod change;
pub mod email;
pub mod list;

use crate::{
    app::use_case::Scope,
    error::{Error, Result},
    ids::MemberId,
    model::roles::Role,
    store::workspaces::{self, Member},
};

/// A member who has not been removed.
pub(crate) async fn known(scope: &mut Scope<'_>, id: MemberId) -> Result<Member> {
    let all = workspaces::members(scope.tx, scope.ctx.workspace).await?;
    all.into_iter().find(|member| member.member_id == id && member.removed_at.is_none()).ok_or_else(|| {
        Error::not_found("member_not_found", format!("There is no member {id} in this workspace."))
            .next("Use `allin member list`.")
    })
}

/// Somebody must be able to administer the workspace after the change.
pub(crate) async fn keeps_an_admin(scope: &mut Scope<'_>, without: MemberId) -> Result<()> {
    let all = workspaces::members(scope.tx, scope.ctx.workspace).await?;
    let left = all
        .iter()
        .any(|member| member.member_id != without && member.role == Role::Admin && member.removed_at.is_none());
    if left {
        return Ok(());
    }
    Err(Error::conflict("last_admin", "This is the last Admin of the workspace.")
        .next("Make another member Admin first."))
}
