//! The people of a workspace.

pub mod activity;
pub mod actors;
pub mod add;
pub mod change;
pub mod email;
pub mod hand_over;
pub mod invitations;
pub mod invite;
pub mod leave;
pub mod list;
pub mod renew;
pub mod revoke;
pub mod stop;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::{
    app::{notifications::letters, use_case::Scope},
    error::{Error, Result},
    ids::MemberId,
    model::{letters::LetterKind, roles::Role},
    store::workspaces::{self, Member},
};

/// Where `allin serve` listens for who sets nothing.
const USUAL_ADDRESS: &str = "http://127.0.0.1:7700/";

/// A member who has not been removed.
pub(crate) async fn known(scope: &mut Scope<'_>, id: MemberId) -> Result<Member> {
    known_ever(scope, id).await?.filter(|member| member.removed_at.is_none()).ok_or_else(|| {
        Error::not_found("member_not_found", format!("There is no member {id} in this workspace."))
            .next("Use `allin member list`.")
    })
}

/// A member, or somebody who was one.
pub(crate) async fn known_ever(scope: &mut Scope<'_>, id: MemberId) -> Result<Option<Member>> {
    let all = workspaces::members(scope.tx, scope.ctx.workspace).await?;
    Ok(all.into_iter().find(|member| member.member_id == id))
}

/// The caller, as a member.
pub(crate) async fn own(scope: &mut Scope<'_>) -> Result<Member> {
    let id = scope.ctx.member().ok_or_else(|| Error::internal("only a member does this"))?;
    known(scope, id).await
}

/// Everybody who administers the workspace now.
pub(crate) async fn admins(scope: &mut Scope<'_>) -> Result<Vec<MemberId>> {
    let all = workspaces::members(scope.tx, scope.ctx.workspace).await?;
    let present = all.into_iter().filter(|member| member.removed_at.is_none() && member.role == Role::Admin);
    Ok(present.map(|member| member.member_id).collect())
}

/// Somebody must be able to administer the workspace after the change.
pub(crate) async fn keeps_an_admin(scope: &mut Scope<'_>, without: MemberId) -> Result<()> {
    if admins(scope).await?.into_iter().any(|admin| admin != without) {
        return Ok(());
    }
    Err(Error::conflict("last_admin", "This is the last Admin of the workspace.")
        .next("Make another member Admin first, or hand the workspace over: `allin workspace transfer MEMBER`."))
}

/// Nobody gives a role above the own.
pub(crate) fn not_above(scope: &Scope<'_>, role: Role) -> Result<()> {
    if role <= scope.role() {
        return Ok(());
    }
    Err(Error::forbidden(
        "role_above_own",
        format!("You are {}, and {} is above that.", scope.role().as_str(), role.as_str()),
    )
    .next("Give your own role or one below it."))
}

/// The page of an invitation, for whoever it is shown to.
fn link(scope: &Scope<'_>, token: &SecretString) -> Result<String> {
    let usual = || USUAL_ADDRESS.parse::<Url>().map_err(Error::internal);
    let base = scope.app.pages_url().cloned().map_or_else(usual, Ok)?;
    let page = format!("{}{}", letters::page(LetterKind::Invitation), token.expose_secret());
    Ok(base.join(&page).map_err(Error::internal)?.into())
}
