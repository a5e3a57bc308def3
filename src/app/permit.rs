//! Whether a caller has a right: the role, the kind of caller, the proof. The gate asks before anything else.

use crate::{
    app::{
        ctx::{Actor, Ctx},
        people::proof,
    },
    error::{self, Error, Result},
    model::roles::Permission,
    store::db::{Entered, Tx},
};

/// Whether this caller has the right.
pub(super) async fn permit(ctx: &Ctx, tx: &mut Tx, entered: &Entered, needs: Permission) -> Result<()> {
    let rule = needs.rule();
    if let Actor::Reviewer { .. } = ctx.actor {
        return match rule.reviewers {
            true => Ok(()),
            false => Err(Error::forbidden(
                "reviewer_only_reviews",
                "A reviewer sees and decides what was sent for review, and no more.",
            )),
        };
    }
    let Some(role) = entered.role else { return Ok(()) };
    if needs.operator_only() {
        return Err(Error::forbidden("operator_only", "Only whoever runs AllIN can do this, on its machine.")
            .next("Ask the operator of this installation.")
            .who(error::Actor::Operator));
    }
    if rule.person_only && !ctx.actor.is_person() {
        return Err(Error::forbidden("person_only", "Only a person can do this, not a connected program or key.")
            .next("Use the `allin` command line on the machine that runs AllIN."));
    }
    if !role.has(needs) {
        return Err(Error::forbidden(
            "role_too_low",
            format!("This takes the role {} or higher; you are {}.", rule.least.as_str(), role.as_str()),
        ));
    }
    proof::demand(ctx, tx, rule.proof).await
}
