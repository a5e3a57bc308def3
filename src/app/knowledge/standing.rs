//! For whom a search is, and how the documents stand then.

use crate::{
    app::{App, ctx::Ctx, knowledge::find::Wanted},
    error::{Error, Result},
    model::roles::Role,
    store::{
        db::Tx,
        knowledge::state::{self, State},
    },
};

/// How the documents stand, for a role.
pub struct Standing {
    pub role: Role,
    pub state: State,
}

/// For the caller, whose role is `own`; whoever calls this has it from the gate.
pub async fn standing(tx: &mut Tx, ctx: &Ctx, own: Role, wanted: &Wanted) -> Result<Standing> {
    Ok(Standing { role: as_role(own, wanted.role)?, state: state::get(tx, ctx.workspace).await? })
}

/// [`standing`] in a read transaction of its own.
pub async fn look(app: &App, ctx: &Ctx, wanted: &Wanted) -> Result<Standing> {
    let (mut tx, entered) = app.db.tenant(ctx.workspace, ctx.actor.entrance(), app.now()).await?;
    let standing = standing(&mut tx, ctx, entered.role.unwrap_or(Role::Admin), wanted).await?;
    tx.finish_read();
    Ok(standing)
}

/// Nobody sees more by naming another role.
pub fn as_role(own: Role, asked: Option<Role>) -> Result<Role> {
    match asked {
        Some(asked) if asked > own => Err(Error::forbidden(
            "role_too_high",
            format!("You are {} here and cannot ask as {}.", own.as_str(), asked.as_str()),
        )
        .next("Leave user_role out, or name your own role or a lesser one.")),
        Some(asked) => Ok(asked),
        None => Ok(own),
    }
}
